// Gateways between clients and a service, Latchkey beside them: what passes, what does not, and what a client cannot do about it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { DELETE, httpRequest, rawExchange, Server, sleep, SLOW, UPDATE } from '../api/support/server.mjs';
import { freePorts } from '../api/support/ports.mjs';
import { absent, documented, GATEWAYS, startNginx, startService } from './support.mjs';

const IDENTITY = ['Account-Id', 'Key-Id', 'Key-Name', 'Groups', 'Scopes'].map((name) => `X-Latchkey-${name}`);

/** Whether a process that was sent SIGSTOP has stopped, with each of its threads. */
function stopped(pid) {
  const threads = fs.readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) => / T \d+/.test(fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').replace(/^.*\)/s, '')));
}

/** What a client sends to open a WebSocket; fields: those that ask for it. */
function webSocketHead(key, fields) {
  return `GET /socket HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\n${fields}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
}

/** Requests from other addresses than 127.0.0.1, which the gateways have. */
function requestFrom(localAddress, port, { path = '/', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, headers, localAddress, agent: false, timeout: 30000 * SLOW }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
  });
}

for (const gateway of GATEWAYS) {
  describe(gateway.name, { skip: absent(gateway) }, () => {
    let server;
    let service;
    let running;
    let said;
    let ports;
    let allowed;
    let other;

    const get = (key, options = {}) => httpRequest(ports.gateway, { ...options, headers: { ...(key === undefined ? {} : { 'x-api-key': key }), ...options.headers } });

    /** What reached the service of a request that must reach it. */
    async function seen(key, options) {
      const answer = await get(key, options);
      assert.equal(answer.status, 200, answer.text);
      return JSON.parse(answer.text);
    }

    /** The answer to a request that must not reach the service. */
    async function refused(key, options, status) {
      const before = service.requests;
      const answer = await get(key, options);
      assert.equal(answer.status, status, answer.text);
      assert.equal(service.requests, before, 'the request reached the service');
      return answer;
    }

    async function connectionsToLatchkey() {
      const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
      return Number(text.match(/^latchkey_http_connections_accepted_total (\d+)$/m)[1]);
    }

    const change = (key, input) => server.query(UPDATE, { input: { accountId: server.account.accountId, uuid: key.uuid, name: key.name, ...input } });

    before(async () => {
      server = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1', '--auth-rate-status', gateway.rateStatus] });
      const free = await freePorts(2);
      ports = { latchkey: server.port, service: free[0], gateway: free[1] };
      service = await startService(ports.service);
      running = await gateway.start(ports);
      said = running.output.replace(/.*admin endpoint disabled.*/, ''); // Caddy's, which is so here
      const group = await server.createGroup('invoices', [], { scopes: ['invoices.*'] });
      allowed = { ...(await server.createKey('billing', [group])), group };
      other = await server.createKey('other', []);
    });
    after(async () => {
      await running.stop();
      service.stop();
      if (!server.exit) await server.stop();
    });

    it('lets a key with hundreds of scopes through, and names them all', async () => {
      const scopes = Array.from({ length: 400 }, (_, i) => `service-${i}.a-resource-of-it-${i}.and-some-words-about-what-may-be-done`);
      const many = await server.createKey('many', [allowed.group, await server.createGroup('many', [], { scopes })]);
      const request = await seen(many.key);
      assert.ok(request.headers['x-latchkey-scopes'].length > 25000);
      assert.deepEqual(request.headers['x-latchkey-scopes'].split(',').sort(), ['invoices.*', ...scopes].sort());
    });

    it('lets a good key through, with who it is and without the key', async () => {
      for (const credential of [{ 'x-api-key': allowed.key }, { authorization: `Bearer ${allowed.key}` }, { 'X-API-KEY': allowed.key, authorization: `Bearer ${allowed.key}` }]) {
        const request = await seen(undefined, { path: '/a/b?c=d', headers: credential });
        assert.equal(request.url, '/a/b?c=d');
        assert.equal(request.headers['x-latchkey-account-id'], server.account.accountId);
        assert.equal(request.headers['x-latchkey-key-id'], allowed.uuid);
        assert.equal(request.headers['x-latchkey-key-name'], 'billing');
        assert.equal(request.headers['x-latchkey-groups'], allowed.group);
        assert.equal(request.headers['x-latchkey-scopes'], 'invoices.*');
        assert.ok(!JSON.stringify(request).includes(allowed.key));
      }
    });

    it('lets no client say who it is', async () => {
      const forged = {};
      for (const name of [...IDENTITY, 'X-Latchkey-Code', 'X-Latchkey-Other']) {
        forged[name] = 'forged';
        forged[name.replaceAll('-', '_')] = 'forged';
        forged[name.replace('-', '_')] = 'forged';
      }
      const request = await seen(allowed.key, { headers: forged });
      for (const name of IDENTITY) {
        const sent = request.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase().replaceAll('_', '-') === name.toLowerCase());
        assert.equal(sent.length, 1, `${name}: ${request.rawHeaders}`);
        assert.notEqual(request.headers[name.toLowerCase()], 'forged');
      }
      const spelled = request.rawHeaders.filter((text, i) => i % 2 === 0 && IDENTITY.includes(text.replaceAll('_', '-')) && text.includes('_'));
      assert.deepEqual(spelled, []);
      await refused(undefined, { headers: forged }, 401);
      await refused(other.key, { headers: forged }, 403);
    });

    it('lets no client take away who it is, by naming the fields for this connection only', async () => {
      for (const connection of ['X-Latchkey-Key-Id', 'close, x-latchkey-account-id,X-Latchkey-Groups', 'keep-alive, X-Api-Key, X-Forwarded-For']) {
        const request = await seen(allowed.key, { headers: { connection } });
        assert.equal(request.headers['x-latchkey-account-id'], server.account.accountId, connection);
        assert.equal(request.headers['x-latchkey-key-id'], allowed.uuid, connection);
        assert.equal(request.headers['x-latchkey-groups'], allowed.group, connection);
        assert.equal(request.headers['x-forwarded-for'], '127.0.0.1', connection);
        assert.doesNotMatch(request.headers.connection ?? '', /latchkey/i); // for whoever stands between it and the service
      }
    });

    it('opens no tunnel, in which nobody would judge what a client sends, but WebSockets', async () => {
      const forged = 'GET /admin HTTP/1.1\r\nHost: x\r\nX-Latchkey-Key-Id: forged\r\n\r\n';
      const ask = (fields, line = 'GET / HTTP/1.1\r\nHost: service.example') => `${line}\r\nx-api-key: ${allowed.key}\r\n${fields}\r\n`;
      const settings = 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
      const asked = [
        ask(`Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}`),
        ask(`Connection: Upgrade\r\nUpgrade: h2c\r\n${settings}`),
        ask(`Connection: Upgrade\r\nUpgrade: H2C, websocket\r\n${settings}`),
        ask('Connection: keep-alive, upgrade\r\nUpgrade: another/1.0\r\n'),
        ask('', 'CONNECT service.example:80 HTTP/1.1\r\nHost: service.example:80'),
      ];
      for (const head of asked) {
        const { text } = await rawExchange(ports.gateway, [head, forged], { pause: 200, timeout: 1000 * SLOW });
        assert.doesNotMatch(text, /HTTP\/1.1 101/, head);
        assert.equal(service.tunnelled, '', head);
      }
    });

    it('opens none by HTTP/2 either, where it takes that without TLS', { skip: !gateway.http2 }, async () => {
      const session = http2.connect(`http://127.0.0.1:${ports.gateway}`);
      const connect = (fields) =>
        new Promise((resolve, reject) => {
          const stream = session.request({ ':method': 'CONNECT', ':authority': 'service.example:80', 'x-api-key': allowed.key, ...fields }, { endStream: false });
          stream.on('response', (headers) => {
            if (!stream.destroyed) stream.write('GET /admin HTTP/1.1\r\nHost: x\r\nX-Latchkey-Key-Id: forged\r\n\r\n', () => {});
            setTimeout(() => resolve(headers[':status'], stream.close()), 200);
          });
          stream.on('error', (error) => (error.code === 'ERR_HTTP2_STREAM_ERROR' ? undefined : reject(error)));
          stream.resume();
        });
      const target = { ':scheme': 'http', ':path': '/socket', 'sec-websocket-version': '13' };
      try {
        await once(session, 'remoteSettings');
        assert.equal(await connect({}), 405);
        await connect({ ...target, ':protocol': 'another' });
        assert.equal(service.tunnelled, '');
        assert.equal(await connect({ ...target, ':protocol': 'websocket', 'x-api-key': 'lk_bad' }), 401);
        assert.equal(service.tunnelled, '');
        assert.equal(await connect({ ...target, ':protocol': 'websocket' }), 200);
        assert.match(service.tunnelled, /^GET/);
      } finally {
        session.destroy();
        service.tunnelled = '';
      }
    });

    it('asks about a WebSocket when it opens', async () => {
      const open = (key, connection, upgrade) => webSocketHead(key, `Connection: ${connection}\r\nUpgrade: ${upgrade}`);
      for (const [connection, upgrade] of [['Upgrade', 'websocket'], ['keep-alive, upgrade, X-Latchkey-Key-Id', 'WebSocket'], ['upgrade', 'websocket\r\nUpgrade: h2c']]) {
        const { text } = await rawExchange(ports.gateway, open(allowed.key, connection, upgrade), { until: (text) => /"x-latchkey-[^]*\}/.test(text) });
        assert.match(text, gateway.webSockets ? /^HTTP\/1\.1 101 / : /^HTTP\/1\.1 200 /);
        const { headers = {}, ...rest } = JSON.parse(text.match(/\{"[^]*\}/)[0]);
        assert.equal(headers['x-latchkey-key-id'] ?? rest['x-latchkey-key-id'], allowed.uuid);
        assert.ok(!text.includes('h2c'), text);
      }
      assert.match((await rawExchange(ports.gateway, open('lk_bad', 'Upgrade', 'websocket'), { until: (text) => text.includes('\r\n\r\n') })).text, /^HTTP\/1\.1 401 /);
      service.tunnelled = '';
    });

    it('answers 400 to a credential with characters that no field may hold, as it would be no error of the gateway or of Latchkey', async () => {
      for (const character of ['\x01', '\x0B', '\x1F', '\x7F']) {
        for (const field of [`x-api-key: lk_${character}a`, `Authorization: Bearer lk_${character}a`]) {
          const before = service.requests;
          const { text } = await rawExchange(ports.gateway, `GET / HTTP/1.1\r\nHost: x\r\n${field}\r\n\r\n`, { until: (text) => text.includes('\r\n\r\n') });
          assert.match(text, /^HTTP\/1\.1 400 /, JSON.stringify(field));
          assert.equal(service.requests, before);
        }
      }
      await refused('lk_\xE4\xF6', {}, 401);
    });

    it('is told of no mistake in its file', () => {
      assert.doesNotMatch(said, /warn|error/i);
    });

    it('sends no name of a value that is empty as something else', async () => {
      const request = await seen(allowed.key);
      for (const [name, value] of Object.entries(request.headers)) assert.doesNotMatch(`${name}: ${value}`, /[{}$%]|undefined|nil/);
    });

    it('answers 401 without a good key and 403 without the permission', async () => {
      const expiring = await server.createKey('expiring', [allowed.group]);
      const disabled = await server.createKey('disabled', [allowed.group]);
      await change(disabled, { enabled: false });
      await seen(expiring.key);
      await change(expiring, { expiresAt: Date.now() + 100 });
      await sleep(150);
      const challenges = [];
      for (const key of [undefined, '', 'lk_bad', 'an-imported-key-that-nobody-has', expiring.key, disabled.key, `${allowed.key}, ${allowed.key}`]) {
        challenges.push((await refused(key, {}, 401)).headers['www-authenticate']);
      }
      for (const challenge of challenges) assert.match(challenge, /^Bearer realm="latchkey"/);
      assert.match(challenges[2], /error="invalid_token"/);
      assert.match((await refused(other.key, {}, 403)).headers['www-authenticate'], /error="insufficient_scope"/);
      await refused(undefined, { headers: { authorization: `Basic ${btoa(`x:${allowed.key}`)}` } }, 401);
    });

    it('judges the address of the client, not the one that it claims', async () => {
      const key = await server.createKey('from 127.0.0.2', [allowed.group]);
      await change(key, { allowedIps: ['127.0.0.2'] });
      const claims = ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'X-Client-IP'].map((name) => [name, name === 'Forwarded' ? 'for=127.0.0.2' : '127.0.0.2']);
      const headers = { 'x-api-key': key.key };
      const before = service.requests;
      assert.equal(await requestFrom('127.0.0.2', ports.gateway, { headers }), 200);
      assert.equal(service.requests, before + 1);
      assert.equal(await requestFrom('127.0.0.3', ports.gateway, { headers }), 403);
      assert.equal(await requestFrom('127.0.0.3', ports.gateway, { headers: { ...headers, ...Object.fromEntries(claims) } }), 403);
      assert.equal(await requestFrom('127.0.0.2', ports.gateway, { headers: { ...headers, 'X-Forwarded-For': '127.0.0.3' } }), 200);
      assert.equal(service.requests, before + 2);
    });

    it('answers 429 over the rate, and says when to come again', async () => {
      const key = await server.createKey('rated', [allowed.group]);
      await change(key, { rateLimit: { limit: 2, windowSeconds: 3600 } });
      const first = await get(key.key);
      assert.equal(first.status, 200);
      if (gateway.tellsRates) assert.deepEqual([first.headers['ratelimit-policy'], first.headers.ratelimit], ['"default";q=2;w=3600', '"default";r=1;t=1800']);
      await seen(key.key);
      const over = await refused(key.key, {}, 429);
      assert.equal(over.headers['ratelimit-policy'], '"default";q=2;w=3600');
      assert.match(over.headers.ratelimit, /^"default";r=0;t=3[56]\d\d$/);
      assert.match(over.headers['retry-after'], /^1[78]\d\d$/);
    });

    it('passes on what the service itself answers', async () => {
      const answer = await get(allowed.key, { path: '/forbidden' });
      assert.equal(answer.status, 403);
      assert.equal(JSON.parse(answer.text).url, '/forbidden');
    });

    it('passes bodies to the service, whole and under every method', async () => {
      const body = 'x'.repeat(300000);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const request = await seen(allowed.key, { method, body, headers: { 'content-length': body.length } });
        assert.equal(request.method, method);
        assert.equal(request.body, body);
      }
      assert.equal((await seen(allowed.key, { method: 'POST', body, headers: { 'transfer-encoding': 'chunked' } })).body, body);
      await refused('lk_bad', { method: 'POST', body: 'x'.repeat(1000), headers: { 'content-length': 1000 } }, 401);
      await refused(other.key, { method: 'OPTIONS' }, 403);
    });

    it('asks for the same whatever the path and the query string say', async () => {
      const paths = ['/?require=VIEW_AUDITS', '/v1/auth', '/v1/auth/at/x', '/at', '/x/at/require/y', '/?x-api-key=y', '/a%2Fb', '/%2e%2e/x', '/a//b', '/a;b=c', '/%00', '/a%0d%0aX-Api-Key:%20x', '/a?b=/../../v1/auth', '/../v1/auth', '/./a', '/%zz', '/.latchkey', '/a?x=%zz&#'];
      for (const path of paths) {
        for (const [key, status] of [[undefined, 401], ['lk_bad', 401], [other.key, 403]]) {
          const before = service.requests;
          const answer = await get(key, { path });
          assert.ok(answer.status === status || answer.status === 400 || answer.status === 404, `${path}: ${answer.status}`);
          assert.equal(service.requests, before, `${path} reached the service`);
        }
      }
      for (const path of ['/v1/auth/require/VIEW_AUDITS?require=VIEW_AUDITS', '/a%2Fb?c=%2F', '/a?b=c&d=/e', '/a?']) assert.equal((await seen(allowed.key, { path })).url, path);
      const query = `/?x-api-key=${allowed.key}`;
      await refused(undefined, { path: query }, 401);
      await refused(other.key, { path: query }, 403);
    });

    it('serves HTTP/1.0 clients', async () => {
      const { text } = await rawExchange(ports.gateway, `GET / HTTP/1.0\r\nx-api-key: ${allowed.key}\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.[01] 200 /);
      const before = service.requests;
      const no = await rawExchange(ports.gateway, `GET / HTTP/1.0\r\nx-api-key: ${other.key}\r\n\r\n`);
      assert.match(no.text, /^HTTP\/1\.[01] 403 /);
      assert.equal(service.requests, before);
    });

    it('judges each request of a connection by itself', async () => {
      const one = (key, rest = '') => `GET / HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\n${rest}\r\n`;
      const { text } = await rawExchange(ports.gateway, one(allowed.key) + one('lk_bad') + one(other.key) + one(allowed.key, 'Connection: close\r\n'));
      assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 403', 'HTTP/1.1 200']);
      const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
      const statuses = await Promise.all(Array.from({ length: 200 }, (_, i) => get(i % 2 === 0 ? allowed.key : 'lk_bad', { agent })));
      agent.destroy();
      statuses.forEach(({ status }, i) => assert.equal(status, i % 2 === 0 ? 200 : 401));
    });

    it('keeps its connections to the service and to Latchkey', async () => {
      const before = { service: service.connections, latchkey: await connectionsToLatchkey() };
      for (let i = 0; i < 20; i++) await seen(allowed.key);
      assert.ok(service.connections - before.service <= 2, `${service.connections - before.service} connections to the service`);
      const made = (await connectionsToLatchkey()) - before.latchkey;
      assert.ok(made <= 3, `${made} connections to Latchkey`);
    });

    it('takes large headers and query strings, and lets nothing through that is too large to judge', async () => {
      const { fieldMax } = gateway;
      assert.equal((await seen(allowed.key, { headers: { cookie: 'a'.repeat(fieldMax) } })).headers.cookie.length, fieldMax);
      assert.equal((await seen(allowed.key, { path: `/?${'a'.repeat(fieldMax)}` })).url.length, fieldMax + 2);
      for (const [key, cookie] of [['lk_bad', 6000], [other.key, 6000], ['lk_bad', 100000], ['x'.repeat(6000), 0], ['x'.repeat(40000), 0]]) {
        const before = service.requests;
        const answer = await get(key, { headers: { cookie: 'a'.repeat(cookie) } });
        assert.ok(answer.status >= 400, `${answer.status}`);
        assert.equal(service.requests, before);
      }
    });

    it('lets nothing through once a key is deleted', async () => {
      const { uuid, key } = await server.createKey('short-lived', [allowed.group]);
      await seen(key);
      await server.query(DELETE, { input: { accountId: server.account.accountId, uuid } });
      await refused(key, {}, 401);
    });

    it('fails closed while Latchkey does not answer, and opens again when it does', async () => {
      server.process.kill('SIGSTOP');
      try {
        while (!stopped(server.process.pid)) await sleep(1);
        const before = service.requests;
        const answer = await get(allowed.key);
        assert.ok(answer.status >= 500, `${answer.status}`);
        assert.equal(service.requests, before);
      } finally {
        server.process.kill('SIGCONT');
      }
      for (let i = 0; i < 50 && (await get(allowed.key)).status !== 200; i++) await sleep(100);
      await seen(allowed.key);
    });

    it('fails closed when Latchkey is down', async () => {
      await server.stop();
      await refused(allowed.key, {}, gateway.downStatus);
      await refused(undefined, {}, gateway.downStatus);
    });
  });
  describe(`${gateway.name} before something that is no Latchkey`, { skip: absent(gateway) }, () => {
    it('lets nothing through but for a yes', async () => {
      const other = { answer: (response) => response.writeHead(500).end() };
      const stranger = http.createServer((request, response) => other.answer(response));
      const free = await freePorts(3);
      const ports = { latchkey: free[0], service: free[1], gateway: free[2] };
      await new Promise((resolve) => stranger.listen(ports.latchkey, '127.0.0.1', resolve));
      stranger.unref();
      const service = await startService(ports.service);
      const running = await gateway.start(ports);
      try {
        for (const status of [300, 302, 304, 400, 401, 403, 404, 405, 413, 429, 431, 500, 502, 503]) {
          other.answer = (response) => response.writeHead(status).end();
          await httpRequest(ports.gateway, { headers: { 'x-api-key': 'lk_any' } });
          assert.equal(service.requests, 0, `${status} let a request through`);
        }
        const rate = { 'RateLimit-Policy': '"default";q=2;w=60', RateLimit: '"default";r=0;t=60', 'X-Latchkey-Code': 'RATE_LIMITED', 'Retry-After': '30' };
        other.answer = (response) => response.writeHead(Number(gateway.rateStatus), rate).end();
        const over = await httpRequest(ports.gateway, { headers: { 'x-api-key': 'lk_any' } });
        assert.equal(over.status, 429);
        assert.deepEqual([over.headers['ratelimit-policy'], over.headers.ratelimit, over.headers['retry-after']], [rate['RateLimit-Policy'], rate.RateLimit, '30']);
        assert.equal(service.requests, 0);
        other.answer = (response) => response.destroy();
        await httpRequest(ports.gateway, { headers: { 'x-api-key': 'lk_any' } });
        other.answer = (response) => response.socket.end('200 yes\r\n\r\n');
        await httpRequest(ports.gateway, { headers: { 'x-api-key': 'lk_any' } });
        assert.equal(service.requests, 0);
        other.answer = (response) => response.writeHead(200).end();
        const { text } = await httpRequest(ports.gateway, { headers: { 'x-api-key': 'lk_any', 'x-latchkey-key-id': 'forged', x_latchkey_key_id: 'forged' } });
        assert.equal(service.requests, 1, 'a yes does');
        assert.ok(!text.includes('forged'), 'an answer that names nobody leaves nothing of what the client sent');
      } finally {
        await running.stop();
        service.stop();
        stranger.closeAllConnections();
        stranger.close();
      }
    });
  });
}

describe('docs/gateways/README.md', () => {
  const readme = documented('README.md', []);
  let server;
  let service;
  let allowed;
  let other;

  /** Text that it has, line by line, for the tests to do what it says. */
  function quoted(lines) {
    const begun = readme.indexOf(lines[0]);
    assert.ok(begun > 0 && lines.every((line) => readme.includes(line, begun)), lines.join('\n'));
    return lines;
  }

  /** Runs a gateway by its file with changes. */
  async function changed(gateway, changes, run) {
    const [port] = await freePorts(1);
    const running = await gateway.start({ latchkey: server.port, service: service.http.address().port, gateway: port }, changes);
    try {
      await run(async (key, path = '/') => (await httpRequest(port, { path, headers: { 'x-api-key': key } })).status, port);
    } finally {
      await running.stop();
    }
  }

  before(async () => {
    server = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1'] });
    service = await startService((await freePorts(1))[0]);
    allowed = (await server.createKey('allowed', [await server.createGroup('invoices', [], { scopes: ['invoices.read'] })])).key;
    other = (await server.createKey('other', [await server.createGroup('other', [], { scopes: ['other'] })])).key;
  });
  after(async () => {
    service.stop();
    await server.stop();
  });

  for (const gateway of GATEWAYS) {
    it(`has ${gateway.name} ask for expressions of several names`, { skip: absent(gateway) }, async () => {
      quoted(['`VIEW_AUDITS%20OR%20invoices.read`']);
      quoted(['`uri "/v1/auth/require/VIEW_AUDITS OR invoices.read?"`']);
      for (const [expression, statuses] of [['VIEW_AUDITS OR invoices.read', [200, 403]], ['(invoices.read OR other) AND NOT app:*:SERVICE:READ', [200, 200]], ['invoices.read AND other', [403, 403]]]) {
        await changed(gateway, [[gateway.expression.of, gateway.expression.to(expression)]], async (get) => {
          assert.deepEqual([await get(allowed, '/?a=b'), await get(other, '/?a=b')], statuses, expression);
        });
      }
    });
  }

  const paths = {
    nginx(file) {
      quoted(['a second `location /invoices/` with all lines of the first and `auth_request /.latchkey-invoices`', 'a second `location = /.latchkey-invoices`']);
      const [, location] = file.match(/^( {4}location \/ \{\n[^]*?\n {4}\}\n)/m);
      const [, question] = file.match(/^( {4}location = \/\.latchkey \{\n[^]*?\n {4}\}\n)/m);
      const strict = question.replace('/require/invoices.read', '/require/admin.write');
      return [
        [location, location + location.replace('location /', 'location /invoices/').replace('auth_request /.latchkey', 'auth_request /.latchkey-invoices')],
        [question, strict + question.replace('location = /.latchkey', 'location = /.latchkey-invoices')],
      ];
    },
    Caddy() {
      const lines = quoted(['vars latchkey admin.write', '@invoices path_regexp ^/invoices/', 'vars @invoices latchkey invoices.read']);
      const [uri] = quoted(['uri /v1/auth/require/{vars.latchkey}?']);
      return [['uri /v1/auth/require/invoices.read?', uri], ['forward_auth 127', `${lines.join('\n')}\nforward_auth 127`]];
    },
    HAProxy() {
      const lines = quoted([
        "http-request deny deny_status 400 if { path -m reg -i '%2f|%5c|\\\\' }",
        'http-request normalize-uri percent-decode-unreserved',
        'http-request normalize-uri path-merge-slashes',
        'http-request normalize-uri path-strip-dot',
        'http-request normalize-uri path-strip-dotdot full',
        'acl invoices path_beg /invoices/',
        'http-request lua.latchkey invoices.read if invoices',
        'http-request lua.latchkey admin.write unless invoices',
      ]);
      const [experimental] = quoted(['expose-experimental-directives']);
      return [['global\n', `global\n    ${experimental}\n`], ['http-request lua.latchkey invoices.read\n', `${lines.join('\n    ')}\n`]];
    },
  };
  const files = { nginx: 'nginx.conf', Caddy: 'Caddyfile', HAProxy: 'haproxy.cfg' };
  for (const gateway of GATEWAYS) {
    it(`has ${gateway.name} ask for another key on other paths, however they are spelled`, { skip: absent(gateway) }, async () => {
      await changed(gateway, paths[gateway.name](documented(files[gateway.name], [])), async (get) => {
        for (const path of ['/invoices/x', '/invoices/x?y=/../admin', '//invoices/x', '/%69nvoices/x', '/invoices/./x']) {
          assert.equal(await get(allowed, path), 200, path);
          assert.equal(await get(other, path), 403, path);
        }
        for (const path of ['/', '/admin', '/invoices/../admin', '/invoices/%2e%2e/admin', '/invoices/.%2E/admin', '/invoices/x/..//../admin', '/invoices/..%2fadmin', '/invoices/%2e%2e%2Fadmin', '/invoices/..', '/invoices/%2e%2e', '/INVOICES/x']) {
          const status = await get(allowed, path);
          assert.ok(status === 403 || status === 400, `${path}: ${status}`);
        }
      });
    });
  }

  it('has nginx pass WebSockets', { skip: absent(GATEWAYS[0]) }, async () => {
    const [upgrade, connection] = quoted(['proxy_set_header Upgrade websocket;', 'proxy_set_header Connection upgrade;']);
    const file = documented('nginx.conf', []);
    const [, location] = file.match(/^( {4}location \/ \{\n[^]*?\n {4}\}\n)/m);
    const passing = location.replace('proxy_set_header Connection "";', `${upgrade} ${connection}`);
    await changed(GATEWAYS[0], [[location, passing]], async (get, port) => {
      const open = (key, protocol) => webSocketHead(key, `Connection: Upgrade\r\nUpgrade: ${protocol}`);
      const until = (text) => text.includes('\r\n\r\n');
      assert.match((await rawExchange(port, open(allowed, 'websocket'), { until })).text, /^HTTP\/1\.1 101 /);
      assert.match((await rawExchange(port, open(other, 'websocket'), { until })).text, /^HTTP\/1\.1 403 /);
      assert.match((await rawExchange(port, open(allowed, 'h2c'), { until: (text) => text.includes('}') })).text, /^HTTP\/1\.1 101 [^]*"upgrade":"websocket"/, 'the service is asked for a WebSocket only');
    });
  });
});

describe('nginx by a file that sends the length of a body without the body', { skip: absent(GATEWAYS[0]) }, () => {
  it('gets its answers all the same', async () => {
    const server = await Server.fresh();
    const free = await freePorts(2);
    const ports = { latchkey: server.port, service: free[0], gateway: free[1] };
    const service = await startService(ports.service);
    const forgotten = [['        proxy_set_header Content-Length "";\n', ''], ['proxy_pass_request_headers off;', 'proxy_pass_request_headers on;'], ['/require/invoices.read', '']];
    const running = await startNginx(ports, forgotten);
    const body = 'x'.repeat(300000);
    const post = (key) => httpRequest(ports.gateway, { method: 'POST', body, headers: { 'x-api-key': key, 'content-length': body.length } });
    try {
      for (let i = 0; i < 5; i++) {
        const answer = await post(server.account.apiKey);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(JSON.parse(answer.text).body, body);
        assert.equal((await post('lk_bad')).status, 401);
      }
      assert.equal(service.requests, 5);
    } finally {
      await running.stop();
      service.stop();
      await server.stop();
    }
  });
});
