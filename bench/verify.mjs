// Every line of "it is fast when", with its aim: the keyring alone, then the server beside nginx (bench/rivals.mjs).
// Trust microseconds of CPU a request more than requests a second: they suffer less from what else the machine does.
// BENCH_SECONDS (3) of each measurement, BENCH_ROUNDS (5), BENCH_KEYS of the server (1000000), BENCH_KEYRING_KEYS of the keyring alone (10000000),
// BENCH_PLACE: where the server's keys are kept for the next run (in the build directory).
// A miss is printed and is no failure: machines differ. What fails is what could not be measured.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { PORTS, fill, h2load, openLoop, startLatchkey, startNginx, wrk } from './rivals.mjs';

const build = process.env.BUILD;
const place = process.env.BENCH_PLACE ?? `${build}/bench-data`;
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const keys = Number(process.env.BENCH_KEYS ?? 1000000);
const keyringKeys = Number(process.env.BENCH_KEYRING_KEYS ?? 10000000);
const CONNECTIONS = 64;
const SATURATED_US = 50000; // at half load half of the answers take less, unless there is no such core to be had

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const results = [];

/** A line of the table at the end. */
function note(what, value, unit, aim, atLeast = false, usable = true) {
  if (!Number.isFinite(value)) throw new Error(`could not be measured: ${what}`);
  const held = usable && (atLeast ? value >= aim : value <= aim);
  const digits = value < 0.1 ? 4 : value < 10 ? 2 : 0;
  results.push({ what, value: `${value.toFixed(digits)} ${unit}`, aim: `${atLeast ? '>=' : '<='} ${aim}`, held });
}

function say(text) {
  console.log(`[${Math.round(process.uptime())} s] ${text}`);
}

// --- the keyring alone ---

function keyring() {
  say(`keyring alone, ${keyringKeys} keys`);
  const text = execFileSync('taskset', ['-c', '0', `${build}/bench/keyring`, String(keyringKeys)], { encoding: 'utf8' });
  console.log(text.trimEnd());
  const all = (pattern) => [...text.matchAll(pattern)].map((found) => Number(found[1]));
  note('keyring: look-up of a random key, HMAC included', median(all(/random key +([\d.]+) ns/g)), 'ns', 450);
  note('keyring: memory a key', all(/([\d.]+) bytes a key/g)[0], 'bytes', 100);
  note(`keyring: loading ${keyringKeys} keys`, all(/load ([\d.]+) s/g)[0], 's', 15);
  note('keyring: longest change while it grows', all(/longest change ([\d.]+) us/g)[0] / 1000, 'ms', 1);
}

// --- beside nginx ---

const cpu = ({ cpu: spent, requests }) => spent / requests / 1000;

const together = (list) => cpu({ cpu: list.reduce((sum, r) => sum + r.cpu, 0), requests: list.reduce((sum, r) => sum + r.requests, 0) });

/** Rounds of both in turn; medians of CPU microseconds and requests a second. All rounds together hold what comes but now and then, which a median may have none of. */
async function beside(what, mine, nginx, loadMine, loadNginx) {
  say(what);
  const both = [[], []];
  for (let round = 0; round < rounds; round++) {
    both[0].push(await mine.under(loadMine));
    both[1].push(await nginx.under(loadNginx));
  }
  const [ours, theirs] = both.map((list) => ({ us: median(list.map(cpu)), serving: median(list.map((r) => r.serving / r.requests / 1000)), rate: median(list.map((r) => r.requests / r.seconds)), all: list.map(cpu) }));
  const spread = (Math.max(...theirs.all) - Math.min(...theirs.all)) / theirs.us;
  console.log(`  latchkey ${ours.us.toFixed(2)} us (${ours.serving.toFixed(2)} of the thread that serves; the rest notes what keys were used for), ${ours.rate.toFixed(0)}/s   nginx ${theirs.us.toFixed(2)} us, ${theirs.rate.toFixed(0)}/s   noise: nginx's rounds differ by ${(spread * 100).toFixed(0)} %`);
  const [mineUs, nginxUs] = both.map(together);
  console.log(`  all rounds together: latchkey ${mineUs.toFixed(2)} us, nginx ${nginxUs.toFixed(2)} us, ${(mineUs / nginxUs).toFixed(2)} times`);
  return { ours, theirs };
}

async function requests(mine, nginx, filled) {
  const plain = (port, depth) => () => wrk(port, { seconds, connections: CONNECTIONS, script: 'load.lua', env: { PIPELINE: String(depth), TOKENS: filled.tokens } });
  const one = await beside('HTTP/1.1, one request at a time', mine, nginx, plain(PORTS.latchkey, 1), plain(PORTS.nginx, 1));
  note('HTTP/1.1: CPU a request, times nginx', one.ours.us / one.theirs.us, 'x', 1);
  const piped = await beside('HTTP/1.1, pipelined by 16', mine, nginx, plain(PORTS.latchkey, 16), plain(PORTS.nginx, 16));
  note('HTTP/1.1 pipelined by 16: requests a CPU second, times nginx', piped.theirs.us / piped.ours.us, 'x', 6, true);
  const streams = (port) => () => h2load(port, { seconds, connections: 8, streams: 32, key: filled.apiKey });
  const h2 = await beside('HTTP/2, 8 connections of 32 streams', mine, nginx, streams(PORTS.latchkey), streams(PORTS.nginxH2));
  note('HTTP/2 with 32 streams: requests a CPU second, times nginx', h2.theirs.us / h2.ours.us, 'x', 3, true);
  return one.ours.rate;
}

async function batches(mine, filled) {
  say('batchVerify of 1000');
  const env = { KIND: 'batch', KEY: filled.apiKey, TOKENS: filled.tokens };
  const all = [];
  for (let round = 0; round < rounds; round++)
    all.push(await mine.under(() => wrk(PORTS.latchkey, { seconds, connections: 4, script: 'post.lua', env })));
  note('batchVerify of 1000: million keys a CPU second', 1000 / median(all.map(cpu)), 'M', 1, true);
}

// --- latency ---

async function latency(mine, filled, capacity) {
  const rate = capacity / 2;
  say(`latency at half load (${rate.toFixed(0)}/s), open loop, without and beside mutations`);
  const ask = () => openLoop(build, PORTS.latchkey, { rate, seconds: 2 * seconds, connections: CONNECTIONS, tokens: filled.tokens });
  const env = { KIND: 'mutation', KEY: filled.apiKey, ACCOUNT: filled.accountId, GROUP: filled.userGroupId };
  const alone = [];
  const crowded = [];
  let mutations = 0;
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    alone.push(await ask());
    const flood = wrk(PORTS.latchkey, { seconds: 2 * seconds + 1, connections: 16, script: 'post.lua', env });
    const [answers, done] = await Promise.all([ask(), flood]);
    crowded.push(answers);
    mutations += done.requests / done.seconds;
  }
  for (const [name, list] of [['alone', alone], ['beside mutations', crowded]])
    console.log(`  ${name.padEnd(18)}${['p50', 'p90', 'p99', 'p999', 'max'].map((p) => `${p} ${median(list.map((r) => r[p]))} us`).join('   ')}`);
  console.log(`  ${(mutations / crowded.length).toFixed(0)} mutations/s`);
  const saturated = median(alone.map((r) => r.p50)) > SATURATED_US;
  if (saturated) console.log('  other work left too little of the core for this load: all was late, and the ratio says nothing, so it is a miss');
  note('99.9th percentile beside mutations, times that without', median(crowded.map((r) => r.p999)) / median(alone.map((r) => r.p999)), 'x', 2, false, !saturated);
}

// --- all ---

if (os.cpus().length < 2) throw new Error('this takes two cores: one for the server, one for the load');
fs.mkdirSync(place, { recursive: true });
keyring();
say(`a data directory of ${keys} keys`);
const filled = fill(build, place, keys);
const mine = await startLatchkey(build, filled);
const nginx = await startNginx(place);
try {
  const capacity = await requests(mine, nginx, filled);
  await batches(mine, filled);
  await latency(mine, filled, capacity);
} finally {
  await nginx.stop();
  await mine.stop();
}
const width = Math.max(...results.map(({ what }) => what.length));
console.log(`\n${'measured'.padEnd(width)}  ${'value'.padStart(12)}  ${'aim'.padStart(8)}`);
for (const { what, value, aim, held } of results) console.log(`${what.padEnd(width)}  ${value.padStart(12)}  ${aim.padStart(8)}  ${held ? 'pass' : 'MISS'}`);
