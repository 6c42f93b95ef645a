// Answers that are large, and clients that do not take theirs: memory has an end, and others get what they ask for.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { Server, SLOW, sleep } from './support/server.mjs';

// 200 KB for each time; so eight megabytes for a document of 1.3 KiB.
const TYPE = 'fragment T on __Type { kind name description ofType { kind name ofType { kind name } } }';
const TYPES = `fragment F on __Type { ...T fields(includeDeprecated: true) { name description args { name description type { ...T } } type { ...T } } inputFields { name description type { ...T } } enumValues { name description } }`;
const longAnswer = (times) => `{ ${Array.from({ length: times }, (_, i) => `a${i}: __schema { types { ...F } }`).join(' ')} } ${TYPE} ${TYPES}`;

describe('large answers', () => {
  const MIB = 1 << 20;
  let server;
  let fat; // a key with 240 KiB of scopes
  const verify = (path, body) => server.request({ method: 'POST', path, headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const batch = (count) => verify('/v1/keys:batchVerify', { requests: Array.from({ length: count }, () => ({ key: fat.key, cost: 0 })) });
  const auth = (key) => server.request({ path: '/v1/auth', headers: { 'x-api-key': key } });
  const memory = (line) => Number(new RegExp(`^${line}:\\s+(\\d+)`, 'm').exec(fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))[1]) * 1024;

  before(async () => {
    server = await Server.fresh();
    const groups = [];
    for (let g = 0; g < 4; g++) {
      const scopes = Array.from({ length: 250 }, (_, i) => `${'s'.repeat(230)}${g}.${i}`);
      groups.push(await server.createGroup(`fat ${g}`, [], { scopes }));
    }
    fat = await server.createKey('fat', groups);
  });
  after(() => server.stop());

  it('of a batch have an end, whatever the keys in it have', async () => {
    const long = await batch(20);
    assert.equal(long.status, 200);
    assert.ok(long.body.length > 4 * MIB);
    assert.equal(JSON.parse(long.text).results.length, 20);
    const refused = await batch(1000);
    assert.equal(refused.status, 400);
    assert.equal(JSON.parse(refused.text).detail, 'The answer would be too large: ask about fewer keys at a time');
  });

  it('that are not taken leave room for those of others, and memory has an end', { timeout: 120000 * SLOW }, async () => {
    const before = memory('VmRSS');
    const deaf = http2.connect(server.url, { settings: { initialWindowSize: 0 } });
    await once(deaf, 'connect');
    const ask = (query) => {
      const stream = deaf.request({ ':method': 'POST', ':path': '/graphql', 'x-api-key': server.account.apiKey, 'content-type': 'application/json' });
      stream.on('error', () => {});
      stream.end(JSON.stringify({ query }));
      return once(stream, 'response').then(([fields]) => fields[':status']);
    };
    const statuses = await Promise.all(Array.from({ length: 60 }, () => ask(longAnswer(40))));
    assert.ok(statuses.filter((status) => status === 200).length >= 10, `${statuses}`);
    assert.ok(statuses.includes(503));
    for (const times of [40, 10, 1]) while ((await ask(longAnswer(times))) === 200) continue; // until even a small one does not fit in
    // A sanitizer keeps shadow beside the memory.
    if (memory('VmSize') < 2 ** 34) assert.ok(memory('VmRSS') < before + 400 * MIB, `${(memory('VmRSS') - before) / MIB} MiB`);

    assert.equal((await server.query('{ account { id } }')).account.id, server.account.accountId);
    const long = await server.graphql(longAnswer(1));
    assert.equal(long.status, 503);
    assert.equal(long.headers['retry-after'], '1');
    assert.equal(long.json.errors[0].extensions.code, 'UNAVAILABLE');
    const input = { accountId: server.account.accountId, name: 'not made', clientMutationId: 'x'.repeat(70000) };
    const change = await server.graphql('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { clientMutationId } }', { input });
    assert.equal(change.status, 503);
    assert.equal((await server.error('{ apiKeyByName(name: "not made") { id } }')).code, 'NOT_FOUND');
    const wide = await server.graphql('{ account { id } }', { unused: Array.from({ length: 100000 }, () => 1) }); // megabytes while it waits for its turn
    assert.equal(wide.status, 503);
    assert.equal((await batch(1)).status, 503);
    const { status, headers } = await auth(fat.key);
    assert.deepEqual([status, headers['retry-after'], headers['x-latchkey-key-id']], [503, '1', '']);
    assert.equal((await auth(server.account.apiKey)).status, 200);

    deaf.destroy();
    for (const deadline = Date.now() + 10000 * SLOW; (await batch(1)).status !== 200 && Date.now() < deadline; ) await sleep(20);
    assert.equal((await batch(1)).status, 200);
    const head = await server.raw([`GET /v1/auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: ${fat.key}\r\n\r\n`]); // more than Node's parser takes
    assert.match(head.text, /^HTTP\/1.1 200 /);
    assert.equal((await server.graphql(longAnswer(1))).status, 200);
  });
});
