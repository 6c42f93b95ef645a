// `make bench` in small: that it runs from end to end and says something of every line, not what. Aims are for the whole size on a quiet machine.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const LINES = [
  'keyring: look-up of a random key, HMAC included',
  'keyring: memory a key',
  'keyring: loading 20000 keys',
  'keyring: longest change while it grows',
  'HTTP/1.1: CPU a request, times nginx',
  'HTTP/1.1 pipelined by 16: requests a CPU second, times nginx',
  'HTTP/2 with 32 streams: requests a CPU second, times nginx',
  'batchVerify of 1000: million keys a CPU second',
  '99.9th percentile beside mutations, times that without',
];

const build = path.dirname(path.resolve(process.env.LATCHKEY_BINARY));

/** What a bench prints in a size that takes seconds. */
async function small(t, bench, sizes) {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'latchkey-bench-'));
  t.after(() => fs.rmSync(place, { recursive: true, force: true }));
  const env = { ...process.env, BUILD: build, BENCH_PLACE: place, BENCH_DIR: path.join(place, 'create'), BENCH_SECONDS: '1', BENCH_ROUNDS: '1', ...sizes };
  return (await promisify(execFile)(path.join(root, 'bench', bench), { env, timeout: 120000 })).stdout;
}

it('measures every line of "it is fast when" with its aim', { skip: os.cpus().length < 2 && 'it takes two cores' }, async (t) => {
  const stdout = await small(t, 'verify', { BENCH_KEYS: '2000', BENCH_KEYRING_KEYS: '20000' });
  const table = stdout.slice(stdout.lastIndexOf('\nmeasured ')).split('\n');
  for (const what of LINES) {
    const line = table.find((text) => text.startsWith(`${what} `));
    assert.ok(line, `no line "${what}" in:\n${stdout}`);
    const found = /^ +(\d+(?:\.\d+)?) \w+ +(?:<=|>=) [\d.]+ +(pass|MISS)$/.exec(line.slice(what.length));
    assert.ok(found, `not a value, an aim and a verdict: ${line}`);
    assert.ok(Number(found[1]) > 0, `nothing was measured: ${line}`);
  }
  assert.equal(table.filter((text) => /(pass|MISS)$/.test(text)).length, LINES.length);
});

it('creates keys beside a raw SQLite loop', async (t) => {
  const stdout = await small(t, 'create_keys', {});
  assert.match(stdout, /^ +1 +[1-9]\d* +[1-9]\d* +\d+\.\d\d +\d+\.\d +\d+\.\d +\d+\.\d$/m);
  assert.match(stdout, /^median ratio \d+\.\d\d$/m);
});
