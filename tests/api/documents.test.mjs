// The three documents of the reference, exactly, and the life of a key.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CREATE, DELETE, ID, PATHS, Server, TOKEN, UPDATE } from './support/server.mjs';

describe('the three documents', () => {
  let server;
  let accountId;
  let groupId;
  before(async () => {
    server = await Server.fresh();
    accountId = server.account.accountId;
    groupId = server.account.userGroupId;
  });
  after(() => server.stop());

  for (const index of [0, 1, 2, 3]) {
    it(`work on ${PATHS('A')[index]}, to the byte`, async () => {
      const options = { path: PATHS(accountId)[index] };
      const name = `example${index}`;
      const created = await server.graphql(CREATE, { input: { accountId, clientMutationId: 'gafs', name, userGroupIds: [groupId] } }, options);
      assert.equal(created.status, 200);
      assert.match(created.headers['content-type'], /^application\/json(; *charset=utf-8)?$/i);
      const { uuid } = created.json.data.createApiKey;
      assert.match(uuid, ID);
      assert.equal(created.text, `{"data":{"createApiKey":{"name":"${name}","clientMutationId":"gafs","uuid":"${uuid}"}}}`);

      const input = { uuid, accountId, name: 'doc_example_update', clientMutationId: 'gafs', userGroupIds: [groupId] };
      const updated = await server.graphql(UPDATE, { input }, options);
      assert.equal(updated.status, 200);
      assert.equal(updated.text, `{"data":{"updateApiKey":{"clientMutationId":"gafs","name":"doc_example_update","uuid":"${uuid}"}}}`);

      const deleted = await server.graphql(DELETE, { input: { uuid, accountId } }, options);
      assert.equal(deleted.status, 200);
      assert.equal(deleted.text, '{"data":{"deleteApiKey":{"clientMutationId":null}}}');
    });
  }

  it('echo clientMutationId as sent, and null where it was absent or null', async () => {
    for (const clientMutationId of ['', ' x ', 'ünï\u0000\n"', undefined, null]) {
      const created = await server.query(CREATE, { input: { accountId, name: 'echo', userGroupIds: [groupId], clientMutationId } });
      assert.equal(created.createApiKey.clientMutationId, clientMutationId ?? null);
      const { uuid } = created.createApiKey;
      const updated = await server.query(UPDATE, { input: { accountId, uuid, name: 'echo', clientMutationId } });
      assert.equal(updated.updateApiKey.clientMutationId, clientMutationId ?? null);
      const deleted = await server.query(DELETE, { input: { accountId, uuid, clientMutationId } });
      assert.equal(deleted.deleteApiKey.clientMutationId, clientMutationId ?? null);
    }
  });

  it('answer in the order of the selection, under aliases too', async () => {
    const document = 'mutation ($input: CreateApiKeyInput!) { result: createApiKey(input: $input) { uuid id: uuid name name } }';
    const answer = await server.graphql(document, { input: { accountId, name: 'aliased', userGroupIds: [groupId] } });
    const { uuid } = answer.json.data.result;
    assert.equal(answer.text, `{"data":{"result":{"uuid":"${uuid}","id":"${uuid}","name":"aliased"}}}`);
  });

  it('run several mutations of one request in order', async () => {
    const document = `mutation ($a: CreateApiKeyInput!, $b: CreateApiKeyInput!) {
      first: createApiKey(input: $a) { name } second: createApiKey(input: $b) { name } third: createApiKey(input: $a) { name } }`;
    const answer = await server.graphql(document, { a: { accountId, name: 'serial-a' }, b: { accountId, name: 'serial-b' } });
    assert.deepEqual(answer.json.data, { first: { name: 'serial-a' }, second: { name: 'serial-b' }, third: null });
    assert.equal(answer.json.errors.length, 1);
    assert.deepEqual(answer.json.errors[0].path, ['third']);
    assert.equal(answer.json.errors[0].extensions.code, 'CONFLICT');
    const names = await server.keyNames();
    assert.ok(names.includes('serial-a') && names.includes('serial-b'), 'the two that worked are kept');
  });

  it('createApiKey offers the key and the whole APIKey', async () => {
    const document = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey {
      id uuid name accountId preview enabled createdAt createdBy updatedAt expiresAt metadata { key value }
      userGroups(limit: 10) { nodes { id name } } } } }`;
    const before = Date.now();
    const { createApiKey } = await server.query(document, {
      input: { accountId, name: 'whole', userGroupIds: [groupId], metadata: [{ key: 'team', value: 'payments' }] },
    });
    assert.match(createApiKey.key, TOKEN);
    const { apiKey } = createApiKey;
    assert.match(apiKey.id, ID);
    assert.equal(apiKey.uuid, apiKey.id);
    assert.equal(apiKey.name, 'whole');
    assert.equal(apiKey.accountId, accountId);
    assert.equal(apiKey.preview, `lk_…${createApiKey.key.slice(-4)}`);
    assert.equal(apiKey.enabled, true);
    assert.ok(apiKey.createdAt >= before - 1000 && apiKey.createdAt <= Date.now() + 1000);
    assert.equal(apiKey.updatedAt, apiKey.createdAt);
    assert.equal(apiKey.expiresAt, null);
    assert.deepEqual(apiKey.metadata, [{ key: 'team', value: 'payments' }]);
    assert.deepEqual(apiKey.userGroups.nodes, [{ id: groupId, name: 'Account Administrator' }]);

    const update = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { name metadata { key } userGroups(limit: 1) { nodes { id } } } } }';
    const kept = await server.query(update, { input: { accountId, uuid: apiKey.id, name: 'whole2' } });
    assert.deepEqual(kept.updateApiKey.apiKey, { name: 'whole2', metadata: [{ key: 'team' }], userGroups: { nodes: [{ id: groupId }] } });
    const emptied = await server.query(update, { input: { accountId, uuid: apiKey.id, name: 'whole2', userGroupIds: null, metadata: [] } });
    assert.deepEqual(emptied.updateApiKey.apiKey, { name: 'whole2', metadata: [], userGroups: { nodes: [] } });
  });

  it('accept what scripts send: a scalar for a list, variables: null, a document without variables', async () => {
    const created = await server.query(CREATE, { input: { accountId, name: 'scalar', userGroupIds: groupId } });
    assert.match(created.createApiKey.uuid, ID);
    const inline = `mutation { createApiKey(input: {accountId: "${accountId}", name: "inline", userGroupIds: ["${groupId}"]}) { name } }`;
    assert.deepEqual(await server.query(inline, null), { createApiKey: { name: 'inline' } });
  });
});

describe('the life of a key', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  it('authenticates, lacks what its groups lack, gains it by update, and is dead when deleted', async () => {
    const { accountId, userGroupId: administrators } = server.account;
    const support = await server.groupId('Production Support');
    const { uuid, key } = await server.createKey('life', [support]);
    assert.match(key, TOKEN);
    const creating = { input: { accountId, name: 'by-life', userGroupIds: [] } };

    const viewer = await server.query('{ viewer { apiKey { id name } account { id } } }', undefined, { key });
    assert.deepEqual(viewer.viewer, { apiKey: { id: uuid, name: 'life' }, account: { id: accountId } });
    const refused = await server.error(CREATE, creating, { key });
    assert.equal(refused.code, 'FORBIDDEN');
    assert.deepEqual(refused.data, { createApiKey: null });
    assert.deepEqual(refused.path, ['createApiKey']);
    assert.ok(!(await server.keyNames()).includes('by-life'));

    await server.query(UPDATE, { input: { uuid, accountId, name: 'life', userGroupIds: [administrators] } });
    assert.equal((await server.query(CREATE, creating, { key })).createApiKey.name, 'by-life');

    await server.query(UPDATE, { input: { uuid, accountId, name: 'life', userGroupIds: [support] } });
    assert.equal((await server.error(DELETE, { input: { uuid, accountId } }, { key })).code, 'FORBIDDEN');

    await server.query(DELETE, { input: { uuid, accountId } });
    assert.equal(await server.accepts(key), false);
    assert.equal((await server.error(DELETE, { input: { uuid, accountId } })).code, 'NOT_FOUND');
  });

  it('a key may delete itself, and that is its last request', async () => {
    const { uuid, key } = await server.createKey('suicidal');
    const { accountId } = server.account;
    assert.deepEqual(await server.query(DELETE, { input: { uuid, accountId } }, { key }), { deleteApiKey: { clientMutationId: null } });
    assert.equal(await server.accepts(key), false);
  });

  it('a disabled key is refused until it is enabled again', async () => {
    const { uuid, key } = await server.createKey('switch');
    const { accountId } = server.account;
    const update = (enabled) => server.query(UPDATE, { input: { uuid, accountId, name: 'switch', enabled } });
    await update(false);
    assert.equal(await server.accepts(key), false);
    await update(true);
    assert.equal(await server.accepts(key), true);
  });

  it('a key is refused from the moment it expires', async () => {
    const { accountId, userGroupId } = server.account;
    const expiresAt = Date.now() + 1500;
    const { createApiKey } = await server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }', {
      input: { accountId, name: 'brief', userGroupIds: [userGroupId], expiresAt },
    });
    if (Date.now() < expiresAt - 300) assert.equal(await server.accepts(createApiKey.key), true);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiresAt - Date.now() + 5)));
    assert.equal(await server.accepts(createApiKey.key), false);
  });

  it('revealApiKey gives the same secret again, and to nobody who may not', async () => {
    const { uuid, key } = await server.createKey('revealed', [await server.groupId('Production Support')]);
    const document = 'mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }';
    const input = { uuid, accountId: server.account.accountId };
    assert.equal((await server.query(document, { input })).revealApiKey.key, key);
    assert.equal((await server.error(document, { input }, { key })).code, 'FORBIDDEN');
    const keeper = await server.createKey('keeper', [await server.createGroup('keepers', ['MANAGE_API_KEYS'])]);
    const { code, message } = await server.error(document, { input }, { key: keeper.key });
    assert.deepEqual([code, /more than the caller holds/.test(message)], ['FORBIDDEN', true], message);
    const weak = await server.createKey('weak', []);
    assert.equal((await server.query(document, { input: { ...input, uuid: weak.uuid } }, { key: keeper.key })).revealApiKey.key, weak.key);
  });
});
