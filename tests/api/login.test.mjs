// Logging in by e-mail and password: the reference's shapes, sessions on GraphQL, lockout, the IP allow list, and no password anywhere on disk.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run, Server, sleep, SLOW, UNKNOWN_ID } from './support/server.mjs';

const PATHS = ['/gateway/api/users/login', '/api/users/login'];
const SET = 'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId user { id isUserLocked } } }';
const CREATE_USER = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';
const VIEWER = '{ viewer { apiKey { id } user { id email } account { id } } }';
const AUDITS = '{ audits(limit: 100) { nodes { __typename failureStatusMsg request { responseStatusCode resourcePath } changes { operationType resourceType resourceName failure } ... on UserChangeSet { triggeredBy { email } } } } }';

const json = { 'content-type': 'application/json' };
const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const bearer = (token) => ({ key: null, headers: { authorization: `Bearer ${token}` } });

async function login(server, user, password, target = PATHS[0]) {
  const body = JSON.stringify({ authorization: basic(user, password) });
  const answer = await server.request({ method: 'POST', path: target, headers: json, body });
  return { ...answer, json: JSON.parse(answer.text) };
}

async function tokenOf(server, user, password) {
  const answer = await login(server, user, password);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.resource.token;
}

const logout = (server, token) =>
  server.request({ method: 'POST', path: '/api/users/logout', headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

async function createUser(server, email, password, userGroupIds = [server.account.userGroupId]) {
  const { createUser: made } = await server.query(CREATE_USER, { input: { name: 'Ann', email, userGroupIds } });
  if (password !== undefined) await server.query(SET, { input: { userId: made.user.id, password } });
  return made.user.id;
}

function assertRefused(answer) {
  assert.equal(answer.status, 401, answer.text);
  assert.deepEqual(answer.json, { errors: [{ message: 'Invalid e-mail address or password', extensions: { code: 'UNAUTHENTICATED' } }] });
  assert.match(answer.headers['www-authenticate'], /^Bearer /);
}

async function accepts(server, token) {
  const answer = await server.graphql(VIEWER, undefined, bearer(token));
  if (answer.status === 401) {
    assert.equal(answer.json.errors[0].message, 'Invalid API Key');
    return false;
  }
  assert.equal(answer.json.errors, undefined, answer.text);
  return true;
}

describe('login', () => {
  let server;
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  it('answers as the reference does, at both paths', async () => {
    const id = await createUser(server, 'ann@example.org', 'pass:word with ünïcode');
    const { accountId, accountName } = server.account;
    for (const target of PATHS) {
      const answer = await login(server, 'Ann@Example.org', 'pass:word with ünïcode', target);
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.equal(answer.headers['cache-control'], 'no-store');
      const { token } = answer.json.resource;
      assert.match(token, /^lks_[0-9A-Za-z]{49}$/);
      assert.deepEqual(answer.json, {
        resource: { token, defaultAccountId: accountId, accounts: [{ accountName, companyName: accountName, uuid: accountId }], supportAccounts: [] },
      });
      const viewer = { apiKey: null, user: { id, email: 'ann@example.org' }, account: { id: accountId } };
      assert.deepEqual((await server.query(VIEWER, undefined, bearer(token))).viewer, viewer);
    }
  });

  it('refuses everything else in the same words', async () => {
    await createUser(server, 'bob@example.org', 'bobs password');
    await createUser(server, 'none@example.org');
    assertRefused(await login(server, 'bob@example.org', 'Bobs password'));
    assertRefused(await login(server, 'bob@example.org', ''));
    assertRefused(await login(server, 'bob@example.org', 'x'.repeat(5000)));
    assertRefused(await login(server, 'none@example.org', 'bobs password'));
    assertRefused(await login(server, 'nobody@example.org', 'bobs password'));
    assertRefused(await login(server, '', ''));
  });

  it('names what is wrong with a request', async () => {
    const post = (body, headers = json) => server.request({ method: 'POST', path: PATHS[0], headers, body });
    for (const body of ['', '{', '[]', '{}', '{"authorization":null}', '{"authorization":"Bearer x"}', '{"authorization":"Basic"}', '{"authorization":"Basic !!"}', `{"authorization":"Basic ${Buffer.from('no colon').toString('base64')}"}`]) {
      const answer = await post(body);
      assert.equal(answer.status, 400, `${body}: ${answer.text}`);
      assert.equal(JSON.parse(answer.text).errors[0].extensions.code, 'BAD_USER_INPUT');
    }
    const form = await post('{}', { 'content-type': 'text/plain' });
    assert.equal(form.status, 415);
    const get = await server.request({ path: PATHS[0] });
    assert.equal(get.status, 405);
    assert.equal(get.headers.allow, 'POST');
  });

  it('gives sessions that act as their user', async () => {
    const { accountId } = server.account;
    await createUser(server, 'eve@example.org', 'eves password', []);
    const token = await tokenOf(server, 'eve@example.org', 'eves password');
    const denied = await server.error('{ users(limit: 1) { nodes { id } } }', undefined, bearer(token));
    assert.equal(denied.code, 'FORBIDDEN');
    assert.equal((await server.query(VIEWER, undefined, bearer(token))).viewer.user.email, 'eve@example.org');
    const admin = await tokenOf(server, 'ann@example.org', 'pass:word with ünïcode');
    const key = await server.createKey('made by ann', [], bearer(admin));
    assert.ok(key.uuid);
    const { audits } = await server.query(AUDITS);
    const made = audits.nodes.find((set) => set.changes.some((change) => change.resourceName === 'made by ann'));
    assert.equal(made.__typename, 'UserChangeSet');
    assert.equal(made.triggeredBy.email, 'ann@example.org');
    assert.deepEqual(
      (await server.query('{ viewer { account { id } } }', undefined, { ...bearer(admin), path: `/api/graphql?accountId=${accountId}` })).viewer.account,
      { id: accountId },
    );
    const foreign = await server.error(VIEWER, undefined, { ...bearer(admin), path: `/api/graphql?accountId=${UNKNOWN_ID}` });
    assert.equal(foreign.code, 'FORBIDDEN');
    for (const bad of ['lks_', `${token}x`, token.slice(0, -1), token.replace(/.$/, token.endsWith('0') ? '1' : '0')]) assert.equal(await accepts(server, bad), false);
  });

  it('ends a session at logout, deletion and a new password', async () => {
    const id = await createUser(server, 'dan@example.org', 'dans password');
    const first = await tokenOf(server, 'dan@example.org', 'dans password');
    const second = await tokenOf(server, 'dan@example.org', 'dans password');
    const out = await logout(server, first);
    assert.equal(out.status, 200);
    assert.equal(out.text, '{"resource":{}}');
    assert.equal(await accepts(server, first), false);
    assert.equal((await logout(server, first)).status, 401);
    assert.equal((await logout(server)).status, 401);
    assert.equal(await accepts(server, second), true);
    await server.query(SET, { input: { userId: id, password: 'dans other one' } });
    assert.equal(await accepts(server, second), false);
    assertRefused(await login(server, 'dan@example.org', 'dans password'));
    const third = await tokenOf(server, 'dan@example.org', 'dans other one');
    await server.query('mutation ($input: DeleteUserInput!) { deleteUser(input: $input) { clientMutationId } }', { input: { id } });
    assert.equal(await accepts(server, third), false);
    assertRefused(await login(server, 'dan@example.org', 'dans other one'));
  });

  it('lets users change their own password with the current one', async () => {
    await createUser(server, 'kim@example.org', 'kims password', []);
    const token = await tokenOf(server, 'kim@example.org', 'kims password');
    const other = await tokenOf(server, 'kim@example.org', 'kims password');
    const change = (input) => server.graphql(SET, { input }, bearer(token));
    assert.match((await change({ password: 'kims new one' })).text, /currentPassword is needed/);
    const wrong = (await change({ password: 'kims new one', currentPassword: 'x' })).json;
    assert.equal(wrong.errors[0].extensions.code, 'FORBIDDEN');
    const done = (await change({ password: 'kims new one', currentPassword: 'kims password', clientMutationId: 'm' })).json;
    assert.equal(done.data.setPassword.clientMutationId, 'm');
    assert.equal(await accepts(server, token), true);
    assert.equal(await accepts(server, other), false);
    await tokenOf(server, 'kim@example.org', 'kims new one');
  });

  it('sets passwords however they are written, among other mutations, once each', async () => {
    const id = await createUser(server, 'lee@example.org');
    const before = (await server.query('{ audits(limit: 1) { pageInfo { total } } }')).audits.pageInfo.total;
    const query = `mutation ($p: String!, $no: Boolean!) {
      createUserGroup(input: { name: "beside" }) { userGroup { id } }
      ...Password
      skipped: setPassword(input: { userId: "${id}", password: "not this one" }) @include(if: $no) { user { id } }
      bad: setPassword(input: { userId: "${id}", password: "short" }) { user { id } }
    }
    fragment Password on Mutation { setPassword(input: { userId: "${id}", password: $p }) { user { email } } }`;
    const answer = (await server.graphql(query, { p: 'lees password', no: false })).json;
    assert.equal(answer.errors.length, 1);
    assert.match(answer.errors[0].message, /^Invalid password: it is 5 bytes long/);
    assert.deepEqual(answer.errors[0].path, ['bad']);
    assert.equal(answer.data.setPassword.user.email, 'lee@example.org');
    assert.ok(answer.data.createUserGroup.userGroup.id);
    await tokenOf(server, 'lee@example.org', 'lees password');
    const { audits } = await server.query('{ audits(limit: 3) { pageInfo { total } nodes { changes { operationType resourceName } } } }');
    assert.equal(audits.pageInfo.total, before + 2);
    assert.deepEqual(audits.nodes[1].changes, [
      { operationType: 'CREATE', resourceName: 'beside' },
      { operationType: 'UPDATE', resourceName: 'lee@example.org' },
    ]);
    const literal = await server.graphql(`mutation { setPassword(input: { userId: "${id}", password: """a block string""" }) { user { id } } }`);
    assert.equal(literal.json.errors, undefined, literal.text);
    await tokenOf(server, 'lee@example.org', 'a block string');
    const batch = await server.request({
      method: 'POST',
      path: '/graphql',
      headers: { ...json, 'x-api-key': server.account.apiKey },
      body: JSON.stringify(['one password', 'two password'].map((password) => ({ query: SET, variables: { input: { userId: id, password } } }))),
    });
    assert.deepEqual(JSON.parse(batch.text).map((one) => one.errors), [undefined, undefined], batch.text);
    await tokenOf(server, 'lee@example.org', 'two password');
  });

  it('keeps the audit log whole', async () => {
    const { audits } = await server.query(AUDITS);
    const operations = audits.nodes.flatMap((set) => set.changes.map((change) => `${change.operationType} ${change.resourceType}${change.failure ? ' failed' : ''}`));
    for (const expected of ['LOGIN USER', 'LOGIN USER failed', 'LOGOUT USER', 'UPDATE USER']) assert.ok(operations.includes(expected), expected);
    const failed = audits.nodes.find((set) => set.failureStatusMsg === 'wrong password');
    assert.equal(failed.request.responseStatusCode, 401);
    assert.equal(failed.request.resourcePath, PATHS[0]);
  });

  it('guards logins with the IP allow list', async () => {
    await createUser(server, 'ian@example.org', 'ians password');
    const create = 'mutation ($input: CreateIpAllowEntryInput!) { createIpAllowEntry(input: $input) { clientMutationId ipAllowEntry { id cidr description status } } }';
    const update = 'mutation ($input: UpdateIpAllowEntryInput!) { updateIpAllowEntry(input: $input) { ipAllowEntry { cidr status } } }';
    const bad = await server.error(create, { input: { cidr: '10.0.0.0/33' } });
    assert.equal(bad.message, 'Invalid cidr: "33" is no prefix length of an IPv4 address: it must be a number from 0 to 32');
    assert.equal(bad.code, 'BAD_USER_INPUT');
    const { createIpAllowEntry: made } = await server.query(create, { input: { cidr: '198.51.100.0/24', description: 'office', clientMutationId: 'c' } });
    assert.deepEqual(made, { clientMutationId: 'c', ipAllowEntry: { id: made.ipAllowEntry.id, cidr: '198.51.100.0/24', description: 'office', status: 'ACTIVE' } });
    assertRefused(await login(server, 'ian@example.org', 'ians password'));
    const entryId = made.ipAllowEntry.id;
    await server.query(update, { input: { entryId, status: 'DISABLED' } });
    await tokenOf(server, 'ian@example.org', 'ians password');
    const changed = await server.query(update, { input: { entryId, status: 'ACTIVE', cidr: '::ffff:127.0.0.1' } });
    assert.deepEqual(changed.updateIpAllowEntry.ipAllowEntry, { cidr: '127.0.0.1/32', status: 'ACTIVE' });
    await tokenOf(server, 'ian@example.org', 'ians password');
    const { ipAllowList } = await server.query('{ ipAllowList(limit: 10) { pageInfo { total } nodes { cidr createdAt updatedAt } } }');
    assert.equal(ipAllowList.pageInfo.total, 1);
    assert.equal(ipAllowList.nodes[0].cidr, '127.0.0.1/32');
    await server.query('mutation ($input: DeleteIpAllowEntryInput!) { deleteIpAllowEntry(input: $input) { clientMutationId } }', { input: { entryId } });
    const { audits } = await server.query(AUDITS);
    assert.ok(audits.nodes.some((set) => set.failureStatusMsg === 'the address is not on the IP allow list'));
    const gone = await server.error(update, { input: { entryId, status: 'ACTIVE' } });
    assert.equal(gone.code, 'NOT_FOUND');
  });

  it('cannot be taken by the IP allow list from all who administer the account', async () => {
    const lone = await Server.fresh();
    const { accountId, apiKeyId } = lone.account;
    const create = 'mutation ($input: CreateIpAllowEntryInput!) { createIpAllowEntry(input: $input) { ipAllowEntry { id } } }';
    const update = 'mutation ($input: UpdateIpAllowEntryInput!) { updateIpAllowEntry(input: $input) { ipAllowEntry { id } } }';
    const remove = 'mutation ($input: DeleteIpAllowEntryInput!) { deleteIpAllowEntry(input: $input) { clientMutationId } }';
    const { key } = await lone.createKey('addresses', [await lone.createGroup('addresses', ['MANAGE_IP_WHITELIST'])]);
    await createUser(lone, 'ann@example.org', 'anns password');
    const ann = bearer(await tokenOf(lone, 'ann@example.org', 'anns password'));
    await lone.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId, uuid: apiKeyId } }, ann);

    const refused = async (document, input, options) => {
      const { code, message } = await lone.error(document, { input }, options);
      assert.equal(code, 'CONFLICT', message);
      assert.match(message, /^This would lock the account out: nobody could manage users and groups but users who log in from the addresses of the IP allow list\. Give MANAGE_USERS_AND_GROUPS to a key without expiry and addresses first, or /);
    };
    await refused(create, { cidr: '127.0.0.1' }, { key });
    await refused(create, { cidr: '203.0.113.9' }, ann);
    const { createIpAllowEntry: made } = await lone.query(create, { input: { cidr: '127.0.0.0/8' } }, ann);
    const entryId = made.ipAllowEntry.id;
    await lone.query(create, { input: { cidr: '203.0.113.0/24' } }, { key });
    await refused(remove, { entryId }, { key });
    await refused(update, { entryId, status: 'DISABLED' }, ann);
    await refused(update, { entryId, cidr: '127.1.0.0/16' }, ann);
    await lone.query(update, { input: { entryId, cidr: '127.0.0.1' } }, ann);
    await tokenOf(lone, 'ann@example.org', 'anns password');
    await lone.stop();
  });

  it('holds the address that a trusted proxy names against the IP allow list, not the proxy\'s own', async () => {
    const behind = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1'] });
    await createUser(behind, 'ian@example.org', 'ians password');
    await behind.query('mutation ($input: CreateIpAllowEntryInput!) { createIpAllowEntry(input: $input) { clientMutationId } }', { input: { cidr: '127.0.0.0/8' } });
    const body = JSON.stringify({ authorization: basic('ian@example.org', 'ians password') });
    const from = async (forwarded) => (await behind.request({ method: 'POST', path: PATHS[0], headers: { ...json, ...(forwarded && { 'x-forwarded-for': forwarded }) }, body })).status;
    assert.equal(await from('203.0.113.9'), 401);
    assert.equal(await from('127.0.0.2, 203.0.113.9'), 401);
    assert.equal(await from('nonsense'), 401);
    assert.equal(await from('203.0.113.9, 127.0.0.2'), 200);
    const { audits } = await behind.query('{ audits(limit: 100) { nodes { failureStatusMsg request { remoteIpAddress } } } }');
    const refused = audits.nodes.filter((set) => set.failureStatusMsg === 'the address is not on the IP allow list');
    assert.deepEqual(refused.map((set) => set.request.remoteIpAddress), ['127.0.0.1', '203.0.113.9', '203.0.113.9']); // what cannot be read is the proxy's
    await behind.stop();
  });

  it('opens every account whose user has that password, each for itself', async () => {
    const { createAccount } = await server.query('mutation { createAccount(input: { name: "Second" }) { key account { id } } }');
    const there = { key: createAccount.key };
    const { createUser: made } = await server.query(CREATE_USER, { input: { name: 'Ann there', email: 'two@example.org' } }, there);
    await server.query(SET, { input: { userId: made.user.id, password: 'one for both' } }, there);
    await createUser(server, 'two@example.org', 'one for both');
    const { json: answer } = await login(server, 'two@example.org', 'one for both');
    assert.deepEqual(answer.resource.accounts.map(({ uuid }) => uuid), [createAccount.account.id, server.account.accountId]);
    assert.equal(answer.resource.defaultAccountId, createAccount.account.id);
    const { token } = answer.resource;
    const accountOf = async (target) => (await server.query(VIEWER, undefined, { ...bearer(token), path: target })).viewer.account.id;
    assert.equal(await accountOf('/graphql'), createAccount.account.id);
    assert.equal(await accountOf(`/graphql?accountId=${server.account.accountId}`), server.account.accountId);
    const foreign = await server.error(SET, { input: { userId: made.user.id, password: 'stolen password' } });
    assert.equal(foreign.code, 'NOT_FOUND');
  });
});

describe('lockout and lifetimes', () => {
  it('are by default what docs/security.md promises: five wrong passwords in a quarter of an hour, and 120 logins a minute', () => {
    const help = run(['help', 'serve']).stdout;
    for (const [name, value] of [['login-failures N', '5'], ['login-window TIME', '15m'], ['login-lock TIME', '15m'], ['login-rate N/TIME', '120/1m']])
      assert.match(help, new RegExp(`^  --${name}\n.*Default: ${value}\\.`, 'm'));
  });

  it('locks after repeated failures, for a time', async () => {
    const lock = 4000 * SLOW;
    const server = await Server.fresh({ args: ['--login-failures', '3', '--login-lock', `${lock}ms`, '--session-idle', `${12000 * SLOW}ms`] });
    const id = await createUser(server, 'ann@example.org', 'anns password');
    const token = await tokenOf(server, 'ann@example.org', 'anns password');
    for (let i = 0; i < 3; i++) assertRefused(await login(server, 'ann@example.org', 'wrong password'));
    const isLocked = async () => (await server.query('query ($id: String!) { user(id: $id) { isUserLocked isPasswordExpired } }', { id })).user;
    assert.deepEqual(await isLocked(), { isUserLocked: true, isPasswordExpired: false });
    assertRefused(await login(server, 'ann@example.org', 'anns password'));
    assert.equal(await accepts(server, token), true); // only new logins are kept out
    const deadline = Date.now() + 20 * lock;
    while ((await isLocked()).isUserLocked) {
      assert.ok(Date.now() < deadline, 'the lock does not end');
      await sleep(50);
    }
    const next = await tokenOf(server, 'ann@example.org', 'anns password');
    assert.equal(await accepts(server, next), true);
    for (let i = 0; i < 3; i++) assertRefused(await login(server, 'ann@example.org', 'wrong password'));
    await server.query(SET, { input: { userId: id, password: 'a new password' } });
    assert.equal((await isLocked()).isUserLocked, false);
    await tokenOf(server, 'ann@example.org', 'a new password');
    await server.stop();
  });

  it('answers 503 when too many passwords wait', async () => {
    const server = await Server.fresh({ args: ['--background-queue', '1'] });
    await createUser(server, 'ann@example.org', 'anns password');
    const answers = await Promise.all(Array.from({ length: 12 }, () => login(server, 'ann@example.org', 'anns password')));
    const busy = answers.filter(({ status }) => status === 503);
    assert.ok(busy.length > 0, 'nobody was turned away');
    assert.equal(busy[0].headers['retry-after'], '1');
    assert.ok(answers.some(({ status }) => status === 200), 'nobody got in');
    assert.ok(answers.every(({ status }) => status === 200 || status === 503));
    await server.stop();
  });

  it('ends every session with the server told a short life', async () => {
    const server = await Server.fresh({ args: ['--session-ttl', '1s'] });
    await createUser(server, 'ann@example.org', 'anns password');
    const token = await tokenOf(server, 'ann@example.org', 'anns password');
    const deadline = Date.now() + 20000 * SLOW;
    while (await accepts(server, token)) {
      assert.ok(Date.now() < deadline, 'the session does not end');
      await sleep(50);
    }
    await server.stop();
  });
});

describe('passwords and session tokens', () => {
  it('are in no file of the data directory and no log line', async () => {
    const password = 'Zq7-unmistakable-Pw9';
    const server = await Server.fresh({ args: ['--log-level', 'debug'] });
    const id = await createUser(server, 'ann@example.org', password);
    await server.graphql(`mutation { setPassword(input: { userId: "${id}", password: "${password}2" }) { user { id } } }`);
    await server.graphql(SET, { input: { userId: UNKNOWN_ID, password: `${password}2` } });
    const token = await tokenOf(server, 'ann@example.org', `${password}2`);
    await login(server, 'ann@example.org', `${password}3`);
    await login(server, password, password);
    await server.graphql(SET, { input: { password, currentPassword: `${password}3` } }, bearer(token));
    await accepts(server, token);
    await logout(server, token);
    const needles = [Buffer.from(password), Buffer.from(token), Buffer.from(token.slice(4))].flatMap((bytes) => [bytes, Buffer.from(bytes.toString('base64').slice(0, -4))]);
    const search = () => {
      for (const name of fs.readdirSync(server.data, { recursive: true })) {
        const file = path.join(server.data, String(name));
        if (!fs.statSync(file).isFile()) continue;
        const bytes = fs.readFileSync(file);
        for (const needle of needles) assert.equal(bytes.includes(needle), false, `${name} holds ${needle}`);
      }
    };
    search();
    await server.stop();
    search();
    for (const needle of needles) assert.equal((server.stderr + server.stdout).includes(needle.toString()), false);
    assert.equal(run(['audit', 'verify', '--data', server.data]).status, 0);
  });
});
