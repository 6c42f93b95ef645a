// What the system runs out of, and what happens to the data directory: descriptors, room on a real file system, permissions, the master key, the database's file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { descriptorsOf, init, run, Server, SLOW, sleep, temporaryDirectory } from '../api/support/server.mjs';
import { FULL, report } from './support/extent.mjs';
import { checkOffline, Model } from './support/model.mjs';
import { makeGroups, write } from './support/writers.mjs';

const IS_ROOT = process.getuid() === 0;

async function fresh(options) {
  const data = path.join(temporaryDirectory(), 'data');
  const server = await Server.start(data, init(data), options);
  const model = new Model();
  return { data, server, model, groups: await makeGroups(server, model) };
}

/** Processor time of a process, in clock ticks. */
function ticks(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function connect(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(socket));
    socket.on('error', () => resolve(undefined));
  });
}

describe('no descriptors left', () => {
  const LIMIT = 120;

  it('those who are connected are served, nothing spins, and it passes', { timeout: 120000 * SLOW }, async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const server = await Server.start(data, init(data), { wrapper: ['prlimit', `--nofile=${LIMIT}`] });
    const model = new Model();
    const groups = await makeGroups(server, model);
    const key = await model.createKey(server, { groups });
    const ours = await connect(server.port);
    let heard = '';
    ours.on('data', (text) => (heard += text));
    const crowd = await Promise.all(Array.from({ length: 2 * LIMIT }, () => connect(server.port)));
    const descriptors = descriptorsOf(server.process);
    assert.ok(descriptors >= LIMIT - 2 || !IS_ROOT, `${descriptors} descriptors`);

    const before = ticks(server.process.pid);
    await sleep(1000);
    assert.ok(ticks(server.process.pid) - before < 30, 'it looks at what it cannot take without a pause');

    // Verification and a change, on the connection that is there.
    const say = async (text, until) => {
      heard = '';
      ours.write(text);
      for (let i = 0; i < 500 * SLOW && !until.test(heard); i++) await sleep(10);
      assert.match(heard, until);
    };
    await say(`GET /v1/auth HTTP/1.1\r\nHost: a\r\nx-api-key: ${key.secret}\r\n\r\n`, /^HTTP\/1\.1 200 OK/);
    const body = JSON.stringify({ query: 'mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', variables: { input: { accountId: server.account.accountId, uuid: key.id } } });
    await say(`POST /graphql HTTP/1.1\r\nHost: a\r\nx-api-key: ${server.account.apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`, /"deleteApiKey":\{/);
    key.value = null;
    await say(`GET /v1/auth HTTP/1.1\r\nHost: a\r\nx-api-key: ${key.secret}\r\n\r\n`, /^HTTP\/1\.1 401 /);

    for (const socket of [...crowd, ours]) socket?.destroy();
    await sleep(200);
    await model.check(server, { living: true });
    await server.stop();
    checkOffline(data);
    report('no descriptors', { connections: 2 * LIMIT }, model);
  });
});

describe('a full file system', () => {
  it('refuses changes, verifies on, and goes on when there is room', { timeout: 300000 * SLOW }, async (context) => {
    const mount = path.join(temporaryDirectory(), 'small');
    fs.mkdirSync(mount);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0700', 'latchkey-test', mount], { encoding: 'utf8' });
    if (mounted.status !== 0) return context.skip(`a small file system cannot be mounted here: ${mounted.stderr ?? mounted.error}`);
    context.after(() => spawnSync('umount', ['-l', mount]));
    const data = path.join(mount, 'data');
    const server = await Server.start(data, init(data));
    const model = new Model();
    const groups = await makeGroups(server, model);
    const key = await model.createKey(server, { groups });
    for (let round = 0; round < (FULL ? 10 : 2); round++) {
      let over = false;
      const before = model.refused;
      const writers = Array.from({ length: 8 }, (_, i) => write(server, model, groups, { isOver: () => over, owner: i === 0 }));
      const filler = path.join(mount, 'filler');
      await sleep(100 * SLOW);
      const fd = fs.openSync(filler, 'w');
      for (const size of [1 << 20, 4096]) {
        try {
          for (;;) fs.writeSync(fd, Buffer.alloc(size));
        } catch (error) {
          assert.equal(error.code, 'ENOSPC');
        }
      }
      fs.closeSync(fd);
      for (let i = 0; i < 500 * SLOW && model.refused < before + 50; i++) await sleep(20);
      assert.ok(model.refused >= before + 50, 'the disk was full');
      const verified = await server.request({ path: '/v1/auth', headers: { 'x-api-key': key.secret } });
      assert.equal(verified.status, 200);
      const backup = await server.request({ path: '/v1/backup', headers: { 'x-api-key': server.account.apiKey } });
      assert.equal(backup.status, 503);
      assert.match(backup.text, /The disk of the database is full: free some of it|There is no room for a copy/);
      fs.unlinkSync(filler);
      const acknowledged = model.acknowledged;
      for (let i = 0; i < 300 * SLOW && model.acknowledged < acknowledged + 20; i++) await sleep(20);
      over = true;
      await Promise.all(writers);
      const sizes = fs.readdirSync(data).map((name) => `${name} ${fs.statSync(path.join(data, name)).size}`);
      assert.ok(model.acknowledged >= acknowledged + 20, `there was room again: ${sizes}`);
      await model.check(server, { living: true });
      // It has no room for a second copy of the database and a margin beside it, and says so.
      const { bavail, bsize } = fs.statfsSync(mount);
      fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - (8 << 20)));
      const small = await server.request({ path: '/v1/backup', headers: { 'x-api-key': server.account.apiKey } });
      assert.equal(small.status, 503);
      assert.match(small.text, /There is no room for a copy of the database beside it: a backup needs \d+ MiB free, \d+ MiB are/);
      fs.unlinkSync(filler);
    }
    await server.stop();
    const again = await Server.start(data, server.account);
    await model.check(again);
    await again.stop();
    const copy = path.join(temporaryDirectory(), 'copy'); // where there is room to look at it
    fs.cpSync(data, copy, { recursive: true });
    fs.chmodSync(copy, 0o700);
    checkOffline(copy);
    report('full file system', {}, model);
  });
});

describe('what happens to the data directory', () => {
  const refuses = (data, message) => {
    const done = run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '']);
    assert.equal(done.status, 1, done.stderr);
    assert.match(done.stderr, message);
    assert.match(done.stderr.split('\n').at(-2), /^latchkey: \S+ .*$/, 'a sentence');
  };

  it('made read-only under a server: it goes on with the files it has; a start says why it cannot', { timeout: 120000 * SLOW }, async (context) => {
    const { data, server, model, groups } = await fresh();
    fs.chmodSync(data, 0o500);
    await model.createKey(server, { groups });
    await model.check(server);
    await server.kill();
    if (IS_ROOT) {
      const mounted = spawnSync('mount', ['--bind', data, data]);
      context.after(() => spawnSync('umount', ['-l', data]));
      if (mounted.status !== 0 || spawnSync('mount', ['-o', 'remount,bind,ro', data]).status !== 0) return context.skip('nothing can be mounted here');
      refuses(data, /[Rr]ead-only/);
      spawnSync('umount', [data]);
      fs.chmodSync(data, 0o700);
    }
    const again = await Server.start(data, server.account); // for others than root in the directory as it is: all files are there
    await model.check(again);
    fs.chmodSync(data, 0o700);
    await again.stop();
    checkOffline(data);
  });

  it('opened to others: it says how to close it', async () => {
    const { data, server } = await fresh();
    await server.stop();
    fs.chmodSync(data, 0o755);
    refuses(data, /can be reached by other users \(mode 0755\): run chmod 700/);
  });

  it('without its master key, or with another: it says what is missing, and nothing is changed', async () => {
    const { data, server, model } = await fresh();
    await server.stop();
    const key = path.join(data, 'master.key');
    const bytes = fs.readFileSync(key);
    fs.renameSync(key, `${key}.away`);
    refuses(data, /master\.key/);
    fs.writeFileSync(key, Buffer.alloc(32, 1), { mode: 0o600 });
    refuses(data, /is not the one that this database was made with/);
    fs.writeFileSync(key, bytes.subarray(0, 31));
    refuses(data, /master\.key/);
    fs.writeFileSync(key, bytes);
    fs.chmodSync(key, 0o644);
    refuses(data, /master\.key/);
    fs.chmodSync(key, 0o600);
    fs.unlinkSync(`${key}.away`);
    const again = await Server.start(data, server.account);
    await model.check(again);
    await again.stop();
    checkOffline(data);
  });

  it("with its database damaged, cut short, emptied, gone, or another's: it says to restore a backup", async () => {
    const { data, server, model } = await fresh();
    await server.stop();
    const file = path.join(data, 'latchkey.db');
    const bytes = fs.readFileSync(file);
    const other = await fresh();
    await other.server.stop();
    const cases = [
      [Buffer.concat([Buffer.from('X'), bytes.subarray(1)]), /is damaged or is no database/],
      [bytes.subarray(0, 5000), /damaged|malformed/],
      [Buffer.alloc(0), /is empty: restore a backup/],
      [fs.readFileSync(path.join(other.data, 'latchkey.db')), /is not the one that this database was made with/],
    ];
    for (const [content, message] of cases) {
      fs.writeFileSync(file, content);
      refuses(data, message);
    }
    fs.unlinkSync(file);
    refuses(data, /is not initialised/);
    fs.writeFileSync(file, bytes, { mode: 0o600 });
    const again = await Server.start(data, server.account);
    await model.check(again);
    await again.stop();
    checkOffline(data);
  });

  it('of an older image put in its place: it serves that as it was', async () => {
    // Nothing in an old image can tell that there was a newer one: docs/backup.md.
    const { data, server, model, groups } = await fresh();
    await server.stop();
    const image = fs.readFileSync(path.join(data, 'latchkey.db'));
    const before = model.clone();
    let again = await Server.start(data, server.account);
    await model.createKey(again, { groups });
    await again.stop();
    fs.writeFileSync(path.join(data, 'latchkey.db'), image);
    again = await Server.start(data, server.account);
    await before.check(again);
    await again.stop();
    checkOffline(data);
  });
});
