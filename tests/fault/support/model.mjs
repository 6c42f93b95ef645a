// What is known of keys, groups and users while the server fails: each has one value, or one more that was asked for and not acknowledged. The server must
// show one of the two, whole; afterwards it is known which. The keyring must say of every key what the database says.
import assert from 'node:assert/strict';
import { run, sqlite } from '../../api/support/server.mjs';

const DOCUMENTS = {
  createKey: 'mutation ($input: CreateApiKeyInput!) { done: createApiKey(input: $input) { uuid key } }',
  updateKey: 'mutation ($input: UpdateApiKeyInput!) { done: updateApiKey(input: $input) { uuid } }',
  deleteKey: 'mutation ($input: DeleteApiKeyInput!) { done: deleteApiKey(input: $input) { clientMutationId } }',
  createGroup: 'mutation ($input: CreateUserGroupInput!) { done: createUserGroup(input: $input) { userGroup { id } } }',
  updateGroup: 'mutation ($input: UpdateUserGroupInput!) { done: updateUserGroup(input: $input) { userGroup { id } } }',
  deleteGroup: 'mutation ($input: DeleteUserGroupInput!) { done: deleteUserGroup(input: $input) { clientMutationId } }',
  createUser: 'mutation ($input: CreateUserInput!) { done: createUser(input: $input) { user { id } } }',
  updateUser: 'mutation ($input: UpdateUserInput!) { done: updateUser(input: $input) { user { id } } }',
  addMember: 'mutation ($input: AddUserToUserGroupInput!) { done: addUserToUserGroup(input: $input) { userGroup { id } } }',
  removeMember: 'mutation ($input: RemoveUserFromUserGroupInput!) { done: removeUserFromUserGroup(input: $input) { userGroup { id } } }',
  deleteUser: 'mutation ($input: DeleteUserInput!) { done: deleteUser(input: $input) { clientMutationId } }',
};

const LISTS = {
  key: `query ($offset: Int) { list: apiKeys(limit: 100, offset: $offset) { pageInfo { hasMore }
    nodes { id: uuid name enabled metadata { key value } userGroups(limit: 100) { nodes { description } } } } }`,
  group: `query ($offset: Int) { list: userGroups(limit: 100, offset: $offset) { pageInfo { hasMore }
    nodes { id name description permissions { scopes } } } }`,
  user: `query ($offset: Int) { list: users(limit: 100, offset: $offset) { pageInfo { hasMore }
    nodes { id name externalUserId userGroups(limit: 100) { nodes { description } } } } }`,
};

const originsOf = (groups) => groups.nodes.map((group) => group.description).sort();

// Of a node: which one of the model's it is (undefined: none), and its value.
const READERS = {
  key: (node) => {
    const noted = Object.fromEntries(node.metadata.map(({ key, value }) => [key, value]));
    return [noted.origin, { name: node.name, noted: noted.name, enabled: node.enabled, groups: originsOf(node.userGroups) }];
  },
  group: (node) => [/^group-/.test(node.description) ? node.description : undefined, { name: node.name, scopes: node.permissions.scopes }],
  user: (node) => [node.externalUserId ?? undefined, { name: node.name, groups: originsOf(node.userGroups) }],
};

/** The server answered that it could not. */
export class Refused extends Error {}

/** The connection ended without an answer; `cause` is how. */
export class Unanswered extends Error {}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Model {
  things = new Map(); // origin -> { kind, origin, id, value (null: it is not there), pending: { value } }
  acknowledged = 0;
  refused = 0;
  unanswered = 0;
  checked = 0;
  serial = 0;

  /** With the same knowledge, and figures of its own. */
  clone() {
    const copy = Object.assign(new Model(), { serial: this.serial });
    for (const [origin, thing] of this.things) copy.things.set(origin, structuredClone(thing));
    return copy;
  }

  /** Adds another's figures to these. */
  add(other) {
    for (const figure of ['acknowledged', 'refused', 'unanswered', 'checked']) this[figure] += other[figure];
  }

  newOrigin(kind) {
    this.serial += 1;
    return `${kind}-${this.serial}`;
  }

  /** What is there for sure and nobody waits for. */
  settled(kind) {
    return [...this.things.values()].filter((thing) => thing.kind === kind && thing.value !== null && !thing.pending);
  }

  /** Asks for a change and notes how that ended: acknowledged, or else it may have happened. */
  async change(server, thing, value, document, input, agent) {
    this.things.set(thing.origin, thing);
    thing.pending = { value };
    let answer;
    try {
      answer = await server.graphql(DOCUMENTS[document], { input }, { agent });
    } catch (cause) {
      if (cause.code === undefined) throw cause; // no error of a connection
      this.unanswered += 1;
      throw new Unanswered(cause.message, { cause });
    }
    if (answer.status !== 200 || answer.json.errors) {
      const code = answer.json.errors?.[0].extensions.code;
      assert.ok(code === 'UNAVAILABLE' || code === 'INTERNAL', `${document} was refused for no fault of ours: ${answer.text}`);
      this.refused += 1;
      thing.refused = true;
      throw new Refused(answer.text);
    }
    thing.value = value;
    delete thing.pending;
    this.acknowledged += 1;
    return answer.json.data.done;
  }

  async createKey(server, { groups = [], enabled = true, agent } = {}) {
    const origin = this.newOrigin('key');
    const thing = { kind: 'key', origin, value: null };
    const value = { name: origin, noted: origin, enabled, groups: groups.map((group) => group.origin).sort() };
    const input = { accountId: server.account.accountId, name: origin, enabled, metadata: note(origin, origin), userGroupIds: groups.map((group) => group.id) };
    const done = await this.change(server, thing, value, 'createKey', input, agent);
    return Object.assign(thing, { id: done.uuid, secret: done.key });
  }

  async updateKey(server, thing, { groups, enabled = thing.value.enabled, agent } = {}) {
    const name = this.newOrigin('name');
    const value = { name, noted: name, enabled, groups: groups ? groups.map((group) => group.origin).sort() : thing.value.groups };
    const input = { accountId: server.account.accountId, uuid: thing.id, name, enabled, metadata: note(thing.origin, name) };
    if (groups) input.userGroupIds = groups.map((group) => group.id);
    await this.change(server, thing, value, 'updateKey', input, agent);
  }

  async deleteKey(server, thing, agent) {
    await this.change(server, thing, null, 'deleteKey', { accountId: server.account.accountId, uuid: thing.id }, agent);
  }

  async createGroup(server, scopes, agent) {
    const origin = this.newOrigin('group');
    const thing = { kind: 'group', origin, value: null };
    const value = { name: origin, scopes };
    const done = await this.change(server, thing, value, 'createGroup', { name: origin, description: origin, permissions: { scopes } }, agent);
    return Object.assign(thing, { id: done.userGroup.id });
  }

  async updateGroup(server, thing, scopes, agent) {
    const name = this.newOrigin('name');
    await this.change(server, thing, { name, scopes }, 'updateGroup', { userGroupId: thing.id, name, permissions: { scopes } }, agent);
  }

  /** One that no key or user of the model is in. */
  async deleteGroup(server, thing, agent) {
    await this.change(server, thing, null, 'deleteGroup', { userGroupId: thing.id }, agent);
  }

  async createUser(server, groups, agent) {
    const origin = this.newOrigin('user');
    const thing = { kind: 'user', origin, value: null };
    const value = { name: origin, groups: groups.map((group) => group.origin).sort() };
    const input = { name: origin, email: `${origin}@example.com`, externalUserId: origin, userGroupIds: groups.map((group) => group.id) };
    const done = await this.change(server, thing, value, 'createUser', input, agent);
    return Object.assign(thing, { id: done.user.id });
  }

  async setMember(server, thing, group, wanted, agent) {
    const others = thing.value.groups.filter((origin) => origin !== group.origin);
    const value = { ...thing.value, groups: wanted ? [...others, group.origin].sort() : others };
    await this.change(server, thing, value, wanted ? 'addMember' : 'removeMember', { userGroupId: group.id, userId: thing.id }, agent);
  }

  async deleteUser(server, thing, agent) {
    await this.change(server, thing, null, 'deleteUser', { id: thing.id }, agent);
  }

  /**
   * Compares everything with what the server shows, and settles what was under way. living: it is the server that refused; what it refused must not be
   * there. (After a restart it may: a sync that failed leaves open what is on the disk.)
   */
  async check(server, { living = false } = {}) {
    for (const kind of Object.keys(LISTS)) await this.checkKind(server, kind, living);
    await this.checkKeyring(server);
    this.checked += this.things.size;
  }

  async checkKind(server, kind, living) {
    const found = new Map();
    for (let offset = 0; ; ) {
      const { list } = await server.query(LISTS[kind], { offset });
      for (const node of list.nodes) {
        const [origin, value] = READERS[kind](node);
        if (origin === undefined) continue;
        assert.ok(!found.has(origin), `${origin} is there twice`);
        found.set(origin, { id: node.id, value });
      }
      offset += list.nodes.length;
      if (!list.pageInfo.hasMore) break;
    }
    for (const thing of this.things.values()) {
      if (thing.kind !== kind) continue;
      const shown = found.get(thing.origin);
      const value = shown?.value ?? null;
      found.delete(thing.origin);
      const asked = thing.pending && !(living && thing.refused);
      const allowed = asked ? [thing.value, thing.pending.value] : [thing.value];
      assert.ok(allowed.some((one) => same(one, value)), `${thing.origin} is ${JSON.stringify(value)}, and not ${JSON.stringify(allowed)}`);
      if (shown && thing.id) assert.equal(shown.id, thing.id);
      Object.assign(thing, { id: shown?.id ?? thing.id, value, refused: false });
      delete thing.pending;
    }
    assert.deepEqual([...found.keys()], [], 'things that nobody asked for');
  }

  /** Every key whose secret is known, the deleted ones too. */
  async checkKeyring(server) {
    const keys = [...this.things.values()].filter((thing) => thing.secret);
    for (let at = 0; at < keys.length; at += 1000) {
      const some = keys.slice(at, at + 1000);
      const answer = await server.request({
        method: 'POST',
        path: '/v1/keys:batchVerify',
        headers: { 'content-type': 'application/json', 'x-api-key': server.account.apiKey },
        body: JSON.stringify({ requests: some.map((thing) => ({ key: thing.secret })) }),
      });
      assert.equal(answer.status, 200, answer.text);
      const { results } = JSON.parse(answer.text);
      assert.equal(results.length, some.length);
      results.forEach((result, i) => {
        const { origin, id, value } = some[i];
        const code = value === null ? 'NOT_FOUND' : value.enabled ? 'VALID' : 'DISABLED';
        assert.equal(result.code, code, `${origin} by the keyring`);
        if (code !== 'VALID') return;
        const scopes = [...new Set(value.groups.flatMap((group) => this.things.get(group).value.scopes))].sort();
        assert.deepEqual({ id: result.keyId, name: result.name, scopes: [...result.scopes].sort() }, { id, name: value.name, scopes }, origin);
      });
    }
  }
}

// The metadata repeats the name: an update that was torn would show two different ones.
function note(origin, name) {
  return [
    { key: 'name', value: name },
    { key: 'origin', value: origin },
  ];
}

/** What a stopped server left must be whole by itself. */
export function checkOffline(data, args = []) {
  const verified = run(['audit', 'verify', '--data', data, ...args]);
  assert.equal(verified.status, 0, `${verified.stdout}${verified.stderr}`);
  const sql = `PRAGMA integrity_check; PRAGMA foreign_key_check;
    SELECT (SELECT count(*) FROM api_key) - (SELECT sum(CASE operation WHEN 'CREATE' THEN 1 WHEN 'DELETE' THEN -1 ELSE 0 END)
    FROM audit_entry WHERE resource_type = 'API_KEY' AND failure IS NULL);`;
  assert.equal(sqlite(data, sql), 'ok\n0', 'integrity, and keys against the audit log');
}
