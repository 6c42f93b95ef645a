// What the documents promise of a verdict (docs/keys.md, docs/openapi.yaml), as small as it can be said. Of time it knows only whether
// an end has passed and when credits are refilled: rates never come back, and nothing ends while it is asked.
import net from 'node:net';

const BROAD = 'MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS';
const COVERED = ['MANAGE_API_KEYS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS', 'MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS']; // by BROAD
export const PERMISSIONS = [...COVERED, BROAD, 'VIEW_AUDITS', 'MANAGE_SECRETS', 'MANAGE_TAGS'];

function inBlock(address, block) {
  const plain = address.replace('::ffff:', '');
  const [base, prefix] = block.split('/');
  if (net.isIP(plain) !== net.isIP(base)) return false;
  const family = `ipv${net.isIP(base)}`;
  const list = new net.BlockList();
  list.addSubnet(base, Number(prefix), family);
  return list.check(plain, family);
}

/** Whether an expression, a tree, holds for what a key has. */
function holds([what, a, b], set) {
  if (what === 'NOT') return !holds(a, set);
  if (what === 'AND') return holds(a, set) && holds(b, set);
  if (what === 'OR') return holds(a, set) || holds(b, set);
  if (a.startsWith('app:')) {
    const [, id, type, action] = a.split(':');
    return set.apps.some((p) => (p.type === 'ALL' || p.type === type) && p.actions.includes(action) && (p.ids === null || p.ids.includes(id)));
  }
  if (PERMISSIONS.includes(a)) return set.account.has(a) || (set.account.has(BROAD) && COVERED.includes(a));
  if (set.scopes.has(a)) return true;
  return a !== 'latchkey.operator' && [...set.scopes].some((scope) => scope === '*' || (scope.endsWith('.*') && a.startsWith(scope.slice(0, -1))));
}

/** An expression's text, with parentheses only where they are needed. */
export function write([what, a, b], least = 0) {
  const rank = ['OR', 'AND', 'NOT', 'name'].indexOf(what);
  const text = what === 'name' ? a : what === 'NOT' ? `NOT ${write(a, 2)}` : `${write(a, rank)} ${what} ${write(b, rank + 1)}`;
  return rank < least ? `(${text})` : text;
}

/** The next 00:00 UTC at which credits are refilled. */
export function nextRefill({ interval, day }, after) {
  const fits = (date) => {
    const isLast = new Date(date.getTime() + 86400000).getUTCDate() === 1;
    if (interval === 'WEEKLY') return date.getUTCDay() === day % 7;
    return interval === 'DAILY' || date.getUTCDate() === day || (isLast && date.getUTCDate() < day);
  };
  let date = new Date(after);
  do date = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1));
  while (!fits(date));
  return date.getTime();
}

const previewOf = (token) => `${token.startsWith('lk_') ? 'lk_' : ''}\u2026${token.slice(-4)}`;

class Key {
  enabled = true;
  leaked = false; // its present secret
  expiresAt = null;
  groups = new Set();
  ips = [];
  rate = null; // {limit, windowSeconds}; and `used`, the part of it that is
  credits = null;
  refill = null; // {amount, interval, day, nextAt}
  metadata = {};
  old = []; // secrets: [{token, endsAt}]
  counts = {}; // of verifications, by verdict
  lastUsed = 0;
  lastSeen = 0; // it may have been used until then

  constructor(id, present, members) {
    Object.assign(this, { id, present }, members);
  }

  tokens() {
    return [this.present, ...this.old.map((one) => one.token)];
  }

  /** But for what changes as it is used. */
  shown() {
    const { name, enabled, present, expiresAt, ips, rate, metadata, groups, old } = this;
    const secrets = old.map((one) => `${one.endsAt} ${previewOf(one.token)}`).sort();
    return { name, enabled, preview: previewOf(present), expiresAt, ips: [...ips].sort(), rate, metadata, groups: [...groups].sort(), old: secrets };
  }
}

/** An account, but for its administrator's key and groups. */
export class Account {
  rate = null;
  credits = null;
  refill = null; // {amount, interval, day, nextAt}
  counts = {}; // keys that are gone included
  keys = new Map(); // by id
  groups = new Map(); // by id: {account, scopes, apps: [{type, ids, actions}]}
  apps = new Set();
  goneApps = [];
  users = new Map(); // by id: {id, groups, session}

  constructor(id, admin) {
    Object.assign(this, { id, admin });
  }

  add(id, present, members) {
    this.keys.set(id, new Key(id, present, members));
  }

  tokens() {
    return [...this.keys.values()].flatMap((key) => key.tokens());
  }

  has(token) {
    return [...this.keys.values()].find((key) => key.tokens().includes(token));
  }

  /** What a key or a user has by its groups. */
  set({ groups }) {
    const all = [...groups].map((id) => this.groups.get(id));
    const apps = all.flatMap((group) => group.apps).map((p) => ({ ...p, ids: p.ids && p.ids.filter((id) => this.apps.has(id)) }));
    return { account: new Set(all.flatMap((group) => group.account)), scopes: new Set(all.flatMap((group) => group.scopes)), apps };
  }

  /** Of a rate that is changed the same part is used as was before. */
  take(key, cost) {
    const rated = [key, this].filter((one) => one.rate);
    const purses = [key, this].filter((one) => one.credits !== null);
    for (const one of rated) one.used ??= 0;
    const least = (list) => Math.min(...list.map((one) => Math.floor((1 - one.used) * one.rate.limit + 1e-9)));
    const over = rated.filter((one) => one.used + cost / one.rate.limit > 1 + 1e-9);
    if (over.length > 0) return { code: 'RATE_LIMITED', remaining: least(over) };
    const lacking = cost > 0 && purses.some((one) => one.credits < cost);
    for (const one of lacking ? [] : rated) one.used += cost / one.rate.limit;
    for (const one of lacking ? [] : purses) one.credits -= cost;
    return {
      code: lacking ? 'USAGE_EXCEEDED' : 'VALID',
      remaining: rated.length > 0 ? least(rated) : undefined,
      credits: purses.length > 0 ? Math.min(...purses.map((one) => one.credits)) : undefined,
    };
  }
}

/** All accounts of a server. */
export class Model {
  accounts = new Map(); // by id
  made = new Set(); // secrets that the server made
  gone = []; // secrets that are nobody's
  asked = 0; // when the server was asked last
  skew = 0; // of the server's clock

  now() {
    return Date.now() + this.skew;
  }

  owner(token) {
    return [...this.accounts.values()].find((account) => account.has(token));
  }

  give(token) {
    this.gone = this.gone.filter((one) => one !== token);
  }

  /**
   * The verdict on a secret: what it costs is taken and it is counted; neither is with `look`. Who asks as an account, `by`, is told of its
   * own keys only.
   */
  verdict(token, { tree, ip, cost = 1, look = false, by }) {
    const account = by ?? this.owner(token);
    const key = account?.has(token);
    if (!key) return { code: token.length < 16 || (token.startsWith('lk_') && !this.made.has(token)) ? 'MALFORMED' : 'NOT_FOUND' };
    const verdict = this.judge(account, key, token, { tree, ip, cost, look });
    if (look || cost === 0) return verdict;
    for (const one of [key, account]) one.counts[verdict.code] = (one.counts[verdict.code] ?? 0) + 1;
    key.lastUsed = this.asked;
    return verdict;
  }

  judge(account, key, token, { tree, ip, cost, look }) {
    const old = key.old.find((one) => one.token === token);
    const ends = [old?.endsAt, key.expiresAt].filter((end) => typeof end === 'number');
    const found = { key, account, set: account.set(key), expiresAt: ends.length === 0 ? null : Math.min(...ends) };
    if (!key.enabled) return { code: 'DISABLED', ...found };
    if (ends.some((end) => end <= this.now())) return { code: 'EXPIRED', ...found };
    if (key.ips.length > 0 && !(ip && key.ips.some((block) => inBlock(ip, block)))) return { code: 'IP_NOT_ALLOWED', ...found };
    if (tree && !holds(tree, found.set)) return { code: 'INSUFFICIENT_PERMISSIONS', ...found };
    return look ? { code: 'VALID', ...found } : { ...account.take(key, cost), ...found };
  }
}

/** Random choices that a seed repeats. */
export function chooser(seed) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (end) => Math.floor(random() * end);
  const pick = (list) => list[int(list.length)];
  const some = (list, most) => [...new Set(Array.from({ length: int(most + 1) }, () => pick(list)))].filter((one) => one !== undefined);
  return { int, pick, some, chance: (share) => random() < share };
}
