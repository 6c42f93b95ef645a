// Who may do what: each query and mutation tried with each permission alone, and the rules that permissions themselves obey.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fill, NEEDED } from './support/fill.mjs';
import { Server, UNKNOWN_ID } from './support/server.mjs';
import { argumentsOf, rootFields, schemaOf } from './support/walk.mjs';

const BROAD = 'MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS'; // covers the next four
const VIEW = 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS';
const MANAGE_KEYS = [BROAD, 'MANAGE_API_KEYS'];
const READ_KEYS = [...MANAGE_KEYS, VIEW];
const READ_USERS = [BROAD, VIEW, 'READ_USERS_AND_GROUPS', 'MANAGE_USERS_AND_GROUPS']; // the last is never held without the one before it
const READ_GROUPS = [...READ_USERS, 'MANAGE_API_KEYS']; // whoever gives keys their groups sees the groups
const MANAGE_USERS = [BROAD, 'MANAGE_USERS_AND_GROUPS'];
const MANAGE_APPLICATIONS = ['CREATE_AND_DELETE_APPLICATION'];
const READ_APPLICATIONS = [...READ_GROUPS, ...MANAGE_APPLICATIONS];
const MANAGE_PROVIDERS = ['MANAGE_AUTHENTICATION_SETTINGS'];
const READ_PROVIDERS = [...READ_USERS, ...MANAGE_PROVIDERS];
const ADMINISTER = ['ADMINISTER_OTHER_ACCOUNT_FUNCTIONS'];
const ADDRESSES = ['MANAGE_IP_WHITELIST'];
const AUDITS = ['VIEW_AUDITS'];
const OPERATOR = ['the scope latchkey.operator'];
const EVERYONE = null;

// A new query or mutation has to say here who may use it.
const WHO = {
  account: EVERYONE, viewer: EVERYONE,
  apiKey: READ_KEYS, apiKeyByName: READ_KEYS, apiKeys: READ_KEYS,
  userGroup: READ_GROUPS, userGroupByName: READ_GROUPS, userGroups: READ_GROUPS,
  user: READ_USERS, userByName: READ_USERS, userByEmail: READ_USERS, users: READ_USERS,
  ssoProvider: READ_PROVIDERS, ssoProviders: READ_PROVIDERS,
  application: READ_APPLICATIONS, applicationByName: READ_APPLICATIONS, applications: READ_APPLICATIONS,
  ipAllowList: ADDRESSES, createIpAllowEntry: ADDRESSES, updateIpAllowEntry: ADDRESSES, deleteIpAllowEntry: ADDRESSES,
  audits: AUDITS, auditChangeContent: AUDITS,
  accounts: OPERATOR, createAccount: OPERATOR, deleteAccount: OPERATOR,
  createApiKey: MANAGE_KEYS, updateApiKey: MANAGE_KEYS, deleteApiKey: MANAGE_KEYS, revealApiKey: MANAGE_KEYS,
  rotateApiKey: MANAGE_KEYS, importApiKeys: MANAGE_KEYS, updateAccount: ADMINISTER,
  createUser: MANAGE_USERS, setPassword: MANAGE_USERS, updateUser: MANAGE_USERS, deleteUser: MANAGE_USERS,
  createUserGroup: MANAGE_USERS, updateUserGroup: MANAGE_USERS, deleteUserGroup: MANAGE_USERS, updateUserGroupPermissions: MANAGE_USERS,
  addUserToUserGroup: MANAGE_USERS, removeUserFromUserGroup: MANAGE_USERS, addAccountPermission: MANAGE_USERS, addAppPermission: MANAGE_USERS,
  createApplication: MANAGE_APPLICATIONS, updateApplication: MANAGE_APPLICATIONS, deleteApplication: MANAGE_APPLICATIONS,
  createSsoProvider: MANAGE_PROVIDERS, deleteSsoProvider: MANAGE_PROVIDERS,
};

const CREATE_GROUP = 'mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }';
const SET_PERMISSIONS = 'mutation ($input: UpdateUserGroupPermissionsInput) { updateUserGroupPermissions(input: $input) { permissions { accountPermissions { accountPermissionTypes } appPermissions { permissionType } scopes } } }';

let server;
before(async () => {
  server = await Server.fresh();
});
after(() => server.stop());

const account = (...types) => ({ accountPermissions: { accountPermissionTypes: types } });

async function createGroup(name, permissions, more = {}) {
  return (await server.query(CREATE_GROUP, { input: { name, permissions, ...more } })).createUserGroup.userGroup.id;
}

/** Whether a caller may use a field. A permitted one is told that the ids name nothing, or that something else is wrong. */
async function may(key, { field, document }) {
  const ids = new Proxy({ account: server.account.accountId }, { get: (known, kind) => known[kind] ?? UNKNOWN_ID });
  const { json } = await server.graphql(document, argumentsOf(field, { path: [] }, undefined, (leaf) => fill(ids, leaf), NEEDED), { key });
  const refused = (json.errors ?? []).filter((error) => error.extensions.code === 'FORBIDDEN' && error.path.length === 1);
  for (const { message } of refused) assert.match(message, /^User not authorized: /);
  return refused.length === 0;
}

describe('each permission alone', () => {
  let fields;
  let types;
  before(async () => {
    const schema = await schemaOf(server);
    fields = rootFields(schema);
    types = schema.getType('AccountPermissionType').getValues().map((value) => value.name);
  });

  it('is told for every query and mutation', () => {
    assert.deepEqual(fields.map(({ field }) => field.name).sort(), Object.keys(WHO).sort());
  });

  async function allowed(name, permissions) {
    const { key } = await server.createKey(`holder of ${name}`, [await createGroup(name, permissions)]);
    const found = [];
    for (const field of fields) if (await may(key, field)) found.push(field.field.name);
    return found.sort();
  }

  const expected = (permission) => Object.keys(WHO).filter((name) => WHO[name] === EVERYONE || WHO[name].includes(permission)).sort();

  it('opens what it should and nothing else', { timeout: 600000 }, async () => {
    assert.equal(types.length, 31);
    for (const type of types) {
      // MANAGE_USERS_AND_GROUPS cannot be had without READ_USERS_AND_GROUPS.
      const set = type === 'MANAGE_USERS_AND_GROUPS' ? [type, 'READ_USERS_AND_GROUPS'] : [type];
      assert.deepEqual(await allowed(type, account(...set)), expected(type), type);
    }
  });

  it('of applications, and scopes, open nothing here', async () => {
    const everything = { permissionType: 'ALL', applications: { filterType: 'ALL' }, actions: ['CREATE', 'READ', 'UPDATE', 'DELETE'] };
    const open = await allowed('applications', { appPermissions: [everything], scopes: ['*'] });
    // An application permission shows the applications that it is about.
    assert.deepEqual(open.filter((name) => !name.startsWith('application')), expected('none'));
  });

  it('not held at all opens nothing but the view of oneself', async () => {
    assert.deepEqual((await allowed('nothing', {})).filter((name) => !name.startsWith('application')), expected('none'));
  });
});

describe('permissions of user groups', () => {
  const permissionsOf = async (id) => {
    const query = 'query ($id: String!) { userGroup(userGroupId: $id) { permissions { accountPermissions { accountPermissionTypes } appPermissions { permissionType } scopes } } }';
    return (await server.query(query, { id })).userGroup.permissions;
  };
  const held = async (key) => (await server.query('{ viewer { permissions { accountPermissions { accountPermissionTypes } } } }', undefined, { key })).viewer.permissions.accountPermissions.accountPermissionTypes.sort();

  it('to read users are needed for the webhooks and keys that a group notifies by', async () => {
    const notificationSettings = { pagerDutyIntegrationKey: 'its secret' };
    const id = await createGroup('told', account('MANAGE_API_KEYS'), { notificationSettings });
    const readers = await createGroup('readers', account('READ_USERS_AND_GROUPS'));
    const told = 'notificationSettings { pagerDutyIntegrationKey }';
    const one = `query ($id: String!) { userGroup(userGroupId: $id) { ${told} } }`;
    const own = `{ viewer { apiKey { userGroups(limit: 1) { nodes { ${told} } } } } }`;
    const { key } = await server.createKey('told', [id]);
    assert.equal((await server.error(one, { id }, { key })).code, 'FORBIDDEN');
    assert.equal((await server.error(own, {}, { key })).code, 'FORBIDDEN');
    const { key: reader } = await server.createKey('reader', [readers]);
    assert.deepEqual((await server.query(one, { id }, { key: reader })).userGroup, { notificationSettings });
  });

  it('add up over the groups of a key, and a change to a group is felt at once', async () => {
    const [first, second] = [await createGroup('first', account('VIEW_CE')), await createGroup('second', account('VIEW_AUDITS', 'VIEW_CE'))];
    const { key } = await server.createKey('of two', [first, second]);
    assert.deepEqual(await held(key), ['VIEW_AUDITS', 'VIEW_CE']);
    await server.query(SET_PERMISSIONS, { input: { userGroupId: second, permissions: account('MANAGE_TAGS') } });
    assert.deepEqual(await held(key), ['MANAGE_TAGS', 'VIEW_CE']);
    await server.query('mutation ($id: String!) { deleteUserGroup(input: {userGroupId: $id}) { clientMutationId } }', { id: first });
    assert.deepEqual(await held(key), ['MANAGE_TAGS']);
    const { apiKeyByName } = await server.query('{ apiKeyByName(name: "of two") { userGroups(limit: 5) { nodes { id } } } }');
    assert.deepEqual(apiKeyByName.userGroups.nodes, [{ id: second }]);
  });

  it('are shown to their holder as they are after what the same batch has changed', async () => {
    const id = await createGroup('in a batch', account('VIEW_CE', 'MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS'));
    const { key } = await server.createKey('in a batch', [id]);
    const look = { query: '{ viewer { permissions { accountPermissions { accountPermissionTypes } } } }' };
    const ask = async (by, ...requests) => {
      const answer = await server.request({ method: 'POST', path: '/graphql', headers: { 'content-type': 'application/json', 'x-api-key': by }, body: JSON.stringify([...requests, look]) });
      const answers = JSON.parse(answer.text);
      assert.deepEqual(answers.slice(0, -1).flatMap(({ errors = [] }) => errors), []);
      return answers.at(-1).data.viewer.permissions.accountPermissions.accountPermissionTypes;
    };
    assert.deepEqual(await ask(key, { query: SET_PERMISSIONS, variables: { input: { userGroupId: id, permissions: account('VIEW_CE', 'READ_USERS_AND_GROUPS') } } }), ['READ_USERS_AND_GROUPS', 'VIEW_CE']);
    const second = await server.createKey('deletes itself');
    assert.deepEqual(await ask(second.key, { query: 'mutation ($i: DeleteApiKeyInput!) { deleteApiKey(input: $i) { clientMutationId } }', variables: { i: { accountId: server.account.accountId, uuid: second.uuid } } }), []);
  });

  it('are overwritten as a whole', async () => {
    const service = { permissionType: 'SERVICE', applications: { filterType: 'ALL' }, services: { filterType: 'ALL' }, actions: ['READ'] };
    const id = await createGroup('overwritten', { ...account('VIEW_CE'), appPermissions: [service], scopes: ['invoices.read'] });
    const set = async (permissions) => (await server.query(SET_PERMISSIONS, { input: { userGroupId: id, permissions } })).updateUserGroupPermissions.permissions;
    const only = { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [{ permissionType: 'SERVICE' }], scopes: [] };
    assert.deepEqual(await set({ appPermissions: [service] }), only);
    assert.deepEqual(await permissionsOf(id), only);
    const nothing = { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [], scopes: [] };
    assert.deepEqual(await set({}), nothing);
    assert.deepEqual(await permissionsOf(id), nothing);
  });

  it('follow the rules of the reference, and the error names the rule', async () => {
    const ALL = { filterType: 'ALL' };
    const { createApplication } = await server.query('mutation { createApplication(input: {name: "ruled"}) { application { id } } }');
    const appIds = [createApplication.application.id];
    const app = (permission) => ({ appPermissions: [{ applications: ALL, actions: ['READ'], ...permission }] });
    const production = { environments: { filterTypes: ['PRODUCTION_ENVIRONMENTS'] }, deployments: { filterTypes: ['PRODUCTION_ENVIRONMENTS'] } };
    const cases = [
      [account('MANAGE_USERS_AND_GROUPS'), /only together with READ_USERS_AND_GROUPS/],
      [account('MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS'), null],
      [app({ permissionType: 'ALL', actions: [] }), /actions must not be empty/],
      ...['CREATE', 'UPDATE', 'DELETE'].map((action) => [app({ permissionType: 'DEPLOYMENT', deployments: production.deployments, actions: ['READ', action] }), new RegExp(`DEPLOYMENT.*${action}`)]),
      ...['EXECUTE', 'EXECUTE_PIPELINE', 'EXECUTE_WORKFLOW', 'ROLLBACK_WORKFLOW', 'ABORT_WORKFLOW'].flatMap((action) => [
        [app({ permissionType: 'ENV', environments: production.environments, actions: ['READ', action] }), new RegExp(`ENV.*${action}`)],
        [app({ permissionType: 'DEPLOYMENT', deployments: production.deployments, actions: [action] }), null],
        [app({ permissionType: 'ALL', actions: [action] }), null],
      ]),
      ...['ENV', 'SERVICE', 'WORKFLOW', 'PIPELINE', 'DEPLOYMENT', 'PROVISIONER', 'TEMPLATE'].map((permissionType) => [app({ permissionType }), new RegExp(`${permissionType}.*needs its own filter`)]),
      [app({ permissionType: 'SERVICE', environments: production.environments, services: ALL }), /does not take the filter of ENV/],
      [app({ permissionType: 'SERVICE', services: { serviceIds: ['s1'] } }), /specific ids need specific appIds/],
      [app({ permissionType: 'SERVICE', services: { serviceIds: ['s1'] }, applications: { appIds } }), null],
      [app({ permissionType: 'ENV', environments: { envIds: ['e1'] } }), /specific ids need specific appIds/],
      [app({ permissionType: 'SERVICE', services: ALL, applications: { appIds: [UNKNOWN_ID] } }), /no application exists/],
      [app({ permissionType: 'SERVICE', services: ALL, applications: {} }), /applications needs/],
    ];
    for (const [index, [permissions, words]] of cases.entries()) {
      const answer = await server.graphql(CREATE_GROUP, { input: { name: `rule ${index}`, permissions } });
      if (words === null) {
        assert.equal(answer.json.errors, undefined, `${JSON.stringify(permissions)}: ${answer.text}`);
        continue;
      }
      assert.match(answer.json.errors?.[0].message ?? '', words, JSON.stringify(permissions));
      assert.equal(answer.json.errors[0].extensions.code, 'BAD_USER_INPUT');
    }
  });

  it('cannot be given away by someone who does not hold them', async () => {
    const small = await createGroup('small', account('MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS', 'MANAGE_API_KEYS'));
    const { key } = await server.createKey('small', [small]);
    const big = server.account.userGroupId;
    const { createUser } = await server.query('mutation { createUser(input: {name: "climber", email: "climber@example.com"}) { user { id } } }');
    const user = createUser.user.id;
    const { accountId } = server.account;
    const attempts = [
      [CREATE_GROUP, { input: { name: 'grown', permissions: account('VIEW_AUDITS') } }],
      [CREATE_GROUP, { input: { name: 'grown', permissions: { scopes: ['invoices.read'] } } }],
      [SET_PERMISSIONS, { input: { userGroupId: small, permissions: account('VIEW_AUDITS') } }],
      ['mutation ($i: UpdateUserGroupInput!) { updateUserGroup(input: $i) { clientMutationId } }', { i: { userGroupId: small, permissions: account('MANAGE_SECRETS') } }],
      ['mutation ($i: UpdateUserGroupInput!) { updateUserGroup(input: $i) { clientMutationId } }', { i: { userGroupId: big, userIds: [user] } }],
      ['mutation ($i: AddAccountPermissionInput!) { addAccountPermission(input: $i) { clientMutationId } }', { i: { userGroupId: small, accountPermission: 'VIEW_CE' } }],
      ['mutation ($i: AddAppPermissionInput!) { addAppPermission(input: $i) { clientMutationId } }', { i: { userGroupId: small, appPermission: { permissionType: 'ALL', applications: { filterType: 'ALL' }, actions: ['READ'] } } }],
      ['mutation ($i: AddUserToUserGroupInput!) { addUserToUserGroup(input: $i) { clientMutationId } }', { i: { userGroupId: big, userId: user } }],
      ['mutation ($i: CreateUserInput!) { createUser(input: $i) { clientMutationId } }', { i: { name: 'x', email: 'x@example.com', userGroupIds: [big] } }],
      ['mutation ($i: UpdateUserInput!) { updateUser(input: $i) { clientMutationId } }', { i: { id: user, userGroupIds: [big] } }],
      ['mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { uuid } }', { i: { accountId, name: 'x', userGroupIds: [big] } }],
    ];
    for (const [document, variables] of attempts) {
      const { code, message } = await server.error(document, variables, { key });
      assert.equal(code, 'FORBIDDEN', document);
      assert.match(message, /more than the caller holds/);
    }
    await server.query(CREATE_GROUP, { input: { name: 'as small', permissions: account('READ_USERS_AND_GROUPS') } }, { key });
  });

  it('cannot be taken from the last who could give them back', async () => {
    const lone = await Server.fresh();
    const { userGroupId, accountId, apiKeyId } = lone.account;
    const attempts = [
      ['mutation ($id: String!) { deleteUserGroup(input: {userGroupId: $id}) { clientMutationId } }', { id: userGroupId }],
      [SET_PERMISSIONS, { input: { userGroupId, permissions: account('MANAGE_API_KEYS') } }],
      ['mutation ($i: DeleteApiKeyInput!) { deleteApiKey(input: $i) { clientMutationId } }', { i: { accountId, uuid: apiKeyId } }],
      ['mutation ($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { uuid } }', { i: { accountId, uuid: apiKeyId, name: 'admin', userGroupIds: [] } }],
      ['mutation ($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { uuid } }', { i: { accountId, uuid: apiKeyId, name: 'admin', enabled: false, userGroupIds: [userGroupId] } }],
      ['mutation ($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { uuid } }', { i: { accountId, uuid: apiKeyId, name: 'admin', allowedIps: ['203.0.113.9'] } }],
      [SET_PERMISSIONS, { input: { userGroupId, permissions: { ...account('MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS'), scopes: ['latchkey.operator'] } } }],
      [SET_PERMISSIONS, { input: { userGroupId, permissions: { ...account('MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS'), scopes: ['*'] } } }],
    ];
    for (const [document, variables] of attempts) assert.equal((await lone.error(document, variables)).code, 'CONFLICT', document);
    assert.ok(await lone.accepts(lone.account.apiKey));
    await lone.stop();
  });

  it('cannot be limited away by who manages keys', async () => {
    const lone = await Server.fresh();
    const { userGroupId, accountId, apiKeyId, apiKey } = lone.account;
    const makeGroup = async (name, ...types) => (await lone.query(CREATE_GROUP, { input: { name, permissions: account(...types) } })).createUserGroup.userGroup.id;
    const { key } = await lone.createKey('manages keys', [await makeGroup('manages keys', 'MANAGE_API_KEYS')]);
    const UPDATE = 'mutation ($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { uuid } }';
    const admin = { accountId, uuid: apiKeyId, name: 'admin' };
    const soon = () => Date.now() + 1500;
    const refused = async (document, variables, options) => {
      const { code, message } = await lone.error(document, variables, options);
      assert.equal(code, 'CONFLICT', message);
      assert.match(message, /^This would leave the account without a credential that can manage users and groups at any time and from anywhere: give MANAGE_USERS_AND_GROUPS to another key without expiry and addresses/);
    };
    await refused(UPDATE, { i: { ...admin, allowedIps: ['203.0.113.9'] } }, { key });
    await refused(UPDATE, { i: { ...admin, allowedIps: ['127.0.0.1'] } }, { key });
    await refused(UPDATE, { i: { ...admin, expiresAt: soon() } }, { key });

    // A second administrator counts as long as it is not limited, within one request too.
    const second = await lone.createKey('second', [userGroupId]);
    const both = `mutation ($second: UpdateApiKeyInput!, $admin: DeleteApiKeyInput!) {
      updateApiKey(input: $second) { uuid } deleteApiKey(input: $admin) { clientMutationId } }`;
    await refused(both, { second: { accountId, uuid: second.uuid, name: 'second', expiresAt: soon() }, admin: { accountId, uuid: apiKeyId } }, { key });
    await refused('mutation ($i: DeleteApiKeyInput!) { deleteApiKey(input: $i) { clientMutationId } }', { i: { accountId, uuid: apiKeyId } }, { key });
    assert.ok(await lone.accepts(apiKey));

    // An administrator may limit itself, to addresses that it can go on from.
    const cannotGoAway = async () => {
      const away = await lone.error(UPDATE, { i: { ...admin, allowedIps: ['203.0.113.9'] } });
      assert.deepEqual([away.code, /^This would lock the account out: .* allowedIps does not hold the address that this request comes from$/.test(away.message)], ['CONFLICT', true], away.message);
    };
    await cannotGoAway();
    await lone.query(UPDATE, { i: { ...admin, allowedIps: ['203.0.113.9', '127.0.0.0/8'] } });
    await lone.query(UPDATE, { i: { ...admin, expiresAt: Date.now() + 3600000 } });
    // Nor when it is limited already.
    await lone.query('mutation ($i: DeleteApiKeyInput!) { deleteApiKey(input: $i) { clientMutationId } }', { i: { accountId, uuid: second.uuid } });
    await cannotGoAway();
    await lone.query(UPDATE, { i: { ...admin, allowedIps: null } });
    await cannotGoAway();
    await lone.stop();
  });

  it('cannot be taken for good by who manages groups only', async () => {
    const lone = await Server.fresh();
    const { userGroupId, accountId } = lone.account;
    const input = { name: 'manages groups', permissions: account('MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS') };
    const { key } = await lone.createKey('manages groups', [(await lone.query(CREATE_GROUP, { input })).createUserGroup.userGroup.id]);
    const refused = async (document, variables, what) => {
      const { code, message } = await lone.error(document, variables, { key });
      assert.deepEqual([code, message.includes(what)], ['CONFLICT', true], message);
    };
    await refused('mutation ($id: String!) { deleteUserGroup(input: {userGroupId: $id}) { clientMutationId } }', { id: userGroupId }, 'can manage API keys at any time');
    await refused(SET_PERMISSIONS, { input: { userGroupId, permissions: {} } }, 'can manage API keys at any time');
    await refused(SET_PERMISSIONS, { input: { userGroupId, permissions: account('MANAGE_API_KEYS') } }, 'give the scope latchkey.operator to another key');
    await refused('mutation ($i: UpdateUserGroupInput!) { updateUserGroup(input: $i) { clientMutationId } }', { i: { userGroupId, permissions: { scopes: ['latchkey.operator'] } } }, 'can manage API keys at any time');
    const RENAME = 'mutation ($i: UpdateUserGroupInput!) { updateUserGroup(input: $i) { userGroup { name } } }';
    await lone.query(RENAME, { i: { userGroupId, name: 'A name like any other' } }, { key });
    await lone.createKey('still made', [userGroupId]);
    await lone.query('mutation ($i: CreateAccountInput!) { createAccount(input: $i) { key } }', { i: { name: 'Still made' } });
    assert.equal((await lone.query('{ account { id } }')).account.id, accountId);
    await lone.stop();
  });

  it('are as good with few credits and a low rate, which are for what the key is shown to', async () => {
    const { key, uuid } = await server.createKey('poor');
    const poor = { accountId: server.account.accountId, uuid, name: 'poor', credits: { remaining: 0 }, rateLimit: { limit: 1, windowSeconds: 86400 } };
    await server.query('mutation ($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { uuid } }', { i: poor });
    for (const name of ['made one', 'made two', 'made three']) await server.query(CREATE_GROUP, { input: { name } }, { key });
  });

  it('a group needs a name of its own, and groups come in the order of names', async () => {
    await createGroup('taken', {});
    const { message, code } = await server.error(CREATE_GROUP, { input: { name: 'taken' } });
    assert.deepEqual([message, code], ['A user group already exists with the name taken', 'CONFLICT']);
    const names = (await server.query('{ userGroups(limit: 100) { nodes { name } } }')).userGroups.nodes.map((node) => node.name);
    assert.deepEqual(names, [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });
});
