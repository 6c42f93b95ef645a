// Accounts are walls. The test walks the schema that the server shows, so a new field or argument is put to the test without anyone remembering;
// an argument that it does not know what to fill with makes it fail. At every place for an id, a name or a text, an account tries what belongs to
// another account: the answer must be, to the letter, the one for something that does not exist.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Server, TOKEN } from './support/server.mjs';
import { fill, fresh, KINDS, lookUp, NEEDED, TEXTS } from './support/fill.mjs';
import { argumentsOf, leaves, rootFields, schemaOf } from './support/walk.mjs';

// Ids that narrow a list: a thing that does not exist leaves the list empty.
const FILTERS = ['apiKeys.userGroupId', 'applications.values', 'auditChangeContent.changeSetId', 'auditChangeContent.resourceId', 'audits.actorId', 'audits.resourceId'];

/** A name for one place. */
const onlyAt = (field, leaf) => `only ${field.name}.${leaf.name}`;

const emailOf = (name) => `${name.replace(' ', '-').toLowerCase()}@example.com`;

const cidrOf = (name) => `10.${[...createHash('sha256').update(name).digest().subarray(0, 3)].join('.')}/32`;

/** Makes one thing of each kind with one name: their ids. `own` is in all that is not a name. */
async function plant(server, key, name, own) {
  const run = async (field, input, wanted) => {
    const type = `${field[0].toUpperCase()}${field.slice(1)}Input!`;
    return (await server.query(`mutation ($input: ${type}) { ${field}(input: $input) { ${wanted} } }`, { input }, { key }))[field];
  };
  const account = (await server.query('{ account { id } }', undefined, { key })).account.id;
  const email = emailOf(name);
  const { user } = await run('createUser', { name, email, externalUserId: `external ${name}` }, 'user { id }');
  const { ssoProvider } = await run('createSsoProvider', { name, ssoType: 'LDAP' }, 'ssoProvider { id }');
  const { application } = await run('createApplication', { name, description: `text of ${own}` }, 'application { id }');
  const { ipAllowEntry } = await run('createIpAllowEntry', { cidr: cidrOf(name), description: `text of ${own}`, status: 'DISABLED' }, 'ipAllowEntry { id }');
  const group = {
    name,
    description: `text of ${own}`,
    userIds: [user.id],
    ssoSetting: { ldapSettings: { ssoProviderId: ssoProvider.id, groupName: `text of ${own}`, groupDN: `cn=text of ${own}` } },
    notificationSettings: { groupEmailAddresses: [email], slackNotificationSetting: { slackChannelName: `text of ${own}`, slackWebhookURL: `https://example.com/${own}` } },
    permissions: {
      accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] },
      appPermissions: [{ permissionType: 'SERVICE', applications: { appIds: [application.id] }, services: { serviceIds: [`service-${own}`] }, actions: ['READ'] }],
      scopes: [`scope.${own}`],
    },
  };
  const { userGroup } = await run('createUserGroup', group, 'userGroup { id }');
  const robot = { accountId: account, name, userGroupIds: [userGroup.id], metadata: [{ key: 'note', value: `text of ${own}` }] };
  const { uuid } = await run('createApiKey', robot, 'uuid');
  const { audits } = await server.query('{ audits(limit: 1) { nodes { id } } }', undefined, { key });
  return {
    account,
    user: user.id,
    ssoProvider: ssoProvider.id,
    application: application.id,
    ipAllowEntry: ipAllowEntry.id,
    userGroup: userGroup.id,
    apiKey: uuid,
    changeSet: audits.nodes[0].id,
    actor: (await server.query('{ viewer { apiKey { id } } }', undefined, { key })).viewer.apiKey.id,
  };
}

/** Every text of an answer. */
function texts(value, found = new Set()) {
  if (typeof value === 'string') found.add(value);
  else if (value !== null && typeof value === 'object') for (const member of Object.values(value)) texts(member, found);
  return found;
}

const isEmptyList = (data) => Object.values(data).every((connection) => connection.nodes?.length === 0);

describe('two accounts with the same names', () => {
  let server;
  let a;
  let b;
  let secrets; // texts that only the second account has
  let fields; // [{operation, field, document}]

  /** Everything that an account can read of itself. */
  async function everything(account) {
    const found = {};
    for (const { operation, field, document } of fields) {
      const lists = field.args.every((argument) => ['limit', 'offset', 'filters', 'sort'].includes(argument.name));
      if (operation !== 'query' || !lists || field.name === 'auditChangeContent') continue;
      const answer = await server.graphql(document, { limit: 100 }, { key: account.key });
      assert.ok(answer.json.data?.[field.name] != null || answer.json.errors[0].extensions.code === 'FORBIDDEN', answer.text.slice(0, 500));
      found[field.name] = JSON.parse(answer.text, (member, value) => (member === 'usage' || member === 'lastUsedAt' ? undefined : value)); // asking is use
    }
    const contents = [];
    for (const { id } of found.audits.data.audits.nodes.slice(0, 10)) {
      contents.push(await server.query('query ($id: String!) { auditChangeContent(limit: 100, filters: {changeSetId: $id}) { nodes { oldYaml newYaml } } }', { id }, { key: account.key }));
    }
    return { ...found, contents };
  }

  before(async () => {
    server = await Server.fresh();
    fields = rootFields(await schemaOf(server));
    const make = async (own) => {
      const { createAccount } = await server.query('mutation { createAccount(input: {name: "same"}) { key account { id } } }');
      assert.match(createAccount.key, TOKEN);
      return { key: createAccount.key, ids: await plant(server, createAccount.key, 'same', own) };
    };
    a = await make('alpha');
    b = await make('beta');
    // A name that the first account has taken tells nothing: each place gets one that is the second's alone.
    for (const { field } of fields) {
      for (const leaf of leaves(field).filter((one) => ['name', 'email', 'cidr'].includes(lookUp(TEXTS, one)))) await plant(server, b.key, onlyAt(field, leaf), 'beta');
    }
    b.ids.changeSet = (await server.query('{ audits(limit: 1) { nodes { id } } }', undefined, { key: b.key })).audits.nodes[0].id;
    const known = texts(await everything(a));
    secrets = [...texts(await everything(b))].filter((text) => !known.has(text) && text.length > 4);
  });
  after(() => server.stop());

  it('are filled, and the search for what belongs to one finds it', () => {
    for (const id of Object.values(b.ids)) assert.ok(secrets.includes(id), id);
    for (const text of ['only userByName.name', 'only-userbyemail.email@example.com', 'text of beta', 'service-beta', 'scope.beta']) assert.ok(secrets.includes(text), text);
  });

  it('find each their own by the same names', async () => {
    const document = '{ account { name } userByName(name: "same") { id email } userGroupByName(name: "same") { id } apiKeyByName(name: "same") { id } applicationByName(name: "same") { id } }';
    const [first, second] = [await server.query(document, undefined, { key: a.key }), await server.query(document, undefined, { key: b.key })];
    assert.equal(first.account.name, second.account.name);
    assert.equal(first.userByName.email, second.userByName.email);
    for (const name of ['userByName', 'userGroupByName', 'apiKeyByName', 'applicationByName']) assert.notEqual(first[name].id, second[name].id, name);
  });

  /** One attempt of the first account with something in one place: what can be told apart by the one who asks. */
  async function attempt({ operation, field, document }, leaf, value, by = a) {
    const variables = argumentsOf(field, leaf, value, (other) => fill(by.ids, other), NEEDED);
    const answer = await server.graphql(document, variables, { key: by.key });
    const given = texts(variables);
    const leaked = secrets.filter((secret) => !given.has(secret) && [...texts(answer.json)].some((text) => text.includes(secret) && !text.includes(value)));
    assert.deepEqual(leaked, [], `${operation} ${field.name} with ${leaf.path.join('.')} ${value} shows what is another's`);
    // What an import refuses is told of each key.
    const refused = (answer.json.data?.importApiKeys?.results ?? []).filter(({ error }) => error !== null);
    const told = answer.json.errors ?? (refused.length === 0 ? undefined : refused.map(({ error }) => ({ message: error, extensions: {} })));
    const errors = told?.map(({ message, path, extensions }) => JSON.stringify([message, path, extensions.code]).replaceAll(value, 'X').replace(/new-\d+|198\.18\.\d+\.\d+/g, 'NEW'));
    return { status: answer.status, errors, data: answer.json.data };
  }

  const alike = (one, other, words) => assert.deepEqual([one.status, one.errors], [other.status, other.errors], words);

  /** Tries what is another's in one place of a field's arguments. */
  async function probe(one, leaf) {
    const kind = lookUp(KINDS, leaf);
    const place = `${one.operation} ${one.field.name}(${leaf.path.join('.')})`;
    if (kind !== undefined) {
      const unknown = await attempt(one, leaf, randomBytes(16).toString('base64url'));
      const filter = FILTERS.includes(`${one.field.name}.${leaf.name}`);
      assert.ok(unknown.errors || (filter && isEmptyList(unknown.data)), `${place} takes an id of nothing`);
      for (const [foreign, id] of Object.entries(b.ids)) {
        const answer = await attempt(one, leaf, id);
        alike(answer, unknown, `${place} tells another account's ${foreign} from nothing`);
        if (!answer.errors) assert.ok(isEmptyList(answer.data), place);
      }
      return;
    }
    const text = lookUp(TEXTS, leaf);
    if (text === undefined || text === 'echo' || text === 'secret') {
      fill(a.ids, leaf); // knows it, or throws
      return;
    }
    const name = onlyAt(one.field, leaf);
    const theirs = { name, email: emailOf(name), cidr: cidrOf(name), password: b.ids.userGroup, text: b.ids.userGroup };
    alike(await attempt(one, leaf, theirs[text]), await attempt(one, leaf, fresh(text)), `${place} tells another account's text from nothing`);
  }

  it('see nothing of each other, and cannot touch each other, by any place of any query and mutation', { timeout: 600000 }, async () => {
    let places = 0;
    for (const one of fields) {
      const unchanged = await everything(b);
      for (const leaf of leaves(one.field)) {
        await probe(one, leaf);
        places++;
      }
      assert.deepEqual(await everything(b), unchanged, `${one.field.name} changed another account`);
    }
    assert.ok(fields.length > 40 && places > 100, `${fields.length} fields, ${places} places`);
  });

  it('would have been seen: at each place for an id, one of the caller\'s own gets another answer', { timeout: 600000 }, async () => {
    const { apiKey: key } = server.account;
    for (const one of fields) {
      for (const leaf of leaves(one.field).filter((place) => lookUp(KINDS, place) !== undefined)) {
        const by = { key, ids: await plant(server, key, fresh('name'), 'nobody') };
        const [unknown, own] = [await attempt(one, leaf, randomBytes(16).toString('base64url'), by), await attempt(one, leaf, by.ids[lookUp(KINDS, leaf)], by)];
        assert.notDeepEqual([own.errors, own.errors ?? isEmptyList(own.data)], [unknown.errors, unknown.errors ?? isEmptyList(unknown.data)], `${one.field.name}(${leaf.path.join('.')})`);
      }
    }
  });

  it('pass forward auth by scopes of their own making and all applications of their own, and are named: nobody else is meant by it', async () => {
    const make = async (account, permissions, name) => {
      const { createUserGroup } = await server.query('mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }', { input: { name, permissions } }, { key: account.key });
      const input = { accountId: account.ids.account, name, userGroupIds: [createUserGroup.userGroup.id] };
      return (await server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }', { input }, { key: account.key })).createApiKey.key;
    };
    const everywhere = { appPermissions: [{ permissionType: 'SERVICE', applications: { filterType: 'ALL' }, services: { filterType: 'ALL' }, actions: ['READ'] }] };
    const [own, foreign] = [await make(a, { scopes: ['invoices.read'] }, 'own'), await make(b, { ...everywhere, scopes: ['invoices.read'] }, 'foreign')];
    const ask = (key, expression) => server.request({ path: `/v1/auth/require/${expression}`, headers: { 'x-api-key': key } });
    for (const [key, account, expressions] of [[own, a, ['invoices.read']], [foreign, b, ['invoices.read', `app:${a.ids.application}:SERVICE:READ`]]]) {
      for (const expression of expressions) {
        const answer = await ask(key, expression);
        assert.deepEqual([answer.status, answer.headers['x-latchkey-account-id']], [200, account.ids.account], expression);
      }
    }
    // What asks as an account sees the keys of that account only.
    const verified = await server.request({ method: 'POST', path: '/v1/keys:verify', headers: { 'x-api-key': a.key, 'content-type': 'application/json' }, body: JSON.stringify({ key: foreign, require: 'invoices.read' }) });
    assert.deepEqual([JSON.parse(verified.text).code, JSON.parse(verified.text).accountId], ['NOT_FOUND', null]);
  });

  it('do not learn from the hash of a document that another has sent it', async () => {
    const document = (name) => `{ apiKeyByName(name: "${name}") { name } }`;
    const byHash = async (query, key) => {
      const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } };
      return (await server.graphql(undefined, undefined, { key, extensions })).json.errors?.[0].message;
    };
    const session = await server.request({ method: 'POST', path: '/console/session', headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' }, body: JSON.stringify({ apiKey: b.key }) });
    const token = session.headers['set-cookie'][0].split(';')[0].split('=')[1];
    for (const [name, key] of [['asked by a key', b.key], ['asked by a session', token]]) {
      await server.graphql(document(name), undefined, { key });
      assert.equal(await byHash(document(name), key), 'API key does not exist');
      for (const by of [a.key, server.account.apiKey]) assert.equal(await byHash(document(name), by), 'PersistedQueryNotFound');
      await server.graphql(document(name), undefined, { key: a.key });
      assert.equal(await byHash(document(name), a.key), 'API key does not exist');
    }
  });

  it('cannot count from the names of requests how much others ask', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 }); // one connection, which one thread serves
    const nameOf = async () => (await server.graphql('{ __typename }', undefined, { key: a.key, agent })).headers['x-request-id'];
    const names = [];
    for (let i = 0; i < 20; i++) names.push(await nameOf());
    agent.destroy();
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[0-9a-f]{24}$/);
    // No two have more in common at their ends than chance leaves.
    for (const part of [(name) => name.slice(0, 8), (name) => name.slice(-8)]) assert.equal(new Set(names.map(part)).size, names.length);
  });

  it('do not reach each other by the account in the address, whatever is asked', async () => {
    for (const { operation, document, field } of fields) {
      const variables = argumentsOf(field, { path: [] }, undefined, (leaf) => fill(b.ids, leaf), NEEDED);
      const [theirs, nobodys] = await Promise.all(
        [b.ids.account, randomBytes(16).toString('base64url')].map((id) => server.graphql(document, variables, { key: a.key, path: `/api/graphql?accountId=${id}` })),
      );
      assert.equal(theirs.text, nobodys.text, `${operation} ${field.name}`);
      assert.equal(theirs.json.errors[0].extensions.code, 'FORBIDDEN');
    }
  });
});
