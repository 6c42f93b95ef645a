// How a caller says who it is, and what happens when it does not.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CREATE, DELETE, PATHS, Server, UNKNOWN_ID, UPDATE } from './support/server.mjs';

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
    for (const headers of bad) {
      for (const path of PATHS(accountId)) {
        const answer = await server.graphql(DOCUMENT, undefined, { key: null, headers, path });
        assert.equal(answer.status, 401, JSON.stringify(headers));
        assert.equal(answer.text, REFUSED);
        assert.match(answer.headers['content-type'], /^application\/json/);
      }
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

  it('two different credentials do not add up', async () => {
    const { key } = await server.createKey('second', []);
    const answer = await server.graphql(DOCUMENT, undefined, { key: 'lk_wrong', headers: { authorization: `Bearer ${key}` } });
    assert.ok([200, 401].includes(answer.status));
    const create = await server.graphql(CREATE, { input: { accountId: server.account.accountId, name: 'sum' } }, { key, headers: { authorization: 'Bearer x' } });
    assert.notEqual(create.json.data?.createApiKey?.name, 'sum');
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
      for (const accountId of [other.account.accountId, UNKNOWN_ID, 'nonsense']) {
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
