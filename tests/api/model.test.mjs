// A small model of what the documents promise of a verdict (support/model.mjs) walks along with a server: after each of many random
// changes both are asked about random secrets. Nothing here hangs on the time: rates have windows of days, and what ends does so in an hour or in years.
// MODEL_SEED=N tries another walk.
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { chooser, Model, PERMISSIONS, write } from './support/model.mjs';
import { httpRequest, init, Server, temporaryDirectory, UNKNOWN_ID } from './support/server.mjs';

const SEEDS = process.env.MODEL_SEED ? [Number(process.env.MODEL_SEED)] : [1, 7];
const STEPS = 90; // between two starts of the server
const ARGS = { args: ['--trusted-proxy', '127.0.0.1/32'] };
const DAY = 86400;
const FAR_OFF = 4102444800000;

const SCOPES = ['invoices.read', 'invoices.*', 'invoices', 'a.b.*', 'a.b.c', '*', 'latchkey.verify', 'orders.x.y'];
const ASKED = [...SCOPES, 'invoices.write', 'invoicesx', 'a.b', 'a.bc', 'latchkey.operator', 'nobody.has'];
const TYPES = ['ALL', 'SERVICE', 'PIPELINE'];
const ACTIONS = ['CREATE', 'READ', 'UPDATE', 'DELETE'];
const ADDRESSES = ['192.0.2.7', '192.0.2.130', '10.1.0.1', '203.0.113.9', '2001:db8::1', '2001:db8:1::ff', '::ffff:192.0.2.7', '::ffff:10.1.0.1'];
const BLOCKS = ['192.0.2.7/32', '192.0.2.128/25', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/48', '::/0', '2001:db8::1/128'];

class Walk {
  model = new Model();
  step = 0;
  names = 0;
  last = 'nothing';
  seen = {}; // how often each verdict was met

  constructor(seed) {
    this.seed = seed;
    Object.assign(this, chooser(seed));
  }

  async start() {
    this.server = await Server.start(this.data, this.init, ARGS);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  }

  async end(how) {
    this.agent.destroy();
    await this.server[how]();
  }

  /** A mutation that must succeed: its payload. */
  async change(name, input, fields = 'clientMutationId') {
    this.last = `${name} ${JSON.stringify(input)}`;
    const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
    const answer = await this.server.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input }, { agent: this.agent });
    assert.equal(answer.json.errors, undefined, `seed ${this.seed}, step ${this.step}: ${this.last}: ${answer.text}`);
    return answer.json.data[name];
  }

  same(what, token, question, server, model) {
    const say = `seed ${this.seed}, step ${this.step}, after ${this.last}\n${what} of ${token}, asked ${JSON.stringify(question)}`;
    assert.deepEqual(server, model, `${say}\nserver ${JSON.stringify(server)}\nmodel  ${JSON.stringify(model)}`);
  }

  rate() {
    return this.chance(0.5) ? null : { limit: this.pick([1, 2, 6, 20, 100]), windowSeconds: this.pick([DAY, 2 * DAY, 30 * DAY]) };
  }

  credits() {
    return this.chance(0.5) ? null : this.pick([0, 3, 10, 1000]);
  }

  /** Members of a key that the input gets and the model's key has after it. */
  members() {
    const { pick, some, chance, model } = this;
    const key = {};
    if (chance(0.6)) key.groups = new Set(some([...model.groups.keys()], 3));
    if (chance(0.3)) key.expiresAt = pick([null, FAR_OFF, FAR_OFF + 1234]);
    if (chance(0.3)) key.enabled = chance(0.8);
    if (chance(0.3)) key.ips = chance(0.6) ? [] : some(BLOCKS, 3);
    if (chance(0.4)) key.rate = this.rate();
    if (chance(0.4)) key.credits = this.credits();
    if (chance(0.3)) key.metadata = Object.fromEntries(some(['team', 'ü', 'a"b'], 3).map((name) => [name, pick(['x', '', '\u{1f511}"'])]));
    return key;
  }

  input({ groups, ips, rate, credits, metadata, ...same }) {
    return {
      ...same,
      ...(groups && { userGroupIds: [...groups] }),
      ...(ips && { allowedIps: ips }),
      ...(rate !== undefined && { rateLimit: rate }),
      ...(credits !== undefined && { credits: credits === null ? null : { remaining: credits } }),
      ...(metadata && { metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })) }),
    };
  }

  /** Merges new members; a rate that is taken away is forgotten, and so is what was used of it. */
  merge(target, members) {
    Object.assign(target, members);
    if (members.rate === null) delete target.used;
  }

  add(id, name, present, members) {
    const blank = { enabled: true, expiresAt: null, groups: new Set(), ips: [], rate: null, credits: null, metadata: {} };
    this.model.gone = this.model.gone.filter((token) => token !== present);
    this.model.keys.set(id, { id, name, present, old: [], ...blank, ...members });
  }

  permissions() {
    const { pick, some, model } = this;
    const account = some(PERMISSIONS, 3);
    if (account.includes('MANAGE_USERS_AND_GROUPS') && !account.includes('READ_USERS_AND_GROUPS')) account.push('READ_USERS_AND_GROUPS');
    const apps = some(TYPES, 2).map((type) => {
      const ids = some([...model.apps], 2);
      return { type, ids: ids.length > 0 ? ids : null, actions: [...new Set([pick(ACTIONS), pick(ACTIONS)])] };
    });
    const scopes = some(SCOPES, 3);
    const parts = { SERVICE: { services: { filterType: 'ALL' } }, PIPELINE: { pipelines: { filterTypes: ['ALL_PIPELINES'] } } };
    const appPermissions = apps.map(({ type, ids, actions }) => ({ permissionType: type, applications: ids ? { appIds: ids } : { filterType: 'ALL' }, actions, ...parts[type] }));
    return { input: { accountPermissions: { accountPermissionTypes: account }, appPermissions, scopes }, group: { account, apps, scopes } };
  }

  forget(key) {
    this.model.gone.push(key.present, ...key.old.map((one) => one.token));
    this.model.keys.delete(key.id);
  }

  async act() {
    const { model, pick, chance, init: { accountId } } = this;
    const key = pick([...model.keys.values()]);
    const group = pick([...model.groups.keys()]);
    const app = pick([...model.apps]);
    const name = `n${++this.names}`;
    const kind = pick(['create', 'import', 'update', 'update', 'update', 'delete', 'rotate', 'rotate', 'group', 'regroup', 'ungroup', 'app', 'unapp', 'account', 'account', 'revoke']);
    if (kind === 'create' && model.keys.size < 10) {
      const members = this.members();
      const made = await this.change('createApiKey', { accountId, name, ...this.input(members) }, 'uuid key');
      this.add(made.uuid, name, made.key, members);
    } else if (kind === 'import' && model.keys.size < 10) {
      const members = this.members();
      const secret = chance(0.3) && model.gone.length > 0 ? pick(model.gone) : chance(0.2) && key ? key.present : `imported-${name}-${this.int(1e9)}-elsewhere`;
      const [result] = (await this.change('importApiKeys', { accountId, keys: [{ name, key: secret, ...this.input(members) }] }, 'results { uuid error }')).results;
      this.same('import', secret, {}, result.error === null, model.owner(secret) === undefined);
      if (result.uuid) this.add(result.uuid, name, secret, members);
    } else if (kind === 'update' && key) {
      const members = this.members();
      await this.change('updateApiKey', { accountId, uuid: key.id, name: key.name, ...this.input(members) });
      this.merge(key, members);
    } else if (kind === 'delete' && key && chance(0.4)) {
      await this.change('deleteApiKey', { accountId, uuid: key.id });
      this.forget(key);
    } else if (kind === 'rotate' && key) {
      const overlapSeconds = chance(0.7) && key.old.length < 3 ? 3600 : pick([0, null]);
      const made = await this.change('rotateApiKey', { accountId, uuid: key.id, overlapSeconds }, 'key apiKey { previousSecrets { endsAt } }');
      const ends = made.apiKey.previousSecrets.map((one) => one.endsAt).sort((a, b) => a - b);
      const old = overlapSeconds ? [...key.old, { token: key.present, endsAt: ends.at(-1) }] : [];
      if (!overlapSeconds) model.gone.push(key.present, ...key.old.map((one) => one.token));
      Object.assign(key, { present: made.key, old });
      this.same('previousSecrets', key.present, {}, ends, old.map((one) => one.endsAt));
    } else if (kind === 'group' && model.groups.size < 6) {
      const { input, group: made } = this.permissions();
      model.groups.set((await this.change('createUserGroup', { name, permissions: input }, 'userGroup { id }')).userGroup.id, made);
    } else if (kind === 'regroup' && group) {
      const { input, group: made } = this.permissions();
      await this.change(pick(['updateUserGroupPermissions', 'updateUserGroup']), { userGroupId: group, permissions: input });
      model.groups.set(group, made);
    } else if (kind === 'ungroup' && group && chance(0.4)) {
      await this.change('deleteUserGroup', { userGroupId: group });
      model.groups.delete(group);
      for (const one of model.keys.values()) one.groups.delete(group);
    } else if (kind === 'app' && model.apps.size < 4) {
      model.apps.add((await this.change('createApplication', { name }, 'application { id }')).application.id);
    } else if (kind === 'unapp' && app && chance(0.5)) {
      await this.change('deleteApplication', { applicationId: app });
      model.apps.delete(app);
    } else if (kind === 'account') {
      const members = { ...(chance(0.6) && { rate: this.rate() }), ...(chance(0.6) && { credits: this.credits() }) };
      await this.change('updateAccount', { accountId, ...this.input(members) });
      this.merge(model.account, members);
    } else if (kind === 'revoke' && key && chance(0.6)) {
      const secret = pick([key.present, ...key.old.map((one) => one.token)]);
      this.last = `revoke ${secret}`;
      const answer = await this.post('/v1/revoke', `token=${encodeURIComponent(secret)}`, { 'x-api-key': this.init.apiKey });
      this.same('revoke', secret, {}, answer.status, 200);
      if (secret === key.present) this.forget(key);
      else {
        key.old = key.old.filter((one) => one.token !== secret);
        model.gone.push(secret);
      }
    }
  }

  post(target, body, headers) {
    const type = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded';
    return httpRequest(this.server.port, { method: 'POST', path: target, body, headers: { 'content-type': type, ...headers }, agent: this.agent });
  }

  tree(depth = 0) {
    const { pick, chance, model } = this;
    if (depth < 3 && chance(0.5)) return chance(0.3) ? ['NOT', this.tree(depth + 1)] : [pick(['AND', 'OR']), this.tree(depth + 1), this.tree(depth + 1)];
    return ['name', pick([pick(PERMISSIONS), pick(ASKED), `app:${pick([...model.apps, '*', UNKNOWN_ID])}:${pick(TYPES)}:${pick(ACTIONS)}`])];
  }

  secret() {
    const key = this.pick([...this.model.keys.values()]);
    const wrong = key?.present.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    if (!key || this.chance(0.1)) return this.pick(['nobody-has-this-secret', wrong ?? 'lk_not-whole-at-all', ...this.model.gone.slice(-3)]);
    return this.pick([key.present, ...key.old.map((one) => one.token)]);
  }

  question() {
    const tree = this.chance(0.5) ? this.tree() : undefined;
    return { tree, require: tree && write(tree), ip: this.pick(ADDRESSES), cost: this.pick([0, 1, 1, 1, 2, 5]) };
  }

  /** Asks server and model about a secret, by every interface. */
  async compare(token) {
    const sorted = (list) => [...list].sort();
    const { tree, ...asked } = this.question();
    if (this.chance(0.3)) delete asked.ip;
    const admin = { 'x-api-key': this.init.apiKey };
    const got = JSON.parse((await this.post('/v1/keys:verify', JSON.stringify({ key: token, ...asked }), admin)).text);
    const want = this.model.verdict(token, { ...asked, tree });
    this.seen[want.code] = (this.seen[want.code] ?? 0) + 1;
    this.same('verify', token, asked, [got.valid, got.code, got.keyId ?? null], [want.code === 'VALID', want.code, want.key?.id ?? null]);
    if (want.key) {
      const shown = [sorted(got.userGroupIds), sorted(got.accountPermissions), sorted(got.scopes), got.metadata, got.expiresAt];
      this.same('verify', token, asked, shown, [sorted(want.key.groups), sorted(want.set.account), sorted(want.set.scopes), want.key.metadata, want.expiresAt]);
    }
    if (['VALID', 'RATE_LIMITED', 'USAGE_EXCEEDED'].includes(want.code)) this.same('rateLimit', token, asked, got.rateLimit?.remaining, want.remaining);
    if (['VALID', 'USAGE_EXCEEDED'].includes(want.code)) this.same('credits', token, asked, got.credits?.remaining, want.credits);

    const seen = JSON.parse((await this.post('/v1/introspect', `token=${encodeURIComponent(token)}`, admin)).text);
    const look = this.model.verdict(token, { look: true });
    const active = ['VALID', 'IP_NOT_ALLOWED'].includes(look.code);
    const scope = (list) => (list?.length > 0 ? sorted(list).join(' ') : undefined);
    const exp = active && look.expiresAt !== null ? Math.floor(look.expiresAt / 1000) : undefined;
    this.same('introspection', token, {}, [seen.active, scope(seen.scope?.split(' ')) || undefined, seen.exp], [active, active ? scope([...look.set.scopes]) : undefined, exp]);

    const auth = this.question();
    const headers = { 'x-api-key': token, 'x-forwarded-for': auth.ip };
    const answer = await httpRequest(this.server.port, { path: `/v1/auth${auth.tree ? `/require/${encodeURIComponent(auth.require)}` : ''}`, headers, agent: this.agent });
    const { code, key, set } = this.model.verdict(token, { ...auth, cost: 1 });
    const status = code === 'VALID' ? 200 : ['MALFORMED', 'NOT_FOUND', 'DISABLED'].includes(code) ? 401 : 403;
    const said = ['code', 'key-id', 'scopes'].map((name) => answer.headers[`x-latchkey-${name}`]);
    said[2] = sorted(said[2].split(',')).join();
    this.same('auth', token, auth, [answer.status, ...said], [status, code, ...(status === 401 ? ['', ''] : [key.id, sorted(set.scopes).join()])]);

    // As the caller's own credential.
    const may = ['OR', ['OR', ['name', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS'], ['name', 'MANAGE_API_KEYS']], ['name', 'latchkey.verify']];
    const own = this.model.verdict(token, { ip: auth.ip, tree: may, look: true }).code;
    const caller = await this.post('/v1/introspect', `token=${encodeURIComponent(token)}`, headers);
    this.same('introspection by itself', token, auth, caller.status, own === 'VALID' ? 200 : own.startsWith('I') ? 403 : 401);
  }

  async compareAll() {
    for (const key of this.model.keys.values()) for (const { token } of [{ token: key.present }, ...key.old]) await this.compare(token);
    for (const token of this.model.gone.slice(-5)) await this.compare(token);
  }

  /** A restart forgets what was used of rates; after a crash balances may be older, never less. */
  async restart(how) {
    await this.end(how);
    await this.start();
    this.last = `${how} and a new start`;
    const { apiKeys, account } = await this.server.query('{ account { credits { remaining } } apiKeys(limit: 100) { nodes { id credits { remaining } } } }');
    for (const one of [this.model.account, ...this.model.keys.values()]) {
      delete one.used;
      const shown = (one.id ? apiKeys.nodes.find((node) => node.id === one.id) : account).credits?.remaining ?? null;
      if (how === 'stop') this.same('credits at rest', one.id, {}, shown, one.credits);
      else this.same('credits after a crash', one.id, { shown, credits: one.credits }, one.credits === null ? shown === null : shown >= one.credits, true);
      one.credits = shown;
    }
    await this.compareAll();
  }

  async run() {
    this.data = path.join(temporaryDirectory(), 'data');
    this.init = init(this.data);
    await this.start();
    for (const how of ['stop', 'kill']) {
      for (let i = 0; i < STEPS; i++) {
        this.step++;
        await this.act();
        for (let n = 0; n < 3; n++) await this.compare(this.secret());
      }
      await this.restart(how);
    }
    await this.end('stop');
  }
}

describe('what the documents promise', () => {
  for (const seed of SEEDS) {
    it(`is what a server does, whatever is changed (seed ${seed})`, async (t) => {
      const walk = new Walk(seed);
      await walk.run();
      t.diagnostic(JSON.stringify(walk.seen));
      if (!process.env.MODEL_SEED) assert.equal(Object.keys(walk.seen).length, 8, 'a walk that is fixed meets every verdict but EXPIRED');
    });
  }
});
