// What the documents promise of a verdict (docs/keys.md, docs/openapi.yaml), as small as it can be said. Knows no time:
// rates never refill, and what ends has not ended yet.
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

export class Model {
  account = { rate: null, credits: null };
  keys = new Map(); // by id: {id, name, present, old: [{token, endsAt}], enabled, expiresAt, groups, ips, rate, credits, metadata}
  groups = new Map(); // by id: {account, scopes, apps: [{type, ids, actions}]}
  apps = new Set();
  gone = []; // secrets that are nobody's

  owner(token) {
    return [...this.keys.values()].find((key) => key.present === token || key.old.some((one) => one.token === token));
  }

  set(key) {
    const groups = [...key.groups].map((id) => this.groups.get(id));
    const apps = groups.flatMap((group) => group.apps).map((p) => ({ ...p, ids: p.ids && p.ids.filter((id) => this.apps.has(id)) }));
    return { account: new Set(groups.flatMap((group) => group.account)), scopes: new Set(groups.flatMap((group) => group.scopes)), apps };
  }

  /** The verdict on a secret, and what it costs is taken; nothing is with `look`. */
  verdict(token, { tree, ip, cost = 1, look = false }) {
    const key = this.owner(token);
    if (!key) return { code: token.startsWith('lk_') && !this.gone.includes(token) ? 'MALFORMED' : 'NOT_FOUND' };
    const old = key.old.find((one) => one.token === token);
    const ends = [old?.endsAt, key.expiresAt].filter((end) => typeof end === 'number');
    const found = { key, set: this.set(key), expiresAt: ends.length === 0 ? null : Math.min(...ends) };
    if (!key.enabled) return { code: 'DISABLED', ...found };
    if (key.ips.length > 0 && !(ip && key.ips.some((block) => inBlock(ip, block)))) return { code: 'IP_NOT_ALLOWED', ...found };
    if (tree && !holds(tree, found.set)) return { code: 'INSUFFICIENT_PERMISSIONS', ...found };
    return look ? { code: 'VALID', ...found } : { ...this.take(key, cost), ...found };
  }

  /** Of a rate that is changed the same part is used as was before. */
  take(key, cost) {
    const rated = [key, this.account].filter((one) => one.rate);
    const purses = [key, this.account].filter((one) => one.credits !== null);
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
