// Credits of an account, for all its keys together: what they take beside those of a key, who sets them, and what a restart leaves of them.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Server, sleep, SLOW, sqlite } from './support/server.mjs';

const FIELDS = 'name credits { remaining refill { amount interval day nextAt } }';
const UPDATE = `mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { account { ${FIELDS} } } }`;
const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }';

let server;

const update = async (input) => (await server.query(UPDATE, { input: { accountId: server.account.accountId, ...input } })).updateAccount.account;
const refusal = (input, options) => server.error(UPDATE, { input: { accountId: server.account.accountId, ...input } }, options);
const get = async () => (await server.query(`{ account { ${FIELDS} } }`)).account;
const create = async (input) =>
  (await server.query(CREATE, { input: { accountId: server.account.accountId, userGroupIds: [server.account.userGroupId], ...input } })).createApiKey;

const auth = (key, agent) => server.code(key, { agent });

const verify = (key, body) => server.verify(key, body);

/** Waits until the database has these balances: of the account, and of a key. */
async function settled(remaining, key) {
  const deadline = Date.now() + 5000 * SLOW;
  const query = 'query ($id: String!) { account { credits { remaining } } apiKey(apiKeyId: $id) { credits { remaining } } }';
  for (;;) {
    const kept = await server.query(query, { id: key.uuid });
    const now = [kept.account.credits.remaining, kept.apiKey.credits?.remaining ?? null];
    if (now[0] === remaining[0] && now[1] === remaining[1]) return;
    assert.ok(Date.now() < deadline, `${now} credits are kept, not ${remaining}`);
    await sleep(50);
  }
}

describe('credits of an account', () => {
  before(async () => {
    server = await Server.fresh({ args: ['--threads', '3'] });
  });
  after(() => server.stop());

  it('are set, left, and removed', async () => {
    assert.equal((await get()).credits, null);
    const refill = { amount: 500, interval: 'MONTHLY', day: 31 };
    const { credits } = await update({ credits: { remaining: 9, refill } });
    assert.ok(credits.refill.nextAt > Date.now());
    assert.deepEqual(credits, { remaining: 9, refill: { ...refill, nextAt: credits.refill.nextAt } });
    assert.deepEqual((await update({ name: 'Renamed' })).credits, credits);
    assert.deepEqual((await get()).credits, credits);
    assert.equal((await update({ credits: null })).credits, null);
    assert.equal((await get()).credits, null);
  });

  it('are refused when they are none, and to who may not set the rate', async () => {
    for (const [credits, sentence] of [
      [{ remaining: -1 }, /remaining must be a whole number from 0/],
      [{ remaining: 1.5 }, /remaining must be a whole number/],
      [{ remaining: 1, refill: { amount: 1, interval: 'WEEKLY', day: 8 } }, /WEEKLY refill must be from 1 \(Monday\) to 7/],
    ]) {
      const error = await refusal({ credits });
      assert.equal(error.code, 'BAD_USER_INPUT');
      assert.match(error.message, sentence);
    }
    const weak = await create({ name: 'weak', userGroupIds: [] });
    assert.equal((await refusal({ credits: { remaining: 1 } }, { key: weak.key })).message, 'User not authorized: ADMINISTER_OTHER_ACCOUNT_FUNCTIONS is required');
    assert.equal((await get()).credits, null);
  });

  it('are taken together with those of the key, or neither are', async () => {
    const counted = await create({ name: 'counted', credits: { remaining: 10 } });
    const other = await create({ name: 'uncounted' });
    await update({ credits: { remaining: 12 } });
    assert.deepEqual((await verify(counted.key, { cost: 4 })).credits, { remaining: 6 });
    assert.deepEqual((await verify(other.key, { cost: 3 })).credits, { remaining: 5 });
    const refused = await verify(counted.key, { cost: 6 });
    assert.deepEqual([refused.code, refused.credits], ['USAGE_EXCEEDED', { remaining: 5 }]);
    assert.equal((await verify(other.key, { cost: 6 })).code, 'USAGE_EXCEEDED');
    await settled([5, 6], counted);
    await update({ credits: { remaining: 100 } });
    assert.equal((await verify(counted.key, { cost: 7 })).code, 'USAGE_EXCEEDED');
    assert.deepEqual((await verify(other.key, { cost: 0 })).credits, { remaining: 100 });
    assert.deepEqual((await verify(counted.key, { cost: 6 })).credits, { remaining: 0 });
    assert.deepEqual((await verify(other.key, { cost: 94 })).credits, { remaining: 0 });
    assert.equal(await auth(other.key), 'USAGE_EXCEEDED');
    assert.equal((await verify(other.key, { cost: 0 })).code, 'VALID');
    await update({ credits: null });
    assert.equal(await auth(other.key), 'VALID');
    assert.equal((await verify(other.key)).credits, null);
  });

  it('allow exactly as many uses as there are, of whichever keys and however many ask at once', async () => {
    const counted = await create({ name: 'few', credits: { remaining: 70 } });
    const keys = [counted, await create({ name: 'one' }), await create({ name: 'two' })];
    await update({ credits: { remaining: 200 } });
    const agents = Array.from({ length: 12 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    const counts = {};
    let ofCounted = 0;
    await Promise.all(
      agents.map(async (agent, number) => {
        for (let i = 0; i < 40; i++) {
          const { key } = keys[(number + i) % 3];
          const code = await auth(key, agent);
          counts[code] = (counts[code] ?? 0) + 1;
          ofCounted += key === counted.key && code === 'VALID';
        }
        agent.destroy();
      }),
    );
    assert.deepEqual(counts, { VALID: 200, USAGE_EXCEEDED: 280 });
    await settled([0, 70 - ofCounted], counted);
    await update({ credits: null });
  });

  it('are in the audit log', async () => {
    await update({ credits: { remaining: 3, refill: { amount: 5, interval: 'WEEKLY', day: 2 } } });
    await update({ credits: null });
    const sets = await server.query('{ audits(limit: 1) { nodes { id } } }');
    const filter = [{ changeSetId: sets.audits.nodes[0].id }];
    const { auditChangeContent } = await server.query('query ($f: [ChangeContentFilter]) { auditChangeContent(filters: $f, limit: 5) { nodes { oldYaml newYaml } } }', { f: filter });
    const [{ oldYaml, newYaml }] = auditChangeContent.nodes;
    for (const piece of ['remaining: 3', 'amount: 5', 'interval: WEEKLY', 'day: 2']) assert.ok(oldYaml.includes(piece), oldYaml);
    assert.match(newYaml, /credits: null/);
  });
});

describe('what is left of the credits of an account', () => {
  const restart = async () => {
    server = await Server.start(server.data, server.account);
  };
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  it('after a clean stop is what there was, and after a kill what the last flush left', async () => {
    const key = await create({ name: 'stopped' });
    await update({ credits: { remaining: 1000 } });
    for (let i = 0; i < 30; i++) await auth(key.key);
    await server.stop();
    await restart();
    assert.deepEqual((await verify(key.key)).credits, { remaining: 969 });
    await settled([969, null], key);
    for (let i = 0; i < 5; i++) await auth(key.key);
    await server.kill();
    await restart();
    const { remaining } = (await verify(key.key, { cost: 0 })).credits;
    assert.ok(remaining === 969 || remaining === 964, `${remaining}`);
  });

  it('is refilled once when the moment passed while the server was down, and in time when it passes while it runs', async () => {
    const { key } = await create({ name: 'refilled' });
    await update({ credits: { remaining: 1, refill: { amount: 50, interval: 'DAILY' } } });
    const refillAt = async (moment) => {
      await server.stop();
      sqlite(server.data, `UPDATE account_credits SET refill_at = ${moment}`);
      await restart();
    };
    assert.deepEqual((await verify(key)).credits, { remaining: 0 });
    await refillAt(1);
    assert.deepEqual((await verify(key, { cost: 50 })).credits, { remaining: 0 });
    const { refill } = (await get()).credits;
    assert.ok(refill.nextAt > Date.now() && refill.nextAt % 86400000 === 0);
    const soon = Date.now() + 3000 * SLOW;
    await refillAt(soon);
    if (Date.now() < soon) assert.equal((await verify(key)).code, 'USAGE_EXCEEDED');
    while ((await verify(key, { cost: 0 })).credits.remaining === 0) {
      assert.ok(Date.now() < soon + 2000 * SLOW, 'the refill is late');
      await sleep(20);
    }
    assert.ok(Date.now() >= soon, 'the refill is early');
    assert.deepEqual((await verify(key)).credits, { remaining: 49 });
    await server.kill();
    await restart();
    assert.ok((await verify(key, { cost: 0 })).credits.remaining >= 49, 'a refilled balance survives a kill');
  });
});
