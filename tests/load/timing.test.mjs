// Whether the time of a refusal tells that a key exists. Requests with an unknown key and with a known but refused one go out in random order over one
// connection. A hit reads some cache lines more than a miss, which is some hundred nanoseconds; a look-up in the database, a parsed document or a comparison
// that ends early would be microseconds. What an observer on this very machine could guess from one time is told as the probability that a
// random time of one kind is longer than a random time of the other (Mann and Whitney's U, divided by the number of pairs).
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Server } from '../api/support/server.mjs';

const SAMPLES = 8000; // of each kind
const DIFFERENCE_MAX_NS = 1000; // of the medians; a network's noise is a hundred times that

/** Sends one request after another on one connection; the time of each in nanoseconds. */
class Stopwatch {
  static async open(port) {
    const watch = new Stopwatch();
    watch.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise((resolve) => watch.socket.once('connect', resolve));
    watch.socket.on('data', (piece) => watch.take(piece));
    watch.text = '';
    return watch;
  }

  take(piece) {
    const arrived = process.hrtime.bigint();
    this.text += piece.toString('latin1');
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/^content-length: (\d+)/im.exec(this.text)?.[1] ?? 0);
    if (this.text.length < end + 4 + length) return;
    const { text } = this;
    this.text = '';
    this.done({ text, time: Number(arrived - this.sent) });
  }

  ask(request) {
    return new Promise((resolve) => {
      this.done = resolve;
      this.sent = process.hrtime.bigint();
      this.socket.write(request);
    });
  }
}

function median(values) {
  return values.slice().sort((a, b) => a - b)[values.length >> 1];
}

/** The probability that a random one of a is greater than a random one of b, equal ones counted half. */
function superiority(a, b) {
  const all = [...a.map((value) => ({ value, a: 1 })), ...b.map((value) => ({ value, a: 0 }))].sort((x, y) => x.value - y.value);
  let rank = 0;
  for (let i = 0, j; i < all.length; i = j) {
    for (j = i; j < all.length && all[j].value === all[i].value; j++);
    for (let k = i; k < j; k++) if (all[k].a) rank += (i + j + 1) / 2;
  }
  return (rank - (a.length * (a.length + 1)) / 2) / (a.length * b.length);
}

describe('the time of a refusal', () => {
  let server;
  let keys; // by kind: tokens

  before(async () => {
    server = await Server.fresh();
    const { accountId } = server.account;
    const create = async (name, more) => {
      const mutation = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }';
      return (await server.query(mutation, { input: { accountId, name, userGroupIds: [server.account.userGroupId], ...more } })).createApiKey;
    };
    keys = { unknown: [], disabled: [], expired: [] };
    // A token of this account's form whose key has gone: its checksum is right and its digest is nowhere.
    const createGone = async (name) => {
      const gone = await create(name);
      await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId, uuid: gone.uuid } });
      return gone.key;
    };
    for (let i = 0; i < 50; i++) {
      keys.unknown.push(await createGone(`unknown-${i}`));
      keys.disabled.push((await create(`disabled-${i}`, { enabled: false })).key);
      keys.expired.push((await create(`expired-${i}`, { expiresAt: Date.now() + 1000 })).key);
    }
    await new Promise((resolve) => setTimeout(resolve, 1100));
  });
  after(() => server.stop());

  const auth = (key) => `GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\n\r\n`;
  const body = JSON.stringify({ query: '{ account { id } }' });
  const graphql = (key) =>
    `POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

  for (const [path, request] of Object.entries({ '/v1/auth': auth, '/graphql': graphql })) {
    for (const kind of ['disabled', 'expired']) {
      it(`at ${path} does not tell a key that is ${kind} from one that is not there`, async (t) => {
        const watch = await Stopwatch.open(server.port);
        const times = { unknown: [], [kind]: [] };
        const left = ['unknown', kind].flatMap((which) => Array.from({ length: SAMPLES + 200 }, () => which));
        for (let i = left.length - 1; i > 0; i--) {
          const j = Math.floor(Math.random() * (i + 1));
          [left[i], left[j]] = [left[j], left[i]];
        }
        for (const [i, which] of left.entries()) {
          const { text, time } = await watch.ask(request(keys[which][i % keys[which].length]));
          assert.match(text, /^HTTP\/1\.1 401 /);
          if (i >= 400) times[which].push(time); // what comes before warms up
        }
        watch.socket.destroy();
        const difference = median(times[kind]) - median(times.unknown);
        t.diagnostic(
          `${left.length} requests: the median is ${difference} ns longer for a known key, of ${median(times.unknown)} ns; ` +
            `a longer time means "known" with probability ${superiority(times[kind], times.unknown).toFixed(4)} (0.5 tells nothing)`,
        );
        assert.ok(Math.abs(difference) <= DIFFERENCE_MAX_NS, `the medians differ by ${difference} ns`);
      });
    }
  }
});
