// docs/openapi.yaml beside the real server: what it documents is what is answered, and what is answered is documented.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { httpRequest, ROOT, Server, temporaryDirectory, UPDATE } from '../api/support/server.mjs';

const require = createRequire(import.meta.url);
const SwaggerParser = require('@apidevtools/swagger-parser');
const Ajv = require('ajv/dist/2020').default;

const FILE = path.join(ROOT, 'docs/openapi.yaml');
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** A body just over --body-max: of one that is much larger the server does not read the rest, and a client may not come to read the answer. */
const TOO_LARGE = `{"a":"${'x'.repeat(2 << 20)}"}`;

/** What every answer of HTTP may have. */
const GENERAL = ['date', 'content-length', 'content-type', 'connection', 'vary', 'keep-alive'];

/** Answers that no request here brings about: memory and queues that are full. */
const NOT_PROVOKED = /^\S+ 503$/;

const ajv = new Ajv({ strict: true, strictTypes: false, allErrors: true });
const document = await SwaggerParser.dereference(parse(fs.readFileSync(FILE, 'utf8')));
const covered = new Set();

function conforms(schema, value, what) {
  const validate = ajv.compile(schema);
  assert.ok(validate(value), `${what}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(value)}`);
}

/** Holds one answer to what the document says of it. */
function check(template, method, answer) {
  const operation = document.paths[template][method];
  const name = `${operation.operationId} ${answer.status}`;
  const documented = operation.responses[answer.status];
  assert.ok(documented, `${name} is not documented: ${answer.text}`);
  covered.add(name);
  const headers = Object.fromEntries(Object.entries(documented.headers ?? {}).map(([field, header]) => [field.toLowerCase(), header]));
  for (const [field, header] of Object.entries(headers)) {
    const value = answer.headers[field];
    assert.ok(value !== undefined || !header.required, `${name}: ${field} is missing`);
    if (value !== undefined) conforms(header.schema, value, `${name}: ${field}`);
  }
  for (const field of Object.keys(answer.headers)) assert.ok(GENERAL.includes(field) || headers[field], `${name}: ${field} is not documented`);
  if (documented.content === undefined) {
    assert.equal(answer.text, '', name);
    return;
  }
  const type = answer.headers['content-type'].split(';')[0];
  assert.ok(documented.content[type], `${name}: ${type} is not documented`);
  if (type === 'application/octet-stream') assert.ok(answer.body.length > 0, name);
  else conforms(documented.content[type].schema, JSON.parse(answer.text), name);
}

describe('docs/openapi.yaml', () => {
  let server;
  let strict; // answers 429 where server answers 403
  let plain;
  const github = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });

  before(async () => {
    const file = path.join(temporaryDirectory(), 'github.json');
    fs.writeFileSync(file, JSON.stringify({ public_keys: [{ key_identifier: 'one', key: github.publicKey, is_current: true }] }));
    server = await Server.fresh({ args: ['--leak-public-keys', file] });
    strict = await Server.fresh({ args: ['--auth-rate-status', '429'] });
    plain = await server.createKey('plain', []);
  });
  after(async () => {
    await server.stop();
    await strict.stop();
  });

  /** A key of a server, with limits. */
  async function limited(to, name, limits) {
    const key = await to.createKey(name, []);
    await to.query(UPDATE, { input: { accountId: to.account.accountId, uuid: key.uuid, name, ...limits } });
    return key.key;
  }

  const ask = (to, options) => httpRequest(to.port, options);
  const post = (template, body, headers = {}) => ask(server, { method: 'POST', path: template, headers: { 'x-api-key': server.account.apiKey, ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });

  it('is an OpenAPI document', async () => {
    const { openapi } = await SwaggerParser.validate(FILE);
    assert.equal(openapi, '3.1.0');
    const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(!fs.readFileSync(FILE, 'utf8').includes('<<:'), 'merge keys are not of YAML 1.2');
  });

  it('has examples that its schemas allow', () => {
    let count = 0;
    const walk = (node) => {
      if (node === null || typeof node !== 'object') return;
      for (const { value } of Object.values(node.schema && node.examples ? node.examples : {})) {
        conforms(node.schema, value, 'example');
        count += 1;
      }
      Object.values(node).forEach(walk);
    };
    walk(document.paths);
    assert.ok(count >= 10);
  });

  it('knows every path below /v1 that the server has, and no other', () => {
    const source = fs.readFileSync(path.join(ROOT, 'src/api/server.c'), 'utf8');
    const routes = [...source.matchAll(/\{LK_SLICE\("(\/v1\/[^"]+)"\), "([A-Z, ]+)"/g)].map(([, route, methods]) => `${route} ${methods.toLowerCase()}`);
    assert.ok(source.includes('{LK_SLICE(LK_AUTH_PATH), NULL, lk_auth_handle'));
    assert.ok(routes.length >= 4);
    assert.equal(routes.length, [...source.matchAll(/"\/v1/g)].length);
    const documented = Object.entries(document.paths).filter(([template]) => !/^\/v1\/auth(\/|$)/.test(template));
    assert.deepEqual(documented.map(([template, item]) => `${template} ${Object.keys(item).join(', ')}`).sort(), routes.sort());
  });

  it('describes forward auth', async () => {
    const templates = Object.keys(document.paths).filter((template) => /^\/v1\/auth(\/|$)/.test(template));
    assert.equal(templates.length, 4);
    for (const template of templates) {
      const at = (expression) => template.replace('{expression}', encodeURIComponent(expression)).replace('{path}', 'invoices/7');
      const judged = template.includes('{expression}');
      const statuses = [];
      for (const [expression, key] of [['VIEW_AUDITS OR invoices.read', server.account.apiKey], ['VIEW_AUDITS', plain.key], ['VIEW_AUDITS', 'lk_bad'], ['VIEW_AUDITS', ''], ['AND', plain.key], ['%', plain.key]]) {
        const answer = await ask(server, { path: at(expression), headers: { 'x-api-key': key } });
        check(template, 'get', answer);
        statuses.push(answer.status);
      }
      assert.deepEqual(statuses, judged ? [200, 403, 401, 401, 400, 400] : [200, 200, 401, 401, 200, 200]);
    }
  });

  it('shows the answer to a wrong expression as it is given', async () => {
    const { examples } = document.components.responses.NoExpression.content['application/problem+json'];
    const answer = await ask(server, { path: `/v1/auth/require/${encodeURIComponent('VIEW_AUDITS AND')}`, headers: { 'x-api-key': plain.key } });
    assert.deepEqual(JSON.parse(answer.text), examples.expression.value);
  });

  it('describes forward auth of keys with addresses and rates', async () => {
    const templates = Object.keys(document.paths).filter((template) => /^\/v1\/auth(\/|$)/.test(template));
    for (const [i, template] of templates.entries()) {
      const target = template.replace('{expression}', encodeURIComponent('NOT VIEW_AUDITS')).replace('{path}', 'invoices/7');
      const elsewhere = await limited(server, `elsewhere ${i}`, { allowedIps: ['192.0.2.1'] });
      const once = { rateLimit: { limit: 1, windowSeconds: 3600 } };
      const asked = [[server, elsewhere, 403]];
      for (const [to, over] of [[server, 403], [strict, 429]]) {
        const key = await limited(to, `once ${i}`, once);
        asked.push([to, key, 200], [to, key, over]);
      }
      for (const [to, key, status] of asked) {
        const answer = await ask(to, { path: target, headers: { 'x-api-key': key } });
        assert.equal(answer.status, status, `${template}: ${answer.headers['x-latchkey-code']}`);
        check(template, 'get', answer);
      }
    }
  });

  it('describes verify and batchVerify', async () => {
    for (const template of ['/v1/keys:verify', '/v1/keys:batchVerify']) {
      const operation = document.paths[template].post;
      const batch = template.endsWith('batchVerify');
      const wrap = (question) => (batch ? { requests: [question] } : question);
      for (const { value } of Object.values(operation.requestBody.content['application/json'].examples)) {
        const answer = await post(template, value, JSON_TYPE);
        assert.equal(answer.status, 200, answer.text);
        check(template, 'post', answer);
      }
      const cases = [
        [wrap({ key: plain.key }), {}, 200],
        [wrap({ key: server.account.apiKey, require: 'MANAGE_API_KEYS' }), {}, 200],
        [wrap({ key: plain.key, require: 'VIEW_AUDITS', ip: null }), {}, 200],
        [wrap({ key: 1 }), {}, 400],
        [wrap({ key: plain.key, require: 'AND' }), {}, 400],
        ['{', {}, 400],
        [wrap({ key: plain.key }), { 'x-api-key': 'lk_bad' }, 401],
        [wrap({ key: plain.key }), { 'x-api-key': plain.key }, 403],
        [TOO_LARGE, {}, 413],
        [wrap({ key: plain.key }), { 'content-type': 'text/plain' }, 415],
        [wrap({ key: plain.key }), { 'content-encoding': 'gzip' }, 415],
      ];
      for (const [body, headers, status] of cases) {
        const answer = await post(template, body, { ...JSON_TYPE, ...headers });
        assert.equal(answer.status, status, answer.text);
        check(template, 'post', answer);
      }
      check(template, 'post', await ask(server, { path: template }));
    }
  });

  it('describes introspection and revocation', async () => {
    const { uuid, key } = await server.createKey('short-lived', []);
    const form = (fields) => new URLSearchParams(fields).toString();
    assert.ok(uuid);
    for (const template of ['/v1/introspect', '/v1/revoke']) {
      const cases = [
        [form(document.paths[template].post.requestBody.content['application/x-www-form-urlencoded'].examples.token.value), {}, 200],
        [form({ token: key }), {}, 200],
        [form({ token: '' }), {}, 400],
        [form({ token: key }), { 'content-type': 'text/plain' }, 400],
        [form({ token: key }), { 'x-api-key': 'lk_bad' }, 401],
        [form({ token: server.account.apiKey }), { 'x-api-key': plain.key }, 403],
        [form({ token: 'x'.repeat(64 << 10) }), {}, 413],
        [form({ token: 'x' }), { 'content-encoding': 'gzip' }, 415],
        ...(template === '/v1/revoke' ? [[form({ token: server.account.apiKey }), {}, 409]] : []),
      ];
      for (const [body, headers, status] of cases) {
        const answer = await post(template, body, { ...FORM, ...headers });
        assert.equal(answer.status, status, answer.text);
        check(template, 'post', answer);
      }
      check(template, 'post', await ask(server, { path: template }));
    }
  });

  it('describes what who is refused too often is told', async () => {
    const { key } = await server.createKey('refused', []);
    const revoke = () => post('/v1/revoke', `token=${server.account.apiKey}`, { ...FORM, 'x-api-key': key });
    const backup = () => ask(server, { path: '/v1/backup', headers: { 'x-api-key': key } });
    for (const [template, method, refused] of [['/v1/revoke', 'post', revoke], ['/v1/backup', 'get', backup]]) {
      let last;
      for (let tries = 0; tries < 200 && last?.status !== 429; tries++) [last] = await Promise.all(Array.from({ length: 40 }, refused));
      assert.equal(last.status, 429);
      check(template, method, last);
    }
  });

  it('describes reports of leaked keys', async () => {
    const signed = (body) => ({ 'github-public-key-identifier': 'one', 'github-public-key-signature': crypto.createSign('SHA256').update(body).sign(github.privateKey, 'base64') });
    const found = await server.createKey('found by GitHub', []);
    const report = JSON.stringify([{ token: found.key, type: 'latchkey_api_key', url: null }, ...document.paths['/v1/leaks/github'].post.requestBody.content['application/json'].examples.one.value]);
    const finding = JSON.stringify(document.paths['/v1/revoke-leaked'].post.requestBody.content['application/json'].examples.one.value);
    const cases = [
      ['/v1/leaks/github', report, signed(report), 200],
      ['/v1/leaks/github', '{', signed('{'), 400],
      ['/v1/leaks/github', report, signed('{'), 401],
      ['/v1/leaks/github', report, { ...signed(report), 'content-type': 'text/plain' }, 415],
      ['/v1/leaks/github', TOO_LARGE, signed(TOO_LARGE), 413],
      ['/v1/revoke-leaked', finding, {}, 202],
      ['/v1/revoke-leaked', '{}', {}, 400],
      ['/v1/revoke-leaked', finding, { 'content-type': 'text/plain' }, 415],
      ['/v1/revoke-leaked', TOO_LARGE, {}, 413],
    ];
    for (const [template, body, headers, status] of cases) {
      const answer = await post(template, body, { ...JSON_TYPE, ...headers });
      assert.equal(answer.status, status, `${template}: ${answer.text.slice(0, 200)}`);
      check(template, 'post', answer);
    }
    for (const template of ['/v1/leaks/github', '/v1/revoke-leaked']) {
      check(template, 'post', await ask(server, { path: template }));
      let last;
      for (let i = 0; i < 70 && last?.status !== 429; i++) last = await post(template, '[]', { ...JSON_TYPE, 'github-public-key-identifier': 'two' });
      assert.equal(last.status, 429);
      check(template, 'post', last);
    }
    const none = await ask(strict, { method: 'POST', path: '/v1/leaks/github', headers: JSON_TYPE, body: '[]' });
    assert.equal(none.status, 404);
    check('/v1/leaks/github', 'post', none);
  });

  it('describes the backup', async () => {
    const backup = (key) => ask(server, { path: '/v1/backup', headers: { 'x-api-key': key } });
    for (const [key, status] of [[server.account.apiKey, 200], ['lk_bad', 401], [plain.key, 403]]) {
      const answer = await backup(key);
      assert.equal(answer.status, status);
      check('/v1/backup', 'get', answer);
    }
    check('/v1/backup', 'get', await ask(server, { method: 'POST', path: '/v1/backup' }));
    // Of many at once the server makes one at a time.
    const answers = await Promise.all(Array.from({ length: 16 }, () => backup(server.account.apiKey)));
    for (const answer of answers) check('/v1/backup', 'get', answer);
    assert.ok(answers.some(({ status }) => status === 409));
  });

  it('documents nothing that is not answered', () => {
    const documented = Object.values(document.paths).flatMap((item) => Object.values(item).flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => `${operationId} ${status}`)));
    assert.deepEqual(documented.filter((name) => !covered.has(name) && !NOT_PROVOKED.test(name)), []);
  });
});
