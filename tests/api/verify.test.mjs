// Forward auth and verification as a service: every answer that can be.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DELETE, httpRequest, Server, sleep, UPDATE } from './support/server.mjs';

const IDENTITY = ['account-id', 'key-id', 'key-name', 'groups', 'scopes', 'code'].map((name) => `x-latchkey-${name}`);

let server;

function auth(key, { path = '/v1/auth', method = 'GET', headers = {} } = {}) {
  return server.request({ path, method, headers: { ...(key === undefined ? {} : { 'x-api-key': key }), ...headers } });
}

function required(expression) {
  return `/v1/auth/require/${encodeURIComponent(expression)}`;
}

async function post(path, body, { key = server.account.apiKey, headers = { 'content-type': 'application/json' } } = {}) {
  const answer = await server.request({
    method: 'POST',
    path,
    headers: { ...(key === null ? {} : { 'x-api-key': key }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { ...answer, json: JSON.parse(answer.text) };
}

const verify = (body, options) => post('/v1/keys:verify', body, options);
const batch = (body, options) => post('/v1/keys:batchVerify', body, options);

function flip(key) {
  return key.slice(0, 40) + (key[40] === 'a' ? 'b' : 'a') + key.slice(41);
}

/** Keys in every state that a key can be in. */
async function makeKeys() {
  const { accountId } = server.account;
  const readers = await server.createGroup('readers', ['VIEW_AUDITS'], { scopes: ['invoices.*', 'a/b'] });
  const keys = { readers };
  keys.reader = await server.createKey('reader, 100% ü', [readers]);
  keys.plain = await server.createKey('plain', []);
  keys.disabled = await server.createKey('disabled', []);
  await server.query(UPDATE, { input: { accountId, uuid: keys.disabled.uuid, name: 'disabled', enabled: false } });
  keys.deleted = await server.createKey('deleted', []);
  await server.query(DELETE, { input: { accountId, uuid: keys.deleted.uuid } });
  keys.expiring = await server.createKey('expiring', []);
  const expiresAt = Date.now() + 300;
  await server.query(UPDATE, { input: { accountId, uuid: keys.expiring.uuid, name: 'expiring', expiresAt } });
  keys.expiresAt = expiresAt;
  await sleep(Math.max(0, expiresAt - Date.now()) + 20);
  return keys;
}

describe('forward auth', () => {
  let keys;
  before(async () => {
    server = await Server.fresh();
    keys = await makeKeys();
  });
  after(() => server.stop());

  it('allows a good key and says whose it is', async () => {
    for (const headers of [{ 'x-api-key': keys.reader.key }, { authorization: `Bearer ${keys.reader.key}` }]) {
      const answer = await auth(undefined, { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
      assert.equal(answer.headers['x-latchkey-account-id'], server.account.accountId);
      assert.equal(answer.headers['x-latchkey-key-id'], keys.reader.uuid);
      assert.equal(answer.headers['x-latchkey-key-name'], 'reader%2C%20100%25%20%C3%BC');
      assert.equal(answer.headers['x-latchkey-groups'], keys.readers);
      assert.equal(answer.headers['x-latchkey-scopes'], 'a/b,invoices.*');
      assert.equal(answer.headers['x-latchkey-code'], 'VALID');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(answer.headers['www-authenticate'], undefined);
    }
  });

  it('refuses every other key with 401, all headers, and nobody named', async () => {
    const cases = [
      [undefined, ''],
      ['lk_', 'MALFORMED'],
      ['short', 'MALFORMED'],
      [flip(keys.plain.key), 'MALFORMED'],
      [keys.plain.key.slice(0, -1), 'MALFORMED'],
      ['an-imported-key-that-nobody-has', 'NOT_FOUND'],
      [keys.deleted.key, 'NOT_FOUND'],
      [keys.disabled.key, 'DISABLED'],
      [keys.expiring.key, 'EXPIRED'],
    ];
    for (const [key, code] of cases) {
      const answer = await auth(key);
      assert.equal(answer.status, 401, code);
      for (const name of IDENTITY) assert.equal(answer.headers[name], name === 'x-latchkey-code' ? code : '', `${code}: ${name}`);
      const challenge = key === undefined ? 'Bearer realm="latchkey"' : 'Bearer realm="latchkey", error="invalid_token"';
      assert.equal(answer.headers['www-authenticate'], challenge);
    }
  });

  it('judges permission expressions', async () => {
    const cases = [
      ['VIEW_AUDITS', 200],
      ['MANAGE_API_KEYS', 403],
      ['invoices.read', 200],
      ['invoices.*', 200],
      ['invoicesx', 403],
      ['a/b', 200],
      ['VIEW_AUDITS AND invoices.write', 200],
      ['MANAGE_API_KEYS OR VIEW_AUDITS', 200],
      ['NOT VIEW_AUDITS', 403],
      ['NOT (MANAGE_API_KEYS OR MANAGE_TAGS) AND VIEW_AUDITS', 200],
      ['app:*:SERVICE:READ', 403],
      ['latchkey.operator', 403],
    ];
    for (const [expression, status] of cases) {
      const answer = await auth(keys.reader.key, { path: required(expression) });
      assert.equal(answer.status, status, expression);
      assert.equal(answer.headers['x-latchkey-code'], status === 200 ? 'VALID' : 'INSUFFICIENT_PERMISSIONS');
      for (const name of IDENTITY) assert.notEqual(answer.headers[name], undefined, name);
      assert.equal(answer.headers['x-latchkey-key-id'], keys.reader.uuid);
    }
    assert.equal((await auth(server.account.apiKey, { path: required('app:*:SERVICE:READ') })).status, 200);
    assert.equal((await auth(keys.plain.key, { path: required('VIEW_AUDITS') })).status, 403);
    assert.equal((await auth(undefined, { path: required('VIEW_AUDITS') })).status, 401);
  });

  it('takes what reaches only some of a type for nothing, since an expression asks for all of it', async () => {
    const found = await server.query('{ userGroupByName(name: "Production Support") { id } }');
    const { key } = await server.createKey('production', [found.userGroupByName.id]);
    for (const [expression, status] of [['app:*:SERVICE:READ', 200], ['app:*:SERVICE:EXECUTE', 403], ['app:*:ENV:READ', 403], ['app:*:DEPLOYMENT:READ', 403]]) {
      assert.equal((await auth(key, { path: required(expression) })).status, status, expression);
    }
  });

  it('says where an expression is wrong', async () => {
    for (const [expression, column] of [['', 1], ['VIEW_AUDITS AND', 16], ['(VIEW_AUDITS', 13], ['AND', 1], ['VIEW_AUDITS VIEW_AUDITS', 13]]) {
      const answer = await auth(keys.reader.key, { path: required(expression) });
      assert.equal(answer.status, 400, expression);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      const problem = JSON.parse(answer.text);
      assert.equal(problem.column, column, `${expression}: ${answer.text}`);
      assert.equal(problem.offset, column - 1);
    }
    for (const [raw, offset, sentence] of [
      ['%', 0, /two hexadecimal digits after %, found %$/],
      ['a%4', 1, /found %4$/],
      ['a%20AND%20%zzz', 10, /found %zz$/],
      ['a'.repeat(1025), 1024, /at most 1024 bytes/],
      [`${'%41'.repeat(1100)}%zz`, 1024, /at most 1024 bytes/],
    ]) {
      const answer = await auth(keys.reader.key, { path: `/v1/auth/require/${raw}` });
      assert.equal(answer.status, 400, raw);
      const problem = JSON.parse(answer.text);
      assert.equal(problem.offset, offset, answer.text);
      assert.equal(problem.column, offset + 1);
      assert.match(problem.detail, sentence);
    }
  });

  it('takes the path of the request behind /at, and nothing else', async () => {
    for (const path of ['/v1/auth/at', '/v1/auth/at/', '/v1/auth/at/a/b?c', `${required('VIEW_AUDITS')}/at`, `${required('VIEW_AUDITS')}/at/x/at/require/y`]) {
      assert.equal((await auth(keys.reader.key, { path })).status, 200, path);
    }
    assert.equal((await auth(keys.plain.key, { path: `${required('VIEW_AUDITS')}/at/x` })).status, 403);
    for (const path of ['/v1/authx', '/v1/auth/atx', '/v1/auth/x/at/y', '/v1/auth/require', '/v1']) {
      assert.equal((await auth(keys.reader.key, { path })).status, 404, path);
    }
  });

  it('answers every method alike', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const allowed = await auth(keys.reader.key, { method });
      assert.equal(allowed.status, 200, method);
      assert.equal(allowed.headers['x-latchkey-key-id'], keys.reader.uuid);
      assert.equal((await auth('lk_', { method })).status, 401, method);
    }
  });

  it('ignores query strings and what clients claim to be', async () => {
    const headers = Object.fromEntries(IDENTITY.map((name) => [name, 'forged']));
    const answer = await auth(keys.plain.key, { path: `/v1/auth?key=${keys.reader.key}&require=VIEW_AUDITS`, headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-latchkey-key-id'], keys.plain.uuid);
    assert.equal(answer.headers['x-latchkey-groups'], '');
    const refused = await auth('lk_', { headers });
    for (const name of IDENTITY) assert.notEqual(refused.headers[name], 'forged');
    assert.equal((await auth(undefined, { path: `/v1/auth?x-api-key=${keys.reader.key}` })).status, 401);
  });

  it('speaks HTTP/1.0 and answers pipelined requests in order', async () => {
    const old = await server.raw(`GET /v1/auth HTTP/1.0\r\nx-api-key: ${keys.plain.key}\r\n\r\n`);
    assert.match(old.text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(old.closed);
    const one = (key) => `GET /v1/auth HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\n\r\n`;
    const { text } = await server.raw([one(keys.plain.key) + one('lk_') + one(keys.reader.key).replace('Host', 'Connection: close\r\nHost')]);
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  it('is counted by outcome in the metrics', async () => {
    const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
    for (const code of ['VALID', 'MALFORMED', 'NOT_FOUND', 'DISABLED', 'EXPIRED', 'INSUFFICIENT_PERMISSIONS']) {
      const count = Number(text.match(new RegExp(`latchkey_verifications_total\\{code="${code}"\\} (\\d+)`))[1]);
      assert.ok(count > 0, code);
    }
    assert.match(text, /^latchkey_keys 6$/m);
    assert.ok(Number(text.match(/^latchkey_keyring_bytes (\d+)$/m)[1]) > 0);
  });

  it('knows every key again after a restart', async () => {
    const { data, account } = server;
    await server.stop();
    server = await Server.start(data, account);
    const answer = await auth(keys.reader.key, { path: required('invoices.read AND VIEW_AUDITS') });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-latchkey-groups'], keys.readers);
    assert.equal((await auth(keys.disabled.key)).headers['x-latchkey-code'], 'DISABLED');
    assert.equal((await auth(keys.deleted.key)).headers['x-latchkey-code'], 'NOT_FOUND');
  });
});

describe('verify', () => {
  let keys;
  before(async () => {
    server = await Server.fresh();
    keys = await makeKeys();
  });
  after(() => server.stop());

  it('tells all of a good key', async () => {
    const { accountId } = server.account;
    const metadata = [{ key: 'team', value: 'ü"\\' }];
    await server.query(UPDATE, { input: { accountId, uuid: keys.reader.uuid, name: 'reader', metadata } });
    const answer = await verify({ key: keys.reader.key, require: 'invoices.read', ip: '192.0.2.1', cost: 1 });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, {
      valid: true,
      code: 'VALID',
      keyId: keys.reader.uuid,
      accountId,
      name: 'reader',
      userGroupIds: [keys.readers],
      accountPermissions: ['VIEW_AUDITS'],
      scopes: ['a/b', 'invoices.*'],
      expiresAt: null,
      metadata: { team: 'ü"\\' },
      rateLimit: null,
      credits: null,
    });
  });

  it('gives every code, always with 200', async () => {
    const unknown = { keyId: null, accountId: null, name: null, userGroupIds: [], accountPermissions: [], scopes: [], expiresAt: null, metadata: null, rateLimit: null, credits: null };
    assert.deepEqual((await verify({ key: '' })).json, { valid: false, code: 'MALFORMED', ...unknown });
    assert.deepEqual((await verify({ key: keys.deleted.key })).json, { valid: false, code: 'NOT_FOUND', ...unknown });
    assert.equal((await verify({ key: keys.disabled.key })).json.code, 'DISABLED');
    const expired = (await verify({ key: keys.expiring.key })).json;
    assert.deepEqual([expired.code, expired.valid, expired.expiresAt, expired.keyId], ['EXPIRED', false, keys.expiresAt, keys.expiring.uuid]);
    const denied = await verify({ key: keys.plain.key, require: 'VIEW_AUDITS' });
    assert.deepEqual([denied.status, denied.json.code, denied.json.valid], [200, 'INSUFFICIENT_PERMISSIONS', false]);
  });

  it('is for callers who may see keys, and shows them their own account only', async () => {
    for (const key of [null, 'lk_', keys.deleted.key, keys.disabled.key, keys.expiring.key]) {
      const answer = await verify({ key: keys.plain.key }, { key });
      assert.equal(answer.status, 401);
      assert.equal(answer.json.code, 'UNAUTHENTICATED');
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
    }
    for (const key of [keys.plain.key, keys.reader.key]) {
      const answer = await verify({ key: keys.plain.key }, { key });
      assert.deepEqual([answer.status, answer.headers['www-authenticate']], [403, 'Bearer realm="latchkey", error="insufficient_scope"']); // RFC 6750 section 3
    }
    for (const [name, permissions, scopes] of [
      ['viewer', ['VIEW_USER_AND_USER_GROUPS_AND_API_KEYS'], []],
      ['manager', ['MANAGE_API_KEYS'], []],
      ['verifier', [], ['latchkey.verify']],
      ['wide', ['MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS'], []],
    ]) {
      const { key } = await server.createKey(name, [await server.createGroup(name, permissions, { scopes })]);
      assert.equal((await verify({ key: keys.plain.key }, { key })).json.code, 'VALID', name);
    }
  });

  it('does not show keys of another account', async () => {
    const create = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } key } }';
    const { createAccount } = await server.query(create, { input: { name: 'Other' } });
    assert.equal((await auth(createAccount.key)).status, 200);
    assert.equal((await verify({ key: createAccount.key })).json.code, 'NOT_FOUND');
    assert.equal((await verify({ key: server.account.apiKey }, { key: createAccount.key })).json.code, 'NOT_FOUND');
    assert.equal((await verify({ key: createAccount.key }, { key: createAccount.key })).json.code, 'VALID');
    await server.query('mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { clientMutationId } }', { input: { accountId: createAccount.account.id } });
    assert.equal((await auth(createAccount.key)).status, 401);
    assert.equal((await verify({ key: keys.plain.key }, { key: createAccount.key })).status, 401);
  });

  it('refuses what it cannot read', async () => {
    const key = keys.plain.key;
    for (const body of ['', '{', 'null', '[]', '1', {}, { key: 1 }, { key: null }, { key, require: 1 }, { key, ip: 'x' }, { key, ip: 1 }, { key, cost: -1 }]) {
      assert.equal((await verify(body)).status, 400, JSON.stringify(body));
    }
    for (const body of [{ key, cost: 1.5 }, { key, cost: '1' }, { key, cost: 2 ** 32 }, { key, extra: 1 }, { key, ip: '10.0.0.0/8' }]) {
      const answer = await verify(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.ok(answer.json.detail.length > 10);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
    }
    const wrong = await verify({ key, require: 'AND' });
    assert.deepEqual([wrong.status, wrong.json.column], [400, 1]);
    for (const answer of [await verify({ key, require: `${key} ${key}` }), await server.request({ path: `/v1/auth/require/${key}%20${key}` })]) {
      assert.equal(answer.status, 400);
      assert.match(answer.text, /found lk_\*+\.\.\."/);
    }
    assert.equal((await verify({ key }, { headers: { 'content-type': 'text/plain' } })).status, 415);
    assert.equal((await server.request({ path: '/v1/keys:verify' })).status, 405);
    assert.equal((await verify({ key, require: null, ip: null, cost: 0 })).json.code, 'VALID');
    assert.equal((await verify({ key, require: null, ip: null, cost: null })).json.code, 'VALID');
  });

  it('answers a batch in order', async () => {
    const kinds = [
      [{ key: keys.plain.key }, 'VALID'],
      [{ key: 'nope' }, 'MALFORMED'],
      [{ key: keys.deleted.key }, 'NOT_FOUND'],
      [{ key: keys.reader.key, require: 'VIEW_AUDITS' }, 'VALID'],
      [{ key: keys.plain.key, require: 'VIEW_AUDITS' }, 'INSUFFICIENT_PERMISSIONS'],
      [{ key: keys.reader.key, require: 'NOT VIEW_AUDITS' }, 'INSUFFICIENT_PERMISSIONS'],
      [{ key: keys.disabled.key }, 'DISABLED'],
      [{ key: keys.expiring.key }, 'EXPIRED'],
    ];
    const all = Array.from({ length: 1000 }, (_, i) => kinds[(i * 7 + (i >> 3)) % kinds.length]);
    const answer = await batch({ requests: all.map(([request]) => request) });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json.results.map((result) => result.code), all.map(([, code]) => code));
    assert.deepEqual((await batch({ requests: [] })).json, { results: [] });
    const distinct = all.map((_, i) => ({ key: keys.reader.key, require: `scope${i} OR VIEW_AUDITS` }));
    assert.ok((await batch({ requests: distinct })).json.results.every((result) => result.valid));
  });

  it('refuses a batch that is too long or holds a mistake', async () => {
    const one = { key: keys.plain.key };
    const many = await batch({ requests: Array(1001).fill(one) });
    assert.equal(many.status, 400);
    assert.match(many.json.detail, /1001.*1000/);
    const wrong = await batch({ requests: [one, one, { key: 1 }] });
    assert.equal(wrong.status, 400);
    assert.match(wrong.json.detail, /requests\[2\]/);
    const expression = await batch({ requests: [one, { ...one, require: '(' }] });
    assert.equal(expression.status, 400);
    assert.match(expression.json.detail, /^requests\[1\]: .* column 2: /);
    for (const body of [{}, [], { requests: {} }, { requests: [1] }, { requests: [one], more: 1 }]) assert.equal((await batch(body)).status, 400, JSON.stringify(body));
    assert.equal((await batch({ requests: [one] }, { key: keys.plain.key })).status, 403);
    assert.equal((await batch({ requests: [one] }, { key: null })).status, 401);
  });
});
