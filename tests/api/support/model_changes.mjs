// Random changes of what support/model.mjs knows, each told to the server and to the model. A change is planned before it is sent:
// {name, input, fields, effect}, effect(payload) being what the model does; `late` says that it needs the payload, `until` that it is
// over when that moment has passed, `error` that it must be refused with this code.
import { nextRefill, PERMISSIONS } from './model.mjs';
import { SLOW, UNKNOWN_ID } from './server.mjs';

const DAY = 86400;
const HOUR = 3600000;
const FAR_OFF = 4102444800000;
const SOON = 500 * SLOW; // more than it takes to have a change done
const KEYS = 8; // of an account, at most
const ACCOUNTS = 3;

export const SCOPES = ['invoices.read', 'invoices.*', 'invoices', 'a.b.*', 'a.b.c', '*', 'latchkey.verify', 'orders.x.y'];
export const TYPES = ['ALL', 'SERVICE', 'PIPELINE'];
export const ACTIONS = ['CREATE', 'READ', 'UPDATE', 'DELETE'];
const BLOCKS = ['192.0.2.7/32', '192.0.2.128/25', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/48', '::/0', '2001:db8::1/128'];

export class Changes {
  names = 0;

  constructor(model, random) {
    this.model = model;
    Object.assign(this, random);
  }

  /* --- inputs --- */

  name() {
    return `n${++this.names}${this.pick(['', '', '', ', é%', ' "q"'])}`;
  }

  rate() {
    return this.chance(0.6) ? null : { limit: this.pick([1, 2, 6, 20, 100, 200]), windowSeconds: this.pick([7 * DAY, 15 * DAY, 30 * DAY]) };
  }

  /** A balance and its refill, which does not come in this walk unless the clock is moved. */
  credits() {
    if (this.chance(0.6)) return { credits: null, refill: null };
    const interval = this.pick(['DAILY', 'WEEKLY', 'MONTHLY', 'MONTHLY']);
    const day = { DAILY: null, WEEKLY: 1 + this.int(7), MONTHLY: 1 + this.int(31) }[interval];
    const refill = { amount: this.pick([0, 5, 20]), interval, day };
    refill.nextAt = nextRefill(refill, this.model.now());
    const far = this.clock || refill.nextAt - this.model.now() > HOUR;
    return { credits: this.pick([0, 3, 10, 30, 1000]), refill: this.chance(0.5) && far ? refill : null };
  }

  /** Members of a key that the input gets and the model's key has after it. */
  members(account) {
    const { pick, some, chance } = this;
    const key = {};
    if (chance(0.6)) key.groups = new Set(some([...account.groups.keys()], 3));
    if (chance(0.3)) key.expiresAt = pick([null, FAR_OFF, this.model.now() + 3 * DAY * 1000 + 234]);
    if (chance(0.3)) key.enabled = chance(0.8);
    if (chance(0.3)) key.ips = chance(0.6) ? [] : some(BLOCKS, 3);
    if (chance(0.4)) key.rate = this.rate();
    if (chance(0.4)) Object.assign(key, this.credits());
    if (chance(0.3)) key.metadata = Object.fromEntries(some(['team', 'ü', 'a"b'], 3).map((name) => [name, pick(['x', '', '\u{1f511}"'])]));
    return key;
  }

  input({ groups, ips, rate, credits, refill, metadata, ...same }) {
    const { nextAt, ...again } = refill ?? {};
    if (again.day === null) delete again.day;
    return {
      ...same,
      ...(groups && { userGroupIds: [...groups] }),
      ...(ips && { allowedIps: ips }),
      ...(rate !== undefined && { rateLimit: rate }),
      ...(credits !== undefined && { credits: credits === null ? null : { remaining: credits, ...(refill && { refill: again }) } }),
      ...(metadata && { metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })) }),
    };
  }

  permissions({ apps: known }) {
    const { pick, some } = this;
    const account = some(PERMISSIONS, 3);
    if (account.includes('MANAGE_USERS_AND_GROUPS') && !account.includes('READ_USERS_AND_GROUPS')) account.push('READ_USERS_AND_GROUPS');
    const apps = some(TYPES, 2).map((type) => {
      const ids = some([...known], 2);
      return { type, ids: ids.length > 0 ? ids : null, actions: [...new Set([pick(ACTIONS), pick(ACTIONS)])] };
    });
    const scopes = some(SCOPES, 3);
    const input = { accountPermissions: { accountPermissionTypes: account }, appPermissions: apps.map((one) => this.appInput(one)), scopes };
    return { input, group: { account, apps, scopes } };
  }

  appInput({ type, ids, actions }) {
    const parts = { SERVICE: { services: { filterType: 'ALL' } }, PIPELINE: { pipelines: { filterTypes: ['ALL_PIPELINES'] } } };
    return { permissionType: type, applications: ids ? { appIds: ids } : { filterType: 'ALL' }, actions, ...parts[type] };
  }

  /* --- what the model does --- */

  /** Merges new members; a rate that is taken away is forgotten, and so is what was used of it. */
  merge(target, members) {
    Object.assign(target, members);
    if (members.rate === null) delete target.used;
  }

  add(account, id, name, present, members) {
    this.model.give(present);
    account.add(id, present, { name, ...members });
  }

  forget(account, key) {
    this.model.gone.push(...key.tokens());
    account.keys.delete(key.id);
  }

  setUsers(account, group, ids) {
    for (const user of account.users.values()) {
      if (ids.includes(user.id)) user.groups.add(group);
      else user.groups.delete(group);
    }
  }

  /* --- changes --- */

  /** One that is possible now in an account, of one of these kinds, or undefined. */
  plan(account, kinds) {
    const { pick } = this;
    const parts = {
      key: pick([...account.keys.values()]),
      group: pick([...account.groups.keys()]),
      app: pick([...account.apps]),
      user: pick([...account.users.values()]),
    };
    return this[pick(kinds)](account, parts);
  }

  create(account) {
    if (account.keys.size >= KEYS) return undefined;
    const [name, members] = [this.name(), this.members(account)];
    const effect = ({ uuid, key }) => {
      this.model.made.add(key);
      this.add(account, uuid, name, key, members);
    };
    return { name: 'createApiKey', input: { accountId: account.id, name, ...this.input(members) }, fields: 'uuid key', effect, late: true };
  }

  /** Several, of which some cannot be: their name or secret is taken, here or in another account, or by one before them; or the secret is none. */
  import(account) {
    if (account.keys.size >= KEYS) return undefined;
    const names = new Set([...account.keys.values()].map((key) => key.name));
    const secrets = new Set();
    const rows = Array.from({ length: 1 + this.int(4) }, () => {
      const { pick, chance, model } = this;
      const name = chance(0.15) && names.size > 0 ? pick([...names]) : this.name();
      const taken = [...model.accounts.values()].flatMap((one) => [one.admin, ...one.tokens()]).concat(...secrets);
      const old = [...model.accounts.values()].flatMap((one) => [...one.keys.values()]).flatMap((key) => key.tokens().slice(1));
      const kind = pick(['new', 'new', 'new', 'gone', 'taken', 'old', 'short', 'damaged']);
      const made = `${pick(['imported', 'lk_of-others', '"\\%+&=,;:'])}-${this.names}-${this.int(1e9)}-elsewhere`;
      const secret = {
        new: made,
        gone: pick(model.gone) ?? made,
        taken: pick(taken),
        old: pick(old) ?? made,
        short: 'only-15-letters',
        damaged: account.admin.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      }[kind];
      const good = !names.has(name) && !secrets.has(secret) && !taken.includes(secret) && !['short', 'damaged'].includes(kind);
      if (good) {
        names.add(name);
        secrets.add(secret);
      }
      return { name, secret, good, members: this.members(account) };
    });
    const keys = rows.map(({ name, secret, members }) => ({ name, key: secret, ...this.input(members) }));
    const effect = ({ results }) => {
      this.same('import', results.map((one) => one.error === null), rows.map((one) => one.good), JSON.stringify(results));
      rows.forEach(({ name, secret, good, members }, i) => good && this.add(account, results[i].uuid, name, secret, members));
    };
    return { name: 'importApiKeys', input: { accountId: account.id, keys }, fields: 'results { uuid error }', effect, late: true };
  }

  update(account, { key }) {
    if (!key) return undefined;
    const members = { name: this.chance(0.2) ? this.name() : key.name, ...this.members(account) };
    return { name: 'updateApiKey', of: key, input: { accountId: account.id, uuid: key.id, ...this.input(members) }, effect: () => this.merge(key, members) };
  }

  expire(account, { key }) {
    if (!key) return undefined;
    const expiresAt = this.model.now() + SOON;
    const input = { accountId: account.id, uuid: key.id, name: key.name, expiresAt };
    return { name: 'updateApiKey', input, effect: () => this.merge(key, { expiresAt }), until: expiresAt, late: true };
  }

  delete(account, { key }) {
    if (!key || this.chance(0.6)) return undefined;
    return { name: 'deleteApiKey', input: { accountId: account.id, uuid: key.id }, effect: () => this.forget(account, key) };
  }

  /** A secret that leaked gets no overlap while its key is disabled. */
  rotate(account, { key }, overlapSeconds = key && this.chance(0.7) && key.old.length < 3 ? this.pick([3600, 7 * DAY]) : this.pick([0, null])) {
    if (!key) return undefined;
    const error = overlapSeconds && key.leaked && !key.enabled ? 'BAD_USER_INPUT' : undefined;
    const effect = (payload) => {
      if (error) return;
      const { key: secret, apiKey } = payload;
      const ends = apiKey.previousSecrets.map((one) => one.endsAt).sort((a, b) => a - b);
      const known = key.old.map((one) => one.endsAt);
      const endsAt = ends.find((end) => ends.filter((one) => one === end).length > known.filter((one) => one === end).length);
      const old = overlapSeconds ? [...key.old, { token: key.present, endsAt }] : [];
      if (!overlapSeconds) this.model.gone.push(...key.tokens());
      this.same('previousSecrets', ends, old.map((one) => one.endsAt).sort((a, b) => a - b));
      this.model.made.add(secret);
      Object.assign(key, { present: secret, old, leaked: false });
    };
    return { name: 'rotateApiKey', input: { accountId: account.id, uuid: key.id, overlapSeconds }, fields: 'key apiKey { previousSecrets { endsAt } }', effect, error, late: true };
  }

  group(account) {
    if (account.groups.size >= 6) return undefined;
    const { input, group } = this.permissions(account);
    const userIds = this.some([...account.users.keys()], 2);
    const effect = ({ userGroup: { id } }) => {
      account.groups.set(id, group);
      this.setUsers(account, id, userIds);
    };
    return { name: 'createUserGroup', input: { name: this.name(), permissions: input, userIds }, fields: 'userGroup { id }', effect, late: true };
  }

  regroup(account, { group }) {
    if (!group) return undefined;
    const { input, group: made } = this.permissions(account);
    const whole = this.chance(0.5);
    const userIds = whole && this.chance(0.5) ? this.some([...account.users.keys()], 2) : undefined;
    const effect = () => {
      account.groups.set(group, made);
      if (userIds) this.setUsers(account, group, userIds);
    };
    const members = { userGroupId: group, permissions: input, ...(userIds && { userIds }) };
    return { name: whole ? 'updateUserGroup' : 'updateUserGroupPermissions', of: group, input: members, effect };
  }

  permit(account, { group }) {
    if (!group) return undefined;
    const { account: permissions, apps } = this.permissions(account).group;
    const before = account.groups.get(group);
    if (apps.length > 0) {
      const effect = () => account.groups.set(group, { ...before, apps: [...before.apps, apps[0]] });
      return { name: 'addAppPermission', of: group, input: { userGroupId: group, appPermission: this.appInput(apps[0]) }, effect };
    }
    const added = permissions.find((one) => one !== 'MANAGE_USERS_AND_GROUPS');
    const effect = () => account.groups.set(group, { ...before, account: [...new Set([...before.account, added])] });
    return added && { name: 'addAccountPermission', of: group, input: { userGroupId: group, accountPermission: added }, effect };
  }

  ungroup(account, { group }) {
    if (!group || this.chance(0.6)) return undefined;
    const effect = () => {
      account.groups.delete(group);
      for (const one of [...account.keys.values(), ...account.users.values()]) one.groups.delete(group);
    };
    return { name: 'deleteUserGroup', input: { userGroupId: group }, effect };
  }

  application(account) {
    if (account.apps.size >= 4) return undefined;
    return { name: 'createApplication', input: { name: this.name() }, fields: 'application { id }', effect: (made) => account.apps.add(made.application.id), late: true };
  }

  unapply(account, { app }) {
    if (!app) return undefined;
    const effect = () => {
      account.apps.delete(app);
      account.goneApps.push(app);
    };
    return { name: 'deleteApplication', input: { applicationId: app }, effect };
  }

  limit(account) {
    const members = { ...(this.chance(0.6) && { rate: this.rate() }), ...(this.chance(0.6) && this.credits()) };
    return { name: 'updateAccount', of: account, input: { accountId: account.id, ...this.input(members) }, effect: () => this.merge(account, members) };
  }

  /* --- users --- */

  user(account) {
    if (account.users.size >= 2) return undefined;
    const groups = new Set(this.some([...account.groups.keys()], 2));
    const email = `u${++this.names}@example.com`;
    const effect = ({ user: { id } }) => account.users.set(id, { id, groups });
    const after = () => this.login(account, [...account.users.values()].at(-1), email);
    return { name: 'createUser', input: { name: this.name(), email, userGroupIds: [...groups] }, fields: 'user { id }', effect, after, late: true };
  }

  reuser(account, { user }) {
    if (!user) return undefined;
    const groups = new Set(this.some([...account.groups.keys()], 2));
    const group = this.pick([...account.groups.keys()]);
    if (!group || this.chance(0.4)) {
      return { name: 'updateUser', of: user, input: { id: user.id, userGroupIds: [...groups] }, effect: () => (user.groups = groups) };
    }
    const inside = user.groups.has(group);
    const effect = () => (inside ? user.groups.delete(group) : user.groups.add(group));
    return { name: inside ? 'removeUserFromUserGroup' : 'addUserToUserGroup', of: user, input: { userGroupId: group, userId: user.id }, effect };
  }

  unuser(account, { user }) {
    if (!user || this.chance(0.8)) return undefined;
    const effect = () => {
      this.ended.push(user.session);
      account.users.delete(user.id);
    };
    return { name: 'deleteUser', input: { id: user.id }, effect };
  }

  /* --- what is refused --- */

  /** Changes a key in every way, if it were not for one thing that cannot be. */
  refused(account, { key }) {
    if (!key) return undefined;
    const others = [...account.keys.values()].filter((one) => one !== key);
    const stranger = this.pick([...this.model.accounts.values()].filter((one) => one !== account));
    const [wrong, error] = this.pick([
      [{ userGroupIds: [UNKNOWN_ID] }, 'BAD_USER_INPUT'],
      [{ expiresAt: 1 }, 'BAD_USER_INPUT'],
      [{ allowedIps: ['10.0.0.1/8'] }, 'BAD_USER_INPUT'],
      [{ rateLimit: { limit: 0, windowSeconds: 60 } }, 'BAD_USER_INPUT'],
      [{ credits: { remaining: -1 } }, 'BAD_USER_INPUT'],
      ...(others.length > 0 ? [[{ name: this.pick(others).name }, 'CONFLICT']] : []),
      ...(stranger ? [[{ accountId: stranger.id }, 'FORBIDDEN'], [{ userGroupIds: [...stranger.groups.keys(), UNKNOWN_ID] }, 'BAD_USER_INPUT']] : []),
      ...(stranger?.keys.size > 0 ? [[{ uuid: [...stranger.keys.keys()][0] }, 'NOT_FOUND']] : []),
    ]);
    const input = { accountId: account.id, uuid: key.id, name: key.name, ...this.input({ enabled: !key.enabled, ...this.members(account) }), ...wrong };
    return { name: 'updateApiKey', input, effect: () => {}, error };
  }

  /* --- accounts, by the operator --- */

  accounts(account) {
    const others = [...this.model.accounts.values()].slice(1);
    if (others.length < ACCOUNTS - 1) {
      const effect = (made) => this.open(made.account.id, made.key);
      return { by: 'operator', name: 'createAccount', input: { name: this.name() }, fields: 'account { id } key', effect, late: true };
    }
    const gone = this.pick(others);
    if (gone === account || this.chance(0.6)) return undefined;
    const effect = () => {
      this.model.gone.push(gone.admin, ...gone.tokens());
      this.ended.push(...[...gone.users.values()].map((user) => user.session));
      this.model.accounts.delete(gone.id);
    };
    return { by: 'operator', name: 'deleteAccount', input: { accountId: gone.id }, effect, late: true };
  }
}
