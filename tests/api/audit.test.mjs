// Every change leaves its entry in the audit log, and so does every refusal of one: a mutation that is added has to say here which.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fill, NEEDED } from './support/fill.mjs';
import { run, Server, UNKNOWN_ID } from './support/server.mjs';
import { argumentsOf, rootFields, schemaOf } from './support/walk.mjs';

const NEWEST = '{ audits(limit: 1) { nodes { id failureStatusMsg changes { operationType resourceType resourceId resourceName failure } } } }';

describe('the audit log', () => {
  let server;
  let fields;
  before(async () => {
    server = await Server.fresh();
    fields = rootFields(await schemaOf(server)).filter(({ document }) => document.startsWith('mutation'));
  });
  after(() => server.stop());

  const newest = async () => (await server.query(NEWEST)).audits.nodes[0];

  it('has an entry of every change', async () => {
    const { accountId } = server.account;
    const seen = {}; // by mutation: "OPERATION TYPE name" of its entries
    const made = {};
    let last = (await newest()).id;
    const change = async (name, input, answer = 'clientMutationId') => {
      const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
      const data = (await server.query(`mutation ($input: ${type}!) { ${name}(input: $input) { ${answer} } }`, { input }))[name];
      const set = await newest();
      assert.notEqual(set.id, last, `${name} left no entry`);
      assert.equal(set.failureStatusMsg, null, name);
      last = set.id;
      seen[name] = set.changes.map(({ operationType, resourceType, resourceName }) => `${operationType} ${resourceType} ${resourceName}`).join(', ');
      return data;
    };
    made.key = (await change('createApiKey', { accountId, name: 'k' }, 'uuid')).uuid;
    await change('updateApiKey', { accountId, uuid: made.key, name: 'k2' });
    await change('revealApiKey', { accountId, uuid: made.key }, 'key');
    await change('rotateApiKey', { accountId, uuid: made.key }, 'key');
    await change('deleteApiKey', { accountId, uuid: made.key });
    await change('importApiKeys', { accountId, keys: [{ name: 'i', key: 'an-imported-key-of-one' }, { name: 'j', key: 'an-imported-key-of-two' }] });
    made.user = (await change('createUser', { name: 'u', email: 'u@example.org' }, 'user { id }')).user.id;
    await change('updateUser', { id: made.user, name: 'u2' });
    await change('setPassword', { userId: made.user, password: 'correct horse battery' });
    made.provider = (await change('createSsoProvider', { name: 'p', ssoType: 'LDAP' }, 'ssoProvider { id }')).ssoProvider.id;
    made.application = (await change('createApplication', { name: 'a' }, 'application { id }')).application.id;
    await change('updateApplication', { applicationId: made.application, name: 'a2' });
    made.group = (await change('createUserGroup', { name: 'g' }, 'userGroup { id }')).userGroup.id;
    const userGroupId = made.group;
    const of = { appIds: [made.application] };
    const permission = { permissionType: 'ALL', applications: of, actions: ['READ'] };
    await change('updateUserGroup', { userGroupId, description: 'd' });
    await change('updateUserGroupPermissions', { userGroupId, permissions: { scopes: ['a'] } });
    await change('addAccountPermission', { userGroupId, accountPermission: 'VIEW_CE' });
    await change('addAppPermission', { userGroupId, appPermission: permission });
    await change('addUserToUserGroup', { userGroupId, userId: made.user });
    await change('removeUserFromUserGroup', { userGroupId, userId: made.user });
    await change('deleteApplication', { applicationId: made.application });
    await change('deleteUserGroup', { userGroupId });
    await change('deleteSsoProvider', { ssoProviderId: made.provider });
    await change('deleteUser', { id: made.user });
    made.entry = (await change('createIpAllowEntry', { cidr: '127.0.0.0/8' }, 'ipAllowEntry { id }')).ipAllowEntry.id;
    await change('updateIpAllowEntry', { entryId: made.entry, cidr: '10.0.0.0/8' });
    await change('deleteIpAllowEntry', { entryId: made.entry });
    made.account = (await change('createAccount', { name: 'other' }, 'account { id }')).account.id;
    await change('deleteAccount', { accountId: made.account });
    await change('updateAccount', { accountId, name: 'Ours' });
    assert.deepEqual(Object.keys(seen).sort(), fields.map(({ field }) => field.name).sort(), 'a mutation is not tried');
    assert.deepEqual(seen, {
      createApiKey: 'CREATE API_KEY k', updateApiKey: 'UPDATE API_KEY k2', revealApiKey: 'REVEAL API_KEY k2', rotateApiKey: 'ROTATE API_KEY k2', deleteApiKey: 'DELETE API_KEY k2',
      importApiKeys: 'IMPORT API_KEY i, IMPORT API_KEY j',
      createUser: 'CREATE USER u@example.org', updateUser: 'UPDATE USER u@example.org', setPassword: 'UPDATE USER u@example.org', deleteUser: 'DELETE USER u@example.org',
      createSsoProvider: 'CREATE SSO_PROVIDER p', deleteSsoProvider: 'DELETE SSO_PROVIDER p',
      createApplication: 'CREATE APPLICATION a', updateApplication: 'UPDATE APPLICATION a2', deleteApplication: 'DELETE APPLICATION a2, UPDATE USER_GROUP g',
      createUserGroup: 'CREATE USER_GROUP g', updateUserGroup: 'UPDATE USER_GROUP g', updateUserGroupPermissions: 'UPDATE USER_GROUP g',
      addAccountPermission: 'UPDATE USER_GROUP g', addAppPermission: 'UPDATE USER_GROUP g',
      addUserToUserGroup: 'UPDATE USER_GROUP g', removeUserFromUserGroup: 'UPDATE USER_GROUP g', deleteUserGroup: 'DELETE USER_GROUP g',
      createIpAllowEntry: 'CREATE IP_ALLOW_ENTRY 127.0.0.0/8', updateIpAllowEntry: 'UPDATE IP_ALLOW_ENTRY 10.0.0.0/8', deleteIpAllowEntry: 'DELETE IP_ALLOW_ENTRY 10.0.0.0/8',
      createAccount: 'CREATE ACCOUNT other', deleteAccount: 'DELETE ACCOUNT other', updateAccount: 'UPDATE ACCOUNT Ours',
    });
  });

  it('has an entry of every refusal', async () => {
    const { key } = await server.createKey('may nothing', []);
    let last = (await newest()).id;
    const ids = new Proxy({ account: server.account.accountId }, { get: (known, kind) => known[kind] ?? UNKNOWN_ID });
    for (const { field, document } of fields) {
      const { json } = await server.graphql(document, argumentsOf(field, { path: [] }, undefined, (leaf) => fill(ids, leaf), NEEDED), { key });
      assert.equal(json.errors[0].extensions.code, 'FORBIDDEN', field.name);
      const set = await newest();
      assert.notEqual(set.id, last, `${field.name} left no entry`);
      last = set.id;
      assert.equal(set.failureStatusMsg, json.errors[0].message, field.name);
      assert.deepEqual(set.changes.map(({ failure }) => failure), [true], field.name);
    }
  });

  it('has none of what failed otherwise, and none of what was only looked at', async () => {
    const { id } = await newest();
    const { accountId } = server.account;
    const input = { accountId, name: '' };
    assert.equal((await server.error('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid } }', { input })).code, 'BAD_USER_INPUT');
    await server.query('{ apiKeys(limit: 5) { nodes { name } } }');
    assert.equal((await newest()).id, id);
  });

  it('is whole', async () => {
    await server.stop();
    assert.equal(run(['audit', 'verify', '--data', server.data]).status, 0);
    server = await Server.start(server.data, server.account);
  });
});
