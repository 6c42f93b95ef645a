// What can be read: keys, groups, the account, the viewer.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ID, Server, TOKEN, UNKNOWN_ID } from './support/server.mjs';

describe('queries', () => {
  let server;
  let keys;
  before(async () => {
    server = await Server.fresh({ initArgs: ['--account-name', 'Acme'] });
    keys = {};
    for (const name of ['delta', 'alpha', 'charlie', 'bravo']) keys[name] = await server.createKey(name);
  });
  after(() => server.stop());

  it('init printed ids and a key of the right shape, in an account with the right name', async () => {
    const { accountId, accountName, userGroupId, apiKeyId, apiKey, url } = server.account;
    for (const id of [accountId, userGroupId, apiKeyId]) assert.match(id, ID);
    assert.match(apiKey, TOKEN);
    assert.equal(accountName, 'Acme');
    assert.match(url, /^http:\/\//);
    assert.deepEqual((await server.query('{ account { id name } }')).account, { id: accountId, name: 'Acme' });
  });

  it('viewer is the credential of the request with the union of its permissions', async () => {
    const { viewer } = await server.query(
      '{ viewer { account { id } apiKey { id } permissions { accountPermissions { accountPermissionTypes } } } }',
    );
    assert.equal(viewer.account.id, server.account.accountId);
    assert.equal(viewer.apiKey.id, server.account.apiKeyId);
    assert.equal(viewer.permissions.accountPermissions.accountPermissionTypes.length, 31);
    assert.ok(viewer.permissions.accountPermissions.accountPermissionTypes.includes('MANAGE_API_KEYS'));
  });

  it('applications are found by their ids', async () => {
    const ids = {};
    for (const name of ['web', 'shop', 'api']) {
      const made = await server.query(`mutation { createApplication(input: {name: "${name}"}) { application { id } } }`);
      ids[name] = made.createApplication.application.id;
    }
    const document = `query ($filters: [ApplicationFilter]) { applications(filters: $filters, limit: 10) { pageInfo { total } nodes { name } } }`;
    const list = async (...filters) => {
      const { applications } = await server.query(document, { filters });
      assert.equal(applications.pageInfo.total, applications.nodes.length);
      return applications.nodes.map((node) => node.name);
    };
    const by = (operator, ...values) => ({ application: { operator, values } });
    assert.deepEqual(await list(), ['api', 'shop', 'web']);
    assert.deepEqual(await list(null, {}), ['api', 'shop', 'web']);
    assert.deepEqual(await list(by('EQUALS', ids.shop)), ['shop']);
    assert.deepEqual(await list(by('IN', ids.web, ids.shop, ids.web, UNKNOWN_ID, 'no id', null)), ['shop', 'web']);
    assert.deepEqual(await list(by('IN')), []);
    // None has a tag. The documented sample gives one tag's members without a list, and both filters at once.
    const tag = (...tags) => ({ tag: { entityType: 'APPLICATION', tags } });
    assert.deepEqual(await list(tag({ name: 'tag1', value: 'val1' })), []);
    assert.deepEqual(await list({ ...by('EQUALS', ids.web), ...tag({ name: 'tag1' }, { name: 'tag2' }) }), []);
    assert.deepEqual(await list(tag({ name: 'tag1' }), by('EQUALS', ids.web)), []);
    assert.deepEqual(await list(tag(), { tag: { entityType: 'APPLICATION' } }, { tag: null }), ['api', 'shop', 'web']);
    const sample = `{ applications(filters: {application: {operator: EQUALS values: "${ids.web}"} tag: {entityType: APPLICATION tags: {name: "tag1" value: "val1"}}} limit: 10 offset: 0) { nodes { id name description createdAt } } }`;
    assert.deepEqual((await server.query(sample)).applications.nodes, []);
    for (const [filters, message] of [
      [[by('EQUALS', ids.web, ids.shop)], 'EQUALS takes one value; IN takes several'],
      [[by('EQUALS', ids.web), by('EQUALS', ids.web)], 'filters may give application once'],
      [[by('IN', ...Array(101).fill(ids.web))], 'At most 100 ids of applications can be asked for at once'],
    ]) {
      const error = await server.error(document, { filters });
      assert.deepEqual([error.message, error.code], [message, 'BAD_USER_INPUT']);
    }
  });

  it('apiKeys pages in the order of names, with totals', async () => {
    const document = 'query ($limit: Int!, $offset: Int) { apiKeys(limit: $limit, offset: $offset) { pageInfo { hasMore total offset limit } nodes { name } } }';
    const all = await server.query(document, { limit: 100 });
    const names = all.apiKeys.nodes.map((node) => node.name);
    assert.deepEqual(names, [...names].sort());
    assert.equal(names.length, 5); // init's key is one
    assert.deepEqual(all.apiKeys.pageInfo, { hasMore: false, total: 5, offset: 0, limit: 100 });
    const page = await server.query(document, { limit: 2, offset: 1 });
    assert.deepEqual(page.apiKeys.nodes.map((node) => node.name), names.slice(1, 3));
    assert.deepEqual(page.apiKeys.pageInfo, { hasMore: true, total: 5, offset: 1, limit: 2 });
    const beyond = await server.query(document, { limit: 2, offset: 1000 });
    assert.deepEqual(beyond.apiKeys, { pageInfo: { hasMore: false, total: 5, offset: 1000, limit: 2 }, nodes: [] });
    assert.equal((await server.query(document, { limit: 0 })).apiKeys.nodes.length, 0);
    assert.equal((await server.query(document, { limit: 1000000 })).apiKeys.pageInfo.limit, 100);
    for (const variables of [{ limit: -1 }, { limit: 1, offset: -1 }]) {
      assert.equal((await server.error(document, variables)).code, 'BAD_USER_INPUT');
    }
  });

  it('apiKeys filters, and takes a single object where a list is declared', async () => {
    const document = 'query ($filters: [ApiKeyFilter]) { apiKeys(limit: 100, filters: $filters) { pageInfo { total } nodes { name } } }';
    const found = async (filters) => (await server.query(document, { filters })).apiKeys.nodes.map((node) => node.name);
    assert.deepEqual(await found([{ nameContains: 'HA' }]), ['alpha', 'charlie']);
    assert.deepEqual(await found({ nameContains: 'ha' }), ['alpha', 'charlie']);
    assert.deepEqual(await found([{ nameContains: 'ha' }, { userGroupId: server.account.userGroupId }, { enabled: true }]), ['alpha', 'charlie']);
    assert.deepEqual(await found([{ nameContains: 'ha', enabled: false }]), []);
    assert.deepEqual(await found([{ nameContains: '%' }]), []);
    assert.deepEqual(await found([{ enabled: false }]), []);
    assert.equal((await found([{ userGroupId: server.account.userGroupId }])).length, 5);
    assert.equal((await found([])).length, 5);
    assert.equal((await found(null)).length, 5);
  });

  it('apiKey and apiKeyByName find one key, and an unknown one is an error', async () => {
    const { uuid } = keys.alpha;
    assert.deepEqual((await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { name uuid } }', { id: uuid })).apiKey, { name: 'alpha', uuid });
    assert.equal((await server.query('{ apiKeyByName(name: "alpha") { id } }')).apiKeyByName.id, uuid);
    for (const id of [UNKNOWN_ID, 'nonsense', '']) {
      const error = await server.error('query ($id: String!) { apiKey(apiKeyId: $id) { name } }', { id });
      assert.equal(error.code, 'NOT_FOUND');
      assert.deepEqual(error.data, { apiKey: null });
      assert.deepEqual(error.path, ['apiKey']);
    }
    assert.equal((await server.error('{ apiKeyByName(name: "Alpha") { id } }')).code, 'NOT_FOUND');
  });

  it('the three default groups exist with their permissions', async () => {
    const { userGroups } = await server.query(`{ userGroups(limit: 100) { pageInfo { total } nodes { id name permissions {
      accountPermissions { accountPermissionTypes } appPermissions { permissionType actions applications { filterType } } } } } }`);
    assert.equal(userGroups.pageInfo.total, 3);
    assert.deepEqual(userGroups.nodes.map((group) => group.name), ['Account Administrator', 'Non-Production Support', 'Production Support']);
    const [administrators, ...support] = userGroups.nodes;
    assert.equal(administrators.id, server.account.userGroupId);
    assert.equal(administrators.permissions.accountPermissions.accountPermissionTypes.length, 31);
    assert.equal(administrators.permissions.appPermissions.length, 1);
    const [app] = administrators.permissions.appPermissions;
    assert.deepEqual({ ...app, actions: [...app.actions].sort() }, {
      permissionType: 'ALL',
      actions: ['CREATE', 'DELETE', 'EXECUTE_PIPELINE', 'EXECUTE_WORKFLOW', 'READ', 'UPDATE'],
      applications: { filterType: 'ALL' },
    });
    for (const group of support) {
      assert.deepEqual(group.permissions.accountPermissions?.accountPermissionTypes ?? [], []);
      const types = group.permissions.appPermissions.map((permission) => permission.permissionType);
      assert.deepEqual(types.sort(), ['DEPLOYMENT', 'ENV', 'PIPELINE', 'PROVISIONER', 'SERVICE', 'WORKFLOW']);
      for (const permission of group.permissions.appPermissions) {
        const expected = permission.permissionType === 'DEPLOYMENT' ? ['EXECUTE_PIPELINE', 'EXECUTE_WORKFLOW', 'READ'] : ['CREATE', 'DELETE', 'READ', 'UPDATE'];
        assert.deepEqual([...permission.actions].sort(), expected);
      }
    }
  });

  it('userGroup and userGroupByName find one group, and an unknown one is an error in the words clients look for', async () => {
    const id = server.account.userGroupId;
    assert.equal((await server.query('query ($id: String!) { userGroup(userGroupId: $id) { name } }', { id })).userGroup.name, 'Account Administrator');
    assert.equal((await server.query('{ userGroupByName(name: "Account Administrator") { id } }')).userGroupByName.id, id);
    for (const document of [`{ userGroup(userGroupId: "${UNKNOWN_ID}") { id } }`, '{ userGroupByName(name: "Nobody") { id } }']) {
      const error = await server.error(document);
      assert.equal(error.code, 'NOT_FOUND');
      assert.match(error.message, /No User Group exists/);
    }
  });

  it('a key sees itself, but not others, without the permission to', async () => {
    const { uuid, key } = await server.createKey('modest', []);
    assert.equal((await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { name } }', { id: uuid }, { key })).apiKey.name, 'modest');
    for (const document of [
      '{ apiKeys(limit: 1) { nodes { name } } }',
      '{ apiKeyByName(name: "alpha") { id } }',
      `{ apiKey(apiKeyId: "${keys.alpha.uuid}") { id } }`,
      '{ userGroups(limit: 1) { nodes { id } } }',
      '{ userGroupByName(name: "Account Administrator") { id } }',
    ]) {
      const error = await server.error(document, undefined, { key });
      assert.ok(['FORBIDDEN', 'NOT_FOUND'].includes(error.code), `${document}: ${error.code}`);
    }
  });

  it('no answer about a key holds its secret', async () => {
    const answer = await server.graphql('{ apiKeys(limit: 100) { nodes { id uuid name preview createdBy metadata { key value } } } }');
    for (const { key } of [...Object.values(keys), { key: server.account.apiKey }]) {
      assert.ok(!answer.text.includes(key.slice(3, 30)));
      assert.ok(!answer.text.includes(key.slice(-10)));
    }
  });
});
