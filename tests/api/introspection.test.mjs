// Introspection as tools ask for it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildSchema, getIntrospectionQuery, introspectionFromSchema } from 'graphql';
import { ROOT, Server } from './support/server.mjs';

// What GraphiQL, code generators and clients send (the introspection query that is common to them, with all its options).
const INTROSPECTION = `
  query IntrospectionQuery {
    __schema {
      description
      queryType { name kind }
      mutationType { name kind }
      subscriptionType { name kind }
      types { ...FullType }
      directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
    }
  }
  fragment FullType on __Type {
    kind name description specifiedByURL isOneOf
    fields(includeDeprecated: true) {
      name description
      args(includeDeprecated: true) { ...InputValue }
      type { ...TypeRef }
      isDeprecated deprecationReason
    }
    inputFields(includeDeprecated: true) { ...InputValue }
    interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef }
  }
  fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
  fragment TypeRef on __Type {
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
      ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
  }`;

/** The same with the members of objects, and the lists of things that have names, in the order of their names. */
function sorted(value) {
  if (Array.isArray(value)) {
    const members = value.map(sorted);
    return members.every((member) => typeof member?.name === 'string') ? members.sort((a, b) => (a.name < b.name ? -1 : 1)) : members;
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

describe('introspection', () => {
  let server;
  let schema;
  let types;
  before(async () => {
    server = await Server.fresh();
    schema = (await server.query(INTROSPECTION)).__schema;
    types = Object.fromEntries(schema.types.map((type) => [type.name, type]));
  });
  after(() => server.stop());

  const print = (type) => (type.kind === 'NON_NULL' ? `${print(type.ofType)}!` : type.kind === 'LIST' ? `[${print(type.ofType)}]` : type.name);

  it('names the roots, and every type that is referred to is there', () => {
    assert.deepEqual(schema.queryType, { name: 'Query', kind: 'OBJECT' });
    assert.deepEqual(schema.mutationType, { name: 'Mutation', kind: 'OBJECT' });
    assert.equal(schema.subscriptionType, null);
    const named = (type) => (type.ofType ? named(type.ofType) : type.name);
    for (const type of schema.types) {
      const references = [...(type.fields ?? []).flatMap((field) => [field.type, ...field.args.map((arg) => arg.type)]), ...(type.inputFields ?? []).map((field) => field.type)];
      for (const reference of references) assert.ok(types[named(reference)], `${type.name} refers to ${print(reference)}`);
    }
    assert.equal(new Set(schema.types.map((type) => type.name)).size, schema.types.length);
  });

  it('shows the types of the three documents as the reference has them', () => {
    const members = (name) => Object.fromEntries((types[name].inputFields ?? types[name].fields).map((field) => [field.name, print(field.type)]));
    const has = (name, expected) => {
      const actual = members(name);
      for (const [member, type] of Object.entries(expected)) assert.equal(actual[member], type, `${name}.${member}`);
    };
    has('CreateApiKeyInput', { accountId: 'String!', name: 'String!', userGroupIds: '[String]', clientMutationId: 'String' });
    has('UpdateApiKeyInput', { accountId: 'String!', name: 'String!', userGroupIds: '[String]', clientMutationId: 'String', uuid: 'String!' });
    has('DeleteApiKeyInput', { accountId: 'String!', clientMutationId: 'String', uuid: 'String!' });
    has('CreateApiKeyPayload', { clientMutationId: 'String', name: 'String', uuid: 'String', key: 'String', apiKey: 'APIKey' });
    has('UpdateApiKeyPayload', { clientMutationId: 'String', name: 'String', uuid: 'String', apiKey: 'APIKey' });
    has('DeleteApiKeyPayload', { clientMutationId: 'String' });
    has('PageInfo', { hasMore: 'Boolean', total: 'Int', offset: 'Int', limit: 'Int' });
    has('Mutation', { createApiKey: 'CreateApiKeyPayload', updateApiKey: 'UpdateApiKeyPayload', deleteApiKey: 'DeleteApiKeyPayload' });
    assert.equal(types.AccountPermissionType.enumValues.length, 31);
    assert.equal(types.DateTime.kind, 'SCALAR');
  });

  it('has the directives of the specification and describes everything of ours', () => {
    const names = schema.directives.map((directive) => directive.name);
    for (const name of ['include', 'skip', 'deprecated', 'specifiedBy']) assert.ok(names.includes(name), name);
    for (const type of schema.types.filter((one) => !one.name.startsWith('__'))) {
      assert.ok(type.description, `${type.name} has no description`);
      for (const member of [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])]) {
        assert.ok(member.description, `${type.name}.${member.name} has no description`);
      }
    }
  });

  it('is that of graphql-js for the same schema, byte for byte once sorted', async () => {
    const options = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, experimentalDirectiveDeprecation: true, oneOf: true };
    const ours = await server.query(getIntrospectionQuery(options));
    const sdl = fs.readFileSync(path.join(ROOT, 'schema/schema.graphql'), 'utf8');
    const theirs = introspectionFromSchema(buildSchema(sdl), options);
    const [a, b] = [ours, theirs].map((data) => JSON.stringify(sorted(data), null, 1).split('\n'));
    const differs = a.findIndex((line, index) => line !== b[index]);
    assert.equal(differs, -1, `line ${differs}: ${a[differs]} and not ${b[differs]}`);
    assert.equal(a.length, b.length);
  });

  it('answers __type and __typename', async () => {
    const data = await server.query('{ __typename __type(name: "APIKey") { name kind } missing: __type(name: "Nope") { name } account { __typename } }');
    assert.deepEqual(data, { __typename: 'Query', __type: { name: 'APIKey', kind: 'OBJECT' }, missing: null, account: { __typename: 'Account' } });
  });

  it('answers the generator script of the old API', async () => {
    const query = '{ __schema { queryType { fields { name description args { name defaultValue type { name kind ofType { name kind ofType { name } } } } type { name kind possibleTypes { name } enumValues { name } } } } } }';
    const { __schema } = await server.query(query);
    assert.ok(__schema.queryType.fields.some((field) => field.name === 'apiKeys'));
  });

  it('needs a key like everything else', async () => {
    assert.equal((await server.graphql(INTROSPECTION, undefined, { key: null })).status, 401);
  });
});
