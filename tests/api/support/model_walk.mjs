// A small model of what the documents promise (model.mjs) walks along with a server: after each of many random changes (model_changes.mjs) both
// are asked the same (model_asks.mjs). Nothing here hangs on the time: rates have windows of days, and what is to end in the walk is waited for, or the
// clock is moved.
import assert from 'node:assert/strict';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Account, chooser, Model, nextRefill } from './model.mjs';
import { Asks, sorted } from './model_asks.mjs';
import { httpRequest, init, SLOW, sleep, temporaryDirectory } from './server.mjs';

const HOUR = 3600000;
const DAY = 24 * HOUR;

// Whose changes give the same in whatever order they are done, if they are of different things; and those that are done in the order of a document.
const APART = ['update', 'update', 'regroup', 'permit', 'limit'];
const ALL = [
  ...['create', 'import', 'import', 'update', 'update', 'update', 'delete', 'delete', 'rotate', 'rotate', 'group', 'regroup', 'permit', 'ungroup'],
  ...['application', 'unapply', 'limit', 'user', 'reuser', 'unuser', 'refused', 'accounts'],
];

const OUTCOMES = {
  valid: 'VALID', disabled: 'DISABLED', expired: 'EXPIRED', ipNotAllowed: 'IP_NOT_ALLOWED', insufficientPermissions: 'INSUFFICIENT_PERMISSIONS',
  rateLimited: 'RATE_LIMITED', usageExceeded: 'USAGE_EXCEEDED',
};
const USED = `usage(from: $from, interval: DAY) { ${Object.keys(OUTCOMES).join(' ')} } credits { remaining refill { amount interval day nextAt } }`;
const SHOWN =
  'name enabled preview expiresAt allowedIps rateLimit { limit windowSeconds } metadata { key value } userGroups(limit: 100) { nodes { id } } previousSecrets { preview endsAt }';

/** What the database holds of a key, as the model says it (Key.shown()). */
function shownOf({ name, enabled, preview, expiresAt, allowedIps, rateLimit, metadata, userGroups, previousSecrets }) {
  const ips = sorted(allowedIps);
  const notes = Object.fromEntries(metadata.map(({ key, value }) => [key, value]));
  const old = sorted(previousSecrets.map((one) => `${one.endsAt} ${one.preview}`));
  return { name, enabled, preview, expiresAt, ips, rate: rateLimit, metadata: notes, groups: sorted(userGroups.nodes.map(({ id }) => id)), old };
}

function briefly({ code, key, set }) {
  return JSON.stringify(key ? [code, sorted(key.groups), sorted(set.account), sorted(set.scopes)] : [code, [], [], []]);
}

/** How often each outcome was. */
function countsOf({ usage }) {
  const sums = Object.entries(OUTCOMES).map(([name, code]) => [code, usage.reduce((sum, bucket) => sum + bucket[name], 0)]);
  return Object.fromEntries(sums.filter(([, sum]) => sum > 0));
}

export class Walk extends Asks {
  changes = 0; // that were sent

  /** Of so many steps between two starts of the server, an even number. With a clock (tests/fault/support/shim.mjs) time passes in leaps. */
  constructor(seed, steps, makeClock = () => undefined) {
    super(new Model(), chooser(seed));
    Object.assign(this, { seed, steps, makeClock });
  }

  /* --- changes --- */

  async login(account, user, email) {
    const password = `${email}'s own`;
    const set = 'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }';
    this.same('setPassword', (await this.graphql(set, { input: { userId: user.id, password } }, { 'x-api-key': account.admin })).errors, undefined);
    const authorization = `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`;
    const answer = await this.post('/api/users/login', JSON.stringify({ authorization }), {});
    this.same('login', answer.status, 200, answer.text);
    user.session = JSON.parse(answer.text).resource.token;
  }

  /** Sends plans as one document. What becomes of each is checked; those that are late have their effect now. */
  async change(account, plans, send) {
    const types = plans.map(({ name }, i) => `$i${i}: ${name[0].toUpperCase()}${name.slice(1)}Input!`);
    const fields = plans.map(({ name, fields = 'clientMutationId' }, i) => `f${i}: ${name}(input: $i${i}) { ${fields} }`);
    const variables = Object.fromEntries(plans.map(({ input }, i) => [`i${i}`, input]));
    this.changes += plans.length;
    this.last = plans.map(({ name, input }) => `${name} ${JSON.stringify(input)}`).join(' and ');
    const answer = await this.graphql(`mutation (${types.join(', ')}) { ${fields.join(' ')} }`, variables, { 'x-api-key': account.admin }, send);
    const errors = Object.fromEntries((answer.errors ?? []).map((one) => [one.path?.[0], one.extensions?.code]));
    plans.forEach(({ error, late, effect }, i) => {
      this.same('change', errors[`f${i}`], error, answer.text);
      if (late) effect(answer.data[`f${i}`]);
    });
    for (const { until, after } of plans) {
      if (until) await this.past(until);
      if (after) await after();
    }
  }

  async past(moment) {
    while (this.model.now() <= moment) await sleep(moment + 1 - this.model.now());
  }

  /** Mostly the first. */
  account() {
    const accounts = [...this.model.accounts.values()];
    return this.chance(0.6) ? accounts[0] : this.pick(accounts);
  }

  /** Up to three changes in one document, of which each is planned for what the one before leaves. */
  async inTurn() {
    const account = this.account();
    const plans = [];
    const most = this.pick([1, 2, 3]);
    for (let tries = 0; tries < 9 && plans.length < most && !plans.at(-1)?.late; tries++) {
      const plan = this.plan(account, ALL);
      if (!plan || (plan.by === 'operator' && account.id !== this.init.accountId)) continue;
      if (!plan.late) plan.effect();
      plans.push(plan);
    }
    if (plans.length > 0) await this.change(account, plans);
  }

  /** Several requests at once, which the server does in one transaction or in some, in any order. */
  async atOnce() {
    const plans = [];
    for (let i = 0; i < 4; i++) {
      const account = this.pick([...this.model.accounts.values()]);
      const plan = this.plan(account, APART);
      if (plan && !plans.some((other) => other.plan.of === plan.of)) plans.push({ account, plan });
    }
    for (const { plan } of plans) plan.effect();
    await Promise.all(plans.map(({ account, plan }) => this.change(account, [plan], 'send2')));
    this.last = `at once ${JSON.stringify(plans.map(({ plan }) => [plan.name, plan.input]))}`;
  }

  /** Who asks while a change is made is told what was before it or what is after it, and once the latter never again the former. */
  async during() {
    const account = this.account();
    const plan = this.plan(account, ['update', 'update', 'delete', 'regroup', 'permit', 'ungroup']);
    if (!plan) return;
    const questions = account.tokens().map((token) => ({ ...this.question(token), cost: 0 }));
    const verdicts = () => questions.map(({ token, ...question }) => briefly(this.model.verdict(token, { ...question, by: account })));
    const before = verdicts();
    plan.effect();
    const after = verdicts();
    let over = false;
    const change = this.change(account, [plan], 'send2').finally(() => (over = true));
    const body = JSON.stringify({ requests: questions.map(({ token: key, require, ip, cost }) => ({ key, require, ip, cost })) });
    const headers = { 'content-type': 'application/json', 'x-api-key': account.admin };
    while (!over) {
      const { text } = await httpRequest(this.server.port, { method: 'POST', path: '/v1/keys:batchVerify', headers, body, agent: this.agent });
      JSON.parse(text).results.forEach((got, i) => {
        const shown = JSON.stringify([got.code, sorted(got.userGroupIds), sorted(got.accountPermissions), sorted(got.scopes)]);
        if (shown === after[i]) before[i] = shown;
        this.same('meanwhile', shown, before[i], `or ${after[i]} of ${questions[i].token}`);
      });
    }
    await change;
  }

  async revoke() {
    const account = this.pick([...this.model.accounts.values()]);
    const key = this.pick([...account.keys.values()]);
    if (!key) return;
    const secret = this.pick(key.tokens());
    const itself = this.chance(0.3) && key.ips.length === 0 && this.model.verdict(secret, { look: true }).code === 'VALID';
    this.last = `revoke ${secret}`;
    const answer = await this.post('/v1/revoke', `token=${encodeURIComponent(secret)}`, { 'x-api-key': itself ? secret : account.admin });
    this.same('revoke', answer.status, 200, answer.text);
    if (secret === key.present) this.forget(account, key);
    else this.endOld(key, secret);
  }

  /** Somebody has found secrets: the key of a present one is disabled, an old one ends. */
  async leak() {
    const { accounts, gone } = this.model;
    const found = this.some([...accounts.values()].flatMap((account) => account.tokens()).concat(gone.slice(-1)), 3);
    this.last = `a leak of ${found}`;
    const body = JSON.stringify({ tokens: [...found, 'nobody-has-this-secret'] });
    const answer = await this.post('/v1/revoke-leaked', body, { 'x-forwarded-for': `198.51.100.${this.int(250)}` });
    this.same('leak', answer.status, 202, answer.text);
    for (const token of found) {
      const key = this.model.owner(token)?.has(token);
      if (key?.present === token) Object.assign(key, { enabled: false, leaked: true });
      else if (key) this.endOld(key, token);
    }
  }

  endOld(key, token) {
    key.old = key.old.filter((one) => one.token !== token);
    this.model.gone.push(token);
  }

  async act() {
    const way = this.int(20);
    if (way === 0) await this.revoke();
    else if (way === 1) await this.leak();
    else if (way < 4) await this.during();
    else if (way < 6) await this.atOnce();
    else await this.inTurn();
  }

  /* --- what takes time --- */

  /** In each account the first key expires and the last one's present secret ends: when that has passed it is refused, and soon nobody's. */
  async endings() {
    const endings = [];
    for (const account of this.model.accounts.values()) {
      const keys = [...account.keys.values()];
      const key = keys.at(-1);
      if (keys.length > 1) endings.push(this.expire(account, { key: keys[0] }));
      if (keys.length > 1) await this.change(account, [{ ...endings.at(-1), until: undefined }]);
      if (!key || key.old.length === 3 || key.leaked) continue;
      const token = key.present;
      await this.change(account, [this.rotate(account, { key }, 1)]);
      endings.push({ account, key, token, until: key.old.at(-1).endsAt });
    }
    for (const { until } of endings) await this.past(until);
    for (const { account, key, token } of endings) if (token) await this.forgotten(account, key, token);
  }

  async forgotten(account, key, token) {
    for (const deadline = Date.now() + 5000 * SLOW; ; await sleep(20)) {
      const headers = { 'content-type': 'application/json', 'x-api-key': account.admin };
      const { code } = JSON.parse((await this.send2({ method: 'POST', path: '/v1/keys:verify', headers, body: JSON.stringify({ key: token, cost: 0 }) })).text);
      if (['NOT_FOUND', 'MALFORMED'].includes(code)) break;
      this.same('an old secret', code, key.enabled ? 'EXPIRED' : 'DISABLED', token);
      assert.ok(Date.now() < deadline, `${token} is still known`);
    }
    this.endOld(key, token);
  }

  /* --- restarts --- */

  /** What the server shows of each account and key: [[the model's, the server's], ...]. */
  async shown() {
    const pairs = [];
    for (const own of this.model.accounts.values()) {
      const query = `query ($from: DateTime) { account { ${USED} } apiKeys(limit: 100) { nodes { id lastUsedAt ${USED} ${SHOWN} } } }`;
      const { account, apiKeys } = (await this.graphql(query, { from: this.model.now() - 80 * DAY }, { 'x-api-key': own.admin }, 'send2')).data;
      this.same('keys', apiKeys.nodes.length, own.keys.size + 1, JSON.stringify(apiKeys));
      pairs.push([own, account], ...[...own.keys.values()].map((key) => [key, apiKeys.nodes.find(({ id }) => id === key.id)]));
    }
    for (const [key, node] of pairs) if (key.present) this.same('the key', shownOf(node), key.shown());
    for (const [one, { credits }] of pairs) this.same('the refill', credits?.refill ?? null, one.refill, JSON.stringify(one));
    for (const pair of pairs) pair[1] = { ...pair[1], credits: pair[1].credits?.remaining ?? null, counts: countsOf(pair[1]) };
    return pairs;
  }

  /* --- leaps of the clock --- */

  /** Some hours or days pass. */
  move(time = this.pick([HOUR, 5 * HOUR, DAY, 2 * DAY, 5 * DAY])) {
    this.model.skew += time;
    this.clock.setClock(this.model.skew);
    this.last = `the clock has gone on by ${this.model.skew} ms in all`;
  }

  /** What is due is done within a second: until it is, nothing is asked that it would change. */
  async leap() {
    this.move();
    const due = [...this.model.accounts.values()].filter((account) => [account, ...account.keys.values()].some((one) => this.isDue(one)));
    for (const account of due) {
      for (const deadline = Date.now() + 5000 * SLOW; ; await sleep(50)) {
        const query = '{ account { credits { refill { nextAt } } } apiKeys(limit: 100) { nodes { credits { refill { nextAt } } } } }';
        const { account: own, apiKeys } = (await this.graphql(query, {}, { 'x-api-key': account.admin }, 'send2')).data;
        if (![own, ...apiKeys.nodes].some((one) => one.credits?.refill?.nextAt <= this.model.now())) break;
        assert.ok(Date.now() < deadline, 'a refill has not come');
      }
    }
    this.refill();
    const ended = [...this.model.accounts.values()].flatMap((account) =>
      [...account.keys.values()].flatMap((key) => key.old.filter((one) => one.endsAt <= this.model.now()).map((one) => [account, key, one.token])),
    );
    for (const [account, key, token] of ended) await this.forgotten(account, key, token);
  }

  isDue(one) {
    return one.refill !== null && one.refill.nextAt <= this.model.now();
  }

  /** A restart, or the second after a leap, has refilled what was due, and forgotten secrets that have ended. */
  refill() {
    for (const account of this.model.accounts.values()) {
      for (const one of [account, ...account.keys.values()]) {
        if (!this.isDue(one)) continue;
        one.credits = one.refill.amount;
        one.refill = { ...one.refill, nextAt: nextRefill(one.refill, this.model.now()) };
      }
    }
  }

  /** What was used is shown within five seconds. */
  async used() {
    for (const deadline = Date.now() + 5000 * SLOW; ; await sleep(100)) {
      const pairs = await this.shown();
      const as = (side) => pairs.map((pair) => [pair[side].counts, pair[side].credits]);
      if (Date.now() > deadline) this.same('usage and credits', as(1), as(0));
      if (isDeepStrictEqual(as(1), as(0))) break;
    }
    const metrics = await httpRequest(this.server.opsPort, { path: '/metrics' });
    const keys = [...this.model.accounts.values()].reduce((sum, account) => sum + account.keys.size + 1, 0);
    this.same('the number of keys', /^latchkey_keys (\d+)/m.exec(metrics.text)?.[1], String(keys));
  }

  /** A restart forgets what was used of rates; after a crash balances may be older, never less, and uses are, never more. */
  async restart(how) {
    await this.end(how);
    if (this.clock) this.move();
    await this.start();
    this.last = `${how} and a new start`;
    this.refill();
    for (const account of this.model.accounts.values()) {
      for (const key of account.keys.values()) for (const { token, endsAt } of key.old) if (endsAt <= this.model.now()) this.endOld(key, token);
    }
    for (const [one, node] of await this.shown()) {
      const more = JSON.stringify([node, one]);
      if (how === 'stop') {
        this.same('credits and usage at rest', [node.credits, node.counts], [one.credits, one.counts], more);
        if (one.lastUsed > 0) this.same('lastUsedAt', node.lastUsedAt >= one.lastUsed && node.lastUsedAt <= Math.max(one.lastUsed + 1000 * SLOW, one.lastSeen), true, more);
      } else {
        this.same('credits after a crash', one.credits === null ? node.credits === null : node.credits >= one.credits, true, more);
        this.same('usage after a crash', Object.entries(node.counts).every(([code, sum]) => sum <= (one.counts[code] ?? 0)), true, more);
      }
      delete one.used;
      Object.assign(one, { credits: node.credits, counts: node.counts });
    }
    await this.compareAll();
  }

  open(id, admin) {
    this.model.made.add(admin);
    this.model.accounts.set(id, new Account(id, admin));
  }

  async run() {
    this.data = path.join(temporaryDirectory(), 'data');
    this.clock = this.makeClock(this.data);
    if (this.clock) this.move(this.int(365) * DAY);
    this.init = init(this.data);
    this.open(this.init.accountId, this.init.apiKey);
    await this.start();
    for (const how of ['stop', 'kill']) {
      for (let i = 0; i < this.steps; i++) {
        this.step++;
        await this.act();
        await this.ask();
        if (i === this.steps / 2) await this.endings();
        if (this.clock && i % 12 === 11) await this.leap();
      }
      await this.compareAll();
      if (how === 'kill') await this.used();
      await this.restart(how);
    }
    await this.end('stop');
  }
}
