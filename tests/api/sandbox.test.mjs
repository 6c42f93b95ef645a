// What a running server has given up (tests/unit/api/test_sandbox.c tries it from inside).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { init, run, Server, temporaryDirectory } from './support/server.mjs';

/** The fields of each thread's status. */
function threads(pid) {
  return fs.readdirSync(`/proc/${pid}/task`).map((task) => Object.fromEntries(fs.readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8').trim().split('\n').map((line) => line.split(/:\s+/))));
}

describe('sandbox', () => {
  let server;
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  it('is around every thread', (t) => {
    if (/sandbox: This (build|kernel)/.test(server.stderr)) return t.skip(server.stderr);
    assert.match(server.stderr, /sandbox: no new privileges, no capabilities, seccomp, Landlock in force/);
    const all = threads(server.process.pid);
    assert.ok(all.length >= 4, `${all.length} threads`);
    for (const { Name, Seccomp, NoNewPrivs, CapEff, CapPrm, CapInh, CapAmb } of all) {
      const none = '0000000000000000';
      assert.deepEqual({ Seccomp, NoNewPrivs, CapEff, CapPrm, CapInh, CapAmb }, { Seccomp: '2', NoNewPrivs: '1', CapEff: none, CapPrm: none, CapInh: none, CapAmb: none }, Name);
    }
    const limits = fs.readFileSync(`/proc/${server.process.pid}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /m);
  });

  it('lets the work go on after a restart on the same directory, and its files change', async () => {
    const key = await server.createKey('inside', []);
    await server.stop();
    server = await Server.start(server.data, server.account);
    assert.equal(await server.accepts(key.key), true);
  });

  it('can be off, and says so', async () => {
    const bare = await Server.fresh({ args: ['--sandbox', 'off'] });
    try {
      assert.match(bare.stderr, /sandbox: off/);
      for (const { Seccomp } of threads(bare.process.pid)) assert.equal(Seccomp, '0');
    } finally {
      await bare.stop();
    }
  });

  it('is asked for with on: what is missing then stops the start', async (t) => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    if (/sandbox: This (build|kernel)/.test(server.stderr)) {
      const done = run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '', '--sandbox', 'on']);
      assert.equal(done.status, 1);
      assert.match(done.stderr, /--sandbox on: This/);
      return;
    }
    await (await Server.start(data, account, { args: ['--sandbox', 'on'] })).stop();
  });

  it('refuses another word', () => {
    const done = run(['serve', '--data', server.data, '--sandbox', 'maybe']);
    assert.equal(done.status, 2);
    assert.match(done.stderr, /auto\|on\|off/);
  });
});
