// See bench/create_keys. The load comes from threads of this process, with bare sockets: it must not be what is measured.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { PORTS } from './rivals.mjs';

const [place] = process.argv.slice(2);
const binary = path.resolve(process.env.LATCHKEY_BINARY);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const CONNECTIONS = 64;
const PORT = PORTS.latchkey;
const OPS = PORTS.ops;

function get(port, target) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: target, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece)).on('end', () => resolve(text));
    }).on('error', reject);
  });
}

async function metric(name) {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(await get(OPS, '/metrics'));
  if (!found) throw new Error(`there is no metric ${name}`);
  return Number(found[1]);
}

/** One connection that creates keys, one after another, until the deadline. */
function connection(account, prefix, deadline, latencies) {
  return new Promise((resolve, reject) => {
    const query = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { name clientMutationId uuid } }';
    const socket = net.connect(PORT, '127.0.0.1').setNoDelay(true);
    let created = 0;
    let received = '';
    let sent = 0;
    const send = () => {
      const input = { accountId: account.accountId, name: `${prefix}-${created}`, userGroupIds: [account.userGroupId] };
      const body = JSON.stringify({ query, variables: { input } });
      sent = performance.now();
      socket.write(`POST /graphql HTTP/1.1\r\nHost: x\r\nx-api-key: ${account.apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
      if (!received.endsWith('}}}')) return;
      if (!received.startsWith('HTTP/1.1 200') || received.includes('"errors"')) return reject(new Error(received));
      received = '';
      created += 1;
      latencies.push(performance.now() - sent);
      if (performance.now() < deadline) return send();
      socket.destroy();
      resolve(created);
    });
  });
}

async function measure(account, round) {
  const latencies = [];
  const commits = await metric('latchkey_store_commits_total');
  const start = performance.now();
  const deadline = start + SECONDS * 1000;
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => connection(account, `r${round}-c${i}`, deadline, latencies)));
  const seconds = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const keys = counts.reduce((sum, count) => sum + count, 0);
  return { rate: keys / seconds, keys, commits: (await metric('latchkey_store_commits_total')) - commits, p50: latencies[latencies.length >> 1], p99: latencies[Math.floor(latencies.length * 0.99)] };
}

const data = path.join(place, 'data');
const account = JSON.parse(execFileSync(binary, ['init', '--data', data, '--json'], { encoding: 'utf8' }));
const server = spawn(binary, ['serve', '--data', data, '--listen', `127.0.0.1:${PORT}`, '--ops-listen', `127.0.0.1:${OPS}`], { stdio: 'ignore' });
try {
  for (let tries = 0; ; tries++) {
    const healthy = await get(PORT, '/healthz').then(() => true, () => false);
    if (healthy) break;
    if (tries > 100) throw new Error('the server does not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const ratios = [];
  console.log('round   raw SQLite/s   createApiKey/s   ratio   keys per commit   p50 ms   p99 ms');
  for (let round = 1; round <= ROUNDS; round++) {
    const directory = fs.mkdtempSync(path.join(place, 'floor-'));
    const floor = Number(execFileSync(path.join(place, 'sqlite_floor'), [directory, String(SECONDS)], { encoding: 'utf8' }));
    const { rate, keys, commits, p50, p99 } = await measure(account, round);
    ratios.push(rate / floor);
    const cells = [[round, 5], [floor, 15], [rate.toFixed(0), 17], [(rate / floor).toFixed(2), 8], [(keys / commits).toFixed(1), 18], [p50.toFixed(1), 9], [p99.toFixed(1), 9]];
    console.log(cells.map(([text, width]) => String(text).padStart(width)).join(''));
  }
  ratios.sort((a, b) => a - b);
  console.log(`median ratio ${ratios[ratios.length >> 1].toFixed(2)}`);
} finally {
  server.kill('SIGTERM');
  await new Promise((resolve) => server.on('exit', resolve));
}
