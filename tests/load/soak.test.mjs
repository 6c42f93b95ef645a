// A long steady run of everything that clients do, with as much deleted as is made: memory, descriptors and threads stay where they were once all has
// been done for the first time. LATCHKEY_SOAK_SECONDS (30) is how long; docs/reliability.md reports an hour. LATCHKEY_LOAD=full is an hour too.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { describe, it } from 'node:test';
import { CREATE_WITH_KEY, DELETE, descriptorsOf, Server, UPDATE, httpRequest, sleep } from '../api/support/server.mjs';

const SECONDS = Number(process.env.LATCHKEY_SOAK_SECONDS ?? (process.env.LATCHKEY_LOAD === 'full' ? 3600 : 30));
const WORKERS = 8;
// Between two requests of a worker: what is looked for is growth, not speed.
const PAUSE_MS = 5;
const SAMPLE_MS = 250;
// What an allocator's free lists and the buffers of a chance crowd may add. A hundred bytes kept of each request are more than this in an hour.
const GROWTH_MAX = 6 << 20;
const ROTATE = 'mutation ($i: RotateApiKeyInput!) { rotateApiKey(input: $i) { key } }';
const REVEAL = 'mutation ($i: RevealApiKeyInput!) { revealApiKey(input: $i) { key } }';
const USER = 'mutation ($i: CreateUserInput!) { createUser(input: $i) { user { id } } }';
const DELETE_USER = 'mutation ($i: DeleteUserInput!) { deleteUser(input: $i) { clientMutationId } }';
const GROUP = 'mutation ($i: CreateUserGroupInput!) { createUserGroup(input: $i) { userGroup { id } } }';
const DELETE_GROUP = 'mutation ($i: DeleteUserGroupInput!) { deleteUserGroup(input: $i) { clientMutationId } }';

/** What one worker does in turn. Each takes away what it made. */
function rounds(server, agent, number) {
  const { accountId, userGroupId, apiKey } = server.account;
  const text = 'application/json';
  const post = (path, type, body, key = apiKey) => server.request({ method: 'POST', path, headers: { 'content-type': type, 'x-api-key': key }, body, agent });
  const ok = async (answer, status = 200) => assert.equal((await answer).status, status, (await answer).text);
  const query = (document, variables) => server.query(document, variables, { agent });
  return [
    async (i) => {
      const limits = { allowedIps: ['127.0.0.0/8'], rateLimit: { limit: 1000, windowSeconds: 1 }, metadata: [{ key: 'round', value: `${i}` }] };
      const { createApiKey: made } = await query(CREATE_WITH_KEY, { input: { accountId, name: `k${number}-${i}`, userGroupIds: [userGroupId], ...limits } });
      await ok(server.request({ path: '/v1/auth', headers: { 'x-api-key': made.key }, agent }));
      await query(UPDATE, { input: { accountId, uuid: made.uuid, name: `u${number}-${i}` } });
      await query(REVEAL, { i: { accountId, uuid: made.uuid } });
      const { rotateApiKey: rotated } = await query(ROTATE, { i: { accountId, uuid: made.uuid, overlapSeconds: 60 } });
      await ok(post('/v1/keys:batchVerify', text, JSON.stringify({ requests: [{ key: made.key }, { key: rotated.key, require: 'MANAGE_API_KEYS' }, { key: 'lk_no' }] })));
      await query(DELETE, { input: { accountId, uuid: made.uuid } });
      await ok(server.request({ path: '/v1/auth', headers: { 'x-api-key': rotated.key }, agent }), 401);
    },
    async (i) => {
      const { createUserGroup: made } = await query(GROUP, { i: { name: `g${number}-${i}` } });
      const { createUser: user } = await query(USER, { i: { name: 'A user', email: `u${number}-${i}@example.com`, userGroupIds: [made.userGroup.id] } });
      await query(DELETE_USER, { i: { id: user.user.id } });
      await query(DELETE_GROUP, { i: { userGroupId: made.userGroup.id } });
    },
    async () => {
      await ok(post('/v1/introspect', 'application/x-www-form-urlencoded', `token=${apiKey}`));
      await ok(server.request({ path: '/v1/auth/require/MANAGE_API_KEYS', headers: { 'x-api-key': apiKey }, agent }));
      await query('{ apiKeys(limit: 20) { pageInfo { total } nodes { name usage { valid } userGroups(limit: 3) { nodes { name } } } } }');
      await query('{ audits(limit: 20) { nodes { __typename } } }');
    },
    async (i) => {
      await ok(server.graphql(`{ account { nope${i} } }`, undefined, { agent })); // every document is another: the caches turn over
      await ok(server.graphql(`{ ${'a '.repeat(300)}`, undefined, { agent }));
      await ok(server.graphql('{ account { id } }', undefined, { agent, key: 'lk_wrong' }), 401);
      await ok(post('/graphql', text, '{"query":'), 400);
      await ok(server.request({ path: `/v1/auth/require/NOT%20scope${i}.read`, headers: { 'x-api-key': apiKey }, agent }), 403);
    },
    async () => {
      await ok(server.request({ path: '/healthz' })); // a connection of its own
      await server.raw('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort', { end: true });
      const session = http2.connect(server.url);
      const asked = Array.from({ length: 8 }, () => session.request({ ':path': '/v1/auth', 'x-api-key': apiKey }).resume());
      await Promise.all(asked.map((stream) => new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject))));
      session.destroy();
    },
  ];
}

async function work(server, number, done) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const steps = rounds(server, agent, number);
  let count = 0;
  try {
    for (; !done(); count++) {
      await steps[(count + number) % steps.length](count);
      await sleep(PAUSE_MS);
    }
  } finally {
    agent.destroy();
  }
  return count;
}

/** What the server says that pages of its database take: it grows with the audit log to its limit of 128 MiB, and is no leak. */
async function cacheBytes(server) {
  const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
  return Number(/^latchkey_store_cache_bytes (\d+)$/m.exec(text)[1]);
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

describe('a soak', () => {
  it(`of ${SECONDS} s leaves no growth`, { timeout: (SECONDS + 120) * 1000 }, async (t) => {
    const server = await Server.fresh();
    const state = async () => {
      const status = fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
      const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
      // The allocator leaves holes between pages: up to a sixth.
      return { memory: field('RssAnon') * 1024 - (await cacheBytes(server)) * 1.17, threads: field('Threads'), descriptors: descriptorsOf(server.process) };
    };
    const idle = await state();
    const end = Date.now() + SECONDS * 1000;
    const done = () => Date.now() >= end;
    const samples = [];
    const watch = async () => {
      for (; !done(); await sleep(SAMPLE_MS)) samples.push(await state());
    };
    const [counts] = await Promise.all([Promise.all(Array.from({ length: WORKERS }, (_, number) => work(server, number, done))), watch()]);
    // The first quarter warms up: caches fill, each path allocates for the first time.
    const quarter = samples.length >> 2;
    const early = median(samples.slice(quarter, 2 * quarter).map(({ memory }) => memory));
    const late = median(samples.slice(-quarter).map(({ memory }) => memory));
    for (const deadline = Date.now() + 10000; (await state()).descriptors > idle.descriptors && Date.now() < deadline; ) await sleep(50);
    const after = await state();
    const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
    t.diagnostic(`${counts.reduce((sum, one) => sum + one, 0)} rounds; memory without the database's pages ${kib(idle.memory)} idle, ${kib(early)} in the second quarter, ${kib(late)} in the last; ${after.descriptors} descriptors, ${after.threads} threads`);
    assert.ok(late <= early + GROWTH_MAX, `memory went from ${early} to ${late} bytes`);
    assert.equal(after.descriptors, idle.descriptors);
    assert.equal(after.threads, samples[quarter].threads);
    assert.equal((await server.keyNames()).length, 1);
    await server.stop();
  });
});
