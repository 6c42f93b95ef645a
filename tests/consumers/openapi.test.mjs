// docs/openapi.yaml beside the real server: what it documents is what is answered, and what is answered is documented.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { httpRequest, ROOT, Server } from '../api/support/server.mjs';

const require = createRequire(import.meta.url);
const SwaggerParser = require('@apidevtools/swagger-parser');
const Ajv = require('ajv/dist/2020').default;

const FILE = path.join(ROOT, 'docs/openapi.yaml');
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** What every answer of HTTP may have. */
const GENERAL = ['date', 'content-length', 'content-type', 'connection', 'vary', 'keep-alive'];

/** Answers that no request here brings about: memory and queues that are full, keys that have a rate or addresses. */
const NOT_PROVOKED = /^\S+ 503$|^auth\w* 429$|^auth(At)? 403$/;

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
  conforms(documented.content[type].schema, JSON.parse(answer.text), name);
}

describe('docs/openapi.yaml', () => {
  let server;
  let plain;
  before(async () => {
    server = await Server.fresh();
    plain = await server.createKey('plain', []);
  });
  after(() => server.stop());

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
    const routes = [...source.matchAll(/\{"(\/v1\/[^"]+)", "([A-Z, ]+)"/g)].map(([, route, methods]) => `${route} ${methods.toLowerCase()}`);
    assert.ok(source.includes('{LK_AUTH_PATH, NULL, lk_auth_handle'));
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
        [`{"a":"${'x'.repeat(3 << 20)}"}`, {}, 413],
        [wrap({ key: plain.key }), { 'content-type': 'text/plain' }, 415],
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

  it('documents nothing that is not answered', () => {
    const documented = Object.values(document.paths).flatMap((item) => Object.values(item).flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => `${operationId} ${status}`)));
    assert.deepEqual(documented.filter((name) => !covered.has(name) && !NOT_PROVOKED.test(name)), []);
  });
});
