// Requests wait for the one thread that has the database: of one credential only so many at a time, so that others get theirs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { Server } from './support/server.mjs';

const TURNS = 256;
// Milliseconds of work for a small request.
const TYPES = 'types { name description fields(includeDeprecated: true) { name description args { name description } type { kind name ofType { kind name } } } inputFields { name description } enumValues { name description } }';
const HEAVY = `{ ${Array.from({ length: 8 }, (_, i) => `a${i}: __schema { ${TYPES} }`).join(' ')} }`;

describe('waiting requests', () => {
  let server;
  let greedy;
  const sessions = [];
  const ask = async (session, key, query) => {
    const stream = session.request({ ':method': 'POST', ':path': '/graphql', 'x-api-key': key, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ query }));
    const [fields] = await once(stream, 'response');
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return { status: fields[':status'], text: Buffer.concat(pieces).toString() };
  };

  before(async () => {
    server = await Server.fresh();
    greedy = (await server.createKey('greedy', [])).key;
    for (let i = 0; i < 4; i++) {
      sessions.push(http2.connect(server.url));
      await once(sessions[i], 'connect');
    }
  });
  after(async () => {
    for (const session of sessions) session.close();
    await server.stop();
  });

  it('of one credential leave room for those of others, and are given their turns again', async () => {
    for (let round = 0; round < 3; round++) {
      const flood = Array.from({ length: 3 * 120 }, (_, i) => ask(sessions[i % 3], greedy, HEAVY));
      const other = await Promise.all(Array.from({ length: 100 }, () => ask(sessions[3], server.account.apiKey, '{ account { id } }')));
      assert.deepEqual(new Set(other.map(({ status }) => status)), new Set([200]));
      const answers = await Promise.all(flood);
      const good = answers.filter(({ status }) => status === 200).length;
      assert.ok(good >= TURNS && good < answers.length, `${good} of ${answers.length}`);
      for (const { status, text } of answers) if (status !== 200) assert.match(text, /Too many requests of this credential wait already/);
    }
  });
});
