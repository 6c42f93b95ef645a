// How a caller says who it is, and what happens when it does not.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { CREATE, DELETE, httpRequest, PATHS, Server, sleep, UNKNOWN_ID, UPDATE } from './support/server.mjs';

const REFUSED = '{"errors":[{"message":"Invalid API Key","extensions":{"code":"UNAUTHENTICATED"}}]}';
const DOCUMENT = '{ account { id } }';

describe('credentials', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  it('are read from x-api-key in any case and from Authorization: Bearer', async () => {
    const { apiKey } = server.account;
    for (const headers of [
      { 'x-api-key': apiKey },
      { 'X-API-KEY': apiKey },
      { 'X-Api-Key': apiKey },
      { authorization: `Bearer ${apiKey}` },
      { Authorization: `bearer ${apiKey}` },
      { AUTHORIZATION: `BEARER ${apiKey}` },
      { 'x-api-key': `  ${apiKey}\t` },
    ]) {
      const answer = await server.graphql(DOCUMENT, undefined, { key: null, headers });
      assert.equal(answer.status, 200, `${JSON.stringify(Object.keys(headers))}: ${answer.text}`);
      assert.equal(answer.json.data.account.id, server.account.accountId);
    }
  });

  it('that are missing, malformed, unknown or deleted get the same 401, to the byte, on every path', async () => {
    const { apiKey, accountId } = server.account;
    const { uuid, key: deleted } = await server.createKey('gone');
    await server.query(DELETE, { input: { accountId, uuid } });
    const { uuid: other, key: disabled } = await server.createKey('off');
    await server.query(UPDATE, { input: { accountId, uuid: other, name: 'off', enabled: false } });
    const flipped = apiKey.slice(0, 40) + (apiKey[40] === 'a' ? 'b' : 'a') + apiKey.slice(41);
    const bad = [{}, { 'x-api-key': '' }, { 'x-api-key': 'lk_' }, { 'x-api-key': flipped }, { 'x-api-key': deleted }, { 'x-api-key': disabled }];
    bad.push({ 'x-api-key': apiKey.slice(0, -1) }, { 'x-api-key': `${apiKey}x` }, { 'x-api-key': apiKey.toUpperCase() }, { 'x-api-key': 'a'.repeat(4000) });
    bad.push({ authorization: apiKey }, { authorization: 'Bearer' }, { authorization: 'Bearer ' }, { authorization: `Basic ${btoa(`x:${apiKey}`)}` });
    bad.push({ 'x-api-key': `${apiKey} ${apiKey}` }, { authorization: `Bearer ${apiKey},${apiKey}` }, { 'x-api-key': 'schlüssel' });
    // But for the moment and the request's own number.
    const fieldsOf = ({ headers }) => ({ ...headers, date: '', 'x-request-id': '' });
    const expected = fieldsOf(await server.graphql(DOCUMENT, undefined, { key: null }));
    assert.match(expected['content-type'], /^application\/json/);
    for (const headers of bad) {
      for (const path of PATHS(accountId)) {
        const answer = await server.graphql(DOCUMENT, undefined, { key: null, headers, path });
        assert.equal(answer.status, 401, JSON.stringify(headers));
        assert.equal(answer.text, REFUSED);
        assert.deepEqual(fieldsOf(answer), expected);
      }
    }
  });

  it('that are switched off stay so when a change says nothing of it, or null', async () => {
    const { accountId } = server.account;
    const { uuid, key } = await server.createKey('switched off for good');
    const status = async () => (await server.graphql(DOCUMENT, undefined, { key })).status;
    for (const [enabled, expected] of [[null, 200], [false, 401], [null, 401], [undefined, 401], [true, 200], [null, 200]]) {
      await server.query(UPDATE, { input: { accountId, uuid, name: 'switched off for good', enabled } });
      assert.equal(await status(), expected, String(enabled));
    }
  });

  it('are asked for before the document is looked at', async () => {
    for (const query of ['{', '{ nothing }', '']) {
      assert.equal((await server.graphql(query, undefined, { key: null })).text, REFUSED);
    }
  });

  it('a 401 says how to authenticate', async () => {
    const answer = await server.graphql(DOCUMENT, undefined, { key: null });
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/);
  });

  // Each is refused where it arrived: otherwise whoever knows no key could keep the one thread busy that every change has to go through.
  it('that are bad cost the store thread nothing, and their documents are not looked at', async () => {
    const input = { accountId: server.account.accountId, userGroupIds: [] };
    const create = async (more) => (await server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }', { input: { ...input, ...more } })).createApiKey;
    const expired = await create({ name: 'soon expired', expiresAt: Date.now() + 1000 });
    const disabled = await create({ name: 'switched off', enabled: false });
    const deleted = await create({ name: 'short-lived' });
    await server.query(DELETE, { input: { accountId: input.accountId, uuid: deleted.uuid } });
    await sleep(1100);
    const malformed = `lks_${'0'.repeat(49)}`;
    const jobs = async () => Number(/^latchkey_store_jobs_total (\d+)/m.exec((await httpRequest(server.opsPort, { path: '/metrics' })).text)[1]);
    const before = await jobs();
    const agent = new http.Agent({ keepAlive: true });
    let asked = 0;
    for (let i = 0; i < 25; i++) {
      for (const key of [expired.key, disabled.key, deleted.key, malformed, 'an-imported-key-that-nobody-has']) {
        for (const query of [DOCUMENT, '{ nonsense']) {
          assert.equal((await server.graphql(query, undefined, { key, agent })).text, REFUSED);
          const form = new URLSearchParams({ query, 'x-api-key': key }).toString();
          const headers = { 'content-type': 'application/x-www-form-urlencoded' };
          assert.equal((await server.request({ method: 'POST', path: '/gateway/api/graphql-api', headers, body: form, agent })).text, REFUSED);
          asked += 2;
        }
        const session = await server.request({ method: 'POST', path: '/console/session', headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' }, body: JSON.stringify({ apiKey: key }), agent });
        assert.equal(session.status, 401);
        assert.equal(session.text, REFUSED);
        asked++;
      }
    }
    agent.destroy();
    const done = (await jobs()) - before;
    assert.ok(done < asked / 3, `${done} jobs for ${asked} requests`); // some, which the server gives that thread to do by itself
  });

  it('that are there twice are none: a gateway might let another one pass than the one that was looked at', async () => {
    const { apiKey } = server.account;
    for (const values of [[apiKey, 'x'], ['x', apiKey], [apiKey, apiKey]]) {
      for (const headers of [{ 'x-api-key': values }, { authorization: values.map((value) => `Bearer ${value}`) }]) {
        assert.equal((await server.request({ path: '/v1/auth', headers })).status, 401, JSON.stringify(headers));
        assert.equal((await server.graphql(DOCUMENT, undefined, { key: null, headers })).text, REFUSED);
      }
    }
    assert.equal((await server.request({ path: '/v1/auth', headers: { 'x-api-key': [apiKey, 'x'], authorization: `Bearer ${apiKey}` } })).status, 401);
  });

  it('two different credentials do not add up: x-api-key is the one that counts', async () => {
    const { accountId, apiKey } = server.account;
    const { key } = await server.createKey('second', []);
    const create = (first, other) => server.graphql(CREATE, { input: { accountId, name: 'sum' } }, { key: first, headers: { authorization: `Bearer ${other}` } });
    assert.equal((await create('lk_wrong', apiKey)).text, REFUSED);
    assert.equal((await create(key, apiKey)).json.errors[0].extensions.code, 'FORBIDDEN');
    assert.equal((await create(apiKey, 'lk_wrong')).json.data.createApiKey.name, 'sum');
  });

  it('do not reach into another account, whether it exists or not', async () => {
    const other = await Server.fresh();
    try {
      for (const accountId of [other.account.accountId, UNKNOWN_ID, 'nonsense', '']) {
        const { uuid } = await server.createKey(`wall-${accountId}`);
        for (const [document, input] of [
          [CREATE, { accountId, name: 'intruder' }],
          [UPDATE, { accountId, uuid, name: 'intruder' }],
          [DELETE, { accountId, uuid }],
        ]) {
          const error = await server.error(document, { input });
          assert.equal(error.code, 'FORBIDDEN', `${accountId}: ${JSON.stringify(error)}`);
          assert.match(error.message, /not authorized/i);
        }
        const names = await server.keyNames();
        assert.ok(names.includes(`wall-${accountId}`) && !names.includes('intruder'));
      }
      const own = server.account.accountId;
      for (const accountId of [other.account.accountId, UNKNOWN_ID, 'nonsense', `${own}&accountId=${other.account.accountId}`, `${own}&accountId=${own}`]) {
        const answer = await server.graphql(DOCUMENT, undefined, { path: `/api/graphql?accountId=${accountId}` });
        assert.ok(answer.json.errors, answer.text);
        assert.equal(answer.json.errors[0].extensions.code, 'FORBIDDEN');
        assert.equal(answer.json.data?.account ?? null, null);
      }
      assert.equal((await server.graphql(DOCUMENT, undefined, { key: other.account.apiKey })).text, REFUSED);
    } finally {
      await other.stop();
    }
  });
});
