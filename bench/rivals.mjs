// The two servers of bench/verify.mjs, pinned to core 0, and programs that load them from core 1.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freePorts } from '../tests/api/support/ports.mjs';

const SERVER_CORE = '0';
const LOAD_CORE = '1';
const TOKENS = 65536; // different keys asked for: far more than the processor's caches hold

const [latchkey, ops, nginx, nginxH2] = await freePorts(4);
export const PORTS = { latchkey, ops, nginx, nginxH2 };

async function listening(port, child) {
  for (let tries = 0; tries < 1200; tries++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended at once`);
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true) || socket.destroy());
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** Nanoseconds that the threads of a process have run: all of them, and those that have no name of their own, which serve. */
function cpuOf(pid) {
  const tasks = `/proc/${pid}/task`;
  const name = fs.readFileSync(`/proc/${pid}/comm`, 'utf8');
  const sum = { all: 0, serving: 0 };
  for (const task of fs.readdirSync(tasks)) {
    const ran = Number(fs.readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    sum.all += ran;
    if (fs.readFileSync(`${tasks}/${task}/comm`, 'utf8') === name) sum.serving += ran;
  }
  return sum;
}

class Rival {
  constructor(child) {
    this.child = child;
  }

  /** Runs a load; CPU nanoseconds of the server meanwhile beside what the load says. */
  async under(load) {
    const before = cpuOf(this.pid);
    const result = await load();
    const after = cpuOf(this.pid);
    return { ...result, cpu: after.all - before.all, serving: after.serving - before.serving };
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.on('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}

/** A data directory with so many keys, made once and used again; its account, a key that may do all, and where tokens are. */
export function fill(build, place, keys) {
  const data = path.join(place, `verify-${keys}`);
  const notes = `${data}.json`;
  const tokens = `${data}.tokens`;
  if (!fs.existsSync(notes)) {
    fs.rmSync(data, { recursive: true, force: true });
    const account = JSON.parse(execFileSync(`${build}/latchkey`, ['init', '--data', data, '--json'], { encoding: 'utf8' }));
    const env = { ...process.env, LATCHKEY_BENCH_ACCOUNT: account.accountId, LATCHKEY_BENCH_GROUP: account.userGroupId };
    const out = fs.openSync(tokens, 'w', 0o600);
    execFileSync(`${build}/bench/fill_keys`, [data, String(keys), String(Math.min(keys, TOKENS))], { env, stdio: ['ignore', out, 'inherit'] });
    fs.closeSync(out);
    fs.writeFileSync(notes, JSON.stringify(account), { mode: 0o600 });
  }
  return { data, tokens, ...JSON.parse(fs.readFileSync(notes, 'utf8')) };
}

export async function startLatchkey(build, filled) {
  const listen = ['--listen', `127.0.0.1:${PORTS.latchkey}`, '--ops-listen', `127.0.0.1:${PORTS.ops}`];
  const child = spawn('taskset', ['-c', SERVER_CORE, `${build}/latchkey`, 'serve', '--data', filled.data, ...listen, '--threads', '1'], { stdio: 'ignore' });
  const server = new Rival(child);
  server.pid = child.pid; // taskset becomes the server
  await listening(PORTS.latchkey, child);
  await fetch(`http://127.0.0.1:${PORTS.latchkey}/healthz`); // it listens before it has loaded its keys, and answers only then
  return server;
}

export async function startNginx(place) {
  const conf = path.join(place, 'nginx.conf');
  const text = fs.readFileSync(new URL('nginx.conf', import.meta.url), 'utf8');
  fs.writeFileSync(conf, text.replaceAll('PLACE', path.resolve(place)).replace('PORT_H1', PORTS.nginx).replace('PORT_H2', PORTS.nginxH2));
  const child = spawn('taskset', ['-c', SERVER_CORE, 'nginx', '-p', path.resolve(place), '-c', path.resolve(conf)], { stdio: 'ignore' });
  const server = new Rival(child);
  await listening(PORTS.nginx, child);
  server.pid = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0];
  return server;
}

function run(program, args, env) {
  return new Promise((resolve, reject) => {
    execFile('taskset', ['-c', LOAD_CORE, program, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program}: ${stderr || stdout || error.message}`));
      else resolve(stdout);
    });
  });
}

function number(text, pattern) {
  const found = pattern.exec(text);
  if (!found) throw new Error(`not in the output of the load generator: ${pattern}\n${text}`);
  return Number(found[1]);
}

export async function wrk(port, { seconds, connections, script, env }) {
  const started = performance.now();
  const text = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30s', '-s', path.join('bench', script), `http://127.0.0.1:${port}`], env);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(text);
  return { requests: number(text, /(\d+) requests in/), seconds: (performance.now() - started) / 1000 };
}

export async function h2load(port, { seconds, connections, streams, key }) {
  const args = ['-t1', `-c${connections}`, `-m${streams}`, '-D', String(seconds), '-H', `x-api-key: ${key}`, `http://127.0.0.1:${port}/v1/auth`];
  const text = await run('h2load', args);
  if (number(text, /(\d+) failed/) > 0) throw new Error(text);
  return { requests: number(text, /(\d+) 2xx/), seconds };
}

export async function openLoop(build, port, { rate, seconds, connections, tokens }) {
  return JSON.parse(await run(`${build}/bench/open_loop`, [port, Math.round(rate), seconds, connections, tokens].map(String)));
}
