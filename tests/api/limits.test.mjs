// Allow lists, rates and credits: what they take, where they hold, and what a restart leaves of them.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Server, sleep, SLOW, sqlite } from './support/server.mjs';

const FIELDS = 'id allowedIps rateLimit { limit windowSeconds } credits { remaining refill { amount interval day nextAt } }';
const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key apiKey { ${FIELDS} } } }`;
const UPDATE = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { ${FIELDS} } } }`;
const GET = `query ($id: String!) { apiKey(apiKeyId: $id) { ${FIELDS} } }`;

let server;

const account = () => server.account.accountId;
const create = async (input) => (await server.query(CREATE, { input: { accountId: account(), userGroupIds: [server.account.userGroupId], ...input } })).createApiKey;
const update = async (uuid, name, input) => (await server.query(UPDATE, { input: { accountId: account(), uuid, name, ...input } })).updateApiKey.apiKey;
const refusal = (input) => server.error(CREATE, { input: { accountId: account(), name: 'refused', ...input } });
const get = async (uuid) => (await server.query(GET, { id: uuid })).apiKey;

const auth = (key, options) => server.code(key, options);

const verify = (key, body) => server.verify(key, body);

/** The balance in the database once it is what it should be. */
async function settled(uuid, remaining) {
  const deadline = Date.now() + 5000 * SLOW;
  for (;;) {
    const { credits } = await get(uuid);
    if (credits.remaining === remaining) return;
    assert.ok(Date.now() < deadline, `${credits.remaining} credits are kept, not ${remaining}`);
    await sleep(50);
  }
}

describe('limits of a key', () => {
  before(async () => {
    server = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1', '--threads', '3'] });
  });
  after(() => server.stop());

  const from = (ip) => ({ headers: { 'x-forwarded-for': ip } });

  it('shows addresses in one spelling, each once', async () => {
    const { apiKey } = await create({ name: 'spelled', allowedIps: ['10.0.0.0/8', '::ffff:192.0.2.7', '2001:DB8:0:0::/32', '10.0.0.0/8', '0.0.0.0/0', '::/0'] });
    assert.deepEqual(apiKey.allowedIps, ['10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32', '0.0.0.0/0', '::/0']);
  });

  it('lets a key in from its addresses only, on every interface', async () => {
    const { key } = await create({ name: 'local', allowedIps: ['192.0.2.0/24', '2001:db8::/32'] });
    const here = async (ip) => {
      const graphql = await server.graphql('{ viewer { apiKey { name } } }', {}, { key, ...from(ip) });
      const caller = await server.request({ method: 'POST', path: '/v1/introspect', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': ip }, body: `token=${key}` });
      return [await auth(key, from(ip)), (await verify(key, { ip })).code, graphql.json.errors?.[0].extensions.code ?? 'OK', caller.status];
    };
    for (const ip of ['192.0.2.1', '::ffff:192.0.2.255', '2001:db8::1']) assert.deepEqual(await here(ip), ['VALID', 'VALID', 'OK', 200], ip);
    for (const ip of ['192.0.3.1', '2001:db9::1', '::1']) assert.deepEqual(await here(ip), ['IP_NOT_ALLOWED', 'IP_NOT_ALLOWED', 'FORBIDDEN', 403], ip);
    const refused = await server.graphql('{ viewer { apiKey { name } } }', {}, { key });
    assert.equal(refused.json.errors[0].message, 'User not authorized: this API key may not be used from this address');
    assert.equal((await verify(key)).code, 'IP_NOT_ALLOWED', 'an address that nobody named is none of the list');
  });

  it('opens and keeps a console session from its addresses only', async () => {
    const { key } = await create({ name: 'console', allowedIps: ['192.0.2.0/24'] });
    const console = { 'x-latchkey-console': '1', 'content-type': 'application/json' };
    const open = (ip) => server.request({ method: 'POST', path: '/console/session', headers: { ...console, 'x-forwarded-for': ip }, body: JSON.stringify({ apiKey: key }) });
    const refused = await open('198.51.100.1');
    assert.equal(refused.status, 403);
    assert.match(refused.text, /may not be used from this address/);
    const opened = await open('192.0.2.1');
    assert.equal(opened.status, 200);
    const cookie = opened.headers['set-cookie'][0].split(';')[0];
    const ask = (ip) => server.graphql('{ viewer { apiKey { name } } }', {}, { key: null, headers: { ...console, cookie, 'x-forwarded-for': ip } });
    assert.equal((await ask('192.0.2.2')).json.data.viewer.apiKey.name, 'console');
    assert.equal((await ask('198.51.100.1')).json.errors[0].extensions.code, 'FORBIDDEN');
  });

  it('keeps IPv4 and IPv6 apart', async () => {
    const { key } = await create({ name: 'six', allowedIps: ['::/0'] });
    assert.equal(await auth(key, from('192.0.2.1')), 'IP_NOT_ALLOWED');
    assert.equal((await server.graphql('{ viewer { apiKey { name } } }', {}, { key, ...from('192.0.2.1') })).json.errors[0].extensions.code, 'FORBIDDEN');
    assert.equal(await auth(key, from('2001:db8::1')), 'VALID');
    assert.equal((await server.graphql('{ viewer { apiKey { name } } }', {}, { key, ...from('2001:db8::1') })).json.errors, undefined);
  });

  it('says what is wrong with an address, and what would be right', async () => {
    for (const [text, sentence] of [
      ['10.0.0.1/8', /10\.0\.0\.1 has bits set.*10\.0\.0\.0\/8/],
      ['localhost', /"localhost" is no IPv4 or IPv6 address.*192\.0\.2\.0\/24/],
      ['192.0.2.0/33', /"33" is no prefix length.*0 to 32/],
      ['', /is no IPv4 or IPv6 address/],
      ['fe80::1%eth0', /is no IPv4 or IPv6 address/],
    ]) {
      const error = await refusal({ allowedIps: ['192.0.2.1', text] });
      assert.equal(error.code, 'BAD_USER_INPUT');
      assert.match(error.message, sentence);
    }
    assert.match((await refusal({ allowedIps: Array(101).fill('192.0.2.1') })).message, /101, and at most 100/);
  });

  it('leaves what is absent, and empties what is null or []', async () => {
    const whole = { allowedIps: ['127.0.0.1'], rateLimit: { limit: 5, windowSeconds: 60 }, credits: { remaining: 9 } };
    const { uuid } = await create({ name: 'partial', ...whole });
    let key = await update(uuid, 'partial', {});
    assert.deepEqual([key.allowedIps, key.rateLimit, key.credits.remaining], [['127.0.0.1/32'], { limit: 5, windowSeconds: 60 }, 9]);
    key = await update(uuid, 'partial', { allowedIps: [] });
    assert.deepEqual([key.allowedIps, key.rateLimit, key.credits.remaining], [[], { limit: 5, windowSeconds: 60 }, 9]);
    key = await update(uuid, 'partial', { allowedIps: null, rateLimit: null, credits: null });
    assert.deepEqual([key.allowedIps, key.rateLimit, key.credits], [[], null, null]);
  });

  it('refuses rates and credits that are none', async () => {
    for (const [input, sentence] of [
      [{ rateLimit: { limit: 0, windowSeconds: 60 } }, /limit must be from 1 to 1000000000/],
      [{ rateLimit: { limit: 1, windowSeconds: 0 } }, /windowSeconds must be from 1 to 2678400/],
      [{ rateLimit: { limit: 1, windowSeconds: 2678401 } }, /windowSeconds must be/],
      [{ credits: { remaining: -1 } }, /remaining must be a whole number from 0/],
      [{ credits: { remaining: 1.5 } }, /remaining must be a whole number/],
      [{ credits: { remaining: 1, refill: { amount: 1, interval: 'WEEKLY', day: 8 } } }, /WEEKLY refill must be from 1 \(Monday\) to 7/],
      [{ credits: { remaining: 1, refill: { amount: 1, interval: 'MONTHLY', day: 0 } } }, /MONTHLY refill must be from 1 to 31/],
      [{ credits: { remaining: 1, refill: { amount: 1, interval: 'DAILY', day: 1 } } }, /DAILY refill has no day/],
      [{ credits: { remaining: 1, refill: { amount: -1, interval: 'DAILY' } } }, /amount must be a whole number/],
    ]) {
      const error = await refusal(input);
      assert.equal(error.code, 'BAD_USER_INPUT');
      assert.match(error.message, sentence);
    }
  });

  it('limits the rate, at once after a change, and goes on counting', async () => {
    const { key, uuid } = await create({ name: 'fast', rateLimit: { limit: 3, windowSeconds: 3600 } });
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push(await auth(key));
    assert.deepEqual(codes, ['VALID', 'VALID', 'VALID', 'RATE_LIMITED', 'RATE_LIMITED']);
    await update(uuid, 'renamed', {});
    assert.equal(await auth(key), 'RATE_LIMITED', 'a change of something else gives nothing back');
    await update(uuid, 'renamed', { rateLimit: null });
    assert.equal(await auth(key), 'VALID');
    await update(uuid, 'renamed', { rateLimit: { limit: 1, windowSeconds: 3600 } });
    assert.equal((await verify(key)).code, 'VALID');
    const answer = await verify(key);
    assert.equal(answer.code, 'RATE_LIMITED');
    assert.equal(answer.rateLimit.limit, 1);
  });

  it('takes what was used of a rate along into a slower or a faster one', async () => {
    const { key, uuid } = await create({ name: 'slower', rateLimit: { limit: 3, windowSeconds: 600 } });
    for (let i = 0; i < 3; i++) assert.equal(await auth(key), 'VALID');
    await update(uuid, 'slower', { rateLimit: { limit: 3, windowSeconds: 86400 } });
    const answer = await verify(key);
    assert.equal(answer.code, 'RATE_LIMITED');
    assert.ok(answer.rateLimit.resetAt > Date.now() + 80000 * 1000, 'all of it was used');
    await update(uuid, 'slower', { rateLimit: { limit: 3, windowSeconds: 3 } });
    assert.equal((await verify(key, { cost: 2 })).code, 'RATE_LIMITED');
    await sleep(1100);
    assert.equal((await verify(key)).code, 'VALID');
  });

  it('limits all keys of an account together', async () => {
    const other = await Server.fresh();
    try {
      const change = 'mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { clientMutationId account { name rateLimit { limit windowSeconds } } } }';
      const { accountId } = other.account;
      const { updateAccount } = await other.query(change, { input: { accountId, clientMutationId: 'm', rateLimit: { limit: 2, windowSeconds: 3600 } } });
      assert.deepEqual(updateAccount, { clientMutationId: 'm', account: { name: 'Main', rateLimit: { limit: 2, windowSeconds: 3600 } } });
      const keys = [await other.createKey('one'), await other.createKey('two')];
      const code = ({ key }) => other.code(key);
      assert.deepEqual([await code(keys[0]), await code(keys[1]), await code(keys[0])], ['VALID', 'VALID', 'RATE_LIMITED']);
      await other.query(change, { input: { accountId, rateLimit: { limit: 2, windowSeconds: 86400 } } });
      assert.equal(await code(keys[1]), 'RATE_LIMITED', 'what was used stays used');
      assert.deepEqual((await other.query('{ account { rateLimit { limit } } }')).account, { rateLimit: { limit: 2 } });
      assert.equal((await other.query(change, { input: { accountId, name: 'Renamed' } })).updateAccount.account.rateLimit.limit, 2, 'absent leaves it');
      assert.equal((await other.query(change, { input: { accountId, rateLimit: null } })).updateAccount.account.rateLimit, null);
      assert.equal(await code(keys[0]), 'VALID');
      // A key that has used up its own rate and its account's is told when the later of the two lets it in again.
      await other.query(change, { input: { accountId, rateLimit: { limit: 1, windowSeconds: 3600 } } });
      const input = { accountId, name: 'both', rateLimit: { limit: 1, windowSeconds: 10 } };
      const both = (await other.query(CREATE, { input })).createApiKey.key;
      const ask = async () => (await other.request({ path: '/v1/auth', headers: { 'x-api-key': both } })).headers;
      const [first, second] = [await ask(), await ask()];
      assert.deepEqual([first, second].map((headers) => headers['x-latchkey-code']), ['VALID', 'RATE_LIMITED']);
      for (const headers of [first, second]) assert.equal(headers['ratelimit-policy'], '"default";q=1;w=3600');
      assert.ok(Number(second['retry-after']) > 3000, second['retry-after']);
      await other.query(change, { input: { accountId, rateLimit: null } });
      const weak = await other.createKey('weak', []);
      const error = await other.error(change, { input: { accountId, name: 'x' } }, { key: weak.key });
      assert.equal(error.message, 'User not authorized: ADMINISTER_OTHER_ACCOUNT_FUNCTIONS is required');
      assert.equal((await other.error(change, { input: { accountId: 'AAAAAAAAAAAAAAAAAAAAAA', name: 'x' } })).code, 'FORBIDDEN');
    } finally {
      await other.stop();
    }
  });

  it('allows exactly as many uses as there are credits, however many ask at once', async () => {
    const { key, uuid } = await create({ name: 'spent', credits: { remaining: 200 } });
    const agents = Array.from({ length: 12 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    const counts = {};
    await Promise.all(
      agents.map(async (agent) => {
        for (let i = 0; i < 40; i++) {
          const code = await auth(key, { agent });
          counts[code] = (counts[code] ?? 0) + 1;
        }
        agent.destroy();
      }),
    );
    assert.deepEqual(counts, { VALID: 200, USAGE_EXCEEDED: 280 });
    await settled(uuid, 0);
    assert.deepEqual((await verify(key)).credits, { remaining: 0 });
  });

  it('takes the cost, and tells what is left', async () => {
    const { key } = await create({ name: 'costly', credits: { remaining: 10 } });
    assert.deepEqual((await verify(key, { cost: 7 })).credits, { remaining: 3 });
    assert.equal((await verify(key, { cost: 4 })).code, 'USAGE_EXCEEDED');
    assert.deepEqual((await verify(key, { cost: 0 })).credits, { remaining: 3 });
    assert.deepEqual((await verify(key, { cost: 3 })).credits, { remaining: 0 });
  });

  it('sets credits anew, and leaves them when a change is about something else', async () => {
    const { key, uuid } = await create({ name: 'topped', credits: { remaining: 2 } });
    await auth(key);
    await update(uuid, 'topped up', {});
    assert.deepEqual((await verify(key)).credits, { remaining: 0 });
    assert.equal(await auth(key), 'USAGE_EXCEEDED');
    assert.equal((await update(uuid, 'topped up', { credits: { remaining: 5 } })).credits.remaining, 5);
    assert.deepEqual((await verify(key)).credits, { remaining: 4 });
    await settled(uuid, 4);
    await update(uuid, 'topped up', { credits: null });
    assert.equal((await verify(key)).credits, null);
    await update(uuid, 'topped up', { credits: { remaining: 1 } });
    assert.deepEqual((await verify(key)).credits, { remaining: 0 });
  });

  it('records limits in the audit log', async () => {
    const { uuid } = await create({ name: 'audited', allowedIps: ['192.0.2.7'] });
    await update(uuid, 'audited', { allowedIps: null, rateLimit: { limit: 7, windowSeconds: 60 }, credits: { remaining: 3, refill: { amount: 5, interval: 'WEEKLY', day: 2 } } });
    const sets = await server.query('{ audits(limit: 1) { nodes { id } } }');
    const filter = [{ changeSetId: sets.audits.nodes[0].id }];
    const { auditChangeContent } = await server.query('query ($f: [ChangeContentFilter]) { auditChangeContent(filters: $f, limit: 5) { nodes { oldYaml newYaml } } }', { f: filter });
    assert.match(auditChangeContent.nodes[0].oldYaml, /192\.0\.2\.7\/32/);
    for (const piece of ['allowedIps: []', 'limit: 7', 'windowSeconds: 60', 'remaining: 3', 'interval: WEEKLY', 'day: 2']) assert.ok(auditChangeContent.nodes[0].newYaml.includes(piece), auditChangeContent.nodes[0].newYaml);
  });

  it('lets nobody lift the limits of a key that holds more than they do', async () => {
    const keeper = await create({ name: 'keeper', userGroupIds: [await server.createGroup('keepers', ['MANAGE_API_KEYS'])] });
    const limited = { allowedIps: ['192.0.2.0/24'], rateLimit: { limit: 10, windowSeconds: 60 }, credits: { remaining: 10 } };
    const { uuid } = await create({ name: 'strong', ...limited });
    const change = (input) => server.graphql(UPDATE, { input: { accountId: account(), uuid, name: 'strong', ...input } }, { key: keeper.key });
    for (const input of [
      { allowedIps: null },
      { allowedIps: ['192.0.0.0/16'] },
      { allowedIps: ['192.0.2.0/24', '198.51.100.1'] },
      { rateLimit: null },
      { rateLimit: { limit: 11, windowSeconds: 66 } },
      { rateLimit: { limit: 10, windowSeconds: 59 } },
      { credits: null },
      { credits: { remaining: 11 } },
    ])
      assert.equal((await change(input)).json.errors?.[0].extensions.code, 'FORBIDDEN', JSON.stringify(input));
    for (const input of [{ allowedIps: ['192.0.2.7'] }, { rateLimit: { limit: 5, windowSeconds: 60 } }, {}])
      assert.equal((await change(input)).json.errors, undefined, JSON.stringify(input));
  });
});

describe('what is left of credits after a restart', () => {
  const restart = async () => {
    server = await Server.start(server.data, server.account);
  };
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  it('is what there was, after a clean stop', async () => {
    const { key } = await create({ name: 'stopped', credits: { remaining: 1000 } });
    for (let i = 0; i < 30; i++) await auth(key);
    await server.stop();
    await restart();
    assert.deepEqual((await verify(key)).credits, { remaining: 969 });
  });

  it('is what the last flush left, after a kill', async () => {
    const { key, uuid } = await create({ name: 'killed', credits: { remaining: 1000 } });
    for (let i = 0; i < 20; i++) await auth(key);
    await settled(uuid, 980);
    for (let i = 0; i < 5; i++) await auth(key);
    await server.kill();
    await restart();
    const { remaining } = (await verify(key, { cost: 0 })).credits;
    assert.ok(remaining === 980 || remaining === 975, `${remaining}`);
  });

  it('is what was set anew, not what there was before credits were taken away', async () => {
    const made = [];
    for (let i = 0; i < 5; i++) {
      const { key, uuid } = await create({ name: `anew ${i}`, credits: { remaining: 1000 } });
      await auth(key);
      for (const credits of [null, { remaining: 5 }]) await update(uuid, `anew ${i}`, { credits });
      made.push({ key, uuid });
    }
    await sleep(1500); // a flush has come, or two
    for (const { uuid } of made) assert.equal((await get(uuid)).credits.remaining, 5);
    await server.kill();
    await restart();
    for (const { key } of made) assert.deepEqual((await verify(key)).credits, { remaining: 4 });
  });

  it('is refilled once when the moment passed while the server was down, and in time when it passes while it runs', async () => {
    const down = await create({ name: 'down', credits: { remaining: 1, refill: { amount: 50, interval: 'MONTHLY', day: 31 } } });
    const up = await create({ name: 'up', credits: { remaining: 1, refill: { amount: 60, interval: 'DAILY' } } });
    const never = await create({ name: 'never', credits: { remaining: 0 } });
    for (const { key } of [down, up]) assert.deepEqual((await verify(key)).credits, { remaining: 0 });
    await server.stop();
    const soon = Date.now() + 3000 * SLOW;
    sqlite(server.data, `UPDATE key_credits SET refill_at = CASE refill_interval WHEN 'DAILY' THEN ${soon} ELSE 1 END WHERE refill_at IS NOT NULL`);
    await restart();
    assert.deepEqual((await verify(down.key, { cost: 8 })).credits, { remaining: 42 });
    const { refill } = (await get(down.uuid)).credits;
    assert.ok(refill.nextAt > Date.now() && refill.nextAt % 86400000 === 0);
    if (Date.now() < soon) assert.equal((await verify(up.key)).code, 'USAGE_EXCEEDED');
    while ((await verify(up.key, { cost: 0 })).credits.remaining === 0) {
      assert.ok(Date.now() < soon + 2000 * SLOW, 'the refill is late');
      await sleep(20);
    }
    assert.ok(Date.now() >= soon, 'the refill is early');
    assert.deepEqual((await verify(up.key)).credits, { remaining: 59 });
    assert.equal((await verify(never.key)).code, 'USAGE_EXCEEDED');
    await server.kill();
    await restart();
    assert.ok((await verify(down.key, { cost: 0 })).credits.remaining <= 50);
    assert.ok((await verify(up.key, { cost: 0 })).credits.remaining >= 59, 'refilled balances survive a kill');
  });
});
