// Introspection (RFC 7662) and revocation (RFC 7009).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DELETE, Server, UPDATE } from './support/server.mjs';

const GROUP = 'mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('oauth', () => {
  let server;
  let reader;
  let verifier;
  before(async () => {
    server = await Server.fresh();
    const make = async (name, scopes) => {
      const permissions = { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [], scopes };
      const { createUserGroup } = await server.query(GROUP, { input: { name, permissions } });
      return server.createKey(name, [createUserGroup.userGroup.id]);
    };
    reader = await make('reader', ['a.read', 'b.*']);
    verifier = await make('verifier', ['latchkey.verify']);
  });
  after(() => server.stop());

  const post = (path, fields, headers) =>
    server.request({ method: 'POST', path, headers: { ...FORM, ...headers }, body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString() });
  const introspect = (token, headers = { 'x-api-key': verifier.key }) => post('/v1/introspect', { token, token_type_hint: 'access_token' }, headers);
  const revoke = (token, headers = { 'x-api-key': server.account.apiKey }) => post('/v1/revoke', { token }, headers);
  const works = async (key) => (await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } })).status === 200;

  it('shows an active token', async () => {
    const expiresAt = Date.now() + 3600000;
    await server.query(UPDATE, { input: { accountId: server.account.accountId, uuid: reader.uuid, name: 'reader', expiresAt } });
    const answer = await introspect(reader.key);
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json/);
    const { uuid } = reader;
    const expected = { active: true, token_type: 'Bearer', client_id: uuid, sub: uuid, username: 'reader', scope: 'a.read b.*', exp: Math.floor(expiresAt / 1000) };
    assert.deepEqual(JSON.parse(answer.text), expected);
  });

  it('says nothing of any other token', async () => {
    const { accountId } = server.account;
    const off = await server.createKey('off', []);
    await server.query(UPDATE, { input: { accountId, uuid: off.uuid, name: 'off', enabled: false } });
    const gone = await server.createKey('gone', []);
    await server.query(DELETE, { input: { accountId, uuid: gone.uuid } });
    const { createAccount } = await server.query('mutation ($input: CreateAccountInput!) { createAccount(input: $input) { key } }', { input: { name: 'Other' } });
    for (const token of ['x', off.key, gone.key, createAccount.key]) assert.equal((await introspect(token)).text, '{"active":false}');
  });

  it('takes the key of the caller in each of the ways of OAuth', async () => {
    const basic = `Basic ${btoa(`client%3A1:${encodeURIComponent(verifier.key)}`)}`;
    for (const headers of [{ authorization: basic }, { authorization: `Bearer ${verifier.key}` }, { authorization: basic.replace('Basic', 'basic') }]) {
      assert.equal(JSON.parse((await introspect(reader.key, headers)).text).active, true);
    }
    for (const headers of [{}, { authorization: 'Basic !' }, { authorization: `Basic ${btoa('nocolon')}` }, { authorization: `Basic ${btoa('a:wrong')}` }, { 'x-api-key': 'lk_' }]) {
      for (const answer of [await introspect(reader.key, headers), await revoke(reader.key, headers)]) {
        assert.equal(answer.status, 401);
        assert.equal(JSON.parse(answer.text).error, 'invalid_client');
        assert.match(answer.headers['www-authenticate'], /^Basic/);
      }
    }
    assert.equal((await introspect(reader.key, { 'x-api-key': reader.key })).status, 403);
  });

  it('refuses what is no request', async () => {
    for (const path of ['/v1/introspect', '/v1/revoke']) {
      for (const [body, headers] of [['', {}], ['token=', {}], ['x=y', {}], ['token=%zz', {}], ['{"token":"x"}', { 'content-type': 'application/json' }]]) {
        const answer = await post(path, body, { 'x-api-key': server.account.apiKey, ...headers });
        assert.equal(answer.status, 400, `${path} ${body}`);
        assert.equal(JSON.parse(answer.text).error, 'invalid_request');
      }
      assert.equal((await server.request({ path })).status, 405);
    }
  });

  it('revokes for good, and says the same of a token that there is not', async () => {
    const { key } = await server.createKey('to revoke', []);
    assert.ok(await works(key));
    for (const token of [key, key, 'unknown', 'an-imported-key-of-nobody']) {
      const answer = await revoke(token);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
    }
    assert.ok(!(await works(key)));
    assert.ok(!(await server.keyNames()).includes('to revoke'));
  });

  it('revokes for managers and for the token itself only', async () => {
    const { key } = await server.createKey('own', []);
    assert.equal((await revoke(key, { 'x-api-key': verifier.key })).status, 403);
    assert.ok(await works(key));
    assert.equal((await revoke(key, { authorization: `Basic ${btoa(`id:${key}`)}` })).status, 200);
    assert.ok(!(await works(key)));
    const last = await revoke(server.account.apiKey);
    assert.equal(last.status, 409, 'the last key that can manage users stays');
    assert.ok(await works(server.account.apiKey));
  });
});
