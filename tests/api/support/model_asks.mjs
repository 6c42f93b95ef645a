// The server and the model (model.mjs) are asked the same of random secrets, by every interface, in HTTP/1.1 and HTTP/2.
import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import { PERMISSIONS, write } from './model.mjs';
import { ACTIONS, Changes, SCOPES, TYPES } from './model_changes.mjs';
import { httpRequest, Server, UNKNOWN_ID } from './server.mjs';

const ARGS = ['--trusted-proxy', '127.0.0.1/32', '--session-idle', '8784h', '--session-ttl', '8784h'];

const ASKED = [...SCOPES, 'invoices.write', 'invoicesx', 'a.b', 'a.bc', 'latchkey.operator', 'nobody.has'];
const ADDRESSES = ['192.0.2.7', '192.0.2.130', '10.1.0.1', '203.0.113.9', '2001:db8::1', '2001:db8:1::ff', '::ffff:192.0.2.7', '::ffff:10.1.0.1'];

export const sorted = (list) => [...list].sort();

export class Asks extends Changes {
  ended = []; // sessions
  step = 0;
  last = 'nothing';
  seen = {}; // how often each verdict was met

  same(what, server, model, more = '') {
    assert.deepEqual(server, model, `seed ${this.seed}, step ${this.step}, after ${this.last}\n${what} ${more}\nserver ${JSON.stringify(server)}\nmodel  ${JSON.stringify(model)}`);
  }

  /* --- the wire --- */

  async start() {
    this.server = await Server.start(this.data, this.init, { args: ARGS, env: this.clock?.env });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.session = http2.connect(this.server.url);
  }

  async end(how) {
    this.agent.destroy();
    this.session.on('error', () => {});
    this.session.destroy();
    await this.server[how]();
  }

  /** By HTTP/2. Those that are sent together are handled in their order, but for what goes to the database. */
  send2({ method = 'GET', path: target, headers, body }) {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({ ':method': method, ':path': target, ...headers }, { endStream: body === undefined });
      const pieces = [];
      let fields;
      stream.on('response', (got) => (fields = got));
      stream.on('data', (piece) => pieces.push(piece));
      stream.on('error', reject);
      stream.on('end', () => resolve({ status: fields[':status'], headers: fields, text: Buffer.concat(pieces).toString() }));
      if (body !== undefined) stream.end(body);
    });
  }

  /** By either; which one is drawn, so what is sent until something has happened goes by send2. */
  send(request) {
    this.model.asked = this.model.now();
    return this.chance(0.5) ? this.send2(request) : httpRequest(this.server.port, { agent: this.agent, ...request });
  }

  post(target, body, headers) {
    const type = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded';
    return this.send({ method: 'POST', path: target, body, headers: { 'content-type': type, ...headers } });
  }

  async graphql(query, variables, headers, send = 'send') {
    const body = JSON.stringify({ query, variables });
    const answer = await this[send]({ method: 'POST', path: '/graphql', body, headers: { 'content-type': 'application/json', ...headers } });
    return { ...answer, ...JSON.parse(answer.text) };
  }

  /* --- questions --- */

  tree(account, depth = 0) {
    const { pick, chance } = this;
    if (depth < 3 && chance(0.5)) return chance(0.3) ? ['NOT', this.tree(account, depth + 1)] : [pick(['AND', 'OR']), this.tree(account, depth + 1), this.tree(account, depth + 1)];
    if (chance(0.3)) return ['name', pick(PERMISSIONS)];
    return ['name', pick([pick(ASKED), `app:${pick([...account.apps, ...account.goneApps.slice(-2), '*', UNKNOWN_ID])}:${pick(TYPES)}:${pick(ACTIONS)}`])];
  }

  /** Mostly of this account. */
  secret(account) {
    const { pick, chance, model } = this;
    if (chance(0.1)) account = pick([...model.accounts.values()]);
    const key = pick([...account.keys.values()]);
    const wrong = key?.present.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    if (!key || chance(0.05)) return pick(['nobody-has-this-secret', wrong ?? 'lk_not-whole-at-all', ...model.gone.slice(-3)]);
    return pick(key.tokens());
  }

  question(token) {
    const account = this.model.owner(token) ?? [...this.model.accounts.values()][0];
    const tree = this.chance(0.5) ? this.tree(account) : undefined;
    return { token, tree, require: tree && write(tree), ip: this.pick(ADDRESSES), cost: this.pick([0, 1, 1, 1, 2, 5]) };
  }

  /** Asks about one by verify, or about several by batchVerify. */
  async verify(tokens, by) {
    const questions = tokens.map((token) => this.question(token));
    for (const one of questions) if (this.chance(0.3)) delete one.ip;
    const sent = questions.map(({ token: key, require, ip, cost }) => ({ key, require, ip, cost }));
    const alone = questions.length === 1 && this.chance(0.7);
    const answer = await this.post(`/v1/keys:${alone ? 'verify' : 'batchVerify'}`, JSON.stringify(alone ? sent[0] : { requests: sent }), { 'x-api-key': by.admin });
    this.same('verify', answer.status, 200, answer.text);
    const got = alone ? [JSON.parse(answer.text)] : JSON.parse(answer.text).results;
    questions.forEach((question, i) => this.compareVerdict(question, got[i], by));
  }

  compareVerdict({ token, ...question }, got, by) {
    const want = this.model.verdict(token, { ...question, by });
    const more = `of ${token}, asked ${JSON.stringify(question)}`;
    this.seen[want.code] = (this.seen[want.code] ?? 0) + 1;
    this.same('verify', [got.valid, got.code, got.keyId, got.accountId], [want.code === 'VALID', want.code, want.key?.id ?? null, want.account?.id ?? null], more);
    if (want.key) {
      const shown = [got.name, sorted(got.userGroupIds), sorted(got.accountPermissions), sorted(got.scopes), got.metadata, got.expiresAt];
      this.same('verify', shown, [want.key.name, sorted(want.key.groups), sorted(want.set.account), sorted(want.set.scopes), want.key.metadata, want.expiresAt], more);
    }
    if (['VALID', 'RATE_LIMITED', 'USAGE_EXCEEDED'].includes(want.code)) this.same('rateLimit', got.rateLimit?.remaining, want.remaining, more);
    if (['VALID', 'USAGE_EXCEEDED'].includes(want.code)) this.same('credits', got.credits?.remaining, want.credits, more);
  }

  async introspect(token, by) {
    const seen = JSON.parse((await this.post('/v1/introspect', `token=${encodeURIComponent(token)}`, { 'x-api-key': by.admin })).text);
    const look = this.model.verdict(token, { look: true, by });
    const scope = (list) => (list?.length > 0 ? sorted(list).join(' ') : undefined);
    const { set, key, expiresAt } = look;
    const shown = [seen.active, seen.sub, seen.username, scope(seen.scope?.split(' ')) || undefined, seen.exp];
    if (!['VALID', 'IP_NOT_ALLOWED'].includes(look.code)) this.same('introspection', shown, [false, undefined, undefined, undefined, undefined], token);
    else this.same('introspection', shown, [true, key.id, key.name, scope([...set.scopes]), expiresAt === null ? undefined : Math.floor(expiresAt / 1000)], token);
  }

  /** Forward auth, of several at once by HTTP/2: all that are there together are looked up together. */
  async auth(tokens) {
    const questions = tokens.map((token) => this.question(token));
    const requests = questions.map(({ token, require, ip }) => ({
      path: `/v1/auth${require ? `/require/${encodeURIComponent(require)}` : ''}`,
      headers: { 'x-api-key': token, 'x-forwarded-for': ip },
    }));
    this.model.asked = this.model.now();
    const answers = await (requests.length === 1 ? this.send(requests[0]).then((one) => [one]) : Promise.all(requests.map((one) => this.send2(one))));
    questions.forEach((question, i) => this.compareAuth(question, answers[i]));
  }

  compareAuth({ token, ...question }, answer) {
    const { code, key, set, account } = this.model.verdict(token, { ...question, cost: 1 });
    const status = code === 'VALID' ? 200 : ['MALFORMED', 'NOT_FOUND', 'DISABLED', 'EXPIRED'].includes(code) ? 401 : 403;
    const said = ['code', 'account-id', 'key-id', 'key-name', 'groups', 'scopes'].map((name) => answer.headers[`x-latchkey-${name}`]);
    for (const i of [4, 5]) said[i] = sorted(said[i].split(',')).join();
    const encoded = (name) => [...Buffer.from(name)].map((c) => (c > 0x20 && c < 0x7f && c !== 0x25 && c !== 0x2c ? String.fromCharCode(c) : `%${c.toString(16).toUpperCase()}`)).join('');
    const known = () => [account.id, key.id, encoded(key.name), sorted(key.groups).join(), sorted(set.scopes).join()];
    this.same('auth', [answer.status, ...said], [status, code, ...(status === 401 ? ['', '', '', '', ''] : known())], `of ${token}, asked ${JSON.stringify(question)}`);
  }

  /** As the caller's own credential: introspection, which is judged in memory, and GraphQL, by the database. */
  async own(token) {
    const ip = this.pick(ADDRESSES);
    const headers = { 'x-api-key': token, 'x-forwarded-for': ip };
    const may = ['OR', ['OR', ['name', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS'], ['name', 'MANAGE_API_KEYS']], ['name', 'latchkey.verify']];
    const asked = this.model.verdict(token, { ip, tree: may, look: true }).code;
    const caller = await this.post('/v1/introspect', `token=${encodeURIComponent(token)}`, headers);
    this.same('introspection by itself', caller.status, asked === 'VALID' ? 200 : asked.startsWith('I') ? 403 : 401, `${token} from ${ip}`);
    const { code, key, account, set } = this.model.verdict(token, { ip, look: true });
    if (key) key.lastSeen = this.model.now();
    await this.viewer(headers, code, account, key?.id, set);
    if (key) key.lastSeen = this.model.now();
  }

  async viewer(headers, code, account, id, set) {
    const { data, errors } = await this.graphql('{ viewer { account { id } apiKey { id } user { id } permissions { accountPermissions { accountPermissionTypes } scopes } } }', {}, headers);
    const viewer = data?.viewer;
    const has = viewer?.permissions;
    const got = viewer && [viewer.account.id, viewer.apiKey?.id ?? viewer.user.id, sorted(has.accountPermissions?.accountPermissionTypes ?? []), sorted(has.scopes ?? [])];
    if (code === 'VALID') this.same('viewer', got, [account.id, id, sorted(set.account), sorted(set.scopes)], JSON.stringify(headers));
    else this.same('viewer', errors?.[0].extensions.code, code === 'IP_NOT_ALLOWED' ? 'FORBIDDEN' : 'UNAUTHENTICATED', JSON.stringify(headers));
  }

  async compareUsers() {
    for (const account of this.model.accounts.values()) {
      for (const user of account.users.values()) await this.viewer({ authorization: `Bearer ${user.session}` }, 'VALID', account, user.id, account.set(user));
    }
    for (const session of this.ended.slice(-2)) await this.viewer({ authorization: `Bearer ${session}` }, 'NOT_FOUND');
  }

  async ask() {
    const account = this.account();
    const several = (most) => Array.from({ length: 1 + this.int(most) }, () => this.secret(account));
    await this.verify(several(this.pick([1, 6])), account);
    await this.introspect(this.secret(account), account);
    await this.auth(several(this.pick([1, 6])));
    await this.own(this.secret(account));
    if (this.chance(0.2)) await this.compareUsers();
  }

  async compareAll() {
    for (const account of this.model.accounts.values()) {
      const tokens = account.tokens().concat(this.model.gone.slice(-3));
      await this.verify(tokens, account);
      await this.auth(tokens);
      for (const token of tokens) {
        await this.introspect(token, account);
        await this.own(token);
      }
    }
    await this.compareUsers();
  }
}
