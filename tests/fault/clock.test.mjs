// A wall clock that jumps, forwards and backwards: what goes by it (expiry, sessions) follows, what must not (rate limits, timeouts, the order of the audit log)
// does not, and nothing is lost.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { init, Server, SLOW, temporaryDirectory } from '../api/support/server.mjs';
import { report } from './support/extent.mjs';
import { checkOffline, Model } from './support/model.mjs';
import { noShim, Shim } from './support/shim.mjs';
import { makeGroups } from './support/writers.mjs';

const HOUR = 3600000;
const DAY = 24 * HOUR;

describe('a clock that jumps', { skip: noShim, timeout: 120000 * SLOW }, () => {
  const data = path.join(temporaryDirectory(), 'data');
  let server;
  let shim;
  let model;
  let groups;
  let jumps = 0;

  before(async () => {
    shim = new Shim(data);
    server = await Server.start(data, init(data), { env: shim.env });
    model = new Model();
    groups = await makeGroups(server, model, 2);
  });

  after(async () => {
    shim.setClock(0);
    await model.check(server);
    await server.stop();
    checkOffline(data);
    report('clock', { jumps }, model);
    shim.close();
  });

  const jump = (milliseconds) => {
    shim.setClock(milliseconds);
    jumps += 1;
  };

  const verdict = async (key) => {
    const answer = await server.request({
      method: 'POST',
      path: '/v1/keys:verify',
      headers: { 'content-type': 'application/json', 'x-api-key': server.account.apiKey },
      body: JSON.stringify({ key }),
    });
    return JSON.parse(answer.text).code;
  };

  it('a key expires when the clock says so, and only then', async () => {
    const input = { accountId: server.account.accountId, name: 'expires', userGroupIds: [], expiresAt: Date.now() + HOUR };
    const { createApiKey } = await server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }', { input });
    for (const [offset, code] of [[0, 'VALID'], [2 * HOUR, 'EXPIRED'], [0, 'VALID'], [-DAY, 'VALID'], [HOUR - 60000, 'VALID'], [HOUR + 1000, 'EXPIRED']]) {
      jump(offset);
      assert.equal(await verdict(createApiKey.key), code, `${offset} ms`);
      assert.equal(await server.accepts(createApiKey.key), code === 'VALID', `${offset} ms`);
    }
    jump(0);
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', {
      input: { accountId: server.account.accountId, uuid: createApiKey.uuid },
    });
  });

  it('a session ends by the clock, and a clock set back does not make it longer than it was', async () => {
    const user = await model.createUser(server, groups);
    await server.query('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }', {
      input: { userId: user.id, password: 'correct horse battery' },
    });
    const answer = await server.request({
      method: 'POST',
      path: '/api/users/login',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ authorization: `Basic ${Buffer.from(`${user.origin}@example.com:correct horse battery`).toString('base64')}` }),
    });
    const { token } = JSON.parse(answer.text).resource;
    const status = async () =>
      (await server.graphql('{ viewer { user { id } } }', undefined, { key: null, headers: { authorization: `Bearer ${token}` } })).status;
    assert.equal(await status(), 200);
    jump(8 * DAY);
    assert.equal(await status(), 401);
    jump(-DAY);
    assert.equal(await status(), 200);
    jump(8 * DAY);
    assert.equal(await status(), 401, 'it was used a day before it began, and lasts no longer for it');
    jump(0);
    assert.equal(await status(), 200);
  });

  it('a rate that is used up comes back by the time that passes, not by the clock', async () => {
    const { accountId } = server.account;
    const input = { accountId, name: 'rated', rateLimit: { limit: 1, windowSeconds: 3600 } };
    const { createApiKey } = await server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }', { input });
    assert.equal(await verdict(createApiKey.key), 'VALID');
    for (const offset of [0, 2 * HOUR, -DAY, DAY, 0]) {
      jump(offset);
      assert.equal(await verdict(createApiKey.key), 'RATE_LIMITED', `${offset} ms`);
    }
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId, uuid: createApiKey.uuid } });
  });

  it('a key that was used while the clock was ahead was last used when it is used again', async () => {
    const { uuid, key } = await server.createKey('used ahead');
    const query = 'query ($id: String!) { apiKey(apiKeyId: $id) { lastUsedAt } }';
    const lastUsed = async () => (await server.query(query, { id: uuid })).apiKey.lastUsedAt;
    const until = async (isRight, what) => {
      const deadline = Date.now() + 5000 * SLOW;
      while (!isRight(await lastUsed())) {
        assert.ok(Date.now() < deadline, what);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    jump(30 * DAY);
    assert.equal(await verdict(key), 'VALID');
    await new Promise((resolve) => setTimeout(resolve, 4500 * SLOW)); // it is written
    jump(0);
    assert.ok((await lastUsed()) > Date.now() + 29 * DAY, 'by the clock as it was');
    const began = Date.now();
    assert.equal(await verdict(key), 'VALID');
    await until((at) => at >= began && at <= Date.now(), 'it was not last used now');
    await new Promise((resolve) => setTimeout(resolve, 4500 * SLOW));
    await until((at) => at >= began && at <= Date.now(), 'nor by what is written');
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId: server.account.accountId, uuid } });
  });

  it('the audit log keeps the order of what was done, and is intact', async () => {
    for (const offset of [0, DAY, -DAY, 365 * DAY, -365 * DAY, 0]) {
      jump(offset);
      const key = await model.createKey(server, { groups });
      await model.updateKey(server, key, {});
      await model.deleteKey(server, key);
      await model.createKey(server, { groups });
      await model.check(server);
    }
  });

  it('requests under way are not timed out by it', async () => {
    const slow = server.raw(['GET /v1/auth HTTP/1.1\r\nHost: a\r\n', `x-api-key: ${server.account.apiKey}\r\nConnection: close\r\n\r\n`], { pause: 300 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    jump(DAY);
    const { text } = await slow;
    assert.match(text, /^HTTP\/1\.1 200 OK/);
    jump(0);
  });
});
