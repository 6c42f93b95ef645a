// A disk that fails at each place where it can: every write, sync, truncation and renaming of a scripted run, of a start, of init, of restore and of a rotation of the master key, in turn.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { httpRequest, init, run, Server, SLOW, temporaryDirectory } from '../api/support/server.mjs';
import { FULL, places, report } from './support/extent.mjs';
import { checkOffline, Model } from './support/model.mjs';
import { noShim, OPERATIONS, Shim } from './support/shim.mjs';
import { makeGroups, script } from './support/writers.mjs';

const TIMEOUT = { timeout: 1800000 * SLOW };
const directory = temporaryDirectory();
const template = path.join(directory, 'template');
let account;
let known; // the model of the template
let groupOrigins;
let serial = 0;

const total = new Model(); // for its figures

/** A data directory as the template is, and what is known of it. */
function fresh() {
  const data = path.join(directory, `data-${++serial}`);
  fs.cpSync(template, data, { recursive: true });
  fs.chmodSync(data, 0o700);
  const model = known.clone();
  return { data, model, groups: groupOrigins.map((origin) => model.things.get(origin)) };
}

/** What must hold on a directory that a server left, however it ended: a new one starts, and shows everything that is known. */
async function recover({ data, model }) {
  const server = await Server.start(data, account);
  await model.check(server);
  await server.stop();
  checkOffline(data);
  total.add(model);
  fs.rmSync(data, { recursive: true });
}

/** Runs the script on a server whose disk fails at place `at`, until that server has ended. */
async function strike(action, at, options = {}) {
  const place = fresh();
  const shim = new Shim(place.data);
  if (options.crashed) {
    const victim = await Server.start(place.data, account);
    await script(victim, place.model, place.groups);
    await victim.kill();
  }
  if (options.atStart) shim.armIo(action, at, options);
  let server;
  let ends = [];
  try {
    server = await Server.start(place.data, account, { env: shim.env });
  } catch (error) {
    assert.ok(options.atStart, error.message);
    return { place, shim, ends, faults: shim.get('ioFaults'), failedStart: error.message };
  }
  if (!options.atStart) shim.armIo(action, at, options);
  if (!options.atStart) ends = await script(server, place.model, place.groups);
  if (!server.exit && ends.includes('refused') && !ends.includes('unanswered')) {
    // It goes on: what it refused did not happen.
    shim.disarmIo();
    if (!(await stopsSoon(server))) await place.model.check(server, { living: true });
  }
  if (!server.exit) server.process.kill('SIGTERM');
  const exit = await server.ended();
  return { place, shim, ends, exit, stderr: server.stderr, faults: shim.get('ioFaults') };
}

/** A server that gave the database up is on its way out, and says no more. */
async function stopsSoon(server) {
  const ready = await server.request({ path: '/graphql', method: 'POST', headers: { 'x-api-key': account.apiKey, 'content-type': 'application/json' }, body: '{"query":"{ viewer { apiKey { id } } }"}' }).catch(() => undefined);
  return ready === undefined || ready.status !== 200;
}

/** How many operations a run has. */
async function countPlaces(options = {}) {
  const { place, shim, exit } = await strike('none', Number.MAX_SAFE_INTEGER, options);
  assert.deepEqual(exit, { status: 0, signal: null });
  const count = shim.get('ioCount');
  shim.close();
  await recover(place);
  assert.ok(count > 1, `only ${count} operations`);
  return count;
}

describe('a disk that fails', { skip: noShim }, () => {
  before(async () => {
    account = init(template);
    known = new Model();
    const server = await Server.start(template, account);
    groupOrigins = (await makeGroups(server, known, 3)).map((group) => group.origin);
    await server.stop();
  });

  const deadly = [
    ['kill', 'is killed', {}],
    ['shortKill', 'is killed in the middle of a write', { mask: OPERATIONS.write }],
    ['power', 'loses power, and all that was not synced', { mask: OPERATIONS.write | OPERATIONS.sync }],
    ['power', 'loses power, and some of what was not synced', { mask: OPERATIONS.write | OPERATIONS.sync, seeded: true }],
  ];
  for (const [action, what, { seeded, ...options }] of deadly) {
    it(`keeps what it acknowledged when it ${what} at any place`, TIMEOUT, async () => {
      const last = await countPlaces(options);
      let struck = 0;
      for (const at of places(last, 12)) {
        const { place, shim, exit, faults } = await strike(action, at, { ...options, seed: seeded ? at : 0 });
        assert.deepEqual(exit, faults > 0 ? { status: null, signal: 'SIGKILL' } : { status: 0, signal: null });
        struck += faults;
        shim.close();
        await recover(place);
      }
      assert.ok(struck >= 5, `${struck} faults`);
      report(`it ${what}`, { places: last, faults: struck }, total);
    });
  }

  it('refuses or survives a full disk at any place, and goes on', TIMEOUT, async () => {
    // A sync that fails is never harmless, whatever it says: those are below.
    const mask = OPERATIONS.write | OPERATIONS.truncate | OPERATIONS.name;
    const last = await countPlaces({ mask });
    let refused = 0;
    for (const at of places(last, 12)) {
      const { place, shim, ends, exit } = await strike('enospc', at, { mask });
      assert.deepEqual(exit, { status: 0, signal: null }, `place ${at}`);
      assert.ok(!ends.includes('unanswered'));
      refused += ends.filter((end) => end === 'refused').length;
      shim.close();
      await recover(place);
    }
    assert.ok(refused >= 3, `${refused} refusals`);
    report('full disk', { places: last, refusals: refused }, total);
  });

  it('is told of in the log, once a request and by its id, and in metrics while it is full', TIMEOUT, async () => {
    const place = fresh();
    const shim = new Shim(place.data);
    const server = await Server.start(place.data, account, { env: shim.env });
    const { uuid, key } = await server.createKey('to be revoked');
    const metric = async (name) => Number(new RegExp(`^latchkey_${name} (\\d+)$`, 'm').exec((await httpRequest(server.opsPort, { path: '/metrics' })).text)[1]);
    const before = { failed: await metric('store_failed_commits_total'), entries: await metric('audit_entries_total') };
    shim.armIo('enospc', 1, { mask: OPERATIONS.write | OPERATIONS.truncate | OPERATIONS.name, sticky: true });
    const change = await server.error('mutation($i: DeleteApiKeyInput!) { deleteApiKey(input: $i) { clientMutationId } }', { i: { accountId: account.accountId, uuid } });
    assert.deepEqual([change.status, change.message], [503, "The server's disk is full; nothing was changed"]);
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-api-key': account.apiKey };
    const revocation = await server.request({ method: 'POST', path: '/v1/revoke', headers: form, body: `token=${key}` });
    assert.equal(revocation.status, 503);
    assert.equal((await httpRequest(server.opsPort, { path: '/readyz' })).status, 200, 'it verifies as before');
    assert.ok((await metric('store_failed_commits_total')) >= before.failed + 2);
    assert.equal(await metric('audit_entries_total'), before.entries);
    shim.disarmIo();
    assert.equal(await server.code(key), 'VALID');
    await server.createKey('after');
    assert.equal(await metric('audit_entries_total'), before.entries + 1);
    await server.stop();
    for (const id of [change.extensions.requestId, revocation.headers['x-request-id']]) {
      assert.match(id, /^[0-9a-f]{24}$/);
      assert.equal(server.stderr.split('\n').filter((line) => line.includes(` error request ${id}: `)).length, 1, server.stderr);
    }
    shim.close();
    fs.rmSync(place.data, { recursive: true });
  });

  it('writes on after short writes', TIMEOUT, async () => {
    const last = await countPlaces({ mask: OPERATIONS.write });
    let struck = 0;
    for (const at of places(last, 6)) {
      const { place, shim, ends, exit, faults } = await strike('short', at, { mask: OPERATIONS.write });
      struck += faults;
      assert.deepEqual(exit, { status: 0, signal: null });
      assert.ok(ends.every((end) => end === 'acknowledged'), `place ${at}: ${ends}`);
      shim.close();
      await recover(place);
    }
    assert.ok(struck >= 4, `${struck} short writes`);
    report('short writes', { places: last }, total);
  });

  // A sync that failed and then succeeds: the kernel has forgotten the pages, so whoever believes the second one loses them.
  for (const [name, mask] of [['sync', OPERATIONS.sync], ['write', OPERATIONS.write]]) {
    it(`acknowledges nothing after a failed ${name}, and stops with a sentence`, TIMEOUT, async () => {
      const last = await countPlaces({ mask });
      let stopped = 0;
      for (const at of places(last, name === 'sync' ? 14 : 12)) {
        const { place, shim, ends, exit, stderr, faults } = await strike('eio', at, { mask });
        const failure = ends.findIndex((end) => end !== 'acknowledged');
        if (failure >= 0) {
          stopped += 1;
          assert.ok(!ends.slice(failure).includes('acknowledged'), `place ${at}: ${ends}`);
          assert.deepEqual(exit, { status: 1, signal: null }, stderr);
          assert.match(stderr, /latchkey: The database failed; the log says why\. Start the server again when the disk is well\n$/);
          assert.match(stderr, /the database is out of use after an I\/O failure: disk I\/O error/);
        } else {
          // It struck while closing, or beside the database.
          assert.equal(exit.signal, null, stderr);
          assert.ok(exit.status === 0 || /latchkey: /.test(stderr), stderr);
        }
        assert.ok(faults > 0 || exit.status === 0);
        shim.close();
        await recover(place);
      }
      assert.ok(stopped >= 3, `${stopped} stops`);
      report(`failed ${name}`, { places: last, stops: stopped }, total);
    });
  }

  for (const crashed of [false, true]) {
    it(`can be started again when a start ${crashed ? 'after a crash ' : ''}fails at any place`, TIMEOUT, async () => {
      const last = await countPlaces({ atStart: true, crashed });
      const struck = { kill: 0, eio: 0, enospc: 0, power: 0 };
      for (const action of Object.keys(struck)) {
        for (const at of places(last, FULL ? last : 4)) {
          const deadly = action === 'kill' || action === 'power';
          const { place, shim, exit, faults, failedStart } = await strike(action, at, { atStart: true, crashed, mask: action === 'power' ? OPERATIONS.write | OPERATIONS.sync : OPERATIONS.all });
          if (failedStart && !deadly) assert.match(failedStart, /latchkey: [A-Z].*\n$/, 'it says why');
          if (exit && !deadly) assert.equal(exit.signal, null, `place ${at}`);
          struck[action] += faults;
          shim.close();
          await recover(place);
        }
      }
      if (!crashed) delete struck.power; // such a start writes nothing that could be lost
      for (const [action, times] of Object.entries(struck)) assert.ok(times > 0, `no start met ${action}`);
      report(`start${crashed ? ' after a crash' : ''}`, { places: last }, total);
    });
  }

  it('leaves a directory that init can be tried on again when init fails at any place', TIMEOUT, async () => {
    const attempt = (action, at) => {
      const data = path.join(directory, `init-${++serial}`);
      const shim = new Shim(data);
      shim.armIo(action, at);
      const done = run(['init', '--data', data, '--json'], { env: { ...process.env, ...shim.env } });
      const figures = { count: shim.get('ioCount'), faults: shim.get('ioFaults') };
      shim.close();
      return { data, done, ...figures };
    };
    const last = attempt('none', Number.MAX_SAFE_INTEGER).count;
    assert.ok(last > 20, `only ${last} operations`);
    for (const action of ['kill', 'eio', 'enospc']) {
      for (const at of places(last, 8)) {
        const { data, done, faults } = attempt(action, at);
        assert.ok(faults > 0);
        let made = done.stdout === '' ? undefined : JSON.parse(done.stdout);
        if (done.status !== 0 && action !== 'kill') {
          assert.match(done.stderr, /latchkey: [A-Z].*\n$/);
          if (made) assert.match(done.stderr, /the key that was printed is void/);
        }
        if (!fs.existsSync(path.join(data, 'latchkey.db'))) made = init(data);
        assert.ok(made, `place ${at}: a database whose key nobody was told`);
        const server = await Server.start(data, made);
        assert.equal(await server.accepts(made.apiKey), true, `place ${at}`);
        await server.stop();
        fs.rmSync(data, { recursive: true });
      }
    }
    report('init', { places: last });
  });

  it('restores all or nothing when restore fails at any place', TIMEOUT, async () => {
    const backup = path.join(directory, 'one.backup');
    const server = await Server.start(template, account);
    const done = run(['backup', backup], { env: { ...process.env, LATCHKEY_URL: server.url, LATCHKEY_API_KEY: account.apiKey } });
    assert.equal(done.status, 0, done.stderr);
    await server.stop();
    const key = path.join(template, 'master.key');
    const restore = (data, env = {}) => run(['restore', backup, '--data', data, '--master-key-file', key], { env: { ...process.env, ...env } });
    const attempt = (action, at) => {
      const data = path.join(directory, `restore-${++serial}`);
      const shim = new Shim(data);
      shim.armIo(action, at);
      const tried = restore(data, shim.env);
      const figures = { count: shim.get('ioCount'), faults: shim.get('ioFaults') };
      shim.close();
      return { data, tried, ...figures };
    };
    const last = attempt('none', Number.MAX_SAFE_INTEGER).count;
    assert.ok(last > 10, `only ${last} operations`);
    for (const action of ['kill', 'eio', 'enospc']) {
      for (const at of places(last, 8)) {
        const { data, tried, faults } = attempt(action, at);
        assert.ok(faults > 0);
        if (tried.status !== 0 && action !== 'kill') assert.match(tried.stderr, /latchkey: [A-Z].*\n$/);
        const there = fs.existsSync(path.join(data, 'latchkey.db'));
        if (tried.status === 0) assert.ok(there);
        if (!there) assert.equal(restore(data).status, 0, `place ${at}`);
        const restored = await Server.start(data, account, { args: ['--master-key-file', key] });
        const model = known.clone();
        await model.check(restored);
        await restored.stop();
        checkOffline(data, ['--master-key-file', key]);
        fs.rmSync(data, { recursive: true });
      }
    }
    report('restore', { places: last });
  });

  it('rotates the master key wholly or not at all when that fails at any place, and goes on when it is asked again', TIMEOUT, async () => {
    const rotate = (data, env = {}) => run(['key', 'rotate-master', '--data', data], { env: { ...process.env, ...env } });
    const attempt = (action, at, options) => {
      const place = fresh();
      const shim = new Shim(place.data);
      shim.armIo(action, at, options);
      const done = rotate(place.data, shim.env);
      const figures = { count: shim.get('ioCount'), faults: shim.get('ioFaults') };
      shim.close();
      return { place, done, ...figures };
    };
    let all = 0;
    for (const [action, options] of [['kill', {}], ['eio', {}], ['enospc', {}], ['power', { mask: OPERATIONS.write | OPERATIONS.sync }]]) {
      const last = attempt('none', Number.MAX_SAFE_INTEGER, options).count;
      assert.ok(last > 10, `only ${last} operations`);
      all = Math.max(all, last);
      for (const at of places(last, 8)) {
        const { place, done, faults } = attempt(action, at, options);
        assert.ok(faults > 0);
        const said = `${action} at ${at}: ${done.stderr}`;
        if (done.status === 1) assert.match(done.stderr, /^latchkey: [A-Z].*\n$/, said);
        if (done.signal === null && done.status === 0) checkOffline(place.data);
        else {
          const again = rotate(place.data);
          assert.equal(again.status, 0, `${said}${again.stderr}`);
        }
        assert.equal(fs.existsSync(path.join(place.data, 'master.key.new')), false, said);
        await recover(place);
      }
    }
    report('key rotate-master', { places: all });
  });
});
