// Bad input: a clear error, and nothing changed.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { CREATE, DELETE, Server, UNKNOWN_ID, UPDATE } from './support/server.mjs';

const STATE = '{ apiKeys(limit: 100) { pageInfo { total } nodes { id name enabled updatedAt expiresAt metadata { key value } userGroups(limit: 100) { nodes { id } } } } }';

describe('bad input', () => {
  let server;
  let accountId;
  let groupId;
  let uuid;
  let state;
  before(async () => {
    server = await Server.fresh();
    ({ accountId, userGroupId: groupId } = server.account);
    ({ uuid } = await server.createKey('taken'));
    await server.createKey('other');
  });
  after(() => server.stop());
  beforeEach(async () => (state = await server.query(STATE)));
  afterEach(async () => assert.deepEqual(await server.query(STATE), state, 'something changed'));

  const create = (input) => server.error(CREATE, { input: { accountId, name: 'new', userGroupIds: [groupId], ...input } });
  const update = (input) => server.error(UPDATE, { input: { accountId, uuid, name: 'taken', userGroupIds: [groupId], ...input } });

  it('names that are blank, padded or too long', async () => {
    const names = ['', ' ', '\t\n', ' x', 'x ', '\u00a0x', 'x\u3000', '\nx', 'x'.repeat(256), 'é'.repeat(128)];
    for (const name of names) {
      for (const ask of [create, update]) {
        const error = await ask({ name });
        assert.equal(error.code, 'BAD_USER_INPUT', JSON.stringify(name));
        assert.match(error.message, /Invalid API Key name/);
      }
    }
  });

  it('a name that is taken', async () => {
    assert.equal((await create({ name: 'taken' })).code, 'CONFLICT');
    assert.equal((await update({ name: 'other' })).code, 'CONFLICT');
  });

  it('group ids that are unknown, foreign, malformed or null: the error names them', async () => {
    for (const bad of [UNKNOWN_ID, 'QkV4F3RRRiCIU-MgXaK2ZQ', 'nonsense', '', accountId, uuid]) {
      for (const ask of [create, update]) {
        const error = await ask({ userGroupIds: [groupId, bad] });
        assert.ok(['BAD_USER_INPUT', 'NOT_FOUND'].includes(error.code), error.code);
        assert.ok(error.message.includes(bad), error.message);
      }
    }
    assert.equal((await create({ userGroupIds: [null] })).code, 'BAD_USER_INPUT');
    assert.match((await create({ userGroupIds: new Array(101).fill(groupId).map((id, i) => (i ? `${i}`.padStart(21, 'A') + 'A' : id)) })).message, /101/);
  });

  it('an unknown uuid', async () => {
    for (const bad of [UNKNOWN_ID, 'nonsense', '', groupId, accountId, `${uuid} `, uuid.slice(0, -1)]) {
      assert.equal((await update({ uuid: bad })).code, 'NOT_FOUND', bad);
      assert.equal((await server.error(DELETE, { input: { accountId, uuid: bad } })).code, 'NOT_FOUND', bad);
    }
  });

  it('a key where a scope belongs', async () => {
    const permissions = { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [], scopes: ['invoices.read', server.account.apiKey] };
    const error = await server.error('mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }', { input: { name: 'leaks', permissions } });
    assert.equal(error.code, 'BAD_USER_INPUT');
    assert.match(error.message, /^Invalid scope: it holds an API key/);
    assert.ok(!error.message.includes(server.account.apiKey));
  });

  it('metadata and expiry out of bounds', async () => {
    for (const metadata of [
      [{ key: '', value: 'x' }],
      [{ key: 'k'.repeat(65), value: 'x' }],
      [{ key: 'k', value: 'v'.repeat(1025) }],
      [{ key: 'k', value: '1' }, { key: 'k', value: '2' }],
      Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: '' })),
    ]) {
      assert.equal((await create({ metadata })).code, 'BAD_USER_INPUT');
      assert.equal((await update({ metadata })).code, 'BAD_USER_INPUT');
    }
    for (const expiresAt of ['tomorrow', {}, [1], true, 1e300, 2 ** 53]) {
      assert.ok((await server.graphql(CREATE, { input: { accountId, name: 'new', expiresAt } })).json.errors, JSON.stringify(expiresAt));
    }
  });

  it('in a field of the answer leaves the change that the rest of the answer shows', async () => {
    const document = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid apiKey { userGroups(limit: -1) { nodes { id } } } } }';
    const answer = await server.error(document, { input: { accountId, name: 'kept' } });
    assert.deepEqual(answer.path, ['createApiKey', 'apiKey', 'userGroups']);
    const { uuid } = answer.data.createApiKey;
    assert.equal((await server.query('{ apiKeyByName(name: "kept") { uuid } }')).apiKeyByName.uuid, uuid);
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId, uuid } });
  });

  it('wrong types and missing variables: the messages and locations of the specification', async () => {
    const cases = [
      [{}, 'Variable "$input" of required type "CreateApiKeyInput!" was not provided.'],
      [{ input: null }, 'Variable "$input" of non-null type "CreateApiKeyInput!" must not be null.'],
      [{ input: { accountId } }, `Variable "$input" got invalid value { accountId: "${accountId}" }; Field "name" of required type "String!" was not provided.`],
      [{ input: { accountId, name: 1 } }, 'Variable "$input" got invalid value 1 at "input.name"; String cannot represent a non string value: 1'],
      [{ input: { accountId, name: null } }, 'Variable "$input" got invalid value null at "input.name"; Expected non-nullable type "String!" not to be null.'],
      [{ input: { accountId, name: ['x'] } }, 'Variable "$input" got invalid value ["x"] at "input.name"; String cannot represent a non string value: ["x"]'],
      [{ input: { accountId, name: 'x', userGroupIds: [true] } }, 'Variable "$input" got invalid value true at "input.userGroupIds[0]"; String cannot represent a non string value: true'],
      [{ input: 'x' }, 'Variable "$input" got invalid value "x"; Expected type "CreateApiKeyInput" to be an object.'],
    ];
    for (const [variables, message] of cases) {
      const error = await server.error(CREATE, variables);
      assert.equal(error.message, message);
      assert.deepEqual(error.locations, [{ line: 1, column: 11 }]);
      assert.equal(error.data, undefined);
    }
    const unknown = await server.error(CREATE, { input: { accountId, name: 'x', colour: 'red' } });
    assert.match(unknown.message, /Field "colour" is not defined by type "CreateApiKeyInput"\.$/);
  });

  it('documents that do not parse or validate: what and where', async () => {
    const cases = [
      ['', /Syntax Error: Unexpected <EOF>\.|Must provide query string/],
      ['{', /^Syntax Error: Expected Name, found <EOF>\.$/, { line: 1, column: 2 }],
      ['{ a b', /^Syntax Error/, { line: 1, column: 6 }],
      ['{ account { id } } }', /^Syntax Error: Unexpected "}"\.$/, { line: 1, column: 20 }],
      ['{ account { id nonsense } }', /^Cannot query field "nonsense" on type "Account"\.$/, { line: 1, column: 16 }],
      ['{ account { id nam } }', /^Cannot query field "nam" on type "Account"\. Did you mean "name"\?$/, { line: 1, column: 16 }],
      ['{ account }', /^Field "account" of type "Account" must have a selection of subfields\. Did you mean "account { \.\.\. }"\?$/, { line: 1, column: 3 }],
      ['{ apiKeys { nodes { id } } }', /^Field "apiKeys" argument "limit" of type "Int!" is required, but it was not provided\.$/, { line: 1, column: 3 }],
      ['query ($a: Int) { apiKeys(limit: $a) { nodes { id } } }', /^Variable "\$a" of type "Int" used in position expecting type "Int!"\.$/],
      ['{ apiKeys(limit: "1") { nodes { id } } }', /^Int cannot represent non-integer value: "1"$/, { line: 1, column: 18 }],
      ['{ ...F }', /^Unknown fragment "F"\.$/, { line: 1, column: 6 }],
      ['{ account { ...F } } fragment F on Account { ...F }', /^Cannot spread fragment "F" within itself\.$/],
      ['query A { account { id } } query B { account { id } }', /^Must provide operation name if query contains multiple operations\.$/],
      ['subscription { account { id } }', /./],
    ];
    for (const [query, message, location] of cases) {
      const error = await server.error(query);
      assert.match(error.message, message, query);
      if (location) assert.deepEqual(error.locations[0], location, query);
      assert.equal(error.data, undefined, query);
      assert.ok(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'].includes(error.code), `${query}: ${error.code}`);
    }
    const named = await server.graphql('query A { account { id } }', undefined, { operationName: 'B' });
    assert.match(named.json.errors[0].message, /Unknown operation named "B"\./);
  });

  const post = (body, type = 'application/json') =>
    server.request({ method: 'POST', path: '/graphql', headers: { 'content-type': type, 'x-api-key': server.account.apiKey }, body });

  it('bodies that are not JSON, not an object, or not UTF-8', async () => {
    const bodies = ['', ' ', '{', '{"query":', 'null', '1', '"{account{id}}"', '[]', '[null]', '{"query":1}', '{"query":null}', '{}', '{"query":"{account{id}}","variables":[]}'];
    bodies.push('{"query":"{account{id}}","variables":"x"}', '{"query":"{account{id}}","operationName":1}', "{'query':'{account{id}}'}", '{"query":"{account{id}}"}x');
    bodies.push(Buffer.from('{"query":"{account{id}} #\xff"}', 'latin1'), Buffer.from('{"query":"{account{id}} #\xed\xa0\x80"}', 'latin1'), '[['.repeat(100000), '{"a":'.repeat(100000));
    for (const body of bodies) {
      const answer = await post(body);
      assert.ok(answer.status >= 400 && answer.status < 500, `${String(body).slice(0, 60)}: ${answer.status} ${answer.text}`);
      const json = JSON.parse(answer.text);
      assert.ok(json.errors[0].message.length > 0);
      assert.equal(json.data, undefined);
    }
  });

  it('raw control characters in JSON strings, as shell scripts send them, are accepted', async () => {
    const answer = await post('{"query":"{\n\taccount {\r\n id } }\n","variables":null}');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).data.account.id, accountId);
    const escaped = await post('{"query":"query ($n: String\\u0021) { apiKeyByName(name: $n) { name } }","variables":{"n":"taken"}}');
    assert.equal(JSON.parse(escaped.text).data.apiKeyByName.name, 'taken');
  });

  it('control characters and strange text in names do not confuse anything', async () => {
    for (const name of ['a\u0000b', 'a\u0007b', 'a\nb']) {
      const { code, message } = await create({ name });
      assert.deepEqual([code, message], ['BAD_USER_INPUT', 'Invalid API Key name: it must not contain control characters']);
    }
    for (const name of ['\u202eevil', "'; DROP TABLE api_key; --", '{"$ne":1}', '<script>', 'x'.repeat(255), '🔑'.repeat(60)]) {
      const { createApiKey } = await server.query(CREATE, { input: { accountId, name, userGroupIds: [] } });
      assert.equal(createApiKey.name, name);
      const { apiKeyByName } = await server.query('query ($name: String!) { apiKeyByName(name: $name) { id name } }', { name });
      assert.equal(apiKeyByName.name, name);
      await server.query(DELETE, { input: { accountId, uuid: apiKeyByName.id } });
    }
  });
});
