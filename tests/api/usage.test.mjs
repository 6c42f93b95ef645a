// What keys were used for: when last, and hourly counts by outcome.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Server, SLOW, sleep, sqlite } from './support/server.mjs';

const HOUR = 3600000;
const USAGE = 'start total valid disabled expired ipNotAllowed insufficientPermissions rateLimited usageExceeded';
const KEY_USAGE = `query ($id: String!, $from: DateTime) { apiKey(apiKeyId: $id) { lastUsedAt usage(from: $from) { ${USAGE} } } }`;
const UPDATE_KEY = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { enabled } } }';

/** The sums over buckets, but for start. */
function sum(buckets) {
  const total = {};
  for (const { start, ...counts } of buckets) for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  return total;
}

const NOTHING = { total: 0, valid: 0, disabled: 0, expired: 0, ipNotAllowed: 0, insufficientPermissions: 0, rateLimited: 0, usageExceeded: 0 };

/** Asks until the answer is as it should be, for at most five seconds: what was used is there by then. */
async function within5s(ask, expected) {
  const deadline = Date.now() + 5000 * SLOW;
  let seen;
  do {
    seen = await ask();
    if (JSON.stringify(seen) === JSON.stringify(expected)) return;
    await sleep(100);
  } while (Date.now() < deadline);
  assert.deepEqual(seen, expected);
}

describe('usage', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  const since = () => ({ from: Date.now() - 3 * HOUR });
  const usageOf = async (id) => sum((await server.query(KEY_USAGE, { id, ...since() })).apiKey.usage);
  const lastUsed = async (id) => (await server.query(KEY_USAGE, { id, ...since() })).apiKey.lastUsedAt;
  const auth = (key, require = '', agent = false) => server.request({ path: `/v1/auth${require}`, headers: { 'x-api-key': key }, agent });
  const update = (input) => server.query(UPDATE_KEY, { input: { accountId: server.account.accountId, ...input } });

  it('counts every verification once, by outcome, over many connections', async () => {
    const { uuid, key, name } = await server.createKey('counted', []);
    const agents = [1, 2, 3, 4, 5].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    try {
      assert.equal(await lastUsed(uuid), null);
      const accountBefore = sum((await server.query(`query ($from: DateTime) { account { usage(from: $from) { ${USAGE} } } }`, since())).account.usage);
      await Promise.all(agents.map(async (agent) => {
        for (let i = 0; i < 20; i++) assert.equal((await auth(key, '', agent)).status, 200);
        for (let i = 0; i < 3; i++) assert.equal((await auth(key, '/require/VIEW_AUDITS', agent)).status, 403);
      }));
      const verify = (body) => server.request({
        method: 'POST', path: '/v1/keys:verify', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify(body),
      });
      assert.equal(JSON.parse((await verify({ key })).text).code, 'VALID');
      assert.equal(JSON.parse((await verify({ key, cost: 0 })).text).code, 'VALID'); // only looks
      await update({ uuid, name, enabled: false });
      for (let i = 0; i < 4; i++) assert.equal((await auth(key)).status, 401);
      await update({ uuid, name, enabled: true, expiresAt: Date.now() + 300 });
      await sleep(400);
      for (let i = 0; i < 2; i++) assert.equal((await auth(key)).status, 401);
      const expected = { ...NOTHING, total: 122, valid: 101, disabled: 4, expired: 2, insufficientPermissions: 15 };
      await within5s(() => usageOf(uuid), expected);
      const account = sum((await server.query(`query ($from: DateTime) { account { usage(from: $from) { ${USAGE} } } }`, since())).account.usage);
      for (const name of Object.keys(expected)) assert.equal(account[name] - accountBefore[name], expected[name], name);
    } finally {
      for (const agent of agents) agent.destroy();
    }
  });

  // More than a thread has room to note in the second until it is collected: it must have that done sooner.
  it('counts a burst that comes faster than it is collected', async () => {
    const BATCHES = 600;
    const { uuid, key } = await server.createKey('burst');
    const body = JSON.stringify({ requests: Array.from({ length: 1000 }, () => ({ key })) });
    const request = (last) =>
      `POST /v1/keys:batchVerify HTTP/1.1\r\nhost: x\r\nx-api-key: ${server.account.apiKey}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n${last ? 'connection: close\r\n' : ''}\r\n${body}`;
    const socket = net.connect(server.port, '127.0.0.1');
    socket.end(request(false).repeat(BATCHES - 1) + request(true));
    let received = 0;
    for await (const piece of socket) received += piece.length;
    assert.ok(received > BATCHES * body.length / 2, `only ${received} bytes of answers`);
    await within5s(() => usageOf(uuid), { ...NOTHING, total: BATCHES * 1000, valid: BATCHES * 1000 });
  });

  it('tells within five seconds when a key was last used, and of no other', async () => {
    const used = await server.createKey('used');
    const unused = await server.createKey('unused');
    const began = Date.now();
    await auth(used.key);
    const deadline = Date.now() + 5000 * SLOW;
    let at = null;
    while (at === null && Date.now() < deadline) {
      at = await lastUsed(used.uuid);
      await sleep(50);
    }
    assert.ok(at >= began && at <= Date.now(), `${at} is not between ${began} and now`);
    assert.equal(await lastUsed(unused.uuid), null);
  });

  it('a request to the API and one that verifies others are uses, but no verifications', async () => {
    const graphql = await server.createKey('graphql');
    const verifier = await server.createKey('verifier');
    await server.query('{ viewer { apiKey { id } } }', undefined, { key: graphql.key });
    const answer = await server.request({
      method: 'POST', path: '/v1/keys:verify', headers: { 'x-api-key': verifier.key, 'content-type': 'application/json' }, body: '{"key":"lk_nothing"}',
    });
    assert.equal(answer.status, 200);
    await within5s(async () => [await lastUsed(graphql.uuid) !== null, await lastUsed(verifier.uuid) !== null], [true, true]);
    for (const { uuid } of [graphql, verifier]) assert.deepEqual(await usageOf(uuid), NOTHING);
  });

  it('gives contiguous buckets on the hours and days of UTC', async () => {
    const { uuid } = await server.createKey('buckets');
    const query = 'query ($id: String!, $from: DateTime, $to: DateTime, $interval: UsageInterval) { apiKey(apiKeyId: $id) { usage(from: $from, to: $to, interval: $interval) { start total } } }';
    const starts = async (from, to, interval) => (await server.query(query, { id: uuid, from, to, interval })).apiKey.usage.map(({ start }) => start);
    const noon = Date.UTC(2026, 1, 3, 12);
    assert.deepEqual(await starts(noon + 1, noon + 2 * HOUR + 1, 'HOUR'), [noon, noon + HOUR, noon + 2 * HOUR]);
    assert.deepEqual(await starts(noon, noon + HOUR, 'HOUR'), [noon]);
    assert.deepEqual(await starts(noon, noon + 24 * HOUR, 'DAY'), [Date.UTC(2026, 1, 3), Date.UTC(2026, 1, 4)]);
    assert.equal((await starts(noon, noon + 90 * 24 * HOUR, 'HOUR')).length, 90 * 24);
    for (const [from, to] of [[noon, noon], [noon + 1, noon], [noon, noon + 90 * 24 * HOUR + 1], [-5, noon], [noon, 1e300]]) {
      const error = await server.error(query, { id: uuid, from, to, interval: 'HOUR' });
      assert.equal(error.code, 'BAD_USER_INPUT', error.message);
      assert.match(error.message, /from|to\b/);
    }
  });

  it('bounds what one request may ask for', async () => {
    const noon = Date.UTC(2026, 1, 3, 12);
    const aliases = Array.from({ length: 10 }, (_, i) => `u${i}: usage(from: ${noon}, to: ${noon + 90 * 24 * HOUR}) { total }`);
    const answer = await server.graphql(`{ account { ${aliases.join(' ')} } }`);
    assert.equal(answer.json.errors.length, 1, answer.text.slice(0, 300));
    assert.match(answer.json.errors[0].message, /at most 20000 buckets/);
    assert.equal(answer.json.data.account.u8.length, 90 * 24);
    assert.equal(answer.json.data.account.u9, null);
    // A change that has a password hashed runs twice, and may ask for as much.
    const { createUser } = await server.query('mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { input: { name: 'u', email: 'u@example.org' } });
    const change = `mutation { updateAccount(input: { accountId: "${server.account.accountId}" }) { account { ${aliases.slice(0, 9).join(' ')} } }
      setPassword(input: { userId: "${createUser.user.id}", password: "correct horse battery" }) { user { id } } }`;
    assert.equal((await server.query(change)).setPassword.user.id, createUser.user.id);
  });

  it('makes no more of what is beyond it', async () => {
    const other = await Server.fresh();
    const keys = Array.from({ length: 99 }, (_, i) => ({ name: `many ${i}`, key: `many-keys-that-nobody-has-${i}` }));
    await other.query('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { error } } }', { input: { accountId: other.account.accountId, keys } });
    const noon = Date.UTC(2026, 1, 3, 12);
    const aliases = Array.from({ length: 9 }, (_, i) => `u${i}: usage(from: ${noon}, to: ${noon + 90 * 24 * HOUR}) { total }`);
    const answer = await other.graphql(`{ apiKeys(limit: 100) { nodes { ${aliases.join(' ')} } } }`);
    assert.equal(answer.json.errors.length, 99 * 9); // each made, they would be more than the request may have of memory
    for (const { message } of answer.json.errors) assert.match(message, /at most 20000 buckets/);
    assert.equal(answer.json.data.apiKeys.nodes[0].u8.length, 90 * 24);
    await other.stop();
  });

  it('lists keys by last use and by what was not used', async () => {
    // Equal keys of a sort stand in the order of their ids, which is that of their milliseconds.
    const old = await server.createKey('sort old');
    await sleep(5);
    const recent = await server.createKey('sort recent');
    await sleep(5);
    const never = await server.createKey('sort never');
    await auth(old.key);
    await sleep(5);
    const between = Date.now();
    await sleep(5);
    await auth(recent.key);
    const list = 'query ($sort: ApiKeySort, $filters: [ApiKeyFilter]) { apiKeys(limit: 10, sort: $sort, filters: $filters) { pageInfo { total } nodes { name } } }';
    const names = async (sort, ...filters) => (await server.query(list, { sort, filters: [{ nameContains: 'sort ' }, ...filters] })).apiKeys.nodes.map(({ name }) => name);
    await within5s(() => names({ field: 'LAST_USED_AT' }), ['sort never', 'sort old', 'sort recent']);
    assert.deepEqual(await names({ field: 'LAST_USED_AT', descending: true }), ['sort recent', 'sort old', 'sort never']);
    assert.deepEqual(await names({ field: 'CREATED_AT', descending: true }), ['sort never', 'sort recent', 'sort old']);
    assert.deepEqual(await names(null), ['sort never', 'sort old', 'sort recent']);
    assert.deepEqual(await names(null, { unusedSince: between }), ['sort never', 'sort old']);
    assert.deepEqual(await names(null, { unusedSince: 1 }), []); // made later
    await update({ uuid: old.uuid, name: 'sort old', expiresAt: between + HOUR });
    assert.deepEqual(await names({ field: 'EXPIRES_AT' }), ['sort old', 'sort recent', 'sort never']);
    assert.deepEqual(await names(null, { expiresBefore: between + HOUR + 1 }), ['sort old']);
    assert.deepEqual(await names(null, { expiresBefore: between + HOUR }), []);
    assert.deepEqual(await names(null, { expiresAfter: between + HOUR - 1 }), ['sort old']);
    assert.deepEqual(await names(null, { expiresAfter: between + HOUR }), []);
    assert.deepEqual(await names(null, { expiresAfter: between, expiresBefore: between + 2 * HOUR }), ['sort old']);
    const error = await server.error(list, { filters: [{ unusedSince: 1 }, { unusedSince: 2 }] });
    assert.equal(error.code, 'BAD_USER_INPUT');
    assert.match(error.message, /unusedSince once/);
    assert.equal((await server.error(list, { filters: [{ expiresAfter: 1 }, { expiresAfter: 2 }] })).message, error.message);
  });

  it('the audit is found by who, what and which', async () => {
    const actor = await server.createKey('audited actor');
    const made = await server.createKey('audited', [], { key: actor.key });
    await update({ uuid: made.uuid, name: 'audited again' });
    const list = 'query ($filters: [ChangeSetFilter]) { audits(limit: 50, filters: $filters) { pageInfo { total } nodes { ... on ApiKeyChangeSet { changes { operationType resourceName } } ... on GenericChangeSet { changes { operationType resourceName } } } } }';
    const found = async (...filters) => (await server.query(list, { filters })).audits.nodes.flatMap(({ changes }) => changes.map((c) => `${c.operationType} ${c.resourceName}`));
    assert.deepEqual(await found({ actorId: actor.uuid }), ['CREATE audited']);
    assert.deepEqual(await found({ resourceId: made.uuid }), ['UPDATE audited again', 'CREATE audited']);
    assert.deepEqual(await found({ resourceId: made.uuid, operationType: 'UPDATE' }), ['UPDATE audited again']);
    assert.deepEqual(await found({ resourceId: made.uuid }, { actorId: actor.uuid }), ['CREATE audited']);
    assert.deepEqual(await found({ resourceId: made.uuid, resourceType: 'USER' }), []);
    assert.deepEqual(await found({ actorId: 'nobody' }), []);
    const creations = await found({ resourceType: 'API_KEY', operationType: 'CREATE' });
    assert.ok(creations.length >= 3 && creations.every((text) => text.startsWith('CREATE ')), creations.join());
    const error = await server.error(list, { filters: [{ actorId: 'a' }, { actorId: 'b' }] });
    assert.match(error.message, /actorId.* once/);
  });
});

describe('usage over time', () => {
  it('a crash loses nothing that is older than a few seconds, even if nothing has happened since', async () => {
    const server = await Server.fresh({ args: ['--threads', '1'] });
    const { uuid, key } = await server.createKey('quiet');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let count = 0;
    for (const end = Date.now() + 700; Date.now() < end; count++) await server.request({ path: '/v1/auth', headers: { 'x-api-key': key }, agent });
    await sleep(5000 * SLOW); // no request comes that would wake a thread
    await server.kill();
    agent.destroy();
    const again = await Server.start(server.data, server.account);
    assert.equal(sum((await again.query(KEY_USAGE, { id: uuid, from: Date.now() - 3 * HOUR })).apiKey.usage).valid, count);
    await again.stop();
  });

  it('a clean stop loses nothing, and what is older than 90 days is swept', async () => {
    const server = await Server.fresh();
    const { uuid, key } = await server.createKey('kept');
    for (let i = 0; i < 50; i++) await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } });
    const { uuid: gone, key: goneKey } = await server.createKey('gone');
    await server.request({ path: '/v1/auth', headers: { 'x-api-key': goneKey } });
    await server.stop(); // at once: most of it was not flushed yet
    const sql = (text) => sqlite(server.data, text);
    const today = Math.floor(Date.now() / 86400000);
    sql(`INSERT INTO api_key_usage SELECT ${today} - 90, api_key_id, hours FROM api_key_usage; INSERT INTO account_usage SELECT ${today} - 91, account_id, hours FROM account_usage`);
    sql(`INSERT INTO api_key_usage SELECT ${today} - 91, api_key_id, hours FROM api_key_usage WHERE day >= ${today} - 1`);
    const again = await Server.start(server.data, server.account);
    const { apiKey } = await again.query(KEY_USAGE, { id: uuid, from: Date.now() - 3 * HOUR });
    assert.equal(sum(apiKey.usage).valid, 50);
    assert.ok(apiKey.lastUsedAt > Date.now() - HOUR);
    await again.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId: server.account.accountId, uuid: gone } });
    await again.stop();
    const rows = sql('SELECT day, count(*) FROM api_key_usage GROUP BY day ORDER BY day').split('\n');
    assert.equal(rows[0], `${today - 90}|1`, 'the 90th day stays, without the deleted key');
    assert.equal(rows.slice(1).every((row) => Number(row.split('|')[0]) >= today - 1 && row.endsWith('|1')), true, rows.join());
    assert.ok(Number(sql('SELECT min(day) FROM account_usage')) >= today - 1);
    assert.equal(sql('SELECT count(*) FROM api_key_use'), sql('SELECT count(*) FROM api_key'));
  });
});
