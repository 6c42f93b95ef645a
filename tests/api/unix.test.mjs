// The Unix socket listener, for neighbours on the same machine.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, Server, SLOW, init, run, temporaryDirectory } from './support/server.mjs';

function overSocket(socketPath, options = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (piece) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

describe('a Unix socket', () => {
  let server;
  const socketPath = path.join(temporaryDirectory(), 'latchkey.socket');
  before(async () => {
    server = await Server.fresh({ args: ['--listen', `unix:${socketPath}`, '--socket-mode', '0666'] });
  });
  after(() => server.exit ?? server.stop());

  it('serves what the TCP listener serves', async () => {
    assert.equal((await overSocket(socketPath, { path: '/healthz' })).status, 200);
    const answer = await overSocket(socketPath, {
      method: 'POST',
      path: '/graphql',
      headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ account { id } }' }),
    });
    assert.equal(answer.text, `{"data":{"account":{"id":"${server.account.accountId}"}}}`);
    assert.match(server.stdout, new RegExp(`serves on unix:${socketPath}`));
  });

  it('has the mode that was set', () => {
    assert.equal(fs.statSync(socketPath).mode & 0o777, 0o666);
  });

  it('goes with the server, and a stale one is replaced', async () => {
    const { data, account } = server;
    await server.kill();
    assert.ok(fs.existsSync(socketPath));
    server = await Server.start(data, account, { args: ['--listen', `unix:${socketPath}`] });
    assert.equal((await overSocket(socketPath, { path: '/healthz' })).status, 200);
    assert.equal(fs.statSync(socketPath).mode & 0o777, 0o660);
    await server.stop();
    assert.ok(!fs.existsSync(socketPath));
  });

  it('goes with the server where it is for operators, too', async () => {
    const ops = path.join(temporaryDirectory(), 'ops.socket');
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const args = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', `unix:${ops}`];
    const child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    assert.equal((await overSocket(ops, { path: '/readyz' })).text, 'ready\n');
    child.kill('SIGTERM');
    await once(child, 'exit');
    assert.ok(!fs.existsSync(ops));
  });

  it('shows no client’s address, unless whoever connects there is a trusted proxy', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const listen = ['--listen', `unix:${socketPath}`];
    for (const trusts of [false, true]) {
      const proxied = await Server.start(data, account, { args: trusts ? [...listen, '--trusted-proxy', 'unix,192.0.2.0/24'] : listen });
      const { key } = (await proxied.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }', {
        input: { accountId: account.accountId, name: `limited ${trusts}`, userGroupIds: [account.userGroupId], allowedIps: ['198.51.100.0/24'] },
      })).createApiKey;
      const ask = async (forwarded) => (await overSocket(socketPath, { path: '/v1/auth', headers: { 'x-api-key': key, ...(forwarded && { 'x-forwarded-for': forwarded }) } })).status;
      const good = trusts ? 200 : 403;
      assert.deepEqual([await ask('198.51.100.7'), await ask('203.0.113.1, 198.51.100.7, 192.0.2.1')], [good, good]);
      assert.deepEqual([await ask(), await ask('198.51.100.7, 203.0.113.1'), await ask('198.51.100.7, nobody')], [403, 403, 403]);
      const body = JSON.stringify({ query: '{ viewer { apiKey { name } } }' });
      const headers = { 'content-type': 'application/json', 'x-api-key': key, 'x-forwarded-for': '198.51.100.7' };
      assert.equal((await overSocket(socketPath, { method: 'POST', path: '/graphql', headers, body })).text.includes(`limited ${trusts}`), trusts);
      const direct = await proxied.request({ path: '/v1/auth', headers: { 'x-api-key': key, 'x-forwarded-for': '198.51.100.7' } });
      assert.equal(direct.status, 403, 'TCP is none');
      await proxied.stop();
    }
  });

  it('is refused with a mode that is none', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const done = run(['serve', '--data', data, '--listen', `unix:${socketPath}`, '--socket-mode', 'rw'], { timeout: 10000 * SLOW });
    assert.equal(done.status, 2);
    assert.match(done.stderr, /--socket-mode: "rw" is not a mode such as 0660/);
  });
});
