// Introspection (RFC 7662) and revocation (RFC 7009).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DELETE, Server, UPDATE, httpRequest } from './support/server.mjs';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('oauth', () => {
  let server;
  let reader;
  let verifier;
  before(async () => {
    server = await Server.fresh();
    const make = async (name, scopes) => server.createKey(name, [await server.createGroup(name, [], { scopes })]);
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
    const { iat, ...rest } = JSON.parse(answer.text);
    const { apiKey } = await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { createdAt } }', { id: uuid });
    assert.ok(Math.abs(iat - apiKey.createdAt / 1000) <= 1, `${iat} ${apiKey.createdAt}`);
    const expected = { active: true, token_type: 'Bearer', client_id: uuid, sub: uuid, username: 'reader', scope: 'a.read b.*', exp: Math.floor(expiresAt / 1000) };
    assert.deepEqual(rest, expected);
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
    const poor = await introspect(reader.key, { 'x-api-key': reader.key });
    assert.equal(poor.status, 403);
    assert.match(poor.headers['www-authenticate'], /^Bearer .*error="insufficient_scope"/);
    assert.doesNotMatch((await introspect(reader.key, {})).headers['www-authenticate'], /error=/);
    assert.match((await introspect(reader.key, { authorization: 'Bearer lk_bad' })).headers['www-authenticate'], /Bearer realm="latchkey", error="invalid_token"/);
  });

  it('takes the key of the caller from the form, but never two keys', async () => {
    const secret = { client_id: 'any', client_secret: verifier.key };
    assert.equal(JSON.parse((await post('/v1/introspect', { token: reader.key, ...secret }, {})).text).active, true);
    const basic = (key) => ({ authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}` });
    for (const [a, b] of [[verifier.key, 'wrong'], ['wrong', verifier.key], [verifier.key, verifier.key]]) {
      assert.equal((await post('/v1/introspect', { token: reader.key }, { ...basic(a), 'x-api-key': b })).status, 400);
      assert.equal((await post('/v1/introspect', { token: reader.key, client_secret: b }, basic(a))).status, 400);
    }
    assert.equal((await post('/v1/introspect', { token: reader.key, client_secret: 'wrong' }, {})).status, 401);
    assert.equal((await post('/v1/introspect', { token: reader.key, client_secret: '' }, {})).status, 401);
    for (const headers of [{ 'x-api-key': verifier.key }, { authorization: `Bearer ${verifier.key}` }, { authorization: `Basic ${btoa(`a:${verifier.key}`)}` }]) {
      const answer = await post('/v1/introspect', { token: reader.key, ...secret }, headers);
      assert.equal(answer.status, 400);
      assert.equal(JSON.parse(answer.text).error, 'invalid_request');
    }
    assert.equal((await post('/v1/revoke', `token=x&client_secret=${verifier.key}&client%5Fsecret=y`, {})).status, 400);
    const { key } = await server.createKey('revokes itself', []);
    assert.equal((await post('/v1/revoke', { token: key, client_secret: key }, {})).status, 200);
    assert.ok(!(await works(key)));
  });

  it('takes no key from a field that is there twice', async () => {
    const basic = (key) => `Basic ${btoa(`a:${key}`)}`;
    for (const authorization of [[basic(verifier.key), basic('x')], [basic('x'), basic(verifier.key)], [basic(verifier.key), 'Bearer x']]) {
      assert.equal((await introspect(reader.key, { authorization })).status, 401, `${authorization}`);
    }
  });

  it('refuses what is no request', async () => {
    for (const path of ['/v1/introspect', '/v1/revoke']) {
      for (const [body, headers] of [['', {}], ['token=', {}], ['x=y', {}], ['token=%zz', {}], ['token=a&token=b', {}], ['token=a&token=', {}], ['{"token":"x"}', { 'content-type': 'application/json' }]]) {
        const answer = await post(path, body, { 'x-api-key': server.account.apiKey, ...headers });
        assert.equal(answer.status, 400, `${path} ${body}`);
        assert.equal(JSON.parse(answer.text).error, 'invalid_request');
      }
      const other = await server.request({ path });
      assert.equal(other.status, 405);
      assert.equal(other.headers.allow, 'POST');
      assert.equal(other.headers['content-type'], 'application/problem+json');
    }
  });

  it('revokes for good, and says the same of a token that there is not', async () => {
    const { key } = await server.createKey('to revoke', []);
    assert.ok(await works(key));
    const verifications = async () => (await httpRequest(server.opsPort, { path: '/metrics' })).text.match(/^latchkey_verifications_total.*$/gm);
    const before = await verifications();
    for (const token of [key, key, 'unknown', 'an-imported-key-of-nobody']) {
      const answer = await revoke(token);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
    }
    assert.deepEqual(await verifications(), before, 'a revocation is no verification');
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
