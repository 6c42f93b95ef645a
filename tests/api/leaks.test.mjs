// Leaked keys: GitHub's secret-scanning partner protocol, and reports of finders.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { httpRequest, init, run, Server, sleep, SLOW, temporaryDirectory, UPDATE } from './support/server.mjs';

const KEY_ID = 'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c';

function keyPair(curve = 'prime256v1') {
  return crypto.generateKeyPairSync('ec', { namedCurve: curve, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
}

function writeKeys(file, ...keys) {
  fs.writeFileSync(file, JSON.stringify({ public_keys: keys.map(([key_identifier, key]) => ({ key_identifier, key, is_current: true })) }));
}

const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');

describe('leaked keys', () => {
  let server;
  let github;
  let file;
  before(async () => {
    github = keyPair();
    file = path.join(temporaryDirectory(), 'github.json');
    writeKeys(file, ['other', keyPair().publicKey], [KEY_ID, github.publicKey]);
    server = await Server.fresh({ args: ['--leak-public-keys', file, '--trusted-proxy', '127.0.0.1'] });
  });
  after(() => server.stop());

  // Each test comes from addresses of its own, so that one's rate is not another's.
  let from = 1;
  const nextAddress = () => `203.0.113.${from++}`;
  const post = (target, body, headers = {}) => server.request({ method: 'POST', path: target, headers: { 'content-type': 'application/json', 'x-forwarded-for': nextAddress(), ...headers }, body });
  const report = (matches, { key = github.privateKey, id = KEY_ID, body = JSON.stringify(matches), headers = {} } = {}) =>
    post('/v1/leaks/github', body, { 'Github-Public-Key-Identifier': id, 'Github-Public-Key-Signature': crypto.createSign('SHA256').update(body).sign(key, 'base64'), ...headers });
  const find = (tokens, headers) => post('/v1/revoke-leaked', JSON.stringify({ tokens }), headers);
  const lastUsed = async (uuid) => (await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { lastUsedAt } }', { id: uuid })).apiKey.lastUsedAt;
  const enabled = async (uuid) => (await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { enabled } }', { id: uuid })).apiKey.enabled;
  const auth = async (key) => (await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } })).status;

  it('reported by GitHub are disabled when it answers, and it learns which were real', async () => {
    const key = await server.createKey('on github', []);
    const unknown = `${key.key.slice(0, 30)}${'0'.repeat(44)}`;
    const answer = await report([
      { token: key.key, type: 'latchkey_api_key', url: 'https://github.com/a/b/blob/c/d.txt?x=1', source: 'commit' },
      { token: unknown, type: 'latchkey_api_key', url: '', source: 'content' },
    ]);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(await auth(key.key), 401);
    assert.deepEqual(JSON.parse(answer.text), [
      { token_hash: sha256(key.key), token_type: 'latchkey_api_key', label: 'true_positive' },
      { token_hash: sha256(unknown), token_type: 'latchkey_api_key', label: 'false_positive' },
    ]);
    assert.equal(await enabled(key.uuid), false);
    assert.equal(JSON.parse((await report([{ token: key.key, type: 't' }])).text)[0].label, 'true_positive', 'once more');
  });

  it('are audited with who reported them and where they were, without the secret', async () => {
    const key = await server.createKey('audited', []);
    await report([{ token: key.key, type: 't', url: `https://github.com/audit/${'é'.repeat(400)}`, source: 'gist_content' }]);
    const other = await server.createKey('in its url', []);
    await report([{ token: other.key, type: 't', url: `https://example.com/${other.key}`, source: 'x'.repeat(2000) }]);
    const { stdout } = run(['audit', 'list', '--json', '--url', server.url], { env: { ...process.env, LATCHKEY_API_KEY: server.account.apiKey } });
    const last = JSON.parse(stdout).find(({ resourceName, operation }) => resourceName === 'audited' && operation === 'UPDATE');
    const query = 'query ($id: String!) { auditChangeContent(filters: [{ changeSetId: $id }], limit: 1) { nodes { oldYaml newYaml } } }';
    const [content] = (await server.query(query, { id: last.changeSetId })).auditChangeContent.nodes;
    assert.match(content.oldYaml, /enabled: true/);
    for (const said of [/enabled: false/, /GitHub secret scanning/, /https:\/\/github.com\/audit\/é{200}/, /gist_content/]) assert.match(content.newYaml, said);
    assert.ok(Buffer.byteLength(content.newYaml) < 800, 'what is long is cut');
    for (const text of [stdout, server.stderr]) for (const { key: secret } of [key, other]) assert.ok(!text.includes(secret));
    assert.match(server.stderr, /a secret of API key \S{22} was leaked, says GitHub secret scanning: it opens nothing any more/);
    const data = fs.readdirSync(server.data).map((name) => fs.readFileSync(path.join(server.data, name)));
    const stored = Buffer.concat(data).toString('latin1');
    assert.ok(stored.includes('"reportedBy":"GitHub secret scanning"'));
    assert.ok(stored.includes('https://github.com/audit/'));
    assert.ok(!stored.includes(other.key) && !stored.includes('x'.repeat(65)));
  });

  it('are taken from nobody but GitHub on its path', async () => {
    const key = await server.createKey('not signed', []);
    const match = [{ token: key.key, type: 't', url: '', source: 'commit' }];
    const text = JSON.stringify(match);
    const good = crypto.createSign('SHA256').update(text).sign(github.privateKey, 'base64');
    const forgeries = [
      await report(match, { key: keyPair().privateKey }),
      await report(match, { id: 'other' }),
      await report(match, { id: 'unknown' }),
      await post('/v1/leaks/github', text),
      await post('/v1/leaks/github', `${text} `, { 'Github-Public-Key-Identifier': KEY_ID, 'Github-Public-Key-Signature': good }),
      await post('/v1/leaks/github', text, { 'Github-Public-Key-Identifier': KEY_ID, 'Github-Public-Key-Signature': good.slice(0, -8) }),
      await post('/v1/leaks/github', text, { 'Github-Public-Key-Identifier': KEY_ID, 'Github-Public-Key-Signature': 'A'.repeat(4000) }),
      await post('/v1/leaks/github', text, { 'Github-Public-Key-Identifier': KEY_ID, 'Github-Public-Key-Signature': '!' }),
    ];
    for (const answer of forgeries) assert.equal(answer.status, 401, answer.text);
    assert.equal(await auth(key.key), 200);
    assert.equal((await post('/v1/leaks/github', text, { 'Github-Public-Key-Identifier': KEY_ID, 'Github-Public-Key-Signature': good })).status, 200);
    assert.equal(await auth(key.key), 401);
  });

  it('get a clear error where the body is another', async () => {
    for (const body of ['{}', '[1]', '[{}]', '[{"token":""}]', '[{"token":1,"type":"t"}]', '[{"token":"a","url":{}}]', '[', JSON.stringify(new Array(1001).fill({ token: 'a' }))]) {
      const answer = await report(undefined, { body });
      assert.equal(answer.status, 400, `${body.slice(0, 50)}: ${answer.text}`);
    }
    assert.deepEqual(JSON.parse((await report([])).text), []);
    for (const body of ['{}', '[]', '{"tokens":[]}', '{"tokens":"x"}', '{"tokens":[1]}', '{"tokens":["a"],"more":1}', '{', JSON.stringify({ tokens: new Array(1001).fill('a') })]) {
      const answer = await post('/v1/revoke-leaked', body);
      assert.equal(answer.status, 400, `${body.slice(0, 50)}: ${answer.text}`);
    }
    assert.equal((await post('/v1/revoke-leaked', '{"tokens":["a"]}', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await server.request({ path: '/v1/revoke-leaked' })).status, 405);
  });

  it('reported by a finder are disabled when it answers, which says nothing', async () => {
    const key = await server.createKey('found', []);
    const off = await server.createKey('off already', []);
    await server.query(UPDATE, { input: { accountId: server.account.accountId, uuid: off.uuid, name: 'off already', enabled: false } });
    const verifications = async () => (await httpRequest(server.opsPort, { path: '/metrics' })).text.match(/^latchkey_verifications_total.*$/gm);
    const before = await verifications();
    const answers = [await find([key.key, 'unknown', '', off.key]), await find(['unknown']), await find([off.key]), await find([key.key])];
    assert.deepEqual(await verifications(), before, 'a report is no verification');
    assert.equal(await auth(key.key), 401);
    for (const { status, text } of answers) assert.deepEqual({ status, text }, { status: 202, text: '{}' });
    assert.equal(await enabled(key.uuid), false);
    const used = await server.createKey('used after the report', []);
    assert.equal(await auth(used.key), 200);
    for (const deadline = Date.now() + 10000 * SLOW; (await lastUsed(used.uuid)) === null; await sleep(50)) assert.ok(Date.now() < deadline, 'no use is noted');
    assert.equal(await lastUsed(off.uuid), null, 'a report is no use');
  });

  it('end alone when a rotation has replaced them: the key has been given another secret', async () => {
    const key = await server.createKey('rotated after the leak', []);
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key } }';
    const { rotateApiKey: fresh } = await server.query(rotate, { input: { accountId: server.account.accountId, uuid: key.uuid, overlapSeconds: 3600 } });
    assert.equal(await auth(key.key), 200);
    const answer = await report([{ token: key.key, type: 't', url: 'https://github.com/a/b', source: 'commit' }]);
    assert.equal(JSON.parse(answer.text)[0].label, 'true_positive');
    assert.equal(await auth(key.key), 401);
    assert.equal(await auth(fresh.key), 200);
    assert.equal(await enabled(key.uuid), true);
    const { audits } = await server.query('{ audits(limit: 1) { nodes { changes { operationType resourceId } triggeredAt id } } }');
    assert.deepEqual(audits.nodes[0].changes, [{ operationType: 'UPDATE', resourceId: key.uuid }]);
    const { auditChangeContent } = await server.query('query ($id: String!) { auditChangeContent(limit: 1, filters: { changeSetId: $id }) { nodes { oldYaml newYaml } } }', { id: audits.nodes[0].id });
    assert.match(auditChangeContent.nodes[0].oldYaml, /previousSecrets:/);
    assert.doesNotMatch(auditChangeContent.nodes[0].newYaml, /previousSecrets:/);
    assert.match(auditChangeContent.nodes[0].newYaml, /GitHub secret scanning/);
    await find([fresh.key]);
    assert.equal(await enabled(key.uuid), false);
  });

  it('end also while their key is switched off, which may be for a day only', async () => {
    const key = await server.createKey('off for a day', []);
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key } }';
    const { rotateApiKey: fresh } = await server.query(rotate, { input: { accountId: server.account.accountId, uuid: key.uuid, overlapSeconds: 3600 } });
    const enable = (wanted) => server.query(UPDATE, { input: { accountId: server.account.accountId, uuid: key.uuid, name: 'off for a day', enabled: wanted } });
    await enable(false);
    await find([key.key]);
    await enable(true);
    assert.equal(await auth(key.key), 401);
    assert.equal(await auth(fresh.key), 200);
  });

  it('of every account, and up to a thousand at once', async () => {
    const { createAccount } = await server.query('mutation ($input: CreateAccountInput!) { createAccount(input: $input) { key } }', { input: { name: 'Second' } });
    const keys = [];
    for (let i = 0; i < 20; i++) keys.push((await server.createKey(`many ${i}`, [])).key);
    const tokens = [...keys, createAccount.key, ...Array.from({ length: 979 }, (_, i) => `no-such-token-${i}`)];
    assert.equal((await find(tokens)).status, 202);
    for (const key of [keys[0], keys[19], createAccount.key]) assert.equal(await auth(key), 401, 'the last key of an account too');
  });

  it('end however much their user groups hold, all of which is read for the audit log', async () => {
    const scopes = Array.from({ length: 500 }, (_, i) => `a${i}.${'x'.repeat(105)}`);
    const userGroupIds = [];
    for (let i = 0; i < 100; i++) userGroupIds.push(await server.createGroup(`large ${i}`, [], { scopes }));
    const olds = [];
    for (let i = 0; i < 14; i++) {
      const key = await server.createKey(`in a hundred ${i}`, userGroupIds);
      await server.query('mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key } }', { input: { accountId: server.account.accountId, uuid: key.uuid, overlapSeconds: 3600 } });
      olds.push(key.key);
    }
    assert.equal((await find(olds)).status, 202);
    for (const old of olds) assert.equal(await auth(old), 401);
  });

  it('are taken sixty times an hour from one address', async () => {
    const address = { 'x-forwarded-for': '198.51.100.7' };
    for (let i = 0; i < 60; i++) assert.equal((await find(['nothing'], address)).status, 202);
    const key = await server.createKey('too late', []);
    const refused = await find([key.key], address);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 60);
    assert.equal(JSON.parse(refused.text).code, 'RATE_LIMITED');
    assert.equal(await auth(key.key), 200);
    assert.equal((await find([key.key], { 'x-forwarded-for': '198.51.100.8' })).status, 202, 'another address');
    const forger = { headers: { 'x-forwarded-for': '198.51.100.9' } };
    for (let i = 0; i < 60; i++) assert.equal((await report([], forger)).status, 200, 'what is signed is not counted');
    for (let i = 0; i < 60; i++) assert.equal((await report([], { ...forger, id: 'other' })).status, 401);
    assert.equal((await report([], { ...forger, id: 'other' })).status, 429);
  });

  it('are to be reported again, soon, when the server is busy', async () => {
    const busy = await Server.fresh({ args: ['--store-queue', '1', '--store-batch', '1'] });
    const types = 'types { name fields { name type { kind name } args { name } } }';
    const slow = Array.from({ length: 40 }, (_, i) => `a${i}: __schema { ${types} }`).join(' ');
    const body = JSON.stringify({ tokens: [busy.account.apiKey] });
    const work = Array.from({ length: 40 }, () => busy.graphql(`{ ${slow} }`));
    await Promise.race(work);
    const answers = Array.from({ length: 20 }, () =>
      busy.raw(`POST /v1/revoke-leaked HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    const sentAway = (await Promise.all(answers)).filter(({ text }) => text.startsWith('HTTP/1.1 503'));
    await Promise.all(work);
    await busy.stop();
    assert.ok(sentAway.length > 0);
    for (const { text } of sentAway) assert.deepEqual(text.match(/^retry-after: .*$/gim), ['Retry-After: 1'], text);
  });

  it('are checked with new public keys after SIGHUP, and with the old ones when the new are bad', async () => {
    const renewed = keyPair();
    writeKeys(file, ['renewed', renewed.publicKey]);
    const logged = async (text) => {
      for (const deadline = Date.now() + 10000 * SLOW; !server.stderr.includes(text); await sleep(5)) assert.ok(Date.now() < deadline, `the log does not say "${text}"`);
    };
    server.process.kill('SIGHUP');
    await logged('as they are now');
    assert.equal((await report([], { id: 'renewed', key: renewed.privateKey })).status, 200);
    assert.equal((await report([])).status, 401);
    fs.writeFileSync(file, '{}');
    server.process.kill('SIGHUP');
    await logged('the old public keys stay in use');
    assert.equal((await report([], { id: 'renewed', key: renewed.privateKey })).status, 200);
  });

  it('public keys that are none stop the start', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const bad = path.join(temporaryDirectory(), 'bad.json');
    for (const write of [() => fs.rmSync(bad, { force: true }), () => fs.writeFileSync(bad, 'x'), () => fs.writeFileSync(bad, '{"public_keys":[]}'), () => writeKeys(bad, ['a', 'no pem']), () => writeKeys(bad, ['a', keyPair('secp384r1').publicKey])]) {
      write();
      const done = run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '', '--leak-public-keys', bad]);
      assert.equal(done.status, 1);
      assert.match(done.stderr, /--leak-public-keys/);
    }
    writeKeys(bad, ...Array.from({ length: 33 }, (_, i) => [`${i}`, github.publicKey]));
    assert.match(run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '', '--leak-public-keys', bad]).stderr, /at most 32/);
    const bare = await Server.start(data, account);
    const answer = await bare.request({ method: 'POST', path: '/v1/leaks/github', body: '[]' });
    assert.equal(answer.status, 404);
    await bare.stop();
  });
});
