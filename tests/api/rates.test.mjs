// Rates of GraphQL requests and of logins: what is over them, what is not counted, and what the answers say.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { httpRequest, run, Server } from './support/server.mjs';

const VIEWER = '{ viewer { apiKey { id } } }';
const USER = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';
const ACCOUNT = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } key } }';

/** Whether Retry-After is what it should be, less the time that the test took. */
function waits(answer, most) {
  const seconds = Number(answer.headers['retry-after']);
  assert.ok(seconds <= most && seconds > most - 60, answer.headers['retry-after']);
}

function refusedBy(answer, policy) {
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.json.errors[0].extensions.code, 'RATE_LIMITED');
  assert.match(answer.json.errors[0].message, new RegExp(`one ${policy} may send`));
  const seconds = Number(answer.headers['retry-after']);
  assert.ok(Number.isInteger(seconds) && seconds >= 1, answer.headers['retry-after']);
  assert.match(answer.headers.ratelimit, new RegExp(`"${policy}";r=0;t=\\d+`));
}

describe('rates of GraphQL requests', () => {
  let server;
  let keys;
  let stranger;
  before(async () => {
    // The keys are made by a server without these limits.
    const first = await Server.fresh();
    keys = [];
    for (let i = 0; i < 4; i++) keys.push((await first.createKey(`key ${i}`)).key);
    stranger = (await first.query(ACCOUNT, { input: { name: 'Other' } })).createAccount.key;
    const { createUser } = await first.query(USER, { input: { name: 'U', email: 'u@example.com' } });
    await first.query('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { user { id } } }', { input: { userId: createUser.user.id, password: 'correct horse battery' } });
    await first.stop();
    server = await Server.start(first.data, first.account, { args: ['--rate-limit-account', '12/1h', '--rate-limit-key', '5/1h', '--threads', '4', '--login-rate', '3/1h'] });
  });
  after(() => server.stop());

  it('counts a key over all connections and threads, and says what is left', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.graphql(VIEWER, undefined, { key: keys[0] })));
    const allowed = answers.filter(({ status }) => status === 200);
    assert.equal(allowed.length, 5);
    assert.deepEqual(allowed.map(({ headers }) => headers.ratelimit.match(/^"key";r=(\d)/)[1]).sort(), ['0', '1', '2', '3', '4']);
    for (const { headers } of allowed) assert.equal(headers['ratelimit-policy'], '"key";q=5;w=3600, "account";q=12;w=3600');
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      refusedBy(answer, 'key');
      waits(answer, 720);
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
  });

  it('says 429 before it looks at the document, and to those who authenticate in other ways', async () => {
    refusedBy(await server.graphql('{ nonsense', undefined, { key: keys[0] }), 'key');
    refusedBy(await server.graphql(VIEWER, undefined, { key: null, headers: { authorization: `Bearer ${keys[0]}` } }), 'key');
    const body = new URLSearchParams({ query: VIEWER, 'x-api-key': keys[0] }).toString();
    const form = await server.request({ method: 'POST', path: '/gateway/api/graphql-api', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
    assert.equal(form.status, 429);
  });

  it('counts nobody for what unknown keys send', async () => {
    for (let i = 0; i < 30; i++) {
      const answer = await server.graphql(VIEWER, undefined, { key: `an-imported-key-that-nobody-has-${i % 2}` });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.ratelimit, undefined);
    }
  });

  it('counts each request of a batch, and takes nothing for a batch that is refused', async () => {
    const batch = (length) => server.request({ method: 'POST', path: '/graphql', headers: { 'content-type': 'application/json', 'x-api-key': keys[1] }, body: JSON.stringify(Array(length).fill({ query: VIEWER })) });
    const six = await batch(6);
    assert.equal(six.status, 429);
    assert.equal(six.headers['retry-after'], undefined, 'it will never fit');
    assert.equal((await batch(3)).status, 200);
    assert.equal((await batch(3)).status, 429);
    assert.equal((await batch(2)).status, 200);
    assert.equal((await batch(1)).status, 429);
  });

  it('counts an account over its keys, and other accounts apart', async () => {
    assert.equal((await server.graphql(VIEWER, undefined, { key: keys[2] })).status, 200);
    assert.equal((await server.graphql(VIEWER, undefined, { key: keys[3] })).status, 200);
    const refused = await server.graphql(VIEWER, undefined, { key: keys[2] });
    refusedBy(refused, 'account');
    const [, seconds] = refused.headers.ratelimit.match(/^"key";r=4;t=(\d+), "account";r=0;/) ?? assert.fail(`what the account refuses is not taken from the key: ${refused.headers.ratelimit}`);
    assert.ok(seconds <= 720, 'one of five an hour was used');
    assert.match((await server.graphql(VIEWER, undefined, { key: keys[2] })).headers.ratelimit, /"key";r=4;/);
    assert.equal((await server.graphql(VIEWER, undefined, { key: stranger })).status, 200);
  });

  it('counts sessions for their account, and logins for their address', async () => {
    const login = (password, address = '127.0.0.1') =>
      httpRequest(server.port, { method: 'POST', path: '/api/users/login', headers: { 'content-type': 'application/json', 'x-forwarded-for': address }, body: JSON.stringify({ authorization: `Basic ${btoa(`u@example.com:${password}`)}` }) });
    const answer = await login('correct horse battery');
    assert.equal(answer.status, 200, answer.text);
    const { token } = JSON.parse(answer.text).resource;
    refusedBy(await server.graphql(VIEWER, undefined, { key: null, headers: { authorization: `Bearer ${token}` } }), 'account');
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await login('wrong', `192.0.2.${i}`)).status);
    assert.deepEqual(statuses, [401, 401, 429], 'X-Forwarded-For of a stranger makes no new address');
    const refused = await login('correct horse battery');
    assert.equal(refused.status, 429);
    assert.equal(JSON.parse(refused.text).errors[0].extensions.code, 'RATE_LIMITED');
    waits(refused, 1200);
    const console = await httpRequest(server.port, { method: 'POST', path: '/console/session', headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' }, body: JSON.stringify({ email: 'u@example.com', password: 'correct horse battery' }) });
    assert.equal(console.status, 429, 'the console is no way around it');
    assert.equal(refused.headers['ratelimit-policy'], '"login";q=3;w=3600');
  });

  it('counts a console session for the key that signed in', async () => {
    const signedIn = await httpRequest(server.port, { method: 'POST', path: '/console/session', headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' }, body: JSON.stringify({ apiKey: stranger }) });
    assert.equal(signedIn.status, 200, signedIn.text);
    const cookie = signedIn.headers['set-cookie'][0].split(';')[0];
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await server.graphql(VIEWER, undefined, { key: null, headers: { cookie, 'x-latchkey-console': '1' } })).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429], 'one was sent with the key itself');
  });

  it('tells who is over both of the one that lets it in again last', async () => {
    const own = await Server.fresh();
    const [one, other] = [await own.createKey('one'), await own.createKey('other')];
    await own.stop();
    const again = await Server.start(own.data, own.account, { args: ['--rate-limit-key', '2/1m', '--rate-limit-account', '3/1h'] });
    const ask = (key) => again.graphql(VIEWER, undefined, { key });
    for (const { key } of [one, one]) assert.equal((await ask(key)).status, 200);
    const before = await ask(one.key);
    refusedBy(before, 'key');
    waits(before, 30);
    assert.equal((await ask(other.key)).headers.ratelimit.match(/"account";r=(\d)/)[1], '0', 'nothing was taken from the account');
    const both = await ask(one.key);
    refusedBy(both, 'account');
    waits(both, 1200);
    assert.match(both.headers.ratelimit, /^"key";r=0;/);
    await again.stop();
  });

  it('counts nobody for a key that may not be used from there', async () => {
    const own = await Server.fresh({ args: ['--rate-limit-account', '8/1h', '--rate-limit-key', '3/1h', '--trusted-proxy', '127.0.0.1'] });
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }';
    const { createApiKey } = await own.query(create, { input: { accountId: own.account.accountId, name: 'stolen', allowedIps: ['192.0.2.1'] } });
    const ask = (ip, headers = {}) => own.graphql(VIEWER, undefined, { key: createApiKey.key, headers: { 'x-forwarded-for': ip, ...headers } });
    for (let i = 0; i < 10; i++) {
      const answer = await ask('198.51.100.1');
      assert.deepEqual([answer.status, answer.json.errors[0].extensions.code, answer.headers.ratelimit], [200, 'FORBIDDEN', undefined]);
    }
    assert.equal((await ask('198.51.100.1', { accept: 'application/graphql-response+json' })).status, 403);
    const answer = await ask('192.0.2.1');
    assert.equal(answer.json.data.viewer.apiKey.id.length, 22);
    assert.match(answer.headers.ratelimit, /^"key";r=2;t=\d+, "account";r=6;/, 'that which made the key, and this one');
    await own.stop();
  });

  it('does not touch forward auth', async () => {
    for (let i = 0; i < 20; i++) assert.equal((await server.request({ path: '/v1/auth', headers: { 'x-api-key': keys[0] } })).status, 200);
  });
});

describe('without rates', () => {
  it('says nothing of them', async () => {
    const server = await Server.fresh();
    const answer = await server.graphql(VIEWER);
    assert.equal(answer.status, 200);
    for (const name of ['ratelimit', 'ratelimit-policy', 'retry-after']) assert.equal(answer.headers[name], undefined);
    await server.stop();
  });

  it('refuses a rate that is none, and says how one is written', () => {
    for (const value of ['30', '30/', '/1m', '-1/1m', '30/1d', '30/25h', '1/0s', '1.5/1s', '30 / 1m', '99999999999999999999/1s']) {
      const done = run(['serve', '--data', '/nowhere', '--rate-limit-account', value]);
      assert.equal(done.status, 2, value);
      assert.match(done.stderr, /--rate-limit-account: .*(such as 30\/1m|out of bounds)/, value);
    }
    assert.match(run(['serve', '--data', '/nowhere', '--rate-limit-key', '0/1s']).stderr, /out of bounds/);
  });
});
