// Documents made to hurt: each gets an answer soon, and the server stays well.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Server, SLOW } from './support/server.mjs';

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
