// Programs written for the API that this one stands in for: their documents, their habits, and the words they look for in errors.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ID, Server, UNKNOWN_ID } from './support/server.mjs';

const APP_PERMISSION = `
  permissionType actions applications { filterType appIds }
  services { filterType serviceIds } provisioners { filterType provisionerIds } templates { filterType templateIds } environments { filterTypes envIds }
  deployments { filterTypes envIds } workflows { filterTypes envIds workflowIds } pipelines { filterTypes envIds pipelineIds }`;
const PERMISSIONS = `accountPermissions { accountPermissionTypes } appPermissions { ${APP_PERMISSION} }`;
const GROUP = `
  id name description importedByScim isSSOLinked
  ssoSetting { ... on LDAPSettings { ssoProviderId groupName groupDN } ... on SAMLSettings { ssoProviderId groupName } }
  notificationSettings {
    groupEmailAddresses microsoftTeamsWebhookUrl pagerDutyIntegrationKey sendMailToNewMembers sendNotificationToMembers
    slackNotificationSetting { slackChannelName slackWebhookURL }
  }
  permissions { ${PERMISSIONS} }`;
const USER = 'id name email externalUserId isEmailVerified isImportedFromIdentityProvider isPasswordExpired isTwoFactorAuthenticationEnabled isUserLocked';

let server;
before(async () => {
  server = await Server.fresh();
});
after(() => server.stop());

describe('the Go client', () => {
  /** Sends as it does, variables always there; the answer's JSON. */
  async function send(query, variables = null) {
    const answer = await server.request({
      method: 'POST',
      path: `/api/graphql?accountId=${server.account.accountId}`,
      headers: { 'content-type': 'application/json; charset=utf-8', accept: 'application/json; charset=utf-8', 'x-api-key': server.account.apiKey },
      body: JSON.stringify({ query, variables }),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json; charset=utf-8$/);
    const json = JSON.parse(answer.text);
    assert.ok('data' in json || 'errors' in json, 'a body with neither reads as success');
    return json;
  }

  async function data(query, variables) {
    const json = await send(query, variables);
    assert.equal(json.errors, undefined, JSON.stringify(json));
    return Object.values(json.data)[0];
  }

  const firstError = async (query, variables) => (await send(query, variables)).errors[0].message;

  const createGroup = async (input) =>
    (await data(`mutation createUserGroup($input: CreateUserGroupInput!) { createUserGroup(input: $input) { clientMutationId userGroup { ${GROUP} } } }`, { input })).userGroup;
  const createUser = async (input) => (await data(`mutation createUser($user: CreateUserInput!) { createUser(input: $user) { clientMutationId user { ${USER} } } }`, { user: input })).user;
  const getGroup = (id) => data(`query($id: String!) { userGroup(userGroupId: $id) { ${GROUP} } }`, { id });

  it('creates, reads, updates and deletes a user', async () => {
    const user = await createUser({ clientMutationId: '', name: 'test user', email: 'Test.User@Example.com', userGroupIds: null, externalUserId: '' });
    assert.match(user.id, ID);
    assert.equal(user.email, 'test.user@example.com');
    assert.deepEqual([user.isEmailVerified, user.isImportedFromIdentityProvider, user.isPasswordExpired, user.isUserLocked], [false, false, false, false]);
    const { id } = user;
    assert.deepEqual(await data(`query($id: String!) { user(id: $id) { ${USER} } }`, { id }), user);
    assert.deepEqual(await data(`query($email: String!) { userByEmail(email: $email) { ${USER} } }`, { email: 'TEST.USER@example.com' }), user);
    assert.deepEqual(await data(`query($name: String!) { userByName(name: $name) { ${USER} } }`, { name: 'test user' }), user);
    const update = `mutation($user: UpdateUserInput!) { updateUser(input: $user) { user { ${USER} } } }`;
    assert.equal((await data(update, { user: { id, name: 'updated', clientMutationId: '' } })).user.name, 'updated');
    const deletion = 'mutation($user: DeleteUserInput!) { deleteUser(input: $user) { clientMutationId } }';
    assert.deepEqual(await data(deletion, { user: { id, clientMutationId: '' } }), { clientMutationId: '' });
    assert.equal(await firstError(`query($id: String!) { user(id: $id) { ${USER} } }`, { id }), 'User does not exist');
  });

  it('pages through users with $limit: Int = 100 in an Int! position', async () => {
    const list = `query($limit: Int = 100, $offset: Int) { users(limit: $limit, offset: $offset) { nodes { ${USER} } pageInfo { hasMore limit offset total } } }`;
    await createUser({ name: 'a pager', email: 'pager@example.com' });
    assert.deepEqual((await data(list, null)).pageInfo, { hasMore: false, limit: 100, offset: 0, total: 1 });
    assert.deepEqual((await data(list, { limit: 1, offset: 1 })).pageInfo, { hasMore: false, limit: 1, offset: 1, total: 1 });
  });

  it('gets an object of notification settings whose Slack setting is null when nothing was set', async () => {
    for (const [name, notificationSettings] of Object.entries({ absent: undefined, 'a null': null, empty: {}, 'a null inside': { slackNotificationSetting: null } })) {
      const group = await createGroup({ name, description: '', notificationSettings });
      assert.equal(group.description, '');
      assert.equal(group.notificationSettings.slackNotificationSetting, null);
      assert.equal(group.ssoSetting, null);
      assert.equal(group.isSSOLinked, false);
      assert.deepEqual(await getGroup(group.id), group);
    }
  });

  it('sends zero values, and reads back what it sent', async () => {
    const notificationSettings = { groupEmailAddresses: [], microsoftTeamsWebhookUrl: '', pagerDutyIntegrationKey: '', sendMailToNewMembers: false, sendNotificationToMembers: false, slackNotificationSetting: { slackChannelName: '', slackWebhookURL: '' } };
    const group = await createGroup({ clientMutationId: '', name: 'zero', description: '', notificationSettings, permissions: { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [] }, ssoSetting: null, userIds: null });
    assert.deepEqual(group.notificationSettings, notificationSettings);
    assert.deepEqual(group.permissions, { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [] });
  });

  it('reads the addresses of notifications back in the letters and the order they were written in', async () => {
    const groupEmailAddresses = ['Ops@Example.com', 'b@example.com', 'A@example.com', 'b@example.com'];
    const group = await createGroup({ name: 'told', notificationSettings: { groupEmailAddresses } });
    assert.deepEqual(group.notificationSettings.groupEmailAddresses, groupEmailAddresses);
    assert.deepEqual((await getGroup(group.id)).notificationSettings, group.notificationSettings);
  });

  // One of each type, with ids of applications where they are needed.
  const EVERYWHERE = { filterType: 'ALL' };
  const appPermissions = (appIds) => [
    { permissionType: 'ALL', applications: EVERYWHERE, actions: ['CREATE', 'READ', 'UPDATE', 'DELETE', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE', 'ROLLBACK_WORKFLOW', 'ABORT_WORKFLOW'] },
    { permissionType: 'SERVICE', applications: EVERYWHERE, services: { filterType: 'ALL' }, actions: ['CREATE', 'READ', 'UPDATE', 'DELETE'] },
    { permissionType: 'SERVICE', applications: { appIds }, services: { serviceIds: ['service1', 'service2'] }, actions: ['READ'] },
    { permissionType: 'ENV', applications: EVERYWHERE, environments: { filterTypes: ['PRODUCTION_ENVIRONMENTS', 'NON_PRODUCTION_ENVIRONMENTS'] }, actions: ['READ'] },
    { permissionType: 'ENV', applications: { appIds }, environments: { envIds: ['env1'] }, actions: ['READ'] },
    { permissionType: 'WORKFLOW', applications: EVERYWHERE, workflows: { filterTypes: ['PRODUCTION_WORKFLOWS', 'WORKFLOW_TEMPLATES'] }, actions: ['READ'] },
    { permissionType: 'PIPELINE', applications: { appIds }, pipelines: { filterTypes: ['NON_PRODUCTION_PIPELINES'] }, actions: ['READ'] },
    { permissionType: 'DEPLOYMENT', applications: EVERYWHERE, deployments: { filterTypes: ['PRODUCTION_ENVIRONMENTS'] }, actions: ['READ', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE', 'ROLLBACK_WORKFLOW', 'ABORT_WORKFLOW'] },
    { permissionType: 'PROVISIONER', applications: EVERYWHERE, provisioners: { filterType: 'ALL' }, actions: ['CREATE', 'READ', 'UPDATE', 'DELETE'] },
    { permissionType: 'TEMPLATE', applications: EVERYWHERE, templates: { filterType: 'ALL' }, actions: ['CREATE', 'READ', 'UPDATE', 'DELETE'] },
    { permissionType: 'TEMPLATE', applications: { appIds }, templates: { templateIds: ['template1'] }, actions: ['READ'] },
  ];

  /** A permission without what is null or empty, its lists and members in order. */
  const tidy = (value) => {
    if (Array.isArray(value)) return value.map(tidy).sort();
    if (value === null || typeof value !== 'object') return value;
    const members = Object.entries(value).sort().map(([name, member]) => [name, tidy(member)]);
    return Object.fromEntries(members.filter(([, member]) => member !== null && member !== undefined && !(Array.isArray(member) && member.length === 0)));
  };
  const asSet = (permissions) => permissions.map((permission) => JSON.stringify(tidy(permission))).sort();

  it('sets permissions of every type and compares them as sets', async () => {
    const { application } = await data('mutation($app: CreateApplicationInput!) { createApplication(input: $app) { clientMutationId application { id name description createdBy { id } tags { name value } } } }', { app: { clientMutationId: '', name: 'shop', description: '' } });
    const types = ['MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS', 'VIEW_AUDITS', 'MANAGE_TAGS'];
    const wanted = appPermissions([application.id]);
    const group = await createGroup({ name: 'permitted', permissions: { accountPermissions: { accountPermissionTypes: types }, appPermissions: wanted } });
    assert.deepEqual([...group.permissions.accountPermissions.accountPermissionTypes].sort(), [...types].sort());
    assert.deepEqual(asSet(group.permissions.appPermissions), asSet(wanted));
    const overwrite = `mutation($input: UpdateUserGroupPermissionsInput) { updateUserGroupPermissions(input: $input) { clientMutationId permissions { ${PERMISSIONS} } } }`;
    const { permissions } = await data(overwrite, { input: { clientMutationId: '', userGroupId: group.id, permissions: { accountPermissions: { accountPermissionTypes: 'VIEW_AUDITS' }, appPermissions: wanted.slice(0, 2) } } });
    assert.deepEqual(permissions.accountPermissions.accountPermissionTypes, ['VIEW_AUDITS']);
    assert.deepEqual(asSet(permissions.appPermissions), asSet(wanted.slice(0, 2)));
    assert.deepEqual((await getGroup(group.id)).permissions, permissions);
  });

  it('takes what the later API answers: SELECTED beside ids of applications, and whether a user is disabled', async () => {
    const { createApplication } = await server.query('mutation { createApplication(input: {name: "selected"}) { application { id } } }');
    const appIds = [createApplication.application.id];
    const service = (applications, services) => ({ permissionType: 'SERVICE', applications, services, actions: ['READ'] });
    const create = async (name, permission) => firstError('mutation($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }', { input: { name, permissions: { appPermissions: [permission] } } });
    const group = await createGroup({ name: 'selected', permissions: { appPermissions: [service({ filterType: 'SELECTED', appIds }, { serviceIds: ['s'] })] } });
    assert.deepEqual(group.permissions.appPermissions[0].applications, { filterType: null, appIds });
    assert.equal(await create('none', service({ filterType: 'SELECTED', appIds: [] }, EVERYWHERE)), 'Invalid SERVICE permission: applications needs filterType ALL or appIds');
    assert.equal(await create('services', service({ appIds }, { filterType: 'SELECTED', serviceIds: ['s'] })), 'filterType of services can only be ALL; ids are given without it');
    assert.deepEqual((await data('query { users(limit: 1) { nodes { isDisabled } } }')).nodes, [{ isDisabled: false }]);
  });

  it('reads permissions back apart that differ in their actions only, as Terraform declares them', async () => {
    const provisioner = (actions) => ({ permissionType: 'PROVISIONER', applications: EVERYWHERE, provisioners: { filterType: 'ALL' }, actions });
    const workflow = (actions, filterTypes) => ({ permissionType: 'WORKFLOW', applications: EVERYWHERE, workflows: { filterTypes }, actions });
    const wanted = [
      provisioner(['UPDATE', 'DELETE']), provisioner(['CREATE', 'READ']),
      workflow(['UPDATE', 'DELETE'], ['NON_PRODUCTION_WORKFLOWS']), workflow(['CREATE', 'READ'], ['PRODUCTION_WORKFLOWS', 'WORKFLOW_TEMPLATES']),
    ];
    const group = await createGroup({ name: 'declared', permissions: { appPermissions: [...wanted, provisioner(['READ', 'CREATE'])] } });
    assert.deepEqual(asSet(group.permissions.appPermissions), asSet(wanted));
    const app = `mutation($input: AddAppPermissionInput!) { addAppPermission(input: $input) { userGroup { ${GROUP} } } }`;
    const add = async (appPermission) => (await data(app, { input: { userGroupId: group.id, appPermission } })).userGroup.permissions.appPermissions;
    assert.deepEqual(asSet(await add(provisioner(['READ']))), asSet([...wanted, provisioner(['READ'])]));
    assert.deepEqual(asSet(await add(provisioner(['READ']))), asSet([...wanted, provisioner(['READ'])]));
    // What a key holds by it is one permission, in a single group as in several.
    const { createApiKey } = await server.query('mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey { permissions { appPermissions { permissionType actions } } } } }', { i: { accountId: server.account.accountId, name: 'declared', userGroupIds: [group.id] } });
    assert.deepEqual(createApiKey.apiKey.permissions.appPermissions.filter(({ permissionType }) => permissionType === 'PROVISIONER'), [{ permissionType: 'PROVISIONER', actions: ['CREATE', 'READ', 'UPDATE', 'DELETE'] }]);
    // Terraform takes all permissions away by an input that names only account permissions, without any.
    const update = `mutation($input: UpdateUserGroupInput!) { updateUserGroup(input: $input) { userGroup { ${GROUP} } } }`;
    const { userGroup } = await data(update, { input: { userGroupId: group.id, name: 'declared', notificationSettings: {}, permissions: { accountPermissions: {} } } });
    assert.deepEqual(userGroup.permissions, { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [] });
  });

  it('adds to a full group what that has already, and nothing else', async () => {
    const { createApplication } = await server.query('mutation($i: CreateApplicationInput!) { createApplication(input: $i) { application { id } } }', { i: { name: 'with many' } });
    const about = (id) => ({ permissionType: 'PROVISIONER', applications: { appIds: [createApplication.application.id] }, provisioners: { provisionerIds: [id] }, actions: ['READ'] });
    const { createUserGroup } = await server.query('mutation($i: CreateUserGroupInput!) { createUserGroup(input: $i) { userGroup { id } } }', { i: { name: 'full', permissions: { appPermissions: Array.from({ length: 200 }, (_, i) => about(`p${i}`)) } } });
    const add = async (id) => (await server.graphql('mutation($input: AddAppPermissionInput!) { addAppPermission(input: $input) { userGroup { permissions { appPermissions { permissionType } } } } }', { input: { userGroupId: createUserGroup.userGroup.id, appPermission: about(id) } })).json;
    assert.equal((await add('p7')).data.addAppPermission.userGroup.permissions.appPermissions.length, 200);
    assert.match((await add('p200')).errors[0].message, /201, and at most 200/);
  });

  it('lets those who hold what Account Administrator holds, in two permissions, grant what it may grant', async () => {
    const all = (actions) => ({ permissionType: 'ALL', applications: EVERYWHERE, actions });
    const accountPermissions = { accountPermissionTypes: ['MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS'] };
    const group = await createGroup({ name: 'in two parts', permissions: { accountPermissions, appPermissions: [all(['CREATE', 'READ', 'UPDATE', 'DELETE']), all(['EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE'])] } });
    const { key } = await server.createKey('in two parts', [group.id]);
    const made = await server.graphql('mutation($i: CreateUserGroupInput!) { createUserGroup(input: $i) { userGroup { name } } }', { i: { name: 'rollers', permissions: { appPermissions: [all(['ROLLBACK_WORKFLOW'])] } } }, { key });
    assert.deepEqual(made.json, { data: { createUserGroup: { userGroup: { name: 'rollers' } } } });
  });

  it('creates, reads, updates, lists and deletes applications', async () => {
    const fields = `id name description createdBy { id name email } gitSyncConfig { branch gitConnector { id name branch } repositoryName syncEnabled } tags { name value }`;
    const create = 'mutation createapp($app: CreateApplicationInput!) { createApplication(input: $app) { clientMutationId application { id name description } } }';
    const update = `mutation updateapp($app: UpdateApplicationInput!) { updateApplication(input: $app) { clientMutationId application { ${fields} isManualTriggerAuthorized } } }`;
    const { application } = await data(create, { app: { name: 'in terraform', description: 'd', isManualTriggerAuthorized: false } });
    const found = { ...application, createdBy: null, gitSyncConfig: null, tags: [] };
    assert.deepEqual(await data(`query($applicationId: String!) { application(applicationId: $applicationId) { ${fields} } }`, { applicationId: application.id }), found);
    assert.deepEqual(await data(`query($name: String!) { applicationByName(name: $name) { ${fields} } }`, { name: 'in terraform' }), found);
    const changed = await data(update, { app: { applicationId: application.id, clientMutationId: '', description: '', isManualTriggerAuthorized: false, name: 'renamed' } });
    assert.deepEqual(changed, { clientMutationId: '', application: { ...found, name: 'renamed', description: '', isManualTriggerAuthorized: false } });
    const { nodes } = await data(`query { applications(limit: 100, offset: 0) { nodes { ${fields} } pageInfo { limit offset total hasMore } } }`);
    assert.ok(nodes.some(({ name }) => name === 'renamed'));
    const refused = 'Invalid isManualTriggerAuthorized: nothing is triggered here, so it can only be false';
    assert.equal(await firstError(create, { app: { name: 'triggered', isManualTriggerAuthorized: true } }), refused);
    assert.equal(await firstError(update, { app: { applicationId: application.id, name: 'renamed', isManualTriggerAuthorized: true } }), refused);
    assert.equal((await data(update, { app: { applicationId: application.id, isManualTriggerAuthorized: null } })).application.isManualTriggerAuthorized, false);
    await data('mutation deleteApp($app: DeleteApplicationInput!) { deleteApplication(input: $app) { clientMutationId } }', { app: { applicationId: application.id, clientMutationId: '' } });
  });

  it('adds single permissions, and updates and deletes the group', async () => {
    const { id } = await createGroup({ name: 'one by one', description: 'x' });
    const account = `mutation($input: AddAccountPermissionInput!) { addAccountPermission(input: $input) { clientMutationId userGroup { ${GROUP} } } }`;
    assert.deepEqual((await data(account, { input: { userGroupId: id, accountPermission: 'VIEW_CE' } })).userGroup.permissions.accountPermissions.accountPermissionTypes, ['VIEW_CE']);
    const app = `mutation($input: AddAppPermissionInput!) { addAppPermission(input: $input) { clientMutationId userGroup { ${GROUP} } } }`;
    const [permission] = appPermissions([]);
    assert.deepEqual(asSet((await data(app, { input: { userGroupId: id, appPermission: permission } })).userGroup.permissions.appPermissions), asSet([permission]));
    const update = `mutation($userGroup: UpdateUserGroupInput!) { updateUserGroup(input: $userGroup) { userGroup { ${GROUP} } } }`;
    const { userGroup } = await data(update, { userGroup: { userGroupId: id, name: 'renamed', description: '', notificationSettings: null } });
    assert.deepEqual([userGroup.name, userGroup.description], ['renamed', '']);
    assert.deepEqual(userGroup.permissions.accountPermissions.accountPermissionTypes, ['VIEW_CE']);
    assert.equal((await data(`query($name: String!) { userGroupByName(name: $name) { ${GROUP} } }`, { name: 'renamed' })).id, id);
    const deletion = 'mutation($userGroup: DeleteUserGroupInput!) { deleteUserGroup(input: $userGroup) { clientMutationId } }';
    assert.deepEqual(await data(deletion, { userGroup: { userGroupId: id } }), { clientMutationId: null });
    assert.match(await firstError(`query($id: String!) { userGroup(userGroupId: $id) { ${GROUP} } }`, { id }), /No User Group exists/);
  });

  /** What the client asks next when it was told "User not authorized" of an application. */
  const tree = (query, key = server.account.apiKey, prefix = '') =>
    server.request({ path: `${prefix}/api/setup-as-code/yaml/directory?${query}`, headers: { 'x-api-key': key, accept: 'application/json; charset=utf-8' } });

  it('finds out that an application is gone, as Terraform does before it makes another', async () => {
    const { accountId, apiKey } = server.account;
    const get = (applicationId) => send('query($applicationId: String!) { application(applicationId: $applicationId) { id name } }', { applicationId });
    const { application: { id } } = await data('mutation($app: CreateApplicationInput!) { createApplication(input: $app) { application { id } } }', { app: { name: 'to go' } });
    const of = `accountId=${accountId}&appId=${id}`;
    assert.equal((await get(id)).data.application.name, 'to go');
    assert.equal((await tree(of)).status, 404, 'one that is there has no files');
    await data('mutation($app: DeleteApplicationInput!) { deleteApplication(input: $app) { clientMutationId } }', { app: { applicationId: id } });
    const { errors: [error] } = await get(id);
    assert.deepEqual([error.message, error.extensions.code], ['User not authorized: Application does not exist', 'NOT_FOUND']);
    for (const prefix of ['', '/gateway']) {
      const answer = await tree(of, apiKey, prefix);
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^application\/json/);
      // A resource that is not there, or a message, is a failure to the client.
      assert.deepEqual(JSON.parse(answer.text), { metaData: {}, resource: { name: 'Setup', children: [] }, responseMessages: [] });
    }
    for (const query of ['', `accountId=${accountId}`, `accountId=${accountId}&appId=`, `appId=%`]) assert.equal((await tree(query)).status, 404, query);
    assert.equal((await tree(`accountId=${UNKNOWN_ID}&appId=${id}`)).status, 403);
    assert.equal((await tree(of, 'wrong')).status, 401);
    assert.equal((await server.request({ path: `/api/setup-as-code/yaml/directory?${of}` })).status, 401);
  });

  it('hears that an application is gone only with a key that may read all of them', async () => {
    const { a: { application: seen }, b: { application: unseen } } = await server.query('mutation { a: createApplication(input: {name: "seen"}) { application { id } } b: createApplication(input: {name: "unseen"}) { application { id } } }');
    const ask = async (id, name, permissions) => {
      const { key } = await server.createKey(name, [(await createGroup({ name, permissions })).id]);
      const { json } = await server.graphql(`{ application(applicationId: "${id}") { id } }`, null, { key });
      return [json.errors?.[0].message ?? json.data.application.id, (await tree(`appId=${id}`, key)).status];
    };
    const reading = (applications) => ({ appPermissions: [{ permissionType: 'ALL', applications, actions: ['READ'] }] });
    assert.deepEqual(await ask(UNKNOWN_ID, 'all, gone', reading(EVERYWHERE)), ['User not authorized: Application does not exist', 200]);
    assert.deepEqual(await ask(unseen.id, 'all', reading(EVERYWHERE)), [unseen.id, 404]);
    assert.deepEqual(await ask(seen.id, 'one', reading({ appIds: [seen.id] })), [seen.id, 404]);
    for (const id of [unseen.id, UNKNOWN_ID]) {
      assert.deepEqual(await ask(id, `one, not ${id}`, reading({ appIds: [seen.id] })), ['Application does not exist', 404]);
      const refused = ['User not authorized: CREATE_AND_DELETE_APPLICATION is required', 404];
      assert.deepEqual(await ask(id, `none, not ${id}`, { accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] } }), refused);
    }
  });

  it('links groups to providers', async () => {
    const made = {};
    for (const ssoType of ['LDAP', 'SAML']) made[ssoType] = (await data('mutation($i: CreateSsoProviderInput!) { createSsoProvider(input: $i) { ssoProvider { id name ssoType } } }', { i: { name: ssoType, ssoType } })).ssoProvider;
    assert.deepEqual(await data('query($id: String!) { ssoProvider(ssoProviderId: $id) { id name ssoType } }', { id: made.SAML.id }), { ...made.SAML, ssoType: 'SAML' });
    const ldap = { ssoProviderId: made.LDAP.id, groupName: 'devs', groupDN: 'cn=devs,dc=example' };
    const linked = await createGroup({ name: 'ldap', ssoSetting: { ldapSettings: ldap } });
    assert.deepEqual([linked.ssoSetting, linked.isSSOLinked], [ldap, true]);
    const saml = { ssoProviderId: made.SAML.id, groupName: 'devs' };
    assert.deepEqual((await createGroup({ name: 'saml', ssoSetting: { samlSettings: saml } })).ssoSetting, saml);
    assert.match(await firstError('query($id: String!) { ssoProvider(ssoProviderId: $id) { id } }', { id: UNKNOWN_ID }), /Provider does not exist/);
  });

  it('moves users in and out of groups, and asks for a membership seven levels deep', async () => {
    const group = await createGroup({ name: 'members' });
    const user = await createUser({ name: 'member', email: 'member@example.com' });
    const ids = { userGroupId: group.id, userId: user.id };
    const add = `mutation($input: AddUserToUserGroupInput!) { addUserToUserGroup(input: $input) { clientMutationId userGroup { ${GROUP} } } }`;
    const remove = `mutation($input: RemoveUserFromUserGroupInput!) { removeUserFromUserGroup(input: $input) { clientMutationId userGroup { ${GROUP} } } }`;
    const membership = `query($id: String!, $limit: Int = 100, $offset: Int) {
      user(id: $id) { id userGroups(limit: $limit, offset: $offset) { pageInfo { total hasMore } nodes { ${GROUP} } } } }`;
    assert.equal((await data(add, { input: ids })).userGroup.id, group.id);
    assert.match(await firstError(add, { input: ids }), /already/);
    assert.deepEqual((await data(membership, { id: user.id })).userGroups, { pageInfo: { total: 1, hasMore: false }, nodes: [group] });
    assert.equal((await data(remove, { input: ids })).userGroup.id, group.id);
    assert.deepEqual((await data(membership, { id: user.id })).userGroups.nodes, []);
  });

  it('finds the words that it looks for when something is not there, in queries and in mutations', async () => {
    const id = UNKNOWN_ID;
    const words = [
      ['query { user(id: "no id") { id } }', /User does not exist/],
      ['query { userByName(name: "nobody") { id } }', /User does not exist/],
      ['query { userByEmail(email: "nobody@example.com") { id } }', /User does not exist/],
      [`mutation { updateUser(input: {id: "${id}", name: "x"}) { user { id } } }`, /User does not exist/],
      [`mutation { deleteUser(input: {id: "${id}"}) { clientMutationId } }`, /User does not exist/],
      [`query { userGroup(userGroupId: "${id}") { id } }`, /No User Group exists/],
      ['query { userGroupByName(name: "nothing") { id } }', /No User Group exists/],
      [`mutation { deleteUserGroup(input: {userGroupId: "${id}"}) { clientMutationId } }`, /No User Group exists/],
      [`mutation { addUserToUserGroup(input: {userGroupId: "${id}", userId: "${id}"}) { clientMutationId } }`, /No User Group exists/],
      ['query { ssoProvider(ssoProviderId: "x") { id } }', /Provider does not exist/],
    ];
    for (const [query, word] of words) assert.match(await firstError(query), word, query);
  });

  it('gets 401 for a bad key, with a body that holds errors', async () => {
    const answer = await server.graphql('{ users(limit: 1) { nodes { id } } }', null, { key: 'wrong', path: `/api/graphql?accountId=${server.account.accountId}` });
    assert.equal(answer.status, 401);
    assert.equal(answer.json.errors[0].message, 'Invalid API Key');
  });
});

describe('what docs/compatibility.md calls different', () => {
  const EVERYWHERE = { filterType: 'ALL' };
  const ADD = 'mutation($i: AddAppPermissionInput!) { addAppPermission(input: $i) { userGroup { permissions { appPermissions { permissionType actions } } } } }';
  const DEPLOYMENTS = { permissionType: 'DEPLOYMENT', applications: EVERYWHERE, deployments: { filterTypes: ['PRODUCTION_ENVIRONMENTS', 'NON_PRODUCTION_ENVIRONMENTS'] }, actions: ['EXECUTE'] };

  it('is different: EXECUTE stands for itself, and a permission that is there can be added', async () => {
    const userGroupId = await server.createGroup('runners');
    for (let i = 0; i < 2; i++) {
      const { addAppPermission } = await server.query(ADD, { i: { userGroupId, appPermission: DEPLOYMENTS } });
      assert.deepEqual(addAppPermission.userGroup.permissions.appPermissions, [{ permissionType: 'DEPLOYMENT', actions: ['EXECUTE'] }]);
    }
    const { key } = await server.createKey('runner', [userGroupId]);
    const code = async (action) => (await server.request({ path: `/v1/auth/require/app:*:DEPLOYMENT:${action}`, headers: { 'x-api-key': key } })).headers['x-latchkey-code'];
    assert.deepEqual([await code('EXECUTE'), await code('EXECUTE_PIPELINE'), await code('ABORT_WORKFLOW')], ['VALID', 'INSUFFICIENT_PERMISSIONS', 'INSUFFICIENT_PERMISSIONS']);
  });

  it('is different: filters are needed and may hold ids and types, and only applications must exist', async () => {
    const { createApplication } = await server.query('mutation { createApplication(input: {name: "filtered"}) { application { id } } }');
    const userGroupId = await server.createGroup('filtered');
    const environments = (appIds, filter) => ({ i: { userGroupId, appPermission: { permissionType: 'ENV', applications: { appIds }, environments: filter, actions: ['READ'] } } });
    const appIds = [createApplication.application.id];
    await server.query(ADD, environments(appIds, { envIds: ['lives-elsewhere'], filterTypes: ['PRODUCTION_ENVIRONMENTS'] }));
    assert.match((await server.error(ADD, environments(appIds, {}))).message, /it needs its own filter, with ids or filter types/);
    assert.match((await server.error(ADD, environments([UNKNOWN_ID], { envIds: ['e'] }))).message, /no application exists with the id/);
  });

  it('is different: so many members at a time, so many memberships', async () => {
    const made = await server.query(`mutation { createUser(input: {name: "many", email: "many@example.com"}) { user { id } } ${Array.from({ length: 49 }, (_, i) => `g${i}: createUserGroup(input: {name: "many ${i}"}) { userGroup { id } }`).join(' ')} }`);
    const { createUser, ...groups } = made;
    const ids = (count, id) => Array.from({ length: count }, () => id);
    const create = 'mutation($i: CreateUserGroupInput!) { createUserGroup(input: $i) { userGroup { users(limit: 1) { pageInfo { total } } } } }';
    const userIds = (count) => ({ i: { name: `with ${count}`, userIds: ids(count, createUser.user.id) } });
    assert.equal((await server.query(create, userIds(1000))).createUserGroup.userGroup.users.pageInfo.total, 1);
    assert.equal((await server.error(create, userIds(1001))).message, 'Too many userIds: 1001, and at most 1000 are allowed; addUserToUserGroup adds more');
    const update = 'mutation($i: UpdateUserInput!) { updateUser(input: $i) { user { userGroups(limit: 1) { pageInfo { total } } } } }';
    const userGroupIds = Object.values(groups).map(({ userGroup }) => userGroup.id);
    assert.equal((await server.query(update, { i: { id: createUser.user.id, userGroupIds: [...userGroupIds, ...userGroupIds] } })).updateUser.user.userGroups.pageInfo.total, 49);
    assert.equal((await server.error(update, { i: { id: createUser.user.id, userGroupIds: ids(101, userGroupIds[0]) } })).message, 'Too many User Groups: 101, and a user can be in at most 100');
  });

  it('is different: of the last schema these are not there', async () => {
    const group = (permissions) => `mutation { createUserGroup(input: {name: "later", permissions: ${permissions}}) { userGroup { id } } }`;
    const documents = [
      group('{accountPermissions: {accountPermissionTypes: HIDE_NEXTGEN_BUTTON}}'),
      group('{appPermissions: {permissionType: ALL, applications: {filterType: EXCLUDE_SELECTED}, actions: READ}}'),
      '{ users(filters: {includeDisabled: true}, limit: 1) { nodes { id } } }',
      ...['NOT_IN', 'NOT_NULL', 'LIKE'].map((operator) => `{ applications(filters: {application: {operator: ${operator}, values: []}}, limit: 1) { nodes { id } } }`),
    ];
    for (const document of documents) assert.equal((await server.error(document)).code, 'GRAPHQL_VALIDATION_FAILED', document);
  });

  it('moves keys and the account along', async () => {
    // A key of the original is the base64 of the account's id and a random part.
    const key = Buffer.from(`rIeFDjoySXqrDQcIZ9ltDA::${'zKLDBA7vSTp5NRxt'.repeat(4)}`).toString('base64');
    const imported = await server.query('mutation($i: ImportApiKeysInput!) { importApiKeys(input: $i) { results { uuid error } } }', { i: { accountId: server.account.accountId, keys: [{ name: 'from there', key, userGroupIds: [server.account.userGroupId] }] } });
    assert.equal(imported.importApiKeys.results[0].error, null);
    assert.equal((await server.graphql('{ viewer { apiKey { name } } }', null, { key })).json.data.viewer.apiKey.name, 'from there');
  });
});

describe('the old command line', () => {
  it('asks under the aliases result: and resource:, and falls back on a name where an id finds nothing', async () => {
    const path = `/gateway/api/graphql?accountId=${server.account.accountId}`;
    const byId = await server.graphql('query($id: String!) { result: userGroup(userGroupId: $id) { id name } }', { id: 'Production Support' }, { path });
    assert.equal(byId.status, 200);
    assert.match(byId.json.errors[0].message, /No User Group exists/);
    assert.equal(byId.json.data.result, null);
    const byName = await server.query('query($name: String!) { result: userGroupByName(name: $name) { id name } }', { name: 'Production Support' }, { path });
    const { result } = await server.query('query($id: String!) { result: userGroup(userGroupId: $id) { id name } }', { id: byName.result.id }, { path });
    assert.deepEqual(result, byName.result);
    const made = await server.query('mutation { resource: createUserGroup(input: {name: "cli"}) { userGroup { id: name } } }', undefined, { path });
    assert.deepEqual(made, { resource: { userGroup: { id: 'cli' } } });
  });

  it('goes on with the application that is there when it finds "Duplicate name"', async () => {
    const create = 'mutation ($input: CreateApplicationInput!) { result: createApplication(input: $input) { resource: application { id name } } }';
    await server.query(create, { input: { name: 'there already' } });
    const error = await server.error(create, { input: { name: 'there already' } });
    assert.deepEqual([error.message, error.code], ['Duplicate name: an application already exists with the name there already', 'CONFLICT']);
  });
});

describe('scripts', () => {
  /** Sends bytes as they stand, as curl does; the answer's text. */
  async function send(body, headers = {}) {
    const answer = await server.request({
      method: 'POST',
      path: `/gateway/api/graphql?accountId=${server.account.accountId}`,
      headers: { 'content-type': 'application/json', 'X-Api-Key': server.account.apiKey, ...headers },
      body,
    });
    assert.equal(answer.status, 200, answer.text);
    return answer.text;
  }

  it('send raw newlines and tabs inside JSON strings, and \\u0021 for !', async () => {
    const body = '{"query":"query($id: String\\u0021) {\n\tuserGroup(userGroupId: $id) {\r\n    name\n  }\n}","variables":{"id":"' + server.account.userGroupId + '"}}';
    assert.equal(await send(body), '{"data":{"userGroup":{"name":"Account Administrator"}}}');
  });

  it('send a scalar for a list and an object for a list', async () => {
    const { createUser } = await server.query('mutation { createUser(input: {name: "scalar", email: "scalar@example.com"}) { user { id } } }');
    const { id } = createUser.user;
    const group = await send(JSON.stringify({ query: `mutation { createUserGroup(input: {name: "scalar", userIds: "${id}"}) { userGroup { users(limit: 5) { nodes { id } } } } }` }));
    assert.equal(group, `{"data":{"createUserGroup":{"userGroup":{"users":{"nodes":[{"id":"${id}"}]}}}}}`);
    const byVariable = await server.query('mutation($i: CreateUserGroupInput!) { createUserGroup(input: $i) { userGroup { users(limit: 5) { nodes { id } } } } }', { i: { name: 'scalar too', userIds: id } });
    assert.equal(byVariable.createUserGroup.userGroup.users.nodes[0].id, id);
    const filters = ['{time: {relative: {timeUnit: DAYS, noOfUnits: 1}}}', '[{time: {relative: {timeUnit: DAYS, noOfUnits: 1}}}]', `{time: {specific: {from: ${Date.now() - 3600000}, to: ${Date.now() + 3600000}}}}`];
    for (const filter of filters) {
      const { data } = JSON.parse(await send(JSON.stringify({ query: `{ audits(filters: ${filter}, limit: 100) { pageInfo { total } nodes { id ... on ApiKeyChangeSet { apiKeyId } changes { resourceId resourceType operationType } request { remoteIpAddress } } } }` })));
      assert.ok(data.audits.pageInfo.total > 1, filter);
    }
    const { audits } = await server.query('{ audits(limit: 1) { nodes { id } } }');
    const content = await server.query('query($f: [ChangeContentFilter]) { auditChangeContent(filters: $f, limit: 10) { nodes { changeSetId newYaml oldYaml } } }', { f: { changeSetId: audits.nodes[0].id } });
    assert.equal(content.auditChangeContent.nodes[0].changeSetId, audits.nodes[0].id);
    const nothing = JSON.parse(await send(JSON.stringify({ query: '{ audits(filters: {time: {specific: {from: 1000, to: 2000}}}, limit: 10) { nodes { id } } }' })));
    assert.deepEqual(nothing.data.audits.nodes, []);
  });

  it('put times between quotes, as they do all that the shell fills in', async () => {
    const total = async (from, to) => JSON.parse(await send(JSON.stringify({ query: `{ audits(filters: {time: {specific: {from: "${from}", to: "${to}"}}}, limit: 1) { pageInfo { total } } }` })));
    const now = Date.now();
    assert.ok((await total(now - 3600000, now + 3600000)).data.audits.pageInfo.total > 0);
    assert.equal((await total(1577567777550, 1577567829417)).data.audits.pageInfo.total, 0);
    for (const wrong of ['', ' ', '1577567777550 ', '-1', '1.5', '1e3', '0x10', 'now', '2020-01-01', '9007199254740993', '99999999999999999999'])
      assert.match((await total(wrong, now)).errors[0].message, /^from must be a DateTime: a whole number of milliseconds/, wrong);
    const { createApiKey } = await server.query('mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey { expiresAt } } }', { i: { accountId: server.account.accountId, name: 'quoted', expiresAt: '4000000000000' } });
    assert.equal(createApiKey.apiKey.expiresAt, 4000000000000);
  });

  it('ask for the same field twice, and name the operation', async () => {
    const query = 'query Groups { userGroups(limit: 1) { nodes { name name } nodes { name } } } query Others { account { id } }';
    assert.equal(await send(JSON.stringify({ query, operationName: 'Groups' })), '{"data":{"userGroups":{"nodes":[{"name":"Account Administrator"}]}}}');
    for (const operationName of [null, '']) {
      assert.equal(await send(JSON.stringify({ query: '{ account { id } }', operationName, variables: null })), `{"data":{"account":{"id":"${server.account.accountId}"}}}`);
    }
  });

  it('cut values out of compact JSON that ends in braces, and take the text err for a failure', async () => {
    const created = await send(JSON.stringify({ query: `mutation { createApiKey(input: {accountId: "${server.account.accountId}", name: "sed"}) { uuid } }` }));
    const [, uuid] = /^\{"data":\{"createApiKey":\{"uuid":"([^"]*)"\}\}\}$/.exec(created);
    assert.match(uuid, ID);
    assert.ok(!created.includes('err'));
    assert.match(await send(JSON.stringify({ query: '{ userByName(name: "nobody") { id } }' })), /err/);
  });

  it('ask for compressed answers', async () => {
    assert.match(await send('{"query":"{ account { id } }"}', { 'accept-encoding': 'deflate, gzip, br, zstd', accept: '*/*' }), /^\{"data"/);
  });

  it('generate code from the introspection that their tools send', async () => {
    const ref = '{ name kind ofType { name kind ofType { name kind ofType { name kind } } } possibleTypes { name } enumValues { name } }';
    const { data } = JSON.parse(await send(JSON.stringify({ query: `{ __schema { queryType { fields { name description args { name defaultValue type ${ref} } type ${ref} } } } }` })));
    const fields = Object.fromEntries(data.__schema.queryType.fields.map((field) => [field.name, field]));
    assert.deepEqual(fields.users.args.map(({ name, defaultValue, type }) => [name, defaultValue, type.kind, type.ofType?.name ?? type.name]), [['limit', null, 'NON_NULL', 'Int'], ['offset', null, 'SCALAR', 'Int']]);
    assert.equal(fields.userGroup.type.name, 'UserGroup');
  });
});
