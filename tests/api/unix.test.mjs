// The Unix socket listener, for neighbours on the same machine.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Server, SLOW, init, run, temporaryDirectory } from './support/server.mjs';

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

  it('is refused with a mode that is none', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const done = run(['serve', '--data', data, '--listen', `unix:${socketPath}`, '--socket-mode', 'rw'], { timeout: 10000 * SLOW });
    assert.notEqual(done.status, 0);
    assert.match(done.stderr, /--socket-mode: "rw" is not a mode such as 0660/);
  });
});
