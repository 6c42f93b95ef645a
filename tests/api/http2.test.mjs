// HTTP/2 with Node's own client: prior knowledge in clear text, ALPN over TLS, the same answers as by HTTP/1.1.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { makeCertificate } from './support/certificates.mjs';
import { httpRequest, Server, sleep, SLOW, temporaryDirectory } from './support/server.mjs';

/** One request on a session; with body null its end is never sent. {status, headers, text, code}. */
function ask(session, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/healthz', ...headers }, { endStream: body === undefined });
    let answer;
    const pieces = [];
    stream.on('response', (fields) => (answer = { status: fields[':status'], headers: fields }));
    stream.on('data', (piece) => pieces.push(piece));
    stream.on('error', reject);
    stream.on('close', () => resolve({ ...answer, code: stream.rstCode, text: Buffer.concat(pieces).toString() }));
    if (body !== undefined && body !== null) stream.end(body);
  });
}

const DOCUMENT = '{ account { id } }';

for (const secure of [false, true]) {
  describe(`HTTP/2 ${secure ? 'over TLS' : 'in clear text'}`, () => {
    let server;
    let session;
    let ca;
    const connect = async () => {
      const opened = http2.connect(server.url, { ca });
      await once(opened, 'connect');
      return opened;
    };
    const graphql = (query, on = session) =>
      ask(on, { ':method': 'POST', ':path': '/graphql', 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, JSON.stringify({ query }));
    before(async () => {
      if (secure) {
        const pair = makeCertificate(temporaryDirectory(), 'server');
        ca = fs.readFileSync(pair.cert);
        server = await Server.fresh({ tls: true, args: ['--tls-cert', pair.cert, '--tls-key', pair.key] });
      } else {
        server = await Server.fresh();
      }
      session = await connect();
    });
    after(async () => {
      session.close();
      if (!server.exit) await server.stop();
    });

    it('is what was agreed on', () => {
      assert.equal(session.alpnProtocol, secure ? 'h2' : 'h2c');
    });

    it('serves GraphQL, many requests at a time', async () => {
      const answers = await Promise.all(Array.from({ length: 300 }, () => graphql(DOCUMENT)));
      for (const answer of answers) {
        assert.equal(answer.status, 200);
        assert.equal(answer.text, `{"data":{"account":{"id":"${server.account.accountId}"}}}`);
        assert.equal(answer.headers['content-length'], String(answer.text.length));
      }
    });

    it('answers in the order in which it is done, each stream its own', async () => {
      const input = (i) => `mutation { createApiKey(input: {accountId: "${server.account.accountId}", name: "h2-${i}", userGroupIds: ["${server.account.userGroupId}"]}) { name } }`;
      const writes = Array.from({ length: 20 }, (_, i) => graphql(input(i)));
      assert.equal((await ask(session)).status, 200);
      (await Promise.all(writes)).forEach((answer, i) => assert.equal(answer.text, `{"data":{"createApiKey":{"name":"h2-${i}"}}}`));
    });

    it('answers HEAD without a body, and unknown paths and methods as ever', async () => {
      const head = await ask(session, { ':method': 'HEAD' });
      assert.equal(head.status, 200);
      assert.equal(head.text, '');
      assert.equal((await ask(session, { ':path': '/nowhere' })).status, 404);
      assert.equal((await ask(session, { ':method': 'PUT', ':path': '/graphql' })).status, 405);
    });

    it('answers 500, for nobody, where the groups and scopes of a key are more than a header may be', { skip: secure && 'the same as in clear text' }, async () => {
      const scope = (i) => `s${i}.`.padEnd(255, 'x');
      const group = (name, from, to) => server.createGroup(name, [], { scopes: Array.from({ length: to - from }, (_, i) => scope(from + i)) });
      const most = await group('most', 0, 248);
      const more = await group('more', 248, 252);
      const opened = http2.connect(server.url, { ca, settings: { maxHeaderListSize: 1 << 20 } });
      const whole = await ask(opened, { ':path': '/v1/auth', 'x-api-key': (await server.createKey('most', [most])).key });
      assert.deepEqual([whole.status, whole.headers['x-latchkey-scopes'].length], [200, 248 * 256 - 1]);
      const { key } = await server.createKey('more', [most, more]);
      const refused = await ask(opened, { ':path': '/v1/auth', 'x-api-key': key });
      assert.deepEqual([refused.status, refused.headers['x-latchkey-key-id'], refused.headers['x-latchkey-scopes']], [500, '', '']);
      assert.match((await httpRequest(server.opsPort, { path: '/metrics' })).text, /^latchkey_http_requests_total\{route="auth",status="5xx"\} 1$/m);
      assert.equal((await ask(opened)).status, 200);
      opened.close();
    });

    it('refuses bodies that are too large', async () => {
      const answer = await ask(session, { ':method': 'POST', ':path': '/graphql', 'content-length': 3 << 20 }, null);
      assert.equal(answer.status, 413);
      assert.equal(answer.code, http2.constants.NGHTTP2_NO_ERROR);
      assert.equal((await ask(session)).status, 200);
    });

    it('survives streams that are reset while they are worked on', async () => {
      for (let i = 0; i < 50; i++) {
        const stream = session.request({ ':method': 'POST', ':path': '/graphql', 'x-api-key': server.account.apiKey, 'content-type': 'application/json' });
        stream.on('error', () => {});
        stream.end(JSON.stringify({ query: DOCUMENT }));
        await sleep(i % 3);
        stream.close(http2.constants.NGHTTP2_CANCEL);
      }
      assert.equal((await graphql(DOCUMENT)).status, 200);
    });

    it('sends away who resets streams all the time', { skip: secure && "Node's session now and then does not notice that its socket was closed in such a storm", timeout: 60000 * SLOW }, async () => {
      const bad = await connect();
      bad.on('error', () => {});
      const goaway = once(bad, 'goaway');
      const timer = setInterval(() => {
        for (let i = 0; i < 50 && !bad.closed && !bad.destroyed; i++) {
          const stream = bad.request({ ':path': '/healthz' });
          stream.on('error', () => {});
          stream.close(http2.constants.NGHTTP2_CANCEL);
        }
      }, 1);
      const [code] = await goaway;
      clearInterval(timer);
      bad.destroy();
      assert.equal(code, http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
      assert.equal((await ask(session)).status, 200);
    });

    it('says GOAWAY on SIGTERM and still answers', async () => {
      const goaway = once(session, 'goaway');
      const last = graphql(DOCUMENT);
      await ask(session);
      const stopped = server.stop();
      assert.equal((await goaway)[0], http2.constants.NGHTTP2_NO_ERROR);
      assert.equal((await last).status, 200);
      await stopped;
    });
  });
}
