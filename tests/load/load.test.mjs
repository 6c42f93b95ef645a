// Crowds and floods: while they last, who asks honestly is answered about as fast as before, and memory stays bounded; when they are gone, so is
// what they took. LATCHKEY_LOAD=full is the size that docs/reliability.md reports (24,000 idle and 2,000 busy connections for ten minutes, or as many as
// the machine lets a process open).
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { descriptorsOf, Server, sleep } from '../api/support/server.mjs';

const FULL = process.env.LATCHKEY_LOAD === 'full';
const BUSY = FULL ? 2000 : 300;
// The hard limit is as far as a process may raise its own; some descriptors are the server's own.
const DESCRIPTORS = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
const IDLE = Math.floor(Math.min(FULL ? 24000 : 4000, DESCRIPTORS - BUSY - 300) / 3) * 3;
const CROWD_SECONDS = FULL ? 600 : 8;
const FLOOD_SECONDS = FULL ? 60 : 6;
const RATE = 200; // honest requests a second
// What the clients' own processes and the scheduler may add on two cores, whatever the server does; a short run has few samples for a tail.
const NOISE_MS = { p50: 2, p99: FULL ? 20 : 100 };
const MIB = 1 << 20;
// What the server keeps: free memory that is not worth giving back, and for each thread that serves free requests and buffers, and room for its notes of uses.
const KEPT_MAX = (8 + 8 * os.availableParallelism()) * MIB;
// What the server holds of requests that are being read, all together.
const INPUT_MAX = 256 * MIB;
const DIRECTORY = path.dirname(fileURLToPath(import.meta.url));

/** A child process that speaks by messages. */
class Child {
  static async start(file, options) {
    const child = new Child();
    child.process = fork(path.join(DIRECTORY, file), [JSON.stringify(options)]);
    child.ended = new Promise((resolve) => child.process.on('exit', resolve));
    assert.equal(await child.message(), 'ready');
    return child;
  }

  message() {
    return Promise.race([once(this.process, 'message').then(([message]) => message), this.ended.then((code) => Promise.reject(new Error(`the child ended with ${code}`)))]);
  }

  ask() {
    const answer = this.message();
    this.process.send('report');
    return answer;
  }

  async stop() {
    if (this.process.connected) this.process.disconnect();
    await this.ended;
  }
}

describe('under load', () => {
  let server;
  let meter;
  let calm; // what the honest client sees without anybody else
  let idle; // {rss, fds} before any crowd came

  const rss = () => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))[1]) * 1024;
  const descriptors = () => descriptorsOf(server.process);
  const crowd = (kind, count, address) => Child.start('crowd.mjs', { kind, count, address, port: server.port, key: server.account.apiKey });

  /** What the honest client sees for a while, and the most memory that the server had. */
  async function watch(seconds) {
    await meter.ask();
    let most = 0;
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      most = Math.max(most, rss());
      await sleep(200);
    }
    return { ...(await meter.ask()), rss: most, due: RATE * seconds };
  }

  function assertServed(t, seen, memoryMax) {
    t.diagnostic(
      `p50 ${seen.p50.toFixed(2)} ms, p99 ${seen.p99.toFixed(2)} ms, max ${seen.max.toFixed(0)} ms (calm: ${calm.p50.toFixed(2)}, ${calm.p99.toFixed(2)}), ` +
        `${seen.count} honest requests, ${seen.failed} failed, memory ${(seen.rss / MIB).toFixed(0)} MiB (before: ${(idle.rss / MIB).toFixed(0)})`,
    );
    assert.equal(seen.failed, 0);
    // What was asked and is not answered yet is no failure, and has no time: there must be little of it.
    assert.ok(seen.count >= 0.9 * seen.due, `${seen.count} answers where ${seen.due} were due`);
    assert.ok(seen.p50 <= 2 * calm.p50 + NOISE_MS.p50, `the median went from ${calm.p50} to ${seen.p50} ms`);
    assert.ok(seen.p99 <= 2 * calm.p99 + NOISE_MS.p99, `the 99th percentile went from ${calm.p99} to ${seen.p99} ms`);
    assert.ok(seen.rss <= idle.rss + memoryMax, `memory went from ${idle.rss} to ${seen.rss} bytes`);
  }

  /** All that the crowd took is given back; the server looks for free memory every ten seconds. */
  async function assertBack() {
    const left = () => ({ descriptors: descriptors() - idle.fds, memory: rss() > idle.rss + KEPT_MAX ? rss() - idle.rss : 0 });
    const none = { descriptors: 0, memory: 0 };
    for (const deadline = Date.now() + 30000; !isDeepStrictEqual(left(), none) && Date.now() < deadline; ) await sleep(50);
    assert.deepEqual(left(), none);
  }

  before(async () => {
    const args = ['--connections-max', '40000', '--header-timeout', '2s', '--write-timeout', '2s'];
    server = await Server.fresh({ args });
    meter = await Child.start('meter.mjs', { port: server.port, key: server.account.apiKey, rate: RATE, connections: 8 });
    idle = { rss: rss(), fds: 0 };
    calm = await watch(FLOOD_SECONDS);
    idle = { rss: rss(), fds: descriptors() };
  });
  after(async () => {
    await meter?.stop();
    await server?.stop();
  });

  it(`serves beside ${IDLE} idle and ${BUSY} busy connections`, async (t) => {
    const crowds = [];
    for (let i = 0; i < 3; i++) crowds.push(await crowd('idle', IDLE / 3, `127.0.0.${i + 2}`));
    const busy = await crowd('busy', BUSY, '127.0.0.9');
    t.after(() => Promise.all([...crowds, busy].map((one) => one.stop())));
    const states = [];
    for (const deadline = Date.now() + 30000; Date.now() < deadline; await sleep(100)) {
      states.length = 0;
      for (const one of [...crowds, busy]) states.push(await one.ask());
      if (states.reduce((sum, { open }) => sum + open, 0) === IDLE + BUSY) break;
    }
    assert.equal(states.reduce((sum, { open }) => sum + open, 0), IDLE + BUSY);
    const seen = await watch(CROWD_SECONDS);
    // 4 KiB an idle connection, and a block of buffers for each that is at work.
    assertServed(t, seen, IDLE * 4096 + BUSY * 65536 + 32 * MIB);
    const worked = await busy.ask();
    assert.equal(worked.ended, 0, 'busy connections were cut off');
    assert.ok(worked.answered >= BUSY * CROWD_SECONDS, `${worked.answered} answers for ${BUSY} connections`);
    await Promise.all([...crowds, busy].map((one) => one.stop()));
    await assertBack();
  });

  const floods = [
    ['slowloris', 1000, (state) => state.ended > 0],
    ['headers', 50, (state) => state.ended > 0],
    ['reset', 20, (state) => state.ended > 0],
    ['pipeline', 4, (state) => state.answered > 0],
    ['deaf', 20, (state) => state.ended > 0],
    ['churn', 50, (state) => state.ended > 100],
    ['bodies', 300, (state) => state.answered > 0, INPUT_MAX],
  ];
  for (const [kind, count, worked, held = 0] of floods) {
    it(`survives ${count} of kind ${kind}`, async (t) => {
      const attack = await crowd(kind, count, '127.0.0.20');
      try {
        const seen = await watch(FLOOD_SECONDS);
        const state = await attack.ask();
        assert.ok(worked(state), `the attack did nothing: ${JSON.stringify(state)}`);
        assertServed(t, seen, held + 96 * MIB);
      } finally {
        await attack.stop();
      }
      await assertBack();
    });
  }
});
