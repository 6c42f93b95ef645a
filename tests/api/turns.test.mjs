// Requests wait for the one thread that has the database: of one credential only so many at a time, so that others get theirs.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Server, SLOW, temporaryDirectory } from './support/server.mjs';

const TURNS = 256;
// Milliseconds of work for a small request.
const TYPES = 'types { name description fields(includeDeprecated: true) { name description args { name description } type { kind name ofType { kind name } } } inputFields { name description } enumValues { name description } }';
// Much longer than it takes to send hundreds of small requests, on a slow server as well.
const HEAVY = Math.ceil(40 / SLOW);
const heavy = (times) => `{ ${Array.from({ length: times }, (_, i) => `a${i}: __schema { ${TYPES} }`).join(' ')} }`;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function crc32(text) {
  let sum = ~0;
  for (const byte of Buffer.from(text)) {
    sum ^= byte;
    for (let i = 0; i < 8; i++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** A session's token that nobody has, of the right form. */
function forge(number) {
  const text = `lks_${String(number).padStart(43, '0')}`;
  let digits = '';
  for (let sum = crc32(text), i = 0; i < 6; i++, sum = Math.floor(sum / 62)) digits = DIGITS[sum % 62] + digits;
  return text + digits;
}

describe('waiting requests', () => {
  let server;
  let greedy;
  const sessions = [];
  const github = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1', publicKeyEncoding: { type: 'spki', format: 'pem' } });
  const send = async (session, key, fields, body) => {
    const credential = key.startsWith('lks_') ? { authorization: `Bearer ${key}` } : { 'x-api-key': key };
    const stream = session.request({ ...fields, ...credential });
    stream.end(body);
    const [answer] = await once(stream, 'response');
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return { status: answer[':status'], text: Buffer.concat(pieces).toString() };
  };
  const ask = (session, key, query, path = '/graphql') =>
    send(session, key, { ':method': 'POST', ':path': path, 'content-type': 'application/json' }, JSON.stringify({ query }));
  const backUp = (session, key) => send(session, key, { ':path': '/v1/backup' });
  const revoke = (session, key) =>
    send(session, key, { ':method': 'POST', ':path': '/v1/revoke', 'content-type': 'application/x-www-form-urlencoded' }, `token=${server.account.apiKey}`);

  before(async () => {
    const file = path.join(temporaryDirectory(), 'github.json');
    fs.writeFileSync(file, JSON.stringify({ public_keys: [{ key_identifier: 'github', key: github.publicKey }] }));
    server = await Server.fresh({ args: ['--leak-public-keys', file] });
    greedy = (await server.createKey('greedy', [])).key;
    for (let i = 0; i < 4; i++) {
      sessions.push(http2.connect(server.url));
      await once(sessions[i], 'connect');
    }
  });
  after(async () => {
    for (const session of sessions) session.close();
    await server.stop();
  });

  it('of one credential leave room for those of others, and are given their turns again', async () => {
    for (let round = 0; round < 3; round++) {
      const flood = Array.from({ length: 3 * 120 }, (_, i) => ask(sessions[i % 3], greedy, heavy(Math.ceil(4 / SLOW))));
      const other = await Promise.all(Array.from({ length: 100 }, () => ask(sessions[3], server.account.apiKey, '{ account { id } }')));
      assert.deepEqual(new Set(other.map(({ status }) => status)), new Set([200]));
      const answers = await Promise.all(flood);
      const good = answers.filter(({ status }) => status === 200).length;
      assert.ok(good >= TURNS && good < answers.length, `${good} of ${answers.length}`);
      for (const { status, text } of answers) if (status !== 200) assert.match(text, /Too many requests of this credential wait already/);
    }
  });

  it('are served in turn: who asks for much does not keep others waiting for all of it', async () => {
    const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { error } } }';
    for (let i = 0; i < 4000; i += 1000) {
      const keys = Array.from({ length: 1000 }, (_, at) => ({ name: `imported ${i + at}`, key: `imported-key-number-${i + at}` }));
      await server.query(IMPORT, { input: { accountId: server.account.accountId, keys } });
    }
    const search = `{ ${Array.from({ length: 40 }, (_, i) => `a${i}: apiKeys(limit: 1, filters: { nameContains: "none" }) { pageInfo { total } }`).join(' ')} }`;
    const busy = (await server.createKey('busy', [server.account.userGroupId])).key;
    let answered = 0;
    const many = Array.from({ length: 24 }, () => ask(sessions[0], busy, search).then(({ text }) => (answered += text.startsWith('{"data":'))));
    await Promise.race(many);
    const before = answered;
    assert.equal((await ask(sessions[3], server.account.apiKey, '{ account { id } }')).status, 200);
    const meanwhile = answered - before;
    await Promise.all(many);
    assert.equal(answered, 24);
    assert.ok(meanwhile < 12, `${meanwhile} of ${24 - before} were answered before it`);
  });

  /** Asks 360 times while other work is done: of the answers, 256 at least were waited for and are status; the others were sent away. */
  async function flood(status, askOnce) {
    const work = Array.from({ length: 120 }, () => ask(sessions[0], server.account.apiKey, heavy(HEAVY)));
    await Promise.race(work); // one batch is over; another is what they wait behind
    const answers = await Promise.all(Array.from({ length: 3 * 120 }, (_, i) => askOnce(sessions[1 + (i % 3)], i)));
    const waited = answers.filter((answer) => answer.status === status).length;
    assert.ok(waited >= TURNS && waited < answers.length, `${waited} of ${answers.length}`);
    for (const answer of answers) assert.ok(answer.status === status || answer.status === 503, `${answer.status}`);
    await Promise.all(work);
  }

  for (const path of ['/graphql', '/api/users/logout']) {
    it(`at ${path} of one address, by sessions that anybody can make up, do so as well`, () =>
      flood(401, (session, i) => ask(session, forge(i), '{ account { id } }', path)));
  }

  it('for a backup do so as well, by a key and by sessions that anybody can make up', async () => {
    await flood(403, (session) => backUp(session, greedy));
    await flood(401, (session, i) => backUp(session, forge(i)));
  });

  it('for a revocation do so as well', () => flood(403, (session) => revoke(session, greedy)));

  it('that report leaks do so as well', async () => {
    const body = JSON.stringify([{ token: (await server.createKey('leaked', [])).key, type: 't' }]);
    const signature = crypto.createSign('SHA256').update(body).sign(github.privateKey, 'base64');
    const fields = { ':method': 'POST', ':path': '/v1/leaks/github', 'content-type': 'application/json', 'github-public-key-identifier': 'github', 'github-public-key-signature': signature };
    await flood(200, (session) => send(session, '', fields, body));
  });

  it('that report a thousand leaks let others between them', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => ({ name: `leaked ${i}`, key: `leaked-key-number-${i}` }));
    await server.query('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { error } } }', { input: { accountId: server.account.accountId, keys } });
    const order = [];
    const fields = { ':method': 'POST', ':path': '/v1/revoke-leaked', 'content-type': 'application/json' };
    const leaks = send(sessions[0], '', fields, JSON.stringify({ tokens: keys.map(({ key }) => key) })).then((answer) => order.push('leaks') && answer);
    const other = ask(sessions[0], server.account.apiKey, '{ account { id } }').then((answer) => order.push('other') && answer);
    assert.deepEqual([(await other).status, (await leaks).status], [200, 202]);
    assert.deepEqual(order, ['other', 'leaks']);
    for (const i of [0, 500, 999]) assert.equal((await server.verify(keys[i].key)).code, 'DISABLED');
  });
});
