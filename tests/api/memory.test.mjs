// What the memory of a running server holds of secrets once they are done with. Read as a debugger would, so it takes root.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { describe, it } from 'node:test';
import { makeCertificate } from './support/certificates.mjs';
import { Server, SLOW, sleep, temporaryDirectory } from './support/server.mjs';

/** How often each needle is in the writable memory of a process. */
function count(pid, needles) {
  const found = needles.map(() => 0);
  const memory = fs.openSync(`/proc/${pid}/mem`, 'r');
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (from === undefined) continue;
    const piece = Buffer.alloc(1 << 20);
    const step = piece.length - 4096; // what lies across two pieces is in the second one whole
    for (let at = BigInt(`0x${from}`); at < BigInt(`0x${to}`); at += BigInt(step)) {
      const left = BigInt(`0x${to}`) - at;
      let len = 0;
      try {
        len = fs.readSync(memory, piece, 0, left < piece.length ? Number(left) : piece.length, at);
      } catch {
        break; // memory that cannot be read holds nothing of ours
      }
      needles.forEach((needle, i) => {
        for (let seen = -1; (seen = piece.indexOf(needle, seen + 1)) >= 0 && seen < len; ) found[i]++;
      });
    }
  }
  fs.closeSync(memory);
  return found;
}

/** Whether so much is mapped that it cannot all be memory. */
function hasShadow(pid) {
  return Number(/^VmSize:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) > 2 ** 30;
}

const mayRead = process.getuid() === 0;
const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }';

describe('memory', { skip: !mayRead && 'only root may look into another process' }, () => {
  for (const secure of [false, true]) {
    it(`holds no key that came or went ${secure ? 'by TLS' : 'in clear text'}, once its connection has ended`, async (t) => {
      const pair = secure ? makeCertificate(temporaryDirectory(), 'server') : undefined;
      const server = await Server.fresh({ tls: secure, args: secure ? ['--tls-cert', pair.cert, '--tls-key', pair.key] : [] });
      const ca = secure ? fs.readFileSync(pair.cert) : undefined;
      if (hasShadow(server.process.pid)) {
        await server.stop();
        t.skip('a sanitizer keeps terabytes of shadow beside the memory, and what was freed in quarantine');
        return;
      }
      const ask = (target, key, body) =>
        new Promise((resolve, reject) => {
          const options = { method: body === undefined ? 'GET' : 'POST', path: target, headers: { 'x-api-key': key, 'content-type': 'application/json' }, agent: false, ca };
          const request = secure ? https.request({ ...options, host: '127.0.0.1', port: server.port }, answer) : undefined;
          if (!secure) return server.request({ ...options, body }).then(({ text }) => resolve(text), reject);
          function answer(response) {
            let text = '';
            response.on('data', (piece) => (text += piece));
            response.on('end', () => resolve(text));
          }
          request.on('error', reject);
          request.end(body);
        });
      const ask2 = async (target, key, body) => {
        const session = http2.connect(server.url, { ca });
        await once(session, 'connect');
        const stream = session.request({ ':method': body === undefined ? 'GET' : 'POST', ':path': target, 'x-api-key': key, 'content-type': 'application/json' }, { endStream: body === undefined });
        let text = '';
        stream.on('data', (piece) => (text += piece));
        if (body !== undefined) stream.end(body);
        await once(stream, 'close');
        session.close();
        await once(session, 'close');
        return text;
      };
      const { apiKey, accountId } = server.account;
      const keys = [apiKey];
      for (const [name, send] of [['one', ask], ['two', ask2]]) {
        const made = JSON.parse(await send('/graphql', apiKey, JSON.stringify({ query: CREATE, variables: { input: { accountId, name: `a key by HTTP ${name}` } } })));
        const { key } = made.data.createApiKey;
        keys.push(key);
        await send('/v1/auth', key);
        await send('/v1/keys:verify', apiKey, JSON.stringify({ key }));
        await send('/graphql', key, JSON.stringify({ query: '{ viewer { apiKey { id } } }' }));
      }
      // Of the middle: the beginning, the account's, is no secret, and a token's own memory may keep a few bytes at its ends.
      const needles = ['a key by HTTP two', ...keys.map((key) => key.slice(30, 66))].map((text) => Buffer.from(text));
      let found;
      for (const deadline = Date.now() + 5000 * SLOW; ; await sleep(100)) {
        found = count(server.process.pid, needles);
        if (found.slice(1).every((times) => times === 0) || Date.now() > deadline) break;
      }
      assert.ok(found[0] > 0, 'the search itself finds nothing');
      assert.deepEqual(found.slice(1), keys.map(() => 0), 'the admin key, the one by HTTP/1.1, the one by HTTP/2');
      await server.stop();
    });
  }
});
