// HTTP/1.1 on the wire: what is refused, what is kept, what is answered in one write.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { CREATE, httpRequest, Server, SLOW, sleep } from './support/server.mjs';

/** A time that is given to the server. */
const time = (milliseconds) => `${milliseconds * SLOW}ms`;

/** Waits until a server has so many connections, of which the one that asks is none. */
async function connections(server, count) {
  let open;
  for (const deadline = Date.now() + 10000 * SLOW; open !== count && Date.now() < deadline; await sleep(20)) {
    open = Number(/^latchkey_http_connections (\d+)$/m.exec((await httpRequest(server.opsPort, { path: '/metrics' })).text)?.[1]) - 1;
  }
  assert.equal(open, count);
}

const GET = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';

describe('HTTP/1.1', () => {
  let server;
  let query;
  before(async () => {
    server = await Server.fresh({ args: ['--header-timeout', time(1000), '--body-timeout', time(1500), '--idle-timeout', time(3000)] });
    const body = '{"query":"{ account { id } }"}';
    query = `POST /graphql HTTP/1.1\r\nHost: x\r\nx-api-key: ${server.account.apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  });
  after(() => server.stop());
  afterEach(async () => assert.equal((await server.request({ path: '/healthz' })).status, 200));

  /** Sends bytes and expects one answer with that status, and the connection closed after it. */
  async function refused(bytes, status = 400) {
    const { text, closed } = await server.raw(Buffer.from(bytes, 'latin1'));
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(bytes.slice(0, 200)));
    assert.equal(text.split('HTTP/1.1 ').length, 2, `more than one answer to ${JSON.stringify(bytes.slice(0, 200))}`);
    assert.match(text, /^connection: close\r$/im);
    assert.equal(closed, true, `not closed after ${JSON.stringify(bytes.slice(0, 200))}`);
  }

  async function accepted(bytes, status = 200) {
    const { text } = await server.raw(Buffer.from(bytes, 'latin1'), { until: (so_far) => so_far.includes('\r\n\r\n'), timeout: 3000 * SLOW });
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), `${JSON.stringify(bytes.slice(0, 200))}: ${text.slice(0, 200)}`);
  }

  const smuggled = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
  const framing = {
    'two different Content-Lengths': 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'two equal Content-Lengths': 'Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'a list of Content-Lengths': 'Content-Length: 5, 5\r\n\r\nhello',
    'both framings': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'both framings the other way round': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
    'a signed Content-Length': 'Content-Length: +5\r\n\r\nhello',
    'a negative Content-Length': 'Content-Length: -5\r\n\r\nhello',
    'a hexadecimal Content-Length': 'Content-Length: 0x5\r\n\r\nhello',
    'an empty Content-Length': 'Content-Length:\r\n\r\nhello',
    'a Content-Length that overflows': 'Content-Length: 18446744073709551621\r\n\r\nhello',
    'a Content-Length with a space inside': 'Content-Length: 1 2\r\n\r\nhello',
    'chunked twice': 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'chunked in two fields': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'chunked not last': 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'a misspelt coding': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'an empty Transfer-Encoding': 'Transfer-Encoding:\r\n\r\n',
    'a vertical tab before chunked': 'Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n',
    'chunk size with a sign': 'Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n',
    'chunk size with 0x': 'Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n',
    'chunk size that overflows': 'Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n',
    'an empty chunk size': 'Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n',
    'a chunk that is too long for its size': 'Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n',
    'bare LF after a chunk size': 'Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n',
    'bare LF after a chunk': 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n',
    'a space before the colon': 'Content-Length : 5\r\n\r\nhello',
    'a tab before the colon': 'Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n',
    'an obs-fold': 'X-A: b\r\n c\r\n\r\n',
    'an obs-fold in the first field': ' X-A: b\r\n\r\n',
    'a folded Transfer-Encoding': 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n',
    'a field without a colon': 'X-A\r\n\r\n',
    'a field without a name': ': b\r\n\r\n',
    'a field name with a space': 'X A: b\r\n\r\n',
    'a field name that is not ASCII': 'X-\xe9: b\r\n\r\n',
    'NUL in a field name': 'X-\x00A: b\r\n\r\n',
    'NUL in a field value': 'X-A: b\x00c\r\n\r\n',
    'bare CR in a field value': 'X-A: b\rc\r\n\r\n',
    'a control character in a field value': 'X-A: b\x01c\r\n\r\n',
    'DEL in a field value': 'X-A: b\x7fc\r\n\r\n',
    'bare LF between fields': 'X-A: b\nX-B: c\r\n\r\n',
    'bare LF at the end of the header': 'X-A: b\r\n\n',
    'CR CR LF': 'X-A: b\r\r\n\r\n',
    'a second Host': 'Host: y\r\n\r\n',
  };
  // These have a status of their own: RFC 9110 section 15.5.14 and RFC 9112 section 6.1.
  const statuses = { 'a Content-Length that overflows': 413, 'chunked twice': '(400|501)', 'chunked not last': '(400|501)', 'a misspelt coding': '(400|501)' };
  for (const [name, rest] of Object.entries(framing)) {
    it(`refuses ${name}`, async () => {
      await refused(`POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}${smuggled}`, statuses[name]);
    });
  }

  const lines = {
    'bare LF everywhere': 'GET /healthz HTTP/1.1\nHost: x\n\n',
    'no version': 'GET /healthz\r\nHost: x\r\n\r\n',
    'no target': 'GET HTTP/1.1\r\nHost: x\r\n\r\n',
    'an empty target': 'GET  HTTP/1.1\r\nHost: x\r\n\r\n',
    'two spaces': 'GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'a tab for a space': 'GET\t/healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'a space at the end': 'GET /healthz HTTP/1.1 \r\nHost: x\r\n\r\n',
    'a relative target': 'GET healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'a target with a control character': 'GET /health\x01z HTTP/1.1\r\nHost: x\r\n\r\n',
    'NUL in the target': 'GET /health\x00z HTTP/1.1\r\nHost: x\r\n\r\n',
    'a method that is no token': 'G(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'no method': ' /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    'http in lower case': 'GET /healthz http/1.1\r\nHost: x\r\n\r\n',
    'HTTP/1.10': 'GET /healthz HTTP/1.10\r\nHost: x\r\n\r\n',
    'HTTP/1': 'GET /healthz HTTP/1\r\nHost: x\r\n\r\n',
    'TLS on the clear port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'no Host in HTTP/1.1': 'GET /healthz HTTP/1.1\r\n\r\n',
    'Transfer-Encoding in HTTP/1.0': 'POST /graphql HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'noise': '\x00\xff\xfe\x80garbage\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(lines)) {
    it(`refuses ${name}`, () => refused(bytes));
  }

  it('refuses other versions of HTTP', async () => {
    for (const bytes of ['GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n', 'GET /healthz HTTP/3.1\r\nHost: x\r\n\r\n', 'GET /healthz HTTP/0.9\r\nHost: x\r\n\r\n']) {
      const { text, closed } = await server.raw(bytes);
      assert.match(text, /^HTTP\/1\.1 (505|400) /, bytes);
      assert.equal(closed, true);
    }
  });

  it('refuses what is too long: 414, 431, 413', async () => {
    await refused(`GET /${'x'.repeat(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414);
    await refused(`${GET}X-A: ${'x'.repeat(100000)}\r\n\r\n`, 431);
    await refused(`${GET}${'X-A: b\r\n'.repeat(1000)}\r\n`, 431);
    await refused(`POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n`, 413);
    // nobody can tell that these were not for forward auth: a gateway that copies the identity must find it, empty
    for (const bytes of [`GET /${'x'.repeat(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`, `${GET}X-A: ${'x'.repeat(100000)}\r\n\r\n`, `${GET}A : b\r\n\r\n`]) {
      const { text } = await server.raw(bytes);
      for (const name of ['Account-Id', 'Key-Id', 'Key-Name', 'Groups', 'Scopes', 'Code']) assert.match(text, new RegExp(`^X-Latchkey-${name}: \r$`, 'm'), text);
      assert.match(text, /^Cache-Control: no-store\r$/m);
    }
    const chunks = `${'8000\r\n' + 'x'.repeat(0x8000) + '\r\n'}`.repeat(70);
    const { text } = await server.raw(`POST /graphql HTTP/1.1\r\nHost: x\r\nx-api-key: ${server.account.apiKey}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
    assert.match(text, /^HTTP\/1\.1 413 /);
  });

  it('hears out nobody whom it will refuse, and takes small bodies only where bodies are small', async () => {
    const head = (path, fields = '', length = 100000) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${fields}Content-Length: ${length}\r\n\r\n`;
    const key = `x-api-key: ${server.account.apiKey}\r\n`;
    for (const path of ['/graphql', '/api/graphql?accountId=x', '/gateway/api/graphql', '/v1/keys:verify', '/v1/keys:batchVerify']) {
      for (const fields of ['', 'x-api-key: lk_bad\r\n', 'Authorization: Bearer none\r\n']) await refused(head(path, fields), 401);
    }
    await refused(head('/nowhere', key), 404);
    await refused(head('/healthz', key), 405);
    await refused(head('/graphql', '', 1000000000), 413);
    for (const path of ['/v1/keys:verify', '/v1/introspect', '/v1/revoke', '/api/users/login', '/gateway/api/users/login', '/console/session']) await refused(head(path, key), 413);
  });

  it('takes what is unusual but right', async () => {
    await accepted(`\r\n${GET}\r\n`);
    await accepted('GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await accepted('GET /healthz?x HTTP/1.1\r\nhOST:x\r\n\r\n');
    await accepted('GET /healthz HTTP/1.0\r\n\r\n');
    await accepted('GET /healthz HTTP/1.1\r\nHost:\r\n\r\n');
    await accepted(`${GET}X-Empty:\r\nX-Tab:\t a\t\r\nX-Latin: \xe9\r\n\r\n`);
    await accepted('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', '(200|204|404|405)');
    const chunked = query.replace(/Content-Length: \d+/, 'Transfer-Encoding: Chunked').replace(/\r\n\r\n.*/s, '\r\n\r\n');
    await accepted(`${chunked}1e;a=b;c="d"\r\n{"query":"{ account { id } }"}\r\n000\r\nTrailer: x\r\n\r\n`);
    await accepted(`${chunked}1E\r\n{"query":"{ account { id } }"}\r\n0\r\n\r\n`);
  });

  it('reads a request that comes one byte at a time', async () => {
    const { text } = await server.raw([...query].map((byte) => byte), { until: (so_far) => so_far.includes('"account"'), timeout: 10000 * SLOW });
    assert.match(text, /^HTTP\/1\.1 200 /);
  });

  it('answers a hundred pipelined requests in order', async () => {
    const requests = Array.from({ length: 100 }, (_, i) => {
      const body = JSON.stringify({ query: `{ a${i}: account { id } }` });
      const head = query.slice(0, query.indexOf('Content-Length'));
      return i % 3 === 0 ? `${GET}\r\n` : `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    });
    const enough = (text) => text.split('HTTP/1.1 ').length === 101 && text.includes('"a98"');
    const { text } = await server.raw(requests.join(''), { until: enough, timeout: 10000 * SLOW });
    const answers = text.split('HTTP/1.1 ').slice(1);
    assert.equal(answers.length, 100);
    answers.forEach((answer, i) => {
      assert.ok(answer.startsWith('200 '));
      if (i % 3 !== 0 && i < 99) assert.ok(answer.includes(`"a${i}"`), `answer ${i} is out of order`);
    });
  });

  it('stops answering a pipeline at a refused request', async () => {
    const { text, closed } = await server.raw(`${GET}\r\nGET /healthz HTTP/1.1\r\nHost : x\r\n\r\n${GET}\r\n`);
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
    assert.equal(closed, true);
  });

  it('keeps a connection, or closes it, as asked', async () => {
    const closes = async (bytes) => (await server.raw(bytes, { timeout: 1000 * SLOW })).closed;
    assert.equal(await closes(`${GET}\r\n`), false);
    assert.equal(await closes(`${GET}Connection: close\r\n\r\n`), true);
    assert.equal(await closes(`${GET}Connection: foo, CLOSE\r\n\r\n`), true);
    assert.equal(await closes('GET /healthz HTTP/1.0\r\n\r\n'), true);
    assert.equal(await closes('GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'), false);
  });

  it('answers HEAD with the header of GET and no body', async () => {
    const get = await server.request({ path: '/healthz' });
    const { text } = await server.raw('HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n', { timeout: 500 * SLOW });
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.ok(text.endsWith('\r\n\r\n'), 'a body after HEAD');
    assert.match(text, new RegExp(`^content-length: ${get.body.length}\r$`, 'im'));
  });

  it('every answer says when it was made, and how long it is', async () => {
    for (const bytes of [`${GET}\r\n`, query, 'GET /nope HTTP/1.1\r\nHost: x\r\n\r\n', 'x\r\n\r\n']) {
      const { text } = await server.raw(bytes, { until: (so_far) => so_far.includes('\r\n\r\n') });
      assert.match(text, /^date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r$/im, bytes);
      assert.match(text, /^content-length: \d+\r$/im, bytes);
    }
  });

  it('says 100 Continue before the body when asked, and not for a body it will refuse', async () => {
    const [head, body] = query.split('\r\n\r\n');
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (piece) => (text += piece));
    const waitFor = async (pattern) => {
      for (let i = 0; i < 300 * SLOW && !pattern.test(text); i++) await sleep(10);
      assert.match(text, pattern);
    };
    socket.write(`${head}\r\nExpect: 100-continue\r\n\r\n`);
    await waitFor(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write(body);
    await waitFor(/\r\n\r\nHTTP\/1\.1 200 [^]*"account"/);
    socket.destroy();
    await refused('POST /graphql HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n', 413);
    await refused('POST /graphql HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 5\r\n\r\n', 417);
  });

  it('a truncated body changes nothing', async () => {
    const { accountId } = server.account;
    const body = JSON.stringify({ query: CREATE, variables: { input: { accountId, name: 'truncated' } } });
    const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nx-api-key: ${server.account.apiKey}\r\nContent-Type: application/json\r\n`;
    await server.raw(`${head}Content-Length: ${body.length + 1}\r\n\r\n${body}`, { end: true });
    await server.raw(`${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`, { end: true });
    await sleep(100);
    assert.ok(!(await server.keyNames()).includes('truncated'));
  });

  it('cuts off a header that trickles, a body that never comes, and an idle connection', async () => {
    const trickle = await server.raw([...`${GET}X-Slow: ${'x'.repeat(100)}`], { pause: 50 * SLOW, timeout: 4000 * SLOW });
    assert.match(trickle.text, /^HTTP\/1\.1 408 /);
    assert.equal(trickle.closed, true);
    const body = await server.raw(`${query.split('\r\n\r\n')[0]}\r\n\r\n{`, { timeout: 4000 * SLOW });
    assert.match(body.text, /^HTTP\/1\.1 408 /);
    assert.equal(body.closed, true);
    const idle = await server.raw('', { timeout: 8000 * SLOW });
    assert.deepEqual(idle, { text: '', closed: true });
    const kept = await server.raw(`${GET}\r\n`, { timeout: 8000 * SLOW });
    assert.equal(kept.closed, true);
  });

  it('refuses headers that belong to the answer from being split by input', async () => {
    const { text } = await server.raw('GET /%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: x\r\n\r\n', { until: (so_far) => so_far.includes('\r\n\r\n') });
    assert.match(text, /^HTTP\/1\.1 404 /);
    assert.doesNotMatch(text.split('\r\n\r\n')[0], /^x-injected/im);
  });
});

describe('limits of connections', () => {
  it('answers 503 past the cap and serves again when there is room', async () => {
    const server = await Server.fresh({ args: ['--connections-max', '8'] });
    try {
      const sockets = Array.from({ length: 8 }, () => net.connect(server.port, '127.0.0.1').on('error', () => {}));
      await Promise.all(sockets.map((socket) => socket.write(`${GET}\r\n`) && once(socket, 'data'))); // each is one of them
      const { text, closed } = await server.raw(`${GET}\r\n`, { timeout: 2000 * SLOW });
      assert.equal(closed, true);
      if (text !== '') assert.match(text, /^HTTP\/1\.1 503 /); // a reset may overtake it
      for (const path of ['/readyz', '/metrics']) assert.equal((await httpRequest(server.opsPort, { path })).status, 200, 'who looks after it gets in');
      sockets.forEach((socket) => socket.destroy());
      await connections(server, 0);
      assert.equal((await server.request({ path: '/healthz' })).status, 200);
    } finally {
      await server.stop();
    }
  });

  it('a client that does not read is cut off and holds no memory', async () => {
    const server = await Server.fresh({ args: ['--write-timeout', time(1000)] });
    try {
      const body = JSON.stringify({ query: '{ __schema { types { name description fields { name description args { name description } } } } }' });
      const bytes = `POST /graphql HTTP/1.1\r\nHost: x\r\nx-api-key: ${server.account.apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const memory = (line) => Number(new RegExp(`^${line}:\\s+(\\d+)`, 'm').exec(fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))[1]) * 1024;
      const sockets = Array.from({ length: 50 }, () => net.connect({ port: server.port, host: '127.0.0.1' }).on('error', () => {}).pause());
      for (const socket of sockets) for (let i = 0; i < 200; i++) socket.write(bytes);
      let most = 0;
      for (const end = Date.now() + 1000 * SLOW; Date.now() < end; await sleep(50)) most = Math.max(most, memory('VmRSS'));
      // A sanitizer keeps shadow beside the memory.
      if (memory('VmSize') < 2 ** 34) assert.ok(most < 300 << 20, `${most} bytes`);
      await connections(server, 0);
      assert.equal((await server.request({ path: '/healthz' })).status, 200);
      sockets.forEach((socket) => socket.destroy());
    } finally {
      await server.stop();
    }
  });

  it('finishes requests under way when told to stop, and refuses new connections', async () => {
    const server = await Server.fresh();
    const slow = net.connect(server.port, '127.0.0.1');
    slow.write(`${GET}\r\n`);
    await once(slow, 'data'); // the server knows the connection
    let text = '';
    slow.on('data', (piece) => (text += piece));
    const ended = once(slow, 'close');
    slow.write(`${GET}X-A: `);
    await sleep(200 * SLOW);
    server.process.kill('SIGTERM');
    await sleep(200 * SLOW);
    slow.write('b\r\n\r\n');
    await ended;
    await server.stop();
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.match(text, /^connection: close\r$/im);
    await assert.rejects(server.request({ path: '/healthz' }), { code: 'ECONNREFUSED' });
  });
});
