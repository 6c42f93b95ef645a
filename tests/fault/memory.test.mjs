// No memory: the Nth allocation of each kind of request fails, for every N until one goes through. The server answers what it can, ends the connection where it
// cannot, and goes on; what it acknowledged is there and what it refused is not.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { init, Server, SLOW, sleep, temporaryDirectory } from '../api/support/server.mjs';
import { FULL, report } from './support/extent.mjs';
import { checkOffline, Model, Refused } from './support/model.mjs';
import { noShim, Shim, THREADS } from './support/shim.mjs';
import { makeGroups } from './support/writers.mjs';

const CLASSES = { 'the I/O threads': THREADS.io, 'the store thread': THREADS.store, 'the others': THREADS.other };
const PLACES_MAX = 5000; // a request with more allocations is a defect of its own
const STEP = FULL ? 1 : 7; // a prime, so that loops of allocations are met at different places

describe('an allocation that fails', { skip: noShim }, () => {
  const data = path.join(temporaryDirectory(), 'data');
  let server;
  let shim;
  let model;
  let groups;
  let key;
  const faults = Object.fromEntries(Object.keys(CLASSES).map((where) => [where, 0]));
  let serial = 0;

  before(async () => {
    const account = init(data);
    shim = new Shim(data);
    server = await Server.start(data, account, { env: shim.env, args: ['--login-rate', ''] });
    model = new Model();
    groups = await makeGroups(server, model, 2);
    key = await model.createKey(server, { groups });
    const user = await model.createUser(server, groups);
    await server.query('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }', {
      input: { userId: user.id, password: 'correct horse battery' },
    });
    server.email = `${user.origin}@example.com`;
  });

  after(async () => {
    if (server.exit) assert.fail(`the server is gone: ${JSON.stringify(server.exit)}\n${server.stderr}`);
    await server.stop();
    checkOffline(data);
    shim.close();
  });

  /** Whether a request was served. An answer is one of the server's; none at all is a connection that it ended. */
  const request = async (options, { statuses = [200], check = () => {} } = {}) => {
    const answer = await server.request(options).catch((error) => {
      assert.ok(['ECONNRESET', 'EPIPE'].includes(error.code), error.message);
      return undefined;
    });
    if (answer === undefined) return false;
    assert.ok([...statuses, 500, 503].includes(answer.status), `${answer.status} ${answer.text}`);
    const served = answer.status < 500;
    if (served) check(answer);
    return served;
  };
  const json = { 'content-type': 'application/json' };
  const admin = () => ({ 'x-api-key': server.account.apiKey, ...json });

  /** Whether a change was made. It may be refused, or not answered; the model knows. */
  const attempt = async (change) => {
    try {
      await change();
      return true;
    } catch (error) {
      if (!(error instanceof Refused) && !['ECONNRESET', 'EPIPE'].includes(error.cause?.code)) throw error;
      return false;
    }
  };

  /** Before a request: nothing of what it changes is in doubt, and there is a key to delete. */
  const prepare = async () => {
    if ([key, ...groups].some((thing) => thing.pending)) await model.check(server, { living: true });
    if (model.settled('key').length < 2) await model.createKey(server, { groups });
  };

  const overHttp2 = (target, headers) =>
    new Promise((resolve) => {
      const session = http2.connect(server.url);
      let served = false;
      const end = () => {
        session.destroy();
        resolve(served);
      };
      session.on('error', end);
      session.on('close', end);
      const stream = session.request({ ':path': target, ...headers });
      stream.on('response', ({ ':status': status }) => {
        assert.ok([200, 500, 503].includes(status), `${status}`);
        served = status === 200;
      });
      stream.on('error', () => {});
      stream.on('close', end);
      stream.resume();
      stream.end();
    });

  const requests = {
    verification: () => request({ path: '/v1/auth', headers: { 'x-api-key': key.secret } }, { check: ({ headers }) => assert.equal(headers['x-latchkey-key-id'], key.id) }),
    'a new expression': () => request({ path: `/v1/auth/require/${encodeURIComponent(`invoices.read OR x${++serial}.y`)}`, headers: { 'x-api-key': key.secret } }),
    'a batch of verifications': () =>
      request({
        method: 'POST',
        path: '/v1/keys:batchVerify',
        headers: admin(),
        body: JSON.stringify({ requests: Array.from({ length: 20 }, () => ({ key: key.secret, require: 'invoices.read AND orders.read' })) }),
      }),
    'verification over HTTP/2': () => overHttp2('/v1/auth', { 'x-api-key': key.secret }),
    introspection: () => request({ method: 'POST', path: '/v1/introspect', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/x-www-form-urlencoded' }, body: `token=${key.secret}` }),
    'a query': () =>
      request({
        method: 'POST',
        path: '/graphql',
        headers: admin(),
        body: JSON.stringify({ query: `query Q${++serial} { apiKeys(limit: 5) { nodes { name userGroups(limit: 5) { nodes { name } } } } viewer { apiKey { id } } }` }),
      }),
    'the start of a login': () =>
      request({
        method: 'POST',
        path: '/api/users/login',
        headers: json,
        body: JSON.stringify({ authorization: `Basic ${Buffer.from(`${server.email}:correct horse battery`).toString('base64')}` }),
      }),
    'creating a key': () => attempt(async () => model.createKey(server, { groups })),
    'updating a key': () => attempt(() => model.updateKey(server, key, { groups: serial++ % 2 ? groups : [groups[0]] })),
    'deleting a key': () => attempt(() => model.deleteKey(server, model.settled('key').find((thing) => thing !== key))),
    'creating a group': () => attempt(async () => model.createGroup(server, ['invoices.read'])),
    'changing what a group allows': () => attempt(() => model.updateGroup(server, groups[0], [`scope.n${++serial}`])),
    'creating a user': () => attempt(async () => model.createUser(server, groups)),
    'a backup': () => request({ path: '/v1/backup', headers: { 'x-api-key': server.account.apiKey } }, { statuses: [200, 409] }),
  };

  for (const [what, ask] of Object.entries(requests)) {
    for (const [where, classes] of Object.entries(CLASSES)) {
      it(`${what}: at any place on ${where}`, { timeout: 600000 * SLOW }, async () => {
        let clean = 0;
        for (let at = 1; clean < 2; at += STEP) {
          assert.ok(at < PLACES_MAX, 'there is no end of allocations');
          await prepare();
          shim.armMemory(at, classes);
          const served = await ask();
          const struck = shim.get('memFaults');
          shim.disarmMemory();
          assert.ok(served || struck > 0, `place ${at}: refused though nothing failed`);
          clean = struck > 0 ? 0 : clean + 1;
          faults[where] += struck;
          assert.equal(server.exit, undefined, `place ${at}: ${JSON.stringify(server.exit)}\n${server.stderr}`);
          if (struck > 0 && at % (10 * STEP) === 1) await model.check(server, { living: true });
        }
        await sleep(10); // what a connection that ended left under way
        await model.check(server, { living: true });
        for (const thing of [key, ...groups]) assert.ok(!thing.pending);
      });
    }
  }

  it('was met often enough', () => {
    const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
    report('no memory', { faults: total }, model);
    for (const [where, count] of Object.entries(faults)) assert.ok(count > 0, `none on ${where}`);
    assert.ok(total > (FULL ? 1000 : 100), `${total} faults`);
  });
});
