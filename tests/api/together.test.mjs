// Requests that come together are looked at together (src/http/ahead.h). Whatever the company, each is answered as if it had come alone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Server, SLOW, TOKEN } from './support/server.mjs';

const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }';
const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }';

/** What of an answer says who was allowed what. */
function essence(status, headers) {
  const names = ['account-id', 'key-id', 'key-name', 'groups', 'scopes', 'code'].map((name) => `x-latchkey-${name}`);
  return [Number(status), ...[...names, 'www-authenticate', 'retry-after'].map((name) => headers[name] ?? null)];
}

/** The answers in a text of several, none of which is to HEAD. */
function split(text) {
  const answers = [];
  while (text !== '') {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [first, ...lines] = text.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const length = Number(headers['content-length'] ?? 0);
    if (text.length < end + 4 + length) break;
    answers.push(essence(first.split(' ')[1], headers));
    text = text.slice(end + 4 + length);
  }
  return answers;
}

describe('requests that come together', () => {
  let server;
  let requests; // {target, method, fields: [[name, value]], body}
  let alone; // the answer to each
  const raw = ({ target, method = 'GET', fields = [], body = '' }) =>
    `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`;
  const exchange = async (list) => split((await server.raw(list.map(raw).join(''), { until: (text) => split(text).length === list.length })).text);

  before(async () => {
    server = await Server.fresh();
    const group = await server.createGroup('invoices', [], { scopes: ['invoices.*'] });
    const make = async (name, rest = {}) => (await server.query(CREATE, { input: { accountId: server.account.accountId, name, userGroupIds: [group], ...rest } })).createApiKey;
    const keys = [];
    for (let i = 0; i < 12; i++) keys.push(await make(`key ${i}`));
    const disabled = await make('disabled');
    await server.query(UPDATE, { input: { accountId: server.account.accountId, uuid: disabled.uuid, name: 'disabled', enabled: false } });
    const elsewhere = await make('elsewhere', { allowedIps: ['192.0.2.0/24'] });
    const wrong = keys[0].key.slice(0, -1) + (keys[0].key.endsWith('0') ? '1' : '0');
    assert.match(keys[0].key, TOKEN);
    const auth = '/v1/auth';
    requests = [
      ...keys.map(({ key }) => ({ target: auth, fields: [['X-Api-Key', key]] })),
      ...keys.slice(0, 4).map(({ key }) => ({ target: `${auth}/require/invoices.read`, fields: [['Authorization', `Bearer ${key}`]] })),
      { target: `${auth}/require/orders.read`, fields: [['x-api-key', keys[1].key]] },
      { target: `${auth}/require/%28`, fields: [['x-api-key', keys[1].key]] },
      { target: `${auth}/at/require/orders.read`, method: 'DELETE', fields: [['x-api-key', keys[2].key]] },
      { target: auth },
      { target: auth, fields: [['x-api-key', '']] },
      { target: auth, fields: [['x-api-key', wrong]] },
      { target: auth, fields: [['x-api-key', 'no key of ours but whole enough']] },
      { target: auth, fields: [['x-api-key', 'imported-elsewhere-and-not-here']] },
      { target: auth, fields: [['x-api-key', keys[3].key], ['x-api-key', keys[4].key]] },
      { target: auth, fields: [['x-api-key', disabled.key], ['authorization', `Bearer ${keys[5].key}`]] },
      { target: auth, fields: [['authorization', `Basic ${keys[5].key}`]] },
      { target: auth, fields: [['x-api-key', elsewhere.key]] },
      { target: `${auth}x`, fields: [['x-api-key', keys[6].key]] },
      { target: '/healthz' },
      { target: '/nothing', fields: [['x-api-key', keys[6].key]] },
      { target: '/graphql?query=%7Baccount%7Bid%7D%7D', fields: [['x-api-key', keys[7].key]] },
      { target: '/v1/introspect', method: 'POST', fields: [['x-api-key', keys[8].key], ['content-type', 'application/x-www-form-urlencoded']], body: 'token=x' },
    ];
    alone = [];
    for (const request of requests) alone.push(...(await exchange([request])));
    assert.equal(alone.length, requests.length);
  });
  after(() => server.stop());

  /** Sends requests on a connection that stays: when they are sent, and the answers. */
  function send(socket, list) {
    let text = '';
    const answers = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${split(text).length} answers to ${list.length} requests`)), 10000 * SLOW);
      socket.on('data', function take(piece) {
        text += piece.toString('latin1');
        if (split(text).length < list.length) return;
        clearTimeout(timer);
        socket.off('data', take);
        resolve(split(text));
      });
    });
    return { answers, sent: new Promise((resolve) => socket.write(list.map(raw).join(''), resolve)) };
  }

  /** A connection that the server knows. */
  async function connect() {
    const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
    await send(socket, [{ target: '/healthz' }]).answers;
    return socket;
  }

  /** Orders that bring each request into other company. */
  const orders = () => [1, 2, 5, 7, 13, 17, 19].map((step) => requests.map((_, i) => (i * step + step) % requests.length));

  it('are of many kinds', () => {
    assert.deepEqual([...new Set(alone.map(([status]) => status))].sort(), [200, 400, 401, 403, 404]);
    assert.equal(new Set(alone.filter(([status]) => status === 200).map((answer) => answer[2])).size, 13); // twelve keys, and no key at /healthz
    for (const code of ['VALID', 'NOT_FOUND', 'MALFORMED', 'DISABLED', 'IP_NOT_ALLOWED', 'INSUFFICIENT_PERMISSIONS', ''])
      assert.ok(alone.some((answer) => answer[6] === code), code);
  });

  it('are answered as if alone when they are pipelined', async () => {
    for (const order of orders()) {
      const answers = await exchange(order.map((i) => requests[i]));
      assert.deepEqual(answers, order.map((i) => alone[i]));
    }
  });

  it('are answered as if alone when they come on many connections at once', async () => {
    for (const order of orders()) {
      const lists = [order.slice(0, 5), ...order.map((i) => [i, i]), order.slice(5)]; // what is asked on each
      const sockets = await Promise.all(lists.map(connect));
      server.process.kill('SIGSTOP'); // so that it finds all of them at once
      const asked = sockets.map((socket, at) => send(socket, lists[at].map((i) => requests[i])));
      await Promise.all(asked.map(({ sent }) => sent));
      server.process.kill('SIGCONT');
      for (const [at, list] of lists.entries()) assert.deepEqual(await asked[at].answers, list.map((i) => alone[i]));
      for (const socket of sockets) socket.destroy();
    }
  });

  it('are answered as if alone when they are streams of HTTP/2', async () => {
    const session = http2.connect(server.url);
    await once(session, 'connect');
    const ask = ({ target, method = 'GET', fields = [], body }) =>
      new Promise((resolve, reject) => {
        const headers = { ':path': target, ':method': method };
        for (const [name, value] of fields) {
          const lower = name.toLowerCase();
          headers[lower] = lower in headers ? [headers[lower], value] : value;
        }
        const stream = session.request(headers, { endStream: body === undefined });
        stream.on('response', (answer) => resolve(essence(answer[':status'], answer)));
        stream.on('error', reject);
        stream.resume();
        if (body !== undefined) stream.end(body);
      });
    const twice = requests.map((request, i) => [request, i]).filter(([{ fields = [] }]) => new Set(fields.map(([name]) => name.toLowerCase())).size === fields.length);
    for (const order of orders().slice(0, 3)) {
      const list = order.map((i) => twice[i % twice.length]);
      assert.deepEqual(await Promise.all(list.map(([request]) => ask(request))), list.map(([, i]) => alone[i]));
    }
    session.close();
  });
});
