// The console over HTTP: its files, and the sessions that its pages act by. What needs a browser is in tests/console.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { makeCertificate } from './support/certificates.mjs';
import { run, Server, sleep, SLOW, temporaryDirectory, UNKNOWN_ID } from './support/server.mjs';

const HEADER = { 'x-latchkey-console': '1' };
const JSON_TYPE = { 'content-type': 'application/json' };
const SCRIPT_MAX = 60 * 1024;
const VIEWER = '{ viewer { apiKey { id } user { email } account { id } } }';
const CREATE_USER = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';
const SET_PASSWORD = 'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }';
const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }';
const AUDITS = '{ audits(limit: 50) { nodes { __typename request { resourcePath responseStatusCode } changes { operationType resourceType resourceName failure } } } }';

const cookieOf = (answer) => answer.headers['set-cookie']?.[0].split(';')[0];

const session = (server, method, { cookie, body, headers = {} } = {}) =>
  server.request({
    method,
    path: '/console/session',
    headers: { ...(method === 'GET' ? {} : HEADER), ...(body === undefined ? {} : JSON_TYPE), ...(cookie === undefined ? {} : { cookie }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

/** Signs in; the Cookie header to send from then on. */
async function signIn(server, body = { apiKey: server.account.apiKey }) {
  const answer = await session(server, 'POST', { body });
  assert.equal(answer.status, 200, answer.text);
  return cookieOf(answer);
}

const graphql = (server, cookie, query = VIEWER, { headers = HEADER, ...options } = {}) =>
  server.request({ method: 'POST', path: '/graphql', headers: { ...JSON_TYPE, cookie, ...headers }, body: JSON.stringify({ query }), ...options });

const errorOf = (answer) => JSON.parse(answer.text).errors[0];

function assertRefused(answer, status, code, message) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(errorOf(answer).extensions.code, code);
  assert.match(errorOf(answer).message, message);
}

async function assertEnded(server, cookie) {
  assertRefused(await graphql(server, cookie), 401, 'UNAUTHENTICATED', /^The session has ended; sign in again$/);
  assertRefused(await session(server, 'GET', { cookie }), 401, 'UNAUTHENTICATED', /^The session has ended; sign in again$/);
}

async function createUser(server, email, password) {
  const { createUser: made } = await server.query(CREATE_USER, { input: { name: 'Ann', email, userGroupIds: [server.account.userGroupId] } });
  await server.query(SET_PASSWORD, { input: { userId: made.user.id, password } });
  return made.user.id;
}

describe('the pages', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  const get = (target, headers = {}, method = 'GET') => server.request({ method, path: target, headers });

  it('are found at /, /console/ and /explorer', async () => {
    for (const target of ['/', '/console']) {
      const answer = await get(target);
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.location, '/console/');
    }
    assert.match((await get('/console/')).text, /<title>Latchkey<\/title>/);
    assert.match((await get('/explorer')).text, /<title>API Explorer/);
    for (const target of ['/console/keys/some-id', '/console/index.html', '/console/explorer.html', '/console/nothing.js', '/console/..', '/console/%2e%2e/%2e%2e/etc/passwd', '/console/../../etc/passwd']) {
      const answer = await get(target);
      assert.equal(answer.status, 200, target);
      assert.match(answer.text, /<title>Latchkey<\/title>/, target);
    }
    for (const target of ['/console/assets/nothing.js', '/console/assets/', '/console/assets/../index.html', '/consoles', '/explorer/x']) assert.equal((await get(target)).status, 404, target);
    const post = await get('/console/', {}, 'POST');
    assert.equal(post.status, 405);
    assert.equal(post.headers.allow, 'GET, HEAD');
  });

  it('come with headers that let them load nothing but their own files, and be framed by nobody', async () => {
    for (const target of ['/console/', '/console/users', '/explorer']) {
      const { headers } = await get(target);
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.match(headers['permissions-policy'], /camera=\(\)/);
      assert.equal(headers['cache-control'], 'no-cache');
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      for (const name of Object.keys(headers)) assert.doesNotMatch(name, /^access-control-/);
    }
  });

  it('have nothing inline and nothing of another host', async () => {
    for (const target of ['/console/', '/explorer']) {
      const { text } = await get(target);
      assert.doesNotMatch(text, /<script(?![^>]* src=)|<style|\son\w+=|style=|https?:\/\//);
    }
  });

  const assetsOf = (html) => [...html.matchAll(/(?:src|href)="(\/console\/assets\/[^"]+)"/g)].map((found) => found[1]);

  it('have files that keep, and that come compressed', async () => {
    const files = assetsOf((await get('/explorer')).text);
    assert.ok(files.some((file) => file.endsWith('.js')) && files.some((file) => file.endsWith('.css')), files.join());
    for (const file of files) {
      const plain = await get(file);
      assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
      assert.match(plain.headers['content-type'], file.endsWith('.js') ? /^text\/javascript/ : file.endsWith('.css') ? /^text\/css/ : /^image\//);
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(plain.headers['x-content-type-options'], 'nosniff');
      const tags = new Set([plain.headers.etag]);
      for (const [coding, decode] of [['br', zlib.brotliDecompressSync], ['gzip', zlib.gunzipSync]]) {
        const coded = await get(file, { 'accept-encoding': coding });
        assert.equal(coded.headers['content-encoding'], coding, file);
        assert.equal(coded.headers.vary, 'Accept-Encoding');
        assert.ok(decode(coded.body).equals(plain.body), file);
        tags.add(coded.headers.etag);
        const head = await get(file, { 'accept-encoding': coding }, 'HEAD');
        assert.equal(head.headers['content-length'], String(coded.body.length));
        assert.equal(head.body.length, 0);
      }
      assert.equal(tags.size, 3);
    }
    assert.equal((await get(files[0], { 'accept-encoding': 'gzip, br' })).headers['content-encoding'], 'br');
    assert.equal((await get(files[0], { 'accept-encoding': 'br;q=0, gzip' })).headers['content-encoding'], 'gzip');
    assert.equal((await get(files[0], { 'accept-encoding': 'deflate' })).headers['content-encoding'], undefined);
  });

  it('are not sent again to who has them', async () => {
    for (const target of ['/console/', '/explorer', ...assetsOf((await get('/console/')).text)]) {
      for (const coding of ['identity', 'gzip', 'br']) {
        const first = await get(target, { 'accept-encoding': coding });
        for (const tag of [first.headers.etag, `"other", W/${first.headers.etag}`, '*']) {
          const again = await get(target, { 'accept-encoding': coding, 'if-none-match': tag });
          assert.equal(again.status, 304, target);
          assert.equal(again.body.length, 0);
          for (const name of ['etag', 'cache-control', 'vary', 'content-security-policy']) assert.equal(again.headers[name], first.headers[name], name);
        }
        const changed = await get(target, { 'accept-encoding': coding, 'if-none-match': '"other"' });
        assert.equal(changed.status, 200);
        assert.ok(changed.body.equals(first.body));
      }
    }
  });

  it('show the console after at most 60 KiB of compressed script', async () => {
    const { text } = await get('/console/');
    const seen = new Map();
    const load = async (file) => {
      if (seen.has(file)) return;
      const answer = await get(file, { 'accept-encoding': 'gzip' });
      assert.equal(answer.status, 200, file);
      assert.equal(answer.headers['content-encoding'], 'gzip', file);
      seen.set(file, answer.body.length);
      // What a module imports from its first line on is loaded before it runs.
      const script = zlib.gunzipSync(answer.body).toString();
      for (const [, name] of script.matchAll(/(?:^|[;}\s])(?:import|export)(?:[\w*{}\s,$]*?from)?\s*["']\.\/([\w.-]+\.js)["']/g)) await load(`/console/assets/${name}`);
    };
    for (const file of assetsOf(text).filter((name) => name.endsWith('.js'))) await load(file);
    const total = [...seen.values()].reduce((sum, size) => sum + size, 0);
    assert.ok(seen.size > 0 && total > 1000, 'no script was found');
    assert.ok(total <= SCRIPT_MAX, `the console begins with ${total} bytes of script in ${[...seen.keys()].join(', ')}`);
    for (const file of seen.keys()) assert.doesNotMatch(file, /explorer|codemirror/);
  });
});

describe('sessions of the console', () => {
  let server;
  before(async () => (server = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.2/32'] })));
  after(() => server.stop());

  it('open with an API key', async () => {
    const answer = await session(server, 'POST', { body: { apiKey: server.account.apiKey } });
    assert.equal(answer.status, 200, answer.text);
    const { accountId, accountName, apiKeyId } = server.account;
    const expected = { accountId, accountName, accounts: [{ uuid: accountId, accountName }], actor: { kind: 'API_KEY', id: apiKeyId, name: 'admin' } };
    assert.deepEqual(JSON.parse(answer.text), expected);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(answer.headers['set-cookie'][0], /^latchkey_session=lks_[0-9A-Za-z]{49}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=604800$/);
    const cookie = cookieOf(answer);
    const again = await session(server, 'GET', { cookie });
    assert.deepEqual(JSON.parse(again.text), expected);
    assert.equal(again.headers['set-cookie'], undefined);
    assert.equal(again.text.includes('lks_'), false);
    const viewer = await graphql(server, cookie);
    assert.equal(JSON.parse(viewer.text).data.viewer.apiKey.id, apiKeyId);
    // Beside other cookies, whatever they are.
    assert.equal((await graphql(server, `a=b; latchkey_session=; ${cookie} ; latchkey_sessions=x`)).status, 200);
    // Whoever put a cookie into the browser before does not know the new one, and theirs opens nothing.
    assert.equal((await session(server, 'DELETE', { cookie })).status, 204);
    const next = cookieOf(await session(server, 'POST', { cookie, body: { apiKey: server.account.apiKey } }));
    assert.notEqual(next, cookie);
    await assertEnded(server, cookie);
    assert.equal((await graphql(server, next)).status, 200);
  });

  it('open with e-mail address and password, in each account that has them', async () => {
    const id = await createUser(server, 'ann@example.org', 'anns password');
    const answer = await session(server, 'POST', { body: { email: 'Ann@Example.org', password: 'anns password' } });
    assert.equal(answer.status, 200, answer.text);
    const { accountId, accountName } = server.account;
    const expected = { accountId, accountName, accounts: [{ uuid: accountId, accountName }], actor: { kind: 'USER', id, name: 'ann@example.org' } };
    assert.deepEqual(JSON.parse(answer.text), expected);
    assert.deepEqual(JSON.parse((await session(server, 'GET', { cookie: cookieOf(answer) })).text), expected);
    assert.equal(JSON.parse((await graphql(server, cookieOf(answer))).text).data.viewer.user.email, 'ann@example.org');
    const { createAccount } = await server.query('mutation { createAccount(input: { name: "Second" }) { key account { id } } }');
    const there = { key: createAccount.key };
    const { createUser: made } = await server.query(CREATE_USER, { input: { name: 'Ann there', email: 'ann@example.org' } }, there);
    await server.query(SET_PASSWORD, { input: { userId: made.user.id, password: 'anns password' } }, there);
    const both = await session(server, 'POST', { body: { email: 'ann@example.org', password: 'anns password' } });
    assert.deepEqual(JSON.parse(both.text).accounts, [{ uuid: accountId, accountName }, { uuid: createAccount.account.id, accountName: 'Second' }]);
    const second = await graphql(server, cookieOf(both), VIEWER, { path: `/graphql?accountId=${createAccount.account.id}` });
    assert.equal(JSON.parse(second.text).data.viewer.account.id, createAccount.account.id);
  });

  it('of one key are not opened without end: each is kept in the database and in the audit log', async () => {
    const { key } = await server.createKey('opens many', []);
    const open = () => session(server, 'POST', { body: { apiKey: key } });
    const answers = [];
    for (let round = 0; round < 32; round++) answers.push(...(await Promise.all(Array.from({ length: 20 }, open))));
    const opened = answers.filter(({ status }) => status === 200).length;
    assert.ok(opened >= 600 && opened < 620, `${opened}`);
    const refused = answers.find(({ status }) => status !== 200);
    assertRefused(refused, 429, 'RATE_LIMITED', /^This API key has signed in too often; try again later$/);
    assert.ok(refused.headers['retry-after'] >= 1 && refused.headers['retry-after'] <= 6, refused.headers['retry-after']);
    await signIn(server); // others may
  });

  it('do not open for what is no credential, and say what is wrong', async () => {
    const refuse = async (body, status, code, message, headers) => assertRefused(await session(server, 'POST', { body, headers }), status, code, message);
    const { key } = await server.createKey('refused', []);
    const wrong = key.replace(/.$/, key.endsWith('0') ? '1' : '0');
    for (const apiKey of ['', 'x', wrong, `${key} `, 'lks_']) await refuse({ apiKey }, 401, 'UNAUTHENTICATED', /^Invalid API Key$/);
    await refuse({ email: 'ann@example.org', password: 'x' }, 401, 'UNAUTHENTICATED', /^Invalid e-mail address or password$/);
    await refuse({ email: 'nobody@example.org', password: 'x' }, 401, 'UNAUTHENTICATED', /^Invalid e-mail address or password$/);
    const shape = /^The body must be \{"apiKey":…\} or \{"email":…,"password":…\}, each a string$/;
    for (const body of [{}, [], null, 'x', { apiKey: 1 }, { email: 'a@b.c' }, { password: 'x' }, { apiKey: key, email: 'a', password: 'b' }, { apiKey: null, email: 'a', password: 'b' }]) {
      await refuse(body, 400, 'BAD_USER_INPUT', shape);
    }
    await refuse({ apiKey: key }, 415, 'BAD_USER_INPUT', /application\/json/, { 'content-type': 'text/plain' });
    const broken = await server.request({ method: 'POST', path: '/console/session', headers: { ...HEADER, ...JSON_TYPE }, body: '{"apiKey":' });
    assertRefused(broken, 400, 'BAD_USER_INPUT', shape);
    for (const headers of [{}, { cookie: `latchkey_session=${key}` }]) {
      const nobody = await session(server, 'GET', headers);
      assert.deepEqual([nobody.status, nobody.text], [204, ''], 'nobody is signed in');
    }
    assert.equal((await session(server, 'PUT')).status, 405);
  });

  it('write nothing when keys are tried', async () => {
    const { key } = await server.createKey('tried', []);
    const wrong = `${key.slice(0, 24)}${key.slice(24, 34).split('').reverse().join('')}${key.slice(34)}`;
    const size = () => ['latchkey.db', 'latchkey.db-wal'].map((name) => fs.statSync(path.join(server.data, name), { throwIfNoEntry: false })?.mtimeMs);
    // What earlier tests used is written within two seconds, and may be in between: a try that wrote would do so in each round.
    let before;
    let after;
    for (let round = 0; round === 0 || (round < 5 && String(after) !== String(before)); round++) {
      before = size();
      for (let i = 0; i < 20; i++) assert.equal((await session(server, 'POST', { body: { apiKey: i % 2 ? wrong : `imported-looking-key-${i}` } })).status, 401);
      after = size();
    }
    assert.deepEqual(after, before);
    await signIn(server, { apiKey: key });
    assert.notDeepEqual(size(), before);
  });

  it('end with DELETE, which takes the cookie back', async () => {
    await createUser(server, 'out@example.org', 'outs password');
    for (const body of [undefined, { email: 'out@example.org', password: 'outs password' }]) {
      const cookie = await signIn(server, body);
      const out = await session(server, 'DELETE', { cookie });
      assert.equal(out.status, 204);
      assert.equal(out.headers['set-cookie'][0], 'latchkey_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0');
      await assertEnded(server, cookie);
      for (const ended of [cookie, undefined]) {
        const again = await session(server, 'DELETE', { cookie: ended });
        assert.equal(again.status, 204);
        assert.match(again.headers['set-cookie'][0], /^latchkey_session=;/);
      }
    }
  });

  it('end with the key: deleted, disabled, expired, for good', async () => {
    const { accountId } = server.account;
    const open = async (name, members = {}) => {
      const made = await server.createKey(name, [], {});
      if (Object.keys(members).length > 0) await server.query(UPDATE, { input: { accountId, uuid: made.uuid, name, ...members } });
      const cookie = await signIn(server, { apiKey: made.key });
      assert.equal((await graphql(server, cookie)).status, 200);
      return { ...made, cookie };
    };
    const deleted = await open('deleted');
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId, uuid: deleted.uuid } });
    await assertEnded(server, deleted.cookie);
    const disabled = await open('disabled');
    const update = (key, members) => server.query(UPDATE, { input: { accountId, uuid: key.uuid, name: key.name, ...members } });
    await update(disabled, { enabled: false });
    await assertEnded(server, disabled.cookie);
    assert.equal((await session(server, 'DELETE', { cookie: disabled.cookie })).status, 204);
    const revived = await open('revived');
    await update(revived, { enabled: false });
    await update(revived, { enabled: true });
    await assertEnded(server, revived.cookie);
    assert.equal((await graphql(server, await signIn(server, { apiKey: revived.key }))).status, 200);
    const expired = await open('expired', { expiresAt: Date.now() + 1500 * SLOW });
    const deadline = Date.now() + 20000 * SLOW;
    while ((await graphql(server, expired.cookie)).status === 200) {
      assert.ok(Date.now() < deadline, 'the session does not end');
      await sleep(50);
    }
    await assertEnded(server, expired.cookie);
    await update(expired, { expiresAt: null });
    await assertEnded(server, expired.cookie);
  });

  it('end with the user and with a new password', async () => {
    const id = await createUser(server, 'gone@example.org', 'gones password');
    const first = await signIn(server, { email: 'gone@example.org', password: 'gones password' });
    await server.query(SET_PASSWORD, { input: { userId: id, password: 'gones other one' } });
    await assertEnded(server, first);
    const second = await signIn(server, { email: 'gone@example.org', password: 'gones other one' });
    await server.query('mutation ($input: DeleteUserInput!) { deleteUser(input: $input) { clientMutationId } }', { input: { id } });
    await assertEnded(server, second);
  });

  it('go on in the other accounts when the user of one is gone, and say so: it is not signed out', async () => {
    const { createAccount } = await server.query('mutation { createAccount(input: { name: "Stays" }) { key account { id } } }');
    const there = { key: createAccount.key };
    const stays = { uuid: createAccount.account.id, accountName: 'Stays' };
    const DELETE_USER = 'mutation ($input: DeleteUserInput!) { deleteUser(input: $input) { clientMutationId } }';
    const leavers = { first: (id) => server.query(DELETE_USER, { input: { id } }), changed: (id) => server.query(SET_PASSWORD, { input: { userId: id, password: 'a new one, here' } }) };
    for (const [name, leave] of Object.entries(leavers)) {
      const email = `${name}@example.org`;
      const id = await createUser(server, email, 'the same twice');
      const { createUser: made } = await server.query(CREATE_USER, { input: { name: 'Ann there', email } }, there);
      await server.query(SET_PASSWORD, { input: { userId: made.user.id, password: 'the same twice' } }, there);
      const cookie = await signIn(server, { email, password: 'the same twice' });
      await leave(id);
      const shown = JSON.parse((await session(server, 'GET', { cookie })).text);
      assert.deepEqual(shown, { accountId: stays.uuid, accountName: 'Stays', accounts: [stays], actor: { kind: 'USER', id: made.user.id, name: email } });
      const ask = async (target) => graphql(server, cookie, VIEWER, { path: `/graphql${target}` });
      assert.equal(JSON.parse((await ask(`?accountId=${stays.uuid}`)).text).data.viewer.account.id, stays.uuid);
      // What names no account was meant for the first, and does not act in another one.
      assert.equal((await ask('')).status, 401);
      assert.equal((await ask(`?accountId=${server.account.accountId}`)).status, 401);
      await server.query(DELETE_USER, { input: { id: made.user.id } }, there);
      await assertEnded(server, cookie);
    }
  });

  it('hold what the key holds, from that moment on', async () => {
    const { key, uuid } = await server.createKey('grows', []);
    const cookie = await signIn(server, { apiKey: key });
    const users = '{ users(limit: 1) { nodes { id } } }';
    assert.equal(errorOf(await graphql(server, cookie, users)).extensions.code, 'FORBIDDEN');
    await server.query(UPDATE, { input: { accountId: server.account.accountId, uuid, name: 'grows', userGroupIds: [server.account.userGroupId] } });
    assert.equal(JSON.parse((await graphql(server, cookie, users)).text).errors, undefined);
  });

  it('are in the audit log, by key or user', async () => {
    const cookie = await signIn(server);
    await graphql(server, cookie, 'mutation { createUserGroup(input: { name: "made in the console" }) { userGroup { id } } }');
    await session(server, 'DELETE', { cookie });
    const { audits } = await server.query(AUDITS);
    const [out, made, into] = audits.nodes;
    assert.deepEqual(into.changes, [{ operationType: 'LOGIN', resourceType: 'API_KEY', resourceName: 'admin', failure: false }]);
    assert.deepEqual(out.changes, [{ operationType: 'LOGOUT', resourceType: 'API_KEY', resourceName: 'admin', failure: false }]);
    assert.equal(made.changes[0].resourceName, 'made in the console');
    for (const set of [out, made, into]) assert.equal(set.__typename, 'ApiKeyChangeSet');
    assert.deepEqual(into.request, { resourcePath: '/console/session', responseStatusCode: 200 });
  });

  it('take nothing that a page of another origin can send', async () => {
    const cookie = await signIn(server);
    const host = `127.0.0.1:${server.port}`;
    const forbidden = (answer, message) => assertRefused(answer, 403, 'FORBIDDEN', message);
    const query = JSON.stringify({ query: VIEWER });
    forbidden(await graphql(server, cookie, VIEWER, { headers: {} }), /needs the header X-Latchkey-Console: 1/);
    forbidden(await graphql(server, cookie, VIEWER, { headers: { 'x-latchkey-console': '0' } }), /needs the header/);
    const only = /takes GraphQL as JSON with POST only/;
    for (const type of ['text/plain', 'application/graphql', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx']) {
      forbidden(await server.request({ method: 'POST', path: '/graphql', headers: { cookie, ...HEADER, 'content-type': type }, body: query }), only);
    }
    forbidden(await server.request({ method: 'POST', path: '/graphql', headers: { cookie, ...HEADER }, body: query }), only);
    forbidden(await server.request({ path: `/graphql?query=${encodeURIComponent(VIEWER)}`, headers: { cookie, ...HEADER } }), only);
    for (const target of ['/api/graphql', '/gateway/api/graphql']) forbidden(await server.request({ method: 'POST', path: target, headers: { ...JSON_TYPE, cookie }, body: query }), /needs the header/);
    const form = await server.request({ method: 'POST', path: '/gateway/api/graphql-api', headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, ...HEADER }, body: `query=${encodeURIComponent(VIEWER)}` });
    assertRefused(form, 401, 'UNAUTHENTICATED', /^Invalid API Key$/);
    for (const [headers, message] of [
      [{ 'sec-fetch-site': 'same-site' }, /comes from another site/],
      [{ 'sec-fetch-site': 'cross-site', origin: `http://${host}` }, /comes from another site/],
      [{ 'sec-fetch-site': 'none' }, /comes from another site/],
      [{ origin: 'http://127.0.0.1:1' }, /Origin is not the Host/],
      [{ origin: `http://${host}.example.org` }, /Origin is not the Host/],
      [{ origin: `http://x@${host}` }, /Origin is not the Host/],
      [{ origin: 'null' }, /Origin is not the Host/],
      [{ origin: '' }, /Origin is not the Host/],
    ]) {
      forbidden(await graphql(server, cookie, VIEWER, { headers: { ...HEADER, ...headers } }), message);
      forbidden(await session(server, 'DELETE', { cookie, headers }), message);
      forbidden(await session(server, 'POST', { body: { apiKey: server.account.apiKey }, headers }), message);
      if (headers['sec-fetch-site'] !== 'none') forbidden(await session(server, 'GET', { cookie, headers }), message);
    }
    for (const method of ['POST', 'DELETE']) {
      const answer = await server.request({ method, path: '/console/session', headers: { ...JSON_TYPE, cookie }, body: JSON.stringify({ apiKey: server.account.apiKey }) });
      forbidden(answer, /needs the header/);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    for (const headers of [{ 'sec-fetch-site': 'same-origin', origin: 'http://hidden.by.a.proxy' }, { origin: `http://${host}` }, {}]) {
      assert.equal((await graphql(server, cookie, VIEWER, { headers: { ...HEADER, ...headers } })).status, 200);
    }
    assert.equal((await session(server, 'GET', { cookie, headers: { 'sec-fetch-site': 'none' } })).status, 200);
  });

  it('give no origin a permission', async () => {
    for (const target of ['/graphql', '/console/session', '/console/', '/api/users/login']) {
      const answer = await server.request({ method: 'OPTIONS', path: target, headers: { origin: 'http://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-latchkey-console' } });
      assert.equal(answer.status, 405, target);
      for (const name of Object.keys(answer.headers)) assert.doesNotMatch(name, /^access-control-/);
    }
  });

  it('are ignored beside another credential, and by everything that is not GraphQL', async () => {
    const cookie = await signIn(server);
    const { key, uuid } = await server.createKey('wins', []);
    const byKey = await graphql(server, cookie, VIEWER, { headers: { 'x-api-key': key } });
    assert.equal(JSON.parse(byKey.text).data.viewer.apiKey.id, uuid);
    assert.equal((await graphql(server, cookie, VIEWER, { headers: { ...HEADER, authorization: 'Bearer nonsense' } })).status, 401);
    const body = JSON.stringify({ key: server.account.apiKey });
    for (const [method, target] of [['GET', '/v1/auth'], ['POST', '/v1/keys:verify'], ['POST', '/v1/keys:batchVerify'], ['POST', '/v1/introspect'], ['POST', '/v1/revoke'], ['POST', '/api/users/logout']]) {
      const answer = await server.request({ method, path: target, headers: { ...JSON_TYPE, ...HEADER, cookie }, body: method === 'POST' ? body : undefined });
      assert.equal(answer.status, 401, `${target}: ${answer.text}`);
    }
    assert.equal((await graphql(server, cookie)).status, 200);
  });

  it('refuse an account that is not theirs', async () => {
    const answer = await graphql(server, await signIn(server), VIEWER, { path: `/graphql?accountId=${UNKNOWN_ID}` });
    assert.equal(errorOf(answer).extensions.code, 'FORBIDDEN');
  });

  it('have a Secure cookie when a trusted proxy speaks TLS', async () => {
    const proxied = await session(server, 'POST', { body: { apiKey: server.account.apiKey }, headers: { 'x-forwarded-proto': 'https' } });
    assert.doesNotMatch(proxied.headers['set-cookie'][0], /Secure/); // 127.0.0.1 is not the trusted one
    const other = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1/32'] });
    const secure = await session(other, 'POST', { body: { apiKey: other.account.apiKey }, headers: { 'x-forwarded-proto': 'https' } });
    assert.match(secure.headers['set-cookie'][0], /^__Host-latchkey_session=.*; Path=\/; .*; Secure$/);
    const plain = await session(other, 'POST', { body: { apiKey: other.account.apiKey }, headers: { 'x-forwarded-proto': 'http' } });
    assert.doesNotMatch(plain.headers['set-cookie'][0], /Secure|__Host-/);
    // By TLS no cookie counts but one that only this host can have set; and that one there only.
    for (const [proto, cookie, status] of [
      ['https', cookieOf(secure), 200],
      ['https', cookieOf(plain), 401],
      ['https', `${cookieOf(plain)}; ${cookieOf(secure)}`, 200],
      ['http', cookieOf(secure), 401],
      ['http', cookieOf(plain), 200],
    ]) {
      const headers = { ...HEADER, 'x-forwarded-proto': proto };
      assert.equal((await graphql(other, cookie, VIEWER, { headers })).status, status, `${proto} ${cookie}`);
      assert.equal((await session(other, 'GET', { cookie, headers })).status, status === 200 ? 200 : 204);
    }
    const out = await session(other, 'DELETE', { cookie: cookieOf(secure), headers: { 'x-forwarded-proto': 'https' } });
    assert.match(out.headers['set-cookie'][0], /^__Host-latchkey_session=; .*; Max-Age=0; Secure$/);
    assert.equal((await graphql(other, cookieOf(secure), VIEWER, { headers: { ...HEADER, 'x-forwarded-proto': 'https' } })).status, 401);
    await other.stop();
  });

  it('work by TLS and HTTP/2, with a Secure cookie', async () => {
    const pair = makeCertificate(temporaryDirectory(), 'console');
    const other = await Server.fresh({ tls: true, args: ['--tls-cert', pair.cert, '--tls-key', pair.key] });
    const client = http2.connect(other.url, { ca: fs.readFileSync(pair.cert) });
    const ask = (headers, body) =>
      new Promise((resolve, reject) => {
        const request = client.request({ ...HEADER, ...JSON_TYPE, origin: other.url, ...headers });
        const answer = { text: '' };
        request.setEncoding('utf8').on('response', (got) => (answer.headers = got)).on('data', (piece) => (answer.text += piece));
        request.on('end', () => resolve(answer)).on('error', reject).end(body);
      });
    const opened = await ask({ ':method': 'POST', ':path': '/console/session' }, JSON.stringify({ apiKey: other.account.apiKey }));
    assert.equal(opened.headers[':status'], 200, opened.text);
    assert.match(opened.headers['set-cookie'][0], /^__Host-latchkey_session=.*; HttpOnly; SameSite=Strict; Path=\/; Max-Age=\d+; Secure$/);
    const cookie = ['a=b', cookieOf(opened), 'c=d']; // each a field of its own
    const viewer = await ask({ ':method': 'POST', ':path': '/graphql', cookie }, JSON.stringify({ query: VIEWER }));
    assert.equal(JSON.parse(viewer.text).data.viewer.apiKey.id, other.account.apiKeyId);
    const foreign = await ask({ ':method': 'POST', ':path': '/graphql', cookie, origin: 'https://evil.example' }, JSON.stringify({ query: VIEWER }));
    assert.equal(foreign.headers[':status'], 403);
    const page = await ask({ ':method': 'GET', ':path': '/console/', 'accept-encoding': 'identity' });
    assert.match(page.text, /<title>Latchkey/);
    client.close();
    await other.stop();
  });

  it('obey lockout and the IP allow list', async () => {
    await createUser(server, 'ian@example.org', 'ians password');
    const good = { email: 'ian@example.org', password: 'ians password' };
    const create = 'mutation ($input: CreateIpAllowEntryInput!) { createIpAllowEntry(input: $input) { ipAllowEntry { id } } }';
    const { createIpAllowEntry: made } = await server.query(create, { input: { cidr: '198.51.100.0/24' } });
    assertRefused(await session(server, 'POST', { body: good }), 401, 'UNAUTHENTICATED', /^Invalid e-mail/);
    await server.query('mutation ($input: DeleteIpAllowEntryInput!) { deleteIpAllowEntry(input: $input) { clientMutationId } }', { input: { entryId: made.ipAllowEntry.id } });
    const cookie = await signIn(server, good);
    for (let i = 0; i < 5; i++) assert.equal((await session(server, 'POST', { body: { ...good, password: 'wrong' } })).status, 401);
    assertRefused(await session(server, 'POST', { body: good }), 401, 'UNAUTHENTICATED', /^Invalid e-mail/);
    assert.equal((await graphql(server, cookie)).status, 200);
  });
});

describe('lifetimes and secrets', () => {
  it('sessions of keys end when they are not used, and at the latest after their time', async () => {
    const server = await Server.fresh({ args: ['--session-idle', `${1000 * SLOW}ms`, '--session-ttl', `${3000 * SLOW}ms`] });
    const unused = await signIn(server);
    const used = await signIn(server);
    const begun = Date.now();
    while (Date.now() - begun < 1500 * SLOW) {
      assert.equal((await graphql(server, used)).status, 200);
      await sleep(100);
    }
    await assertEnded(server, unused);
    while ((await graphql(server, used)).status === 200) {
      assert.ok(Date.now() - begun < 20000 * SLOW, 'the session does not end');
      await sleep(50);
    }
    assert.ok(Date.now() - begun >= 2900 * SLOW, `ended after ${Date.now() - begun} ms`);
    await assertEnded(server, used);
    await server.stop();
  });

  it('keeps a hundred sessions of a key, those used last', async () => {
    const server = await Server.fresh();
    const cookies = [];
    for (let i = 0; i < 103; i++) cookies.push(await signIn(server));
    const open = [];
    for (const cookie of cookies) open.push((await graphql(server, cookie)).status === 200);
    assert.equal(open.filter(Boolean).length, 100);
    assert.ok(open.slice(-50).every(Boolean));
    await server.stop();
  });

  it('tokens are in no file of the data directory and no log line', async () => {
    const server = await Server.fresh({ args: ['--log-level', 'debug'] });
    const password = 'Zq7-unmistakable-Pw9';
    await createUser(server, 'ann@example.org', password);
    const cookies = [await signIn(server), await signIn(server, { email: 'ann@example.org', password })];
    for (const cookie of cookies) {
      await graphql(server, cookie);
      await graphql(server, cookie, VIEWER, { headers: {} });
      await session(server, 'GET', { cookie });
    }
    await session(server, 'POST', { body: { email: 'ann@example.org', password: `${password}x` } });
    const secrets = [...cookies.map((cookie) => cookie.split('=')[1]), server.account.apiKey, password];
    for (const cookie of cookies) await session(server, 'DELETE', { cookie });
    await server.stop();
    for (const secret of secrets) {
      assert.equal((server.stderr + server.stdout).includes(secret.slice(4)), false);
      for (const name of fs.readdirSync(server.data, { recursive: true }).map(String)) {
        const file = path.join(server.data, name);
        if (fs.statSync(file).isFile()) assert.equal(fs.readFileSync(file).includes(secret.slice(4)), false, name);
      }
    }
    assert.equal(run(['audit', 'verify', '--data', server.data]).status, 0);
  });
});
