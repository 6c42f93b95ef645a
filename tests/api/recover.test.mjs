// latchkey recover: the way back when no administrator's key is left.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BINARY, init, run, Server, TOKEN, temporaryDirectory, UNKNOWN_ID } from './support/server.mjs';

describe('recover', () => {
  const leak = (server, key) => server.request({ method: 'POST', path: '/v1/revoke-leaked', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tokens: [key] }) });

  it('gives a key to an account whose last one was leaked, and not while it is served', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    let server = await Server.start(data, account);
    assert.equal((await leak(server, account.apiKey)).status, 202);
    assert.equal(await server.accepts(account.apiKey), false);
    const served = run(['recover', '--data', data]);
    assert.equal(served.status, 1);
    await server.stop();

    const done = run(['recover', '--data', data, '--json']);
    assert.equal(done.status, 0, done.stderr);
    const { accountId, apiKey } = JSON.parse(done.stdout);
    assert.equal(accountId, account.accountId);
    assert.match(apiKey, TOKEN);
    assert.match(run(['recover', '--data', data]).stdout, /It is shown this once:\n\n {2}lk_[0-9A-Za-z]{71}\n$/);
    assert.equal(run(['audit', 'verify', '--data', data]).status, 0);

    server = await Server.start(data, { ...account, apiKey });
    assert.equal(await server.accepts(account.apiKey), false, 'the leaked one stays off');
    const names = await server.keyNames();
    assert.equal(names.filter((name) => name.startsWith('recovered ')).length, 2);
    const { stdout } = run(['audit', 'list', '--json', '--url', server.url], { env: { ...process.env, LATCHKEY_API_KEY: apiKey } });
    assert.equal(JSON.parse(stdout).filter(({ operation, resourceName }) => operation === 'CREATE' && resourceName.startsWith('recovered ')).length, 2);
    await server.query('mutation ($input: CreateAccountInput!) { createAccount(input: $input) { key } }', { input: { name: 'Second' } });
    await server.stop();

    const unnamed = run(['recover', '--data', data]);
    assert.equal(unnamed.status, 1);
    assert.match(unnamed.stderr, /There are 2 accounts: name one with --account-id/);
    assert.match(run(['recover', '--data', data, '--account-id', UNKNOWN_ID]).stderr, /There is no account/);
    assert.equal(run(['recover', '--data', data, '--account-id', account.accountId]).status, 0);
    assert.equal(run(['recover']).status, 2);
  });

  it('makes no key that nobody has seen', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const unseen = spawnSync('sh', ['-c', 'exec "$0" recover --data "$1" >/dev/full', BINARY, data], { encoding: 'utf8' });
    assert.deepEqual([unseen.status, unseen.stderr], [1, 'latchkey: Cannot write to standard output: No space left on device\n']);
    const server = await Server.start(data, account);
    const names = await server.keyNames();
    await server.stop();
    assert.deepEqual(names, ['admin']);
  });

  describe('gives a key that holds what the first one held', () => {
    const CREATE_GROUP = 'mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }';
    const UPDATE_GROUP = 'mutation ($input: UpdateUserGroupInput!) { updateUserGroup(input: $input) { clientMutationId } }';
    const HELD = '{ viewer { permissions { accountPermissions { accountPermissionTypes } appPermissions { permissionType actions } scopes } } }';
    const UPDATE_KEY = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }';
    const RIGHTS = { accountPermissions: { accountPermissionTypes: ['MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS', 'CREATE_AND_DELETE_APPLICATION'] }, scopes: ['latchkey.operator'] };

    /** What the first key of a new server held, after change(server) has been done to it and it was stopped. */
    async function prepare(change) {
      const server = await Server.fresh();
      const { viewer } = await server.query(HELD);
      await change(server);
      await server.stop();
      return { data: server.data, account: server.account, held: viewer.permissions };
    }

    /** Uses a key for what needs all that an administrator holds. */
    async function use({ data, account, held }, apiKey) {
      const server = await Server.start(data, { ...account, apiKey });
      const { viewer } = await server.query(HELD);
      assert.deepEqual(viewer.permissions, held);
      const permissions = { accountPermissions: { accountPermissionTypes: held.accountPermissions.accountPermissionTypes }, scopes: ['*', 'latchkey.operator'] };
      const { createUserGroup } = await server.query(CREATE_GROUP, { input: { name: 'given all', permissions } });
      await server.createKey('in it', [createUserGroup.userGroup.id]);
      await server.query('mutation ($input: CreateAccountInput!) { createAccount(input: $input) { key } }', { input: { name: 'Another' } });
      await server.query('mutation { createApplication(input: {name: "Another"}) { application { id } } }');
      const { userGroups } = await server.query('{ userGroups(limit: 100) { nodes { id name } } }');
      await server.stop();
      return userGroups.nodes;
    }

    it('in its group, whatever that is called', async () => {
      const prepared = await prepare(async (server) => {
        await server.query(UPDATE_GROUP, { input: { userGroupId: server.account.userGroupId, name: 'Owners\u202e' } });
        await server.query(CREATE_GROUP, { input: { name: 'Account Administrator' } });
      });
      const done = run(['recover', '--data', prepared.data]);
      assert.match(done.stdout, /^A new key of account \S+, in the user group Owners\\u\{202e\}\. It is shown this once:\n\n {2}lk_/, done.stderr);
      const again = run(['recover', '--data', prepared.data, '--json']);
      assert.deepEqual(Object.keys(JSON.parse(again.stdout)), ['accountId', 'apiKeyId', 'apiKey']);
      await use(prepared, done.stdout.match(/lk_[0-9A-Za-z]{71}/)[0]);
    });

    it('in a new group, when no other holds so much', async () => {
      const prepared = await prepare(async (server) => {
        const { accountId, userGroupId, apiKeyId } = server.account;
        const { createUserGroup } = await server.query(CREATE_GROUP, { input: { name: 'Account Administrator 2', permissions: RIGHTS } });
        await server.query(UPDATE_KEY, { input: { accountId, uuid: apiKeyId, name: 'admin', userGroupIds: [createUserGroup.userGroup.id] } });
        await server.query(UPDATE_GROUP, { input: { userGroupId, permissions: {} } });
      });
      const done = run(['recover', '--data', prepared.data, '--json']);
      assert.equal(done.status, 0, done.stderr);
      const { apiKey, newUserGroupId } = JSON.parse(done.stdout);
      const groups = await use(prepared, apiKey);
      assert.equal(groups.find(({ name }) => name === 'Account Administrator 3').id, newUserGroupId);
      const server = await Server.start(prepared.data, { ...prepared.account, apiKey });
      const { stdout } = run(['audit', 'list', '--json', '--url', server.url], { env: { ...process.env, LATCHKEY_API_KEY: apiKey } });
      const made = JSON.parse(stdout).filter(({ operation, resourceName }) => operation === 'CREATE' && /^(recovered |Account Administrator 3$)/.test(resourceName));
      await server.stop();
      assert.deepEqual(made.map(({ resourceType }) => resourceType).sort(), ['API_KEY', 'USER_GROUP']);
      assert.equal(made[0].changeSetId, made[1].changeSetId);
      assert.equal(run(['audit', 'verify', '--data', prepared.data]).status, 0);
    });

    it('and says when the group is new', async () => {
      const prepared = await prepare(async (server) => {
        const { accountId, userGroupId, apiKeyId } = server.account;
        const { createUserGroup } = await server.query(CREATE_GROUP, { input: { name: 'Rest', permissions: RIGHTS } });
        await server.query(UPDATE_KEY, { input: { accountId, uuid: apiKeyId, name: 'admin', userGroupIds: [createUserGroup.userGroup.id] } });
        await server.query('mutation ($id: String!) { deleteUserGroup(input: {userGroupId: $id}) { clientMutationId } }', { id: userGroupId });
      });
      const done = run(['recover', '--data', prepared.data]);
      assert.match(done.stdout, /in the user group Account Administrator, which is new: no other holds all that an administrator needs\. It is shown/, done.stderr);
      await use(prepared, done.stdout.match(/lk_[0-9A-Za-z]{71}/)[0]);
    });
  });
});
