// Documents made to hurt: each gets an answer soon, and the server stays well.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { httpRequest, Server, SLOW } from './support/server.mjs';

const HUNDRED_THOUSAND = 100000;

const repeat = (count, make) => Array.from({ length: count }, (_, index) => make(index)).join(' ');

const DOCUMENTS = {
  'a query of 1 MiB in one comment': `{ account { id } } #${'x'.repeat(1 << 20)}`,
  'a query of 1 MiB in one name': `{ ${'x'.repeat(1 << 20)} }`,
  'a query of 1 MiB in one string': `{ apiKeyByName(name: "${'x'.repeat(1 << 20)}") { id } }`,
  'a query of 1 MiB of fields': `{ account { ${'id '.repeat(349000)} } }`,
  'a query of 1 MiB of white space': `{ account { id } }${' '.repeat(1 << 20)}`,
  'depth 10,000 of fields': `${'{ account '.repeat(10000)}{ id }${' }'.repeat(10000)}`,
  'depth 10,000 of unclosed braces': '{ account '.repeat(10000),
  'depth 10,000 of lists': `{ apiKeys(limit: ${'['.repeat(10000)}1${']'.repeat(10000)}) { nodes { id } } }`,
  'depth 10,000 of objects': `{ apiKeys(limit: 1, filters: ${'{a: '.repeat(10000)}1${'}'.repeat(10000)}) { nodes { id } } }`,
  'depth 10,000 of list types': `query ($a: ${'['.repeat(10000)}Int${']'.repeat(10000)}) { account { id } }`,
  'depth 10,000 of inline fragments': `{ account { ${'... { '.repeat(10000)}id${' }'.repeat(10000)} } }`,
  '100,000 aliases of a scalar': `{ account { ${repeat(HUNDRED_THOUSAND, (i) => `a${i}: id`)} } }`,
  '100,000 aliases of a root field': `{ ${repeat(HUNDRED_THOUSAND / 4, (i) => `a${i}: account { id }`)} }`,
  '100,000 fragments': `{ account { id } } ${repeat(HUNDRED_THOUSAND / 4, (i) => `fragment F${i} on Account { id }`)}`,
  '100,000 spreads of one fragment': `{ account { ${'...F '.repeat(HUNDRED_THOUSAND)} } } fragment F on Account { id }`,
  'a chain of 10,000 fragments': `{ account { ...F0 } } ${repeat(10000, (i) => `fragment F${i} on Account { id ...F${i + 1} }`)} fragment F10000 on Account { id }`,
  'fragments that double thirty times': `{ account { ...F0 } } ${repeat(30, (i) => `fragment F${i} on Account { ...F${i + 1} ...F${i + 1} }`)} fragment F30 on Account { id }`,
  'a cycle of 1,000 fragments': `{ account { ...F0 } } ${repeat(1000, (i) => `fragment F${i} on Account { ...F${(i + 1) % 1000} }`)}`,
  '20,000 conflicting fields': `{ ${repeat(20000, (i) => `a: apiKeyByName(name: "${i}") { id }`)} }`,
  '100,000 directives': `{ account ${'@include(if: true) '.repeat(40000)} { id } }`,
  '50,000 unknown directives': `{ account ${'@x '.repeat(50000)} { id } }`,
  '50,000 variables': `query (${repeat(50000, (i) => `$v${i}: Int`)}) { account { id } }`,
  '50,000 operations': repeat(20000, (i) => `query Q${i} { account { id } }`),
  '100,000 arguments': `{ apiKeys(${repeat(HUNDRED_THOUSAND / 2, (i) => `a${i}: 1`)}) { nodes { id } } }`,
  '100,000 unknown fields': `{ ${repeat(HUNDRED_THOUSAND, (i) => `f${i}`)} }`,
  'deep circular introspection': `{ __schema { types { ${'fields { type { '.repeat(50)}name${' } }'.repeat(50)} } } }`,
  'a block string of quotes': `{ apiKeyByName(name: """${'\\"""'.repeat(100000)}""") { id } }`,
  'a number of 100,000 digits': `{ apiKeys(limit: ${'9'.repeat(HUNDRED_THOUSAND)}) { nodes { id } } }`,
};

describe('hostile documents', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());
  afterEach(async () => {
    const started = Date.now();
    assert.equal((await server.request({ path: '/healthz' })).status, 200);
    assert.equal((await server.query('{ account { id } }')).account.id, server.account.accountId);
    assert.ok(Date.now() - started < 1000 * SLOW, 'the server is slow afterwards');
  });

  for (const [name, document] of Object.entries(DOCUMENTS)) {
    it(name, async () => {
      const started = Date.now();
      const answer = await server.graphql(document);
      const took = Date.now() - started;
      assert.ok(took < 2000 * SLOW, `took ${took} ms`);
      assert.ok([200, 400, 413].includes(answer.status), `${answer.status}`);
      assert.ok(answer.body.length < 4 << 20, `an answer of ${answer.body.length} bytes`);
      assert.ok(answer.json.errors !== undefined || answer.json.data !== undefined);
    });
  }

  it('variables made to hurt', async () => {
    const document = 'query ($filters: [ApiKeyFilter], $limit: Int! = 1) { apiKeys(limit: $limit, filters: $filters) { nodes { id } } }';
    const members = Object.fromEntries(Array.from({ length: 100000 }, (_, i) => [`v${i}`, i]));
    const deep = `{"query":${JSON.stringify(document)},"variables":{"filters":${'['.repeat(5000)}${']'.repeat(5000)}}}`;
    const headers = { 'content-type': 'application/json', 'x-api-key': server.account.apiKey };
    const answer = await server.request({ method: 'POST', path: '/graphql', headers, body: deep });
    assert.ok([200, 400].includes(answer.status) && JSON.parse(answer.text).errors, answer.text);
    for (const variables of [{ filters: new Array(100000).fill({}) }, { filters: new Array(100000).fill(1) }, { filters: members }, members, { limit: 1e300 }]) {
      const started = Date.now();
      const answer = await server.graphql(document, variables);
      assert.ok(Date.now() - started < 2000 * SLOW);
      assert.ok([200, 400, 413].includes(answer.status));
    }
  });

  it('a small request cannot make a huge answer, and a change with one is not made', async () => {
    const names = repeat(100, (i) => `m${i}: clientMutationId`);
    const input = { accountId: server.account.accountId, name: 'huge', clientMutationId: 'x'.repeat(1900000) };
    const { json, body } = await server.graphql(`mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ${names} } }`, { input });
    assert.deepEqual(json?.errors, [{ message: 'The answer would be too large: nothing was changed', extensions: { code: 'BAD_USER_INPUT' } }], String(body).slice(0, 200));
    assert.equal((await server.error('{ apiKeyByName(name: "huge") { id } }')).code, 'NOT_FOUND');
  });

  it('sixteen of them at once do not keep a small query waiting for long', async () => {
    const heavy = Object.values(DOCUMENTS).slice(0, 16).map((document) => server.graphql(document));
    const started = Date.now();
    await server.query('{ account { id } }');
    assert.ok(Date.now() - started < 5000 * SLOW);
    await Promise.all(heavy);
  });
});

const PAGES = ['userGroups(limit: 1)', 'nodes', 'users(limit: 1)', 'nodes'];

/** Fields inside each other, `depth` levels of them (not 4, 8, 12: there is nothing so deep where these pages end). */
function nested(depth) {
  const [leaf, pages] = depth % 2 ? ['id', depth - 1] : ['permissions { scopes }', depth - 2];
  const path = Array.from({ length: pages }, (_, i) => PAGES[(depth % 2 ? i : i + 2) % 4]);
  return `${path.map((step) => `{ ${step} `).join('')}{ ${leaf} }${' }'.repeat(pages)}`;
}

// By name: the default, another one, a document of so much (the second time one of more), and what is said of more.
const LIMITS = {
  aliases: [100, 3, (count) => `{ account { ${repeat(count, (i) => `a${i}: id`)} } }`, /^The document has too many aliases; the limit is (\d+)\.$/],
  directives: [100, 3, (count) => `{ account { ${'id @include(if: true) '.repeat(count)} } }`, /^The document has too many directives; the limit is (\d+)\.$/],
  'root-fields': [50, 3, (count) => `{ ${'account { id } '.repeat(count)} }`, /^The operation has too many root fields: \d+; the limit is (\d+)\.$/],
  depth: [10, 5, nested, /^The operation is too deep: its fields nest to level \d+; the limit is (\d+)\.$/],
  'introspection-depth': [20, 3, (count) => `{ __type(name: "Query") { ${'ofType { '.repeat(count - 1)}name${' }'.repeat(count)} }`, /^The operation's introspection is too deep: its fields nest to level \d+; the limit is (\d+)\.$/],
  tokens: [20000, 40, (count) => `{ account { ${'id '.repeat(count - 5)} } }`, /^Syntax Error: Document contains more that (\d+) tokens\. Parsing aborted\.$/],
  complexity: [
    250000, 50000,
    (count, more) => `{ users(limit: 100) { nodes { userGroups(limit: 100) { nodes { ${'id '.repeat(Math.floor((count - 10201) / 10000) + more)} } } } } }`,
    /^The operation is too complex: its cost is \d+; the limit is (\d+)\.$/,
  ],
};

describe('limits of documents', () => {
  for (const given of [false, true]) {
    it(`are ${given ? 'what is given' : 'those of the help, unless others are given'}`, async () => {
      const limitOf = ([byDefault, other]) => (given ? other : byDefault);
      const server = await Server.fresh({ args: given ? Object.entries(LIMITS).flatMap(([name, limit]) => [`--graphql-${name}`, `${limitOf(limit)}`]) : [] });
      for (const [name, limit] of Object.entries(LIMITS)) {
        const [most, make, sentence] = [limitOf(limit), ...limit.slice(2)];
        const within = await server.graphql(make(most, 0));
        assert.equal(within.json.errors, undefined, `${name}: ${within.text}`);
        const over = await server.graphql(make(most + 1, 1), undefined, { headers: { accept: 'application/graphql-response+json' } });
        assert.equal(over.status, 400, name);
        assert.equal(over.json.data, undefined);
        const { message } = over.json.errors[0];
        assert.equal(sentence.exec(message)?.[1], `${most}`, message);
      }
      await server.stop();
    });
  }

  const batch = async (server, length) => {
    const answer = await server.request({ method: 'POST', path: '/graphql', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify(Array(length).fill({ query: '{ account { id } }' })) });
    return [answer.status, JSON.parse(answer.text).errors?.[0].message];
  };

  it('hold for what comes in one array, too', async () => {
    const server = await Server.fresh();
    assert.deepEqual(await batch(server, 10), [200, undefined]);
    assert.deepEqual(await batch(server, 11), [400, 'A batch may hold at most 10 requests, this one has 11']);
    await server.stop();
  });

  it('of tokens hold for all documents of one array, those that are known apart', async () => {
    const server = await Server.fresh({ args: ['--graphql-tokens', '2000'] });
    const send = async (counts) => {
      const body = JSON.stringify(counts.map((count, i) => ({ query: `{ account { ${'id '.repeat(count - 5)} } } #${i}` })));
      const answer = await server.request({ method: 'POST', path: '/graphql', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body });
      return JSON.parse(answer.text).map(({ errors }) => errors?.[0]);
    };
    const refused = { message: 'The documents of the array have more than 2000 tokens together; send them apart.', extensions: { code: 'BAD_USER_INPUT' } };
    assert.deepEqual(await send([1000, 1000]), [undefined, undefined]);
    assert.deepEqual(await send([1001, 1002, 10, 900, 11]), [undefined, refused, refused, refused, refused]);
    assert.deepEqual(await send([500, 600, 700]), [undefined, undefined, undefined]);
    assert.deepEqual(await send([500, 600, 700, 800, 900]), [undefined, undefined, undefined, undefined, undefined]);
    await server.stop();
  });

  it('hold for the time that one request takes from all others, its first field apart', async () => {
    const server = await Server.fresh({ args: ['--graphql-time', '1ms'] });
    const { accountId, userGroupId } = server.account;
    const keys = Array.from({ length: 200 }, (_, i) => ({ name: `k${i}`, key: `imported-${i}-0123456789abcdef`, userGroupIds: [userGroupId] }));
    const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid error } } }';
    const { importApiKeys } = await server.query(IMPORT, { input: { accountId, keys } });
    assert.deepEqual(importApiKeys.results.filter(({ error }) => error !== null), []);
    const list = 'apiKeys(limit: 100) { nodes { id } }';
    const lists = (count) => repeat(count, (i) => `a${i}: ${list}`);
    assert.equal((await server.query(`{ ${list} }`)).apiKeys.nodes.length, 100);
    const LATE = 'The request would keep all others waiting: after its first field it may take 1 ms; ';
    const late = await server.graphql(`{ ${lists(50)} }`);
    assert.deepEqual([late.status, late.json], [200, { errors: [{ message: `${LATE}ask for less at a time`, extensions: { code: 'BAD_USER_INPUT' } }] }]);
    const headers = { accept: 'application/graphql-response+json' };
    assert.equal((await server.graphql(`{ ${list} ${repeat(2, (i) => `u${i}: apiKeys(limit: 100) { nodes { userGroups(limit: 1) { nodes { id } } } }`)} }`, undefined, { headers })).status, 400);
    const array = await server.request({ method: 'POST', path: '/graphql', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify(Array(10).fill({ query: `{ ${lists(5)} }` })) });
    assert.equal(JSON.parse(array.text).errors[0].message, `${LATE}ask for less at a time`);
    const groups = `mutation ($permissions: Permissions) { ${repeat(50, (i) => `a${i}: createUserGroup(input: { name: "group ${i}", permissions: $permissions }) { userGroup { id } }`)} }`;
    const permissions = { scopes: Array.from({ length: 200 }, (_, i) => `scope.${i}`) }; // fifty groups without any may take less than a millisecond
    assert.equal((await server.error(groups, { permissions })).message, `${LATE}nothing was changed`);
    assert.match((await server.error('{ userGroupByName(name: "group 0") { id } }')).message, /No User Group/);
    await server.stop();
    const patient = await Server.start(server.data, server.account, { args: ['--graphql-time', '0'] });
    await patient.query(`{ ${lists(50)} }`);
    await patient.query(groups, { permissions });
    await patient.stop();
  });

  it('can leave out introspection, suggestions and arrays', async () => {
    const server = await Server.fresh({ args: ['--graphql-introspection=false', '--graphql-suggestions=false', '--graphql-batch', '0'] });
    assert.match((await server.error('{ __schema { queryType { name } } }')).message, /introspection has been disabled/);
    assert.match((await server.error('{ __type(name: "Query") { name } }')).message, /introspection has been disabled/);
    assert.equal((await server.error('{ account { nam } }')).message, 'Cannot query field "nam" on type "Account".');
    assert.equal((await batch(server, 1))[0], 400);
    await server.stop();
  });
});

describe('keys in many large groups', { timeout: 120000 * SLOW }, () => {
  it('take a bounded part of the memory: each has a permission set of its own, of megabytes', async () => {
    const server = await Server.fresh({ args: ['--graphql-time', '0'] }); // which a slow machine would reach first
    const megabytes = async () => Number((await httpRequest(server.opsPort, { path: '/metrics' })).text.match(/^latchkey_keyring_bytes (\d+)/m)[1]) / 1e6;
    const scopes = (i) => Array.from({ length: 500 }, (_, j) => `g${i}.s${j}.${'x'.repeat(100)}`);
    const { accountId } = server.account;
    const groups = [];
    for (let i = 0; i < 100; i++) groups.push(await server.createGroup(`g${i}`, [], { scopes: scopes(i) }));
    const but = (i) => groups.filter((_, j) => i !== j);
    const keys = [];
    let refused;
    while (!refused && keys.length < 30) {
      const { json } = await server.graphql('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }', {
        input: { accountId, name: `k${keys.length}`, userGroupIds: but(keys.length) },
      });
      [refused] = json.errors ?? [];
      if (!refused) keys.push(json.data.createApiKey);
    }
    assert.ok(keys.length > 2 && keys.length < 12, `${keys.length} keys`);
    assert.deepEqual([refused.extensions.code, refused.message.slice(0, 15)], ['BAD_USER_INPUT', 'Too much memory']);
    const imported = { accountId, keys: Array.from({ length: 4 }, (_, i) => ({ name: `i${i}`, key: `imported-${i}-0123456789abcdef`, userGroupIds: but(99 - i) })) };
    const { json } = await server.graphql('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid } } }', { input: imported });
    assert.match(json.errors[0].message, /^Too much memory/);
    // Who has no more room can take keys out of use all the same, of whatever groups were deleted since.
    await server.query('mutation ($input: DeleteUserGroupInput!) { deleteUserGroup(input: $input) { clientMutationId } }', { input: { userGroupId: groups.pop() } });
    const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { enabled } } }';
    await server.query(UPDATE, { input: { accountId, uuid: keys[1].uuid, name: 'disabled', enabled: false } });
    assert.equal((await server.verify(keys[1].key)).code, 'DISABLED');
    const leak = { method: 'POST', path: '/v1/revoke-leaked', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tokens: [keys[2].key] }) };
    assert.equal((await httpRequest(server.port, leak)).status, 202);
    assert.equal((await server.verify(keys[2].key)).code, 'DISABLED');
    // Each of these makes all sets anew, and they are kept until all of the request is in force.
    const update = (name, i) => `${name}: updateUserGroup(input: { userGroupId: "${groups[50]}", description: "${i}", permissions: { scopes: ["small${i}"] } }) { userGroup { id } }`;
    const changes = await server.graphql(`mutation { ${Array.from({ length: 20 }, (_, i) => update(`a${i}`, i)).join(' ')} }`);
    assert.match(changes.json.errors[0].message, /^Too much memory/);
    assert.ok((await megabytes()) < 400, `${await megabytes()} MB`);
    const made = Object.values(changes.json.data).filter((change) => change !== null).length;
    assert.ok(made >= 1 && made <= 3, `${made} changes`);
    assert.equal((await server.verify(keys[0].key, { require: `small${made - 1}` })).valid, true);
    assert.equal((await server.verify(keys[0].key, { require: scopes(50)[0] })).code, 'INSUFFICIENT_PERMISSIONS');
    // What changes no permission makes none of them.
    const { createUser } = await server.query('mutation { createUser(input: { email: "ann@example.com", name: "Ann" }) { user { id } } }');
    const member = (i) => `${i % 2 ? 'removeUserFrom' : 'addUserTo'}UserGroup(input: { userGroupId: "${groups[50]}", userId: "${createUser.user.id}" }) { clientMutationId }`;
    await server.query(`mutation { ${Array.from({ length: 20 }, (_, i) => `a${i}: ${member(i)} b${i}: updateUserGroup(input: { userGroupId: "${groups[50]}", name: "renamed ${i}" }) { userGroup { id } }`).join(' ')} }`);
    const DELETE = 'mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }';
    for (const { uuid } of keys) await server.query(DELETE, { input: { accountId, uuid } });
    await server.createKey('there is room again', but(70));
    await server.stop();
  });
});
