// TLS on the main listener: versions, reload, client certificates, what is refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { makeCertificate, makeDated, makeRevocationList } from './support/certificates.mjs';
import { Server, SLOW, init, rawExchange, run, sleep, temporaryDirectory } from './support/server.mjs';

/** One HTTPS request. {status, text, protocol, name: the server certificate's common name}. */
function ask(server, { ca, agent = false, headers, body, method, path: target = '/healthz', ...options } = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port: server.port, ca: fs.readFileSync(ca), agent, headers, method, path: target, ...options }, (response) => {
      const { socket } = response;
      const about = { status: response.statusCode, protocol: socket.getProtocol(), name: socket.getPeerCertificate().subject.CN };
      let text = '';
      response.on('data', (piece) => (text += piece));
      response.on('end', () => resolve({ ...about, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function metric(server, name) {
  const answer = await fetch(`http://127.0.0.1:${server.opsPort}/metrics`);
  return Number(new RegExp(`^\\S*${name} (\\d+)$`, 'm').exec(await answer.text())[1]);
}

describe('TLS', () => {
  const directory = temporaryDirectory();
  let pair;
  let server;
  before(async () => {
    pair = makeCertificate(directory, 'server', { commonName: 'first' });
    // The system would take what is older: that it is refused is the server's own doing.
    const lax = path.join(directory, 'openssl.cnf');
    fs.writeFileSync(lax, 'openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n[lax]\nMinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n');
    server = await Server.fresh({ tls: true, args: ['--tls-cert', pair.cert, '--tls-key', pair.key], env: { OPENSSL_CONF: lax } });
  });
  after(() => server.stop());

  it('serves GraphQL over 1.2 and 1.3', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const answer = await ask(server, {
        ca: pair.cert,
        maxVersion: version,
        method: 'POST',
        path: '/graphql',
        headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ account { id } }' }),
      });
      assert.deepEqual(answer, { status: 200, protocol: version, name: 'first', text: `{"data":{"account":{"id":"${server.account.accountId}"}}}` });
    }
    // Healthy does not mean that its words have come through the pipe already.
    for (let i = 0; i < 500 * SLOW && !server.stdout.includes('\n'); i++) await sleep(10);
    assert.match(server.stdout, /serves on https:\/\//);
  });

  it('keeps a connection for several requests', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 20; i++) assert.equal((await ask(server, { ca: pair.cert, agent })).status, 200);
    agent.destroy();
    assert.equal(await metric(server, 'http_tls_failures_total'), 0);
  });

  it('refuses older versions and drops what is no TLS', async () => {
    await assert.rejects(ask(server, { ca: pair.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), /version/);
    const plain = await rawExchange(server.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.deepEqual(plain, { text: '', closed: true });
    assert.equal(await metric(server, 'http_tls_failures_total'), 2);
  });

  it('resumes sessions', async () => {
    const connect = (session) =>
      new Promise((resolve, reject) => {
        const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca: fs.readFileSync(pair.cert), session });
        let ticket;
        socket.on('session', (value) => (ticket = value));
        socket.on('error', reject);
        let reused;
        socket.on('secureConnect', () => {
          reused = socket.isSessionReused();
          socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        });
        socket.on('data', () => {});
        socket.on('close', () => resolve({ ticket, reused }));
      });
    const first = await connect();
    assert.equal(first.reused, false);
    assert.equal((await connect(first.ticket)).reused, true);
  });

  it('uses new certificates after SIGHUP, and keeps the old ones when the new are bad', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const old = fs.readFileSync(pair.cert);
    assert.equal((await ask(server, { ca: pair.cert, agent })).name, 'first');
    makeCertificate(directory, 'server', { commonName: 'second' });
    server.process.kill('SIGHUP');
    const settle = async (pattern) => {
      for (let i = 0; i < 200 * SLOW && !pattern.test(server.stderr); i++) await sleep(10);
      assert.match(server.stderr, pattern);
    };
    await settle(/new connections use the certificates/);
    assert.equal((await ask(server, { ca: pair.cert })).name, 'second');
    fs.writeFileSync(path.join(directory, 'old.pem'), old);
    assert.equal((await ask(server, { ca: path.join(directory, 'old.pem'), agent })).name, 'first'); // the connection that was there
    agent.destroy();
    fs.chmodSync(pair.key, 0o644);
    server.process.kill('SIGHUP');
    await settle(/the old certificates stay in use\. .*chmod 600/);
    fs.chmodSync(pair.key, 0o600);
    assert.equal((await ask(server, { ca: pair.cert })).name, 'second');
  });

  it('serves while others only connect', async () => {
    const silent = Array.from({ length: 20 }, () => net.connect(server.port, '127.0.0.1').on('error', () => {}));
    assert.equal((await ask(server, { ca: pair.cert })).status, 200);
    silent.forEach((socket) => socket.destroy());
  });

  it('says which certificate has expired or is not valid yet, and takes it', async () => {
    const settle = async (pattern) => {
      for (let i = 0; i < 200 * SLOW && !pattern.test(server.stderr); i++) await sleep(10);
      assert.match(server.stderr, pattern);
    };
    const now = makeCertificate(directory, 'now', { commonName: 'now' });
    const valid = (file) => new X509Certificate(fs.readFileSync(file));
    const date = (text) => `${new Date(text).toISOString().slice(0, 19)}Z`;
    const stale = path.join(directory, 'stale.pem');
    assert.equal(spawnSync('openssl', ['x509', '-in', now.cert, '-signkey', now.key, '-days', '-1', '-out', stale]).status, 0);
    fs.writeFileSync(pair.cert, fs.readFileSync(now.cert, 'utf8') + fs.readFileSync(stale, 'utf8'));
    fs.copyFileSync(now.key, pair.key);
    server.process.kill('SIGHUP');
    await settle(new RegExp(`warn +Certificate 2 of ${pair.cert} expired at ${date(valid(stale).validTo)}: whoever checks it`));
    const early = makeDated(directory, 'early', { key: now.key, from: 86400, until: 2 * 86400 });
    fs.copyFileSync(early, pair.cert);
    server.process.kill('SIGHUP');
    await settle(new RegExp(`warn +The TLS certificate ${pair.cert} is not valid before ${date(valid(early).validFrom)}: whoever checks it`));
    assert.equal((await ask(server, { ca: pair.cert, rejectUnauthorized: false })).name, 'early');
    assert.equal(server.stderr.match(/whoever checks it/g).length, 2);
  });
});

describe('TLS with client certificates', () => {
  const directory = temporaryDirectory();
  let pair;
  let ca;
  let server;
  before(async () => {
    pair = makeCertificate(directory, 'server');
    ca = makeCertificate(directory, 'ca');
    server = await Server.fresh({ tls: true, args: ['--tls-cert', pair.cert, '--tls-key', pair.key, '--tls-client-ca', ca.cert, '--tls-min-version', '1.3'] });
  });
  after(() => server.stop());

  const as = (client) => ask(server, { ca: pair.cert, ...(client && { cert: fs.readFileSync(client.cert), key: fs.readFileSync(client.key) }) });

  it('serves those who show one', async () => {
    const answer = await as(makeCertificate(directory, 'client', { issuer: ca }));
    assert.equal(answer.status, 200);
    assert.equal(answer.protocol, 'TLSv1.3');
  });

  it('refuses those who show none, or one of somebody else', async () => {
    await assert.rejects(as(undefined), /certificate required/);
    await assert.rejects(as(makeCertificate(directory, 'stranger')), /alert|ECONNRESET|EPIPE/);
  });

  /** Has the server trust what these files and texts hold. */
  async function trust(...what) {
    const before = server.stderr.length;
    fs.writeFileSync(ca.cert, what.map((one) => (one.startsWith('-----') ? one : fs.readFileSync(one, 'utf8'))).join(''));
    server.process.kill('SIGHUP');
    for (let i = 0; i < 200 * SLOW && !server.stderr.includes('new connections', before); i++) await sleep(10);
    return server.stderr.slice(before);
  }

  it('looks at the certificate at each connection: no session outlives it', async () => {
    const root = makeCertificate(directory, 'root');
    const { key } = makeCertificate(directory, 'brief');
    await trust(root.cert);
    const cert = makeDated(directory, 'brief', { key, issuer: root, until: 3 * SLOW });
    const end = Date.now() + 3000 * SLOW;
    const connect = (session) =>
      new Promise((resolve, reject) => {
        let text = '';
        const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca: fs.readFileSync(pair.cert), cert: fs.readFileSync(cert), key: fs.readFileSync(key), session });
        socket.on('session', (ticket) => (socket.ticket = ticket));
        socket.on('error', reject);
        socket.on('secureConnect', () => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
        socket.on('data', (piece) => (text += piece));
        socket.on('close', () => resolve({ status: text.slice(9, 12), ticket: socket.ticket }));
      });
    const first = await connect();
    assert.equal(first.status, '200');
    await sleep(end + 1000 - Date.now());
    await assert.rejects(connect(first.ticket), /certificate expired/);
  });

  it('trusts an authority that another has certified, without that other', async () => {
    const root = makeCertificate(directory, 'root');
    const middle = makeCertificate(directory, 'middle', { issuer: root, authority: true });
    const client = makeCertificate(directory, 'client', { issuer: middle });
    await trust(middle.cert);
    assert.equal((await as(client)).status, 200);
    await assert.rejects(as(makeCertificate(directory, 'stranger', { issuer: root })), /unknown ca|ECONNRESET|EPIPE/);
  });

  it('refuses those whom a list in its file has revoked, and their issuer', async () => {
    const root = makeCertificate(directory, 'root');
    const middle = makeCertificate(directory, 'middle', { issuer: root, authority: true });
    const [good, bad] = ['good', 'bad'].map((name) => makeCertificate(directory, name, { issuer: root }));
    const client = makeCertificate(directory, 'client', { issuer: middle });
    fs.appendFileSync(client.cert, fs.readFileSync(middle.cert));
    await trust(root.cert);
    for (const one of [good, bad, client]) assert.equal((await as(one)).status, 200);
    await trust(root.cert, makeRevocationList(directory, root, [bad.cert]));
    for (const one of [good, client]) assert.equal((await as(one)).status, 200); // middle has no list
    await assert.rejects(as(bad), /certificate revoked|ECONNRESET|EPIPE/);
    await trust(root.cert, makeRevocationList(directory, root, [bad.cert, middle.cert]));
    await assert.rejects(as(client), /certificate revoked|ECONNRESET|EPIPE/);
    assert.equal((await as(good)).status, 200);
    const said = await trust(root.cert, makeRevocationList(directory, root, [bad.cert], { until: -3600 }));
    await assert.rejects(as(good), /alert|ECONNRESET|EPIPE/); // who knows what was revoked since
    assert.match(server.stderr, /warn +A revocation list in \S+ca\.pem expired at /, said);
  });

  it('refuses what is older than the least version', async () => {
    await assert.rejects(ask(server, { ca: pair.cert, maxVersion: 'TLSv1.2' }), /version/);
  });
});

describe('TLS settings', () => {
  const directory = temporaryDirectory();
  const data = path.join(directory, 'data');
  let pair;
  before(() => {
    init(data);
    pair = makeCertificate(directory, 'server');
  });
  const refused = (args, pattern, status = 1) => {
    const done = run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '', ...args], { timeout: 10000 * SLOW });
    assert.equal(done.status, status);
    assert.match(done.stderr, pattern);
  };

  it('come together', () => {
    refused(['--tls-cert', pair.cert], /--tls-key is missing/, 2);
    refused(['--tls-key', pair.key], /--tls-cert is missing/, 2);
    refused(['--tls-client-ca', pair.cert], /--tls-client-ca needs --tls-cert/, 2);
  });

  it('name files that can be used', () => {
    const args = ['--tls-cert', pair.cert, '--tls-key'];
    const other = makeCertificate(directory, 'other');
    refused([...args, other.key], /other\.key: it does not belong to the certificate$/m);
    fs.chmodSync(pair.cert, 0o600);
    refused([...args, pair.cert], /Cannot use the TLS key .*: it holds nothing of that kind in PEM form$/m);
    refused(['--tls-cert', pair.key, '--tls-key', pair.key], /Cannot use the TLS certificate .*: it holds nothing of that kind in PEM form$/m);
    const encrypted = path.join(directory, 'encrypted.key');
    assert.equal(spawnSync('openssl', ['pkey', '-in', pair.key, '-aes256', '-passout', 'pass:x', '-out', encrypted]).status, 0);
    fs.chmodSync(encrypted, 0o600);
    refused([...args, encrypted], /is encrypted with a passphrase/);
    refused([...args, path.join(directory, 'none.key')], /none\.key: No such file/);
    fs.chmodSync(pair.key, 0o640);
    refused([...args, pair.key], /can be read or changed by others \(mode 0640\): chmod 600/);
    fs.chmodSync(pair.key, 0o600);
    const pipe = path.join(directory, 'pipe');
    assert.equal(spawnSync('mkfifo', ['-m', '600', pipe]).status, 0);
    refused(['--tls-cert', pipe, '--tls-key', pair.key], /The TLS certificate .*pipe is not a file/);
    refused([...args, pipe], /The TLS key .*pipe is not a file/);
    refused([...args, pair.key, '--tls-client-ca', pipe], /The client CA file .*pipe is not a file/);
  });

  it('take a certificate that has expired, with a warning', async () => {
    const stale = path.join(directory, 'stale.pem');
    assert.equal(spawnSync('openssl', ['x509', '-in', pair.cert, '-signkey', pair.key, '-days', '-1', '-out', stale]).status, 0);
    const server = await Server.start(data, {}, { tls: true, args: ['--tls-cert', stale, '--tls-key', pair.key, '--tls-client-ca', stale] });
    await server.stop();
    assert.match(server.stderr, /warn +The TLS certificate \S+stale\.pem expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: whoever checks it refuses the connection\n/);
    assert.match(server.stderr, /warn +The client CA \S+stale\.pem expired at /);
  });

  it('let it serve beyond loopback', async () => {
    const server = await Server.start(data, {}, { tls: true, args: ['--listen', '0.0.0.0:0', '--tls-cert', pair.cert, '--tls-key', pair.key] });
    await server.stop();
  });
});
