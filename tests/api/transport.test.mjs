// GraphQL over HTTP: methods, media types, negotiation.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CREATE, Server } from './support/server.mjs';

const DOCUMENT = '{ account { id } }';

describe('GraphQL over HTTP', () => {
  let server;
  let ok;
  before(async () => {
    server = await Server.fresh();
    ok = `{"data":{"account":{"id":"${server.account.accountId}"}}}`;
  });
  after(() => server.stop());

  const send = (options) => server.request({ path: '/graphql', ...options, headers: { 'x-api-key': server.account.apiKey, ...options.headers } });
  const post = (type, body, headers = {}) => send({ method: 'POST', headers: { 'content-type': type, ...headers }, body });
  const multipart = (fields) => {
    const parts = Object.entries(fields).map(([name, value]) => `--xyz\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    return `${parts.join('')}--xyz--\r\n`;
  };

  it('takes queries in every form that clients send', async () => {
    const json = JSON.stringify({ query: DOCUMENT, variables: null, operationName: null, extensions: null, unknown: [1] });
    for (const [type, body] of [
      ['application/json', json],
      ['application/json; charset=utf-8', json],
      ['Application/JSON;charset="UTF-8"', json],
      ['text/plain', DOCUMENT],
      ['text/plain;charset=UTF-8', DOCUMENT],
      ['application/graphql', DOCUMENT],
      ['multipart/form-data; boundary=xyz', multipart({ query: DOCUMENT })],
      ['multipart/form-data; boundary="xyz"', multipart({ query: json })],
    ]) {
      const answer = await post(type, body);
      assert.equal(answer.status, 200, `${type}: ${answer.text}`);
      assert.equal(answer.text, ok);
    }
    // What a page's fetch sends when it names no type, without asking first: JSON must name itself.
    const plain = await post('text/plain;charset=UTF-8', json);
    assert.equal(plain.status, 415);
    assert.match(plain.text, /The body is JSON: send it with Content-Type: application\/json/);
    const named = await post('application/json', JSON.stringify({ query: 'query A { viewer { account { name } } } query B { account { id } }', operationName: 'B' }));
    assert.equal(named.text, ok);
  });

  it('takes a body that nothing names for what it is: JSON, a batch or a document', async () => {
    const ask = async (body) => (await send({ method: 'POST', body })).text;
    const json = JSON.stringify({ query: 'query ($l: Int!) { apiKeys(limit: $l) { pageInfo { limit } } }', variables: { l: 7 } });
    for (const body of [DOCUMENT, `\r\n  ${DOCUMENT}`, `query A ${DOCUMENT}`, JSON.stringify({ query: DOCUMENT }), ` {\n "query": "${DOCUMENT}"}`]) assert.equal(await ask(body), ok, body);
    assert.equal(await ask(json), '{"data":{"apiKeys":{"pageInfo":{"limit":7}}}}');
    assert.equal(await ask(`\n[${json},${JSON.stringify({ query: DOCUMENT })}]`), `[{"data":{"apiKeys":{"pageInfo":{"limit":7}}}},${ok}]`);
    for (const body of ['', ' \n', '{"query":', '[', Buffer.from('{ a \xff }', 'latin1')]) {
      const answer = await send({ method: 'POST', body });
      assert.equal(answer.status, 400, body);
      assert.ok(JSON.parse(answer.text).errors, body);
    }
    assert.equal((await server.request({ method: 'POST', path: '/graphql', body: DOCUMENT })).status, 401);
  });

  it('takes queries by GET, but no mutation', async () => {
    const answer = await send({ path: `/graphql?query=${encodeURIComponent(DOCUMENT)}` });
    assert.equal(answer.text, ok);
    const withVariables = new URLSearchParams({ query: 'query ($l: Int!) { apiKeys(limit: $l) { pageInfo { limit } } }', variables: '{"l":7}' });
    assert.equal((await send({ path: `/graphql?${withVariables}` })).text, '{"data":{"apiKeys":{"pageInfo":{"limit":7}}}}');
    const mutation = new URLSearchParams({ query: CREATE, variables: JSON.stringify({ input: { accountId: server.account.accountId, name: 'by-get' } }) });
    const refused = await send({ path: `/graphql?${mutation}` });
    assert.equal(refused.status, 405);
    assert.match(refused.headers.allow, /POST/);
    assert.ok(!(await server.keyNames()).includes('by-get'));
    assert.equal((await send({ path: '/graphql' })).status, 400);
    assert.equal((await send({ path: '/graphql?query=%' })).status, 400);
    assert.equal((await send({ path: '/graphql?query=%7Baccount%7Bid%7D%7D&variables=x' })).status, 400);
  });

  it('takes the form of the old explorer on /gateway/api/graphql-api', async () => {
    const path = `/gateway/api/graphql-api?accountId=${server.account.accountId}`;
    const fields = { query: DOCUMENT, 'x-api-key': server.account.apiKey };
    const ask = (type, body) => server.request({ method: 'POST', path, headers: { 'content-type': type }, body });
    assert.equal((await ask('multipart/form-data; boundary=xyz', multipart(fields))).text, ok);
    assert.equal((await ask('application/x-www-form-urlencoded', new URLSearchParams(fields).toString())).text, ok);
    assert.equal((await ask('application/x-www-form-urlencoded', new URLSearchParams({ ...fields, query: JSON.stringify({ query: DOCUMENT }) }).toString())).text, ok);
    assert.equal((await ask('multipart/form-data; boundary=xyz', multipart({ query: DOCUMENT }))).status, 401);
    assert.equal((await ask('multipart/form-data; boundary=xyz', multipart({ ...fields, 'x-api-key': 'x' }))).status, 401);
  });

  it('refuses methods with 405 and Allow, media types with 415 and Accept', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'BREW']) {
      const answer = await send({ method });
      assert.equal(answer.status, 405, method);
      assert.match(answer.headers.allow, /GET, POST/);
    }
    for (const type of ['application/xml', 'application/x-www-form-urlencoded', 'image/png', 'application/jsonp', 'x', '', 'application/json; charset=utf-16', 'application/json; charset=latin1']) {
      const answer = await post(type, JSON.stringify({ query: DOCUMENT }));
      assert.equal(answer.status, 415, type);
      assert.match(answer.headers.accept ?? '', /application\/json/, type);
      assert.ok(JSON.parse(answer.text).errors);
    }
    const form = { method: 'POST', path: '/gateway/api/graphql-api', body: multipart({ query: DOCUMENT }) };
    assert.equal((await send(form)).status, 415);
    const other = await server.request({ method: 'POST', path: '/healthz' });
    assert.equal(other.status, 405);
    assert.ok(other.headers.allow);
  });

  it('refuses compressed bodies with 415 and Accept-Encoding, wherever a body is read', async () => {
    const coded = (target, coding, body, type = 'application/json') =>
      server.request({ method: 'POST', path: target, headers: { 'content-type': type, 'content-encoding': coding, 'x-api-key': server.account.apiKey }, body });
    const document = JSON.stringify({ query: DOCUMENT });
    for (const [target, body, type] of [
      ['/graphql', gzipSync(document)],
      ['/v1/keys:verify', gzipSync('{"key": "x"}')],
      ['/v1/introspect', gzipSync('token=x'), 'application/x-www-form-urlencoded'],
      ['/api/users/login', gzipSync('{}')],
    ]) {
      for (const coding of ['gzip', 'br', 'identity, gzip']) {
        const answer = await coded(target, coding, body, type);
        assert.equal(answer.status, 415, `${target} ${coding}`);
        assert.equal(answer.headers['accept-encoding'], 'identity');
        assert.match(answer.text, /without Content-Encoding/);
      }
    }
    assert.equal((await coded('/graphql', 'Identity', document)).text, ok);
    assert.equal((await coded('/v1/auth', 'gzip', gzipSync('x'))).status, 200, 'a body that nobody reads');
  });

  it('refuses malformed multipart bodies', async () => {
    for (const [type, body] of [
      ['multipart/form-data', multipart({ query: DOCUMENT })],
      ['multipart/form-data; boundary=', multipart({ query: DOCUMENT })],
      ['multipart/form-data; boundary=other', multipart({ query: DOCUMENT })],
      ['multipart/form-data; boundary=xyz', multipart({ other: DOCUMENT })],
      ['multipart/form-data; boundary=xyz', '--xyz\r\nContent-Disposition: form-data; name="query"\r\n\r\n{account{id}}'],
      ['multipart/form-data; boundary=xyz', '--xyz'],
      ['multipart/form-data; boundary=xyz', ''],
    ]) {
      const answer = await post(type, body);
      assert.ok([400, 415].includes(answer.status), `${type} ${body}: ${answer.status}`);
    }
  });

  it('answers in the media type that the client prefers', async () => {
    const type = async (accept, query = DOCUMENT) => {
      const answer = await post('application/json', JSON.stringify({ query }), accept === undefined ? {} : { accept });
      return [answer.status, answer.headers['content-type'].split(';')[0]];
    };
    assert.deepEqual(await type(undefined), [200, 'application/json']);
    assert.deepEqual(await type('*/*'), [200, 'application/json']);
    assert.deepEqual(await type('application/json; charset=utf-8'), [200, 'application/json']);
    assert.deepEqual(await type('application/graphql-response+json'), [200, 'application/graphql-response+json']);
    assert.deepEqual(await type('application/graphql-response+json, application/json;q=0.9'), [200, 'application/graphql-response+json']);
    assert.deepEqual(await type('application/json, application/graphql-response+json;q=0.5'), [200, 'application/json']);
    assert.deepEqual(await type('application/json', '{ nope }'), [200, 'application/json']);
    assert.deepEqual(await type('application/graphql-response+json', '{ nope }'), [400, 'application/graphql-response+json']);
  });

  it('answers 404 where there is nothing', async () => {
    for (const path of ['/nope', '/graphql/', '/graphqlx', '/GRAPHQL', '//graphql', '/graphql/../graphql', '/%00', '/v1']) {
      assert.equal((await server.request({ path, method: 'POST' })).status, 404, path);
    }
  });

  it('compresses large answers for those who ask, and only for them', async () => {
    const query = '{ __schema { types { name description fields { name description } } } }';
    const plain = await post('application/json', JSON.stringify({ query }));
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.match(plain.headers.vary ?? '', /accept-encoding/i);
    const { gunzipSync } = await import('node:zlib');
    for (const accept of ['gzip', 'deflate, gzip;q=0.5', '*', 'GZIP, identity;q=0.1']) {
      const packed = await post('application/json', JSON.stringify({ query }), { 'accept-encoding': accept });
      assert.equal(packed.headers['content-encoding'], 'gzip', accept);
      assert.equal(gunzipSync(packed.body).toString(), plain.text);
      assert.equal(Number(packed.headers['content-length']), packed.body.length);
    }
    for (const accept of ['identity', 'gzip;q=0', 'br', '*;q=0, identity', '']) {
      const answer = await post('application/json', JSON.stringify({ query }), { 'accept-encoding': accept });
      assert.equal(answer.headers['content-encoding'], undefined, accept);
    }
    const small = await post('application/json', JSON.stringify({ query: DOCUMENT }), { 'accept-encoding': 'gzip' });
    assert.equal(small.headers['content-encoding'], undefined);
  });
});
