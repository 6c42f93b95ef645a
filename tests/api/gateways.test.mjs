// Forward auth as the gateways ask that the tests cannot run: requests of the form that Envoy and Traefik send, by what the documented files say.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT, Server } from './support/server.mjs';

const IDENTITY = ['account-id', 'key-id', 'key-name', 'groups', 'scopes', 'code'].map((name) => `x-latchkey-${name}`);
const PATHS = ['/', '/a/b?c=d', '/v1/auth', '/require/VIEW_AUDITS', '/at/require/x', '/a%2Fb/%2e%2e', '/../../../auth/require/x', '//x', '/?require=VIEW_AUDITS&x=/at', '/%zz', '/a;b=c'];

/** What the only line of a documented file that begins with `name:` says. */
function setting(file, name) {
  const found = fs.readFileSync(path.join(ROOT, 'docs/gateways', file), 'utf8').match(new RegExp(`^\\s*(?:- )?${name}: "?([^"\\n]*)"?$`, 'gm'));
  assert.equal(found?.length, 1, `${file}: ${name}`);
  return found[0].replace(/^[^:]*: "?/, '').replace(/"$/, '');
}

/** The names in a documented file's list `name`. */
function list(file, name) {
  const text = fs.readFileSync(path.join(ROOT, 'docs/gateways', file), 'utf8');
  return text.match(new RegExp(`^ *${name}:\\n((?: *- [^\\n]*\\n)+)`, 'm'))[1].match(/[\w-]+$/gm).map((item) => item.toLowerCase());
}

describe('gateways that are not run', () => {
  let server;
  let allowed;
  let other;
  before(async () => {
    server = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1'] });
    allowed = await server.createKey('billing', [await server.createGroup('invoices', [], { scopes: ['invoices.*'] })]);
    other = await server.createKey('other', []);
  });
  after(() => server.stop());

  it('answers Envoy, which sends the original method and path behind its prefix and allows by 200 alone', async () => {
    const prefix = setting('envoy.yaml', 'path_prefix');
    const ask = (method, original, headers) => server.request({ method, path: prefix + original, headers: { host: 'service.example', 'content-length': 0, 'x-forwarded-for': '192.0.2.1', ...headers } });
    assert.match(prefix, /^\/v1\/auth\/require\/[^/]+\/at$/);
    for (const original of PATHS) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND']) {
        assert.equal((await ask(method, original, { 'x-api-key': allowed.key })).status, 200, `${method} ${original}`);
        assert.equal((await ask(method, original, { authorization: `Bearer ${other.key}` })).status, 403, `${method} ${original}`);
        assert.equal((await ask(method, original, {})).status, 401, `${method} ${original}`);
      }
    }
  });

  it('answers Traefik, which sends GET with what the client asked in X-Forwarded headers', async () => {
    const address = new URL(setting('traefik.yml', 'address'));
    for (const original of PATHS) {
      const forwarded = { 'x-forwarded-method': 'POST', 'x-forwarded-uri': original, 'x-forwarded-proto': 'http', 'x-forwarded-host': 'service.example', 'x-forwarded-for': '192.0.2.1' };
      const ask = (headers) => server.request({ path: address.pathname, headers: { ...forwarded, ...headers } });
      const answer = await ask({ 'x-api-key': allowed.key });
      assert.equal(answer.status, 200);
      for (const name of list('traefik.yml', 'authResponseHeaders')) assert.notEqual(answer.headers[name], undefined, name);
      assert.equal((await ask({ 'x-api-key': other.key })).status, 403);
      assert.equal((await ask({})).status, 401);
    }
    assert.deepEqual(list('traefik.yml', 'authResponseHeaders'), IDENTITY);
    assert.deepEqual(list('traefik.yml', 'authRequestHeaders'), ['x-api-key', 'authorization']);
  });

  it('leaves no spelling for a client of Traefik to name itself by, which knows names but no patterns', () => {
    const file = fs.readFileSync(path.join(ROOT, 'docs/gateways/traefik.yml'), 'utf8');
    const removed = file.match(/^ *customRequestHeaders:\n([^]*?)\n\n/m)[1].match(/^ *[\w.-]+(?=: ""$)/gm).map((name) => name.trim().toLowerCase());
    const spellings = (name) => name.split('-').reduce((all, part) => all.flatMap((begun) => (begun === '' ? [''] : ['-', '_', '.']).map((mark) => begun + mark + part)), ['']);
    for (const name of IDENTITY) for (const spelling of spellings(name)) assert.ok(spelling === name || removed.includes(spelling), spelling);
    assert.ok(removed.includes('http2-settings'), 'without it no server changes to HTTP/2, which would be a tunnel (RFC 7540 section 3.2.1)');
  });

  it('leaves none for a client of Envoy, whose script comes before the question', () => {
    const file = fs.readFileSync(path.join(ROOT, 'docs/gateways/envoy.yaml'), 'utf8');
    const filters = file.match(/^ *- name: envoy\.filters\.http\.\w+$/gm).map((line) => line.replace(/^.*\./, ''));
    assert.deepEqual(filters, ['lua', 'ext_authz', 'router']);
    assert.match(file, /string\.find\(name, "latchkey", 1, true\)/);
  });

  it('answers before a body comes that the gateway announces and never sends', async () => {
    const head = (path, fields) => `POST ${path} HTTP/1.1\r\nHost: x\r\nx-api-key: ${allowed.key}\r\n${fields}\r\n`;
    for (const fields of ['Content-Length: 100\r\n', 'Content-Length: 100000000\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 1\r\nExpect: 100-continue\r\n']) {
      for (const [path, status] of [['/v1/auth', 200], ['/v1/auth/require/invoices.read/at/a', 200], ['/v1/auth/require/VIEW_AUDITS', 403]]) {
        const started = Date.now();
        const { text, closed } = await server.raw(head(path, fields));
        assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\nConnection: close\r\n`), fields);
        assert.equal(closed, true);
        assert.ok(Date.now() - started < 15000, 'it waited for the body'); // which may take 30 s
      }
    }
    const { text } = await server.raw(head('/v1/auth', 'Content-Length: 5\r\n') + 'hello' + head('/v1/auth', 'Connection: close\r\n'));
    assert.equal(text.match(/HTTP\/1\.1 200 /g).length, 2, text);
  });

  it('names somebody or nobody in every answer, errors included, so that nothing of the client stands', async () => {
    for (const [path, status] of [['/v1/auth/require/AND', 400], ['/v1/auth/require/%zz', 400], ['/v1/auth/x', 404]]) {
      const forged = Object.fromEntries(IDENTITY.map((name) => [name, 'forged']));
      const answer = await server.request({ path, headers: { 'x-api-key': allowed.key, ...forged } });
      assert.equal(answer.status, status);
      for (const name of IDENTITY) assert.equal(answer.headers[name], '', `${path}: ${name}`);
    }
  });
});
