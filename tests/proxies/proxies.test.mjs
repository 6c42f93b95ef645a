// The real nginx from the distribution, configured as docs/nginx.conf says, between clients and a service.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DELETE, freePort, httpRequest, rawExchange, ROOT, Server, sleep, SLOW, temporaryDirectory, UPDATE } from '../api/support/server.mjs';

const NGINX = '/usr/sbin/nginx';
const GROUP = 'mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }';

/** Echoes what reached it. */
function startService(port) {
  const service = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(pieces).toString() })));
  });
  return new Promise((resolve) => service.listen(port, '127.0.0.1', () => resolve(service)));
}

/** nginx in the foreground, with the documented configuration and these ports. */
async function startNginx(ports) {
  const directory = temporaryDirectory();
  const documented = fs.readFileSync(path.join(ROOT, 'docs/nginx.conf'), 'utf8');
  const site = documented.replace('127.0.0.1:5390', `127.0.0.1:${ports.latchkey}`).replace('127.0.0.1:8080', `127.0.0.1:${ports.service}`).replace('listen 127.0.0.1:80;', `listen 127.0.0.1:${ports.nginx};`);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');
  fs.writeFileSync(path.join(directory, 'nginx.conf'), `${process.getuid() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr;\nevents {}\nhttp { access_log off; ${places}\n${site}\n}\n`);
  const nginx = spawn(NGINX, ['-p', directory, '-c', path.join(directory, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'ignore'] });
  nginx.unref();
  process.on('exit', () => nginx.kill('SIGKILL'));
  for (let i = 0; i < 500 * SLOW; i++) {
    try {
      await httpRequest(ports.nginx, { timeout: 1000 * SLOW });
      return nginx;
    } catch {
      await sleep(20);
    }
  }
  throw new Error('nginx does not answer');
}

describe('nginx', { skip: spawnSync(NGINX, ['-v']).status === 0 ? false : 'nginx is not installed' }, () => {
  let server;
  let service;
  let nginx;
  let ports;
  let allowed;
  const get = (key, options = {}) => httpRequest(ports.nginx, { ...options, headers: { ...(key === undefined ? {} : { 'x-api-key': key }), ...options.headers } });

  before(async () => {
    server = await Server.fresh({ args: ['--trusted-proxy', '127.0.0.1'] });
    ports = { latchkey: server.port, service: await freePort(), nginx: await freePort() };
    service = await startService(ports.service);
    nginx = await startNginx(ports);
    const permissions = { accountPermissions: { accountPermissionTypes: [] }, appPermissions: [], scopes: ['invoices.*'] };
    const { createUserGroup } = await server.query(GROUP, { input: { name: 'invoices', permissions } });
    allowed = { ...(await server.createKey('billing', [createUserGroup.userGroup.id])), group: createUserGroup.userGroup.id };
  });
  after(async () => {
    const ended = new Promise((resolve) => nginx.on('exit', resolve));
    nginx.ref();
    nginx.kill('SIGTERM');
    await ended;
    service.closeAllConnections();
    service.close();
    if (!server.exit) await server.stop();
  });

  it('lets a good key through, with who it is and without the key', async () => {
    const forged = Object.fromEntries(['account-id', 'key-id', 'key-name', 'groups', 'scopes', 'code'].map((name) => [`X-Latchkey-${name}`, 'forged']));
    for (const credential of [{ 'x-api-key': allowed.key }, { authorization: `Bearer ${allowed.key}` }]) {
      const answer = await get(undefined, { path: '/a/b?c=d', headers: { ...forged, ...credential } });
      assert.equal(answer.status, 200);
      const seen = JSON.parse(answer.text);
      assert.equal(seen.url, '/a/b?c=d');
      assert.equal(seen.headers['x-latchkey-account-id'], server.account.accountId);
      assert.equal(seen.headers['x-latchkey-key-id'], allowed.uuid);
      assert.equal(seen.headers['x-latchkey-key-name'], 'billing');
      assert.equal(seen.headers['x-latchkey-groups'], allowed.group);
      assert.equal(seen.headers['x-latchkey-scopes'], 'invoices.*');
      assert.ok(!answer.text.includes('forged') && !answer.text.includes(allowed.key));
    }
  });

  it('passes bodies to the service, not to Latchkey', async () => {
    const body = 'x'.repeat(100000);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const seen = JSON.parse((await get(allowed.key, { method, body, headers: { 'content-length': body.length } })).text);
      assert.equal(seen.method, method);
      assert.equal(seen.body, body);
    }
  });

  it('answers 401 without a good key and 403 without the permission', async () => {
    const expiring = await server.createKey('expiring', [allowed.group]);
    const { accountId } = server.account;
    await server.query(UPDATE, { input: { accountId, uuid: expiring.uuid, name: 'expiring', expiresAt: Date.now() + 100 } });
    const { key } = await server.createKey('nothing', []);
    await sleep(150);
    assert.equal((await get(undefined)).status, 401);
    const refused = await get('lk_bad');
    assert.equal(refused.status, 401);
    assert.match(refused.headers['www-authenticate'], /^Bearer/);
    assert.equal((await get(expiring.key)).status, 401);
    assert.equal((await get(key)).status, 403);
  });

  it('serves HTTP/1.0 clients, and many requests over kept connections', async () => {
    const { text } = await rawExchange(ports.nginx, `GET / HTTP/1.0\r\nx-api-key: ${allowed.key}\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 200 /);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const statuses = await Promise.all(Array.from({ length: 200 }, (_, i) => get(i % 2 === 0 ? allowed.key : 'lk_bad', { agent })));
    agent.destroy();
    statuses.forEach(({ status }, i) => assert.equal(status, i % 2 === 0 ? 200 : 401));
  });

  it('lets nothing through once a key is deleted', async () => {
    const { uuid, key } = await server.createKey('short-lived', [allowed.group]);
    assert.equal((await get(key)).status, 200);
    await server.query(DELETE, { input: { accountId: server.account.accountId, uuid } });
    assert.equal((await get(key)).status, 401);
  });

  it('fails closed when Latchkey is down', async () => {
    await server.stop();
    const answer = await get(allowed.key);
    assert.equal(answer.status, 500);
    assert.ok(!answer.text.includes('"method"'));
  });
});
