// The token is in no file of the data directory and in no log line, in no spelling.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { CREATE_WITH_KEY, run, Server, UPDATE } from './support/server.mjs';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The 32 random bytes inside a token. */
function secretBytes(token) {
  let number = 0n;
  for (const digit of token.slice(25, 68)) number = number * 62n + BigInt(DIGITS.indexOf(digit));
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}

/** Base64 of bytes wherever they may stand in a longer text: one spelling for each of the three alignments, without its unsure ends. */
function base64Spellings(bytes) {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
    const sure = text.slice(Math.ceil((shift * 8) / 6), bytes.length % 3 === (3 - shift) % 3 ? undefined : -1);
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** Everything that would give a token away, as bytes. */
function spellings(token) {
  const found = [];
  for (const bytes of [Buffer.from(token), Buffer.from(token.slice(3, 68)), Buffer.from(token.slice(25, 68)), secretBytes(token)]) {
    found.push(bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('hex').toUpperCase()), Buffer.from(bytes.toString('utf8').split('').reverse().join('')));
    found.push(...base64Spellings(bytes).map((text) => Buffer.from(text)));
    found.push(Buffer.from(bytes.toString('latin1'), 'utf16le'));
  }
  return found;
}

function search(directory, needles) {
  for (const name of fs.readdirSync(directory, { recursive: true })) {
    const file = path.join(directory, String(name));
    if (!fs.statSync(file).isFile()) continue;
    const bytes = fs.readFileSync(file);
    for (const needle of needles) assert.equal(bytes.includes(needle), false, `${name} holds ${needle.toString('latin1')}`);
  }
}

describe('secrets', () => {
  it('the search itself finds what is there', () => {
    const token = `lk_${'4'.repeat(22)}${'Zy9'.repeat(14)}Q${'0'.repeat(6)}`;
    for (const shift of ['', 'x', 'xy']) {
      const base64 = Buffer.from(Buffer.from(`${shift}${token}tail`).toString('base64'));
      assert.ok(spellings(token).some((needle) => base64.includes(needle)), `alignment ${shift.length}`);
      const raw = Buffer.from(Buffer.concat([Buffer.from(shift), secretBytes(token), Buffer.from('tail')]).toString('base64url'));
      assert.ok(spellings(token).some((needle) => raw.includes(needle)));
    }
  });

  it('are in no file and no log line, at the most talkative level, while it runs and after', async () => {
    const server = await Server.fresh({ args: ['--log-level', 'debug'] });
    const { accountId, userGroupId, apiKey } = server.account;
    const tokens = [apiKey];
    for (let i = 0; i < 5; i++) {
      const { key, uuid } = await server.createKey(`secret${i}`);
      tokens.push(key);
      const input = { accountId, uuid };
      await server.query('mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }', { input });
      await server.query(UPDATE, { input: { ...input, name: `renamed${i}`, userGroupIds: [userGroupId] } });
      await server.accepts(key);
    }
    // Wherever a client might put its key by mistake.
    const [, leaked] = tokens;
    await server.request({ path: `/${leaked}` });
    await server.request({ path: `/graphql?accountId=${leaked}&query={account{id}}`, headers: { 'x-api-key': apiKey } });
    await server.request({ path: `/graphql?x-api-key=${leaked}` });
    await server.graphql(`{ ${leaked} }`);
    await server.graphql('{ apiKey(apiKeyId: "x") { id } }', undefined, { headers: { authorization: `Basic ${Buffer.from(`x:${leaked}`).toString('base64')}` } });
    await server.graphql(CREATE_WITH_KEY, { input: { accountId, name: 'x', userGroupIds: [leaked] } });
    await server.graphql(CREATE_WITH_KEY, { input: { accountId: leaked, name: 'x' } });
    const { key: powerless } = await server.createKey('powerless', []);
    const reveal = 'mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }';
    assert.equal((await server.error(reveal, { input: { accountId, uuid: leaked } }, { key: powerless })).code, 'FORBIDDEN');
    for (const name of [leaked, `the key ${leaked} of mine`]) {
      assert.equal((await server.error(CREATE_WITH_KEY, { input: { accountId, name } }, { key: powerless })).code, 'FORBIDDEN');
      for (const more of [{ name }, { name: 'x', metadata: [{ key: 'note', value: name }] }]) {
        const refused = await server.error(CREATE_WITH_KEY, { input: { accountId, ...more } });
        assert.equal(refused.code, 'BAD_USER_INPUT');
        assert.match(refused.message, /^Invalid (API Key name|metadata value): it holds an API key, and is shown to people who must not have it$/);
      }
    }
    // An error repeats what was sent, as graphql-js does, but for what looks like a secret.
    const mistyped = `${leaked.slice(0, 40)}${leaked.slice(41)}`;
    for (const secret of [leaked, mistyped]) {
      for (const [query, variables] of [
        ['query ($n: Int!) { apiKeys(limit: $n) { nodes { id } } }', { n: secret }],
        ['query ($n: Int!) { apiKeys(limit: $n) { nodes { id } } }', { n: [{ a: `${'x'.repeat(4000)} ${secret}` }] }],
        [CREATE_WITH_KEY, { input: { accountId, name: { key: secret } } }],
        [`{ apiKeys(limit: "${secret}") { nodes { id } } }`],
        [`{ apiKeys(limit: 1) { ${secret} } }`],
        [`{ ${secret}`],
        ['query ($id: String!) { userGroup(userGroupId: $id) { id } }', { id: secret }],
        [CREATE_WITH_KEY, { input: { accountId, name: 'y', userGroupIds: [secret] } }],
      ]) {
        const { text } = await server.graphql(query, variables);
        assert.match(text, /"errors":/);
        assert.equal(text.includes(secret.slice(3, 60)), false, text);
      }
    }
    await server.raw(`GET /healthz HTTP/1.1\r\nHost: x\r\n${leaked} : x\r\n\r\n`);
    await server.raw(`${leaked} /healthz HTTP/1.1\r\nHost: x\r\n\r\n`);

    const needles = [...tokens.flatMap(spellings), Buffer.from(leaked.slice(25, 55))];
    search(server.data, needles);
    await server.stop();
    search(server.data, needles);
    const log = Buffer.from(server.stderr + server.stdout);
    for (const needle of needles) assert.equal(log.includes(needle), false, 'the log holds a token');
    const verified = run(['audit', 'verify', '--data', server.data]);
    assert.equal(verified.status, 0);
  });

  it('a mutation with texts written into it is not kept in memory to be sent by its hash', async () => {
    const server = await Server.fresh();
    const byHash = async (query) => {
      await server.graphql(query);
      const extensions = { persistedQuery: { version: 1, sha256Hash: crypto.createHash('sha256').update(query).digest('hex') } };
      const headers = { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' };
      const answer = await server.request({ method: 'POST', path: '/graphql', headers, body: JSON.stringify({ extensions }) });
      return JSON.parse(answer.text).errors?.[0].message;
    };
    assert.equal(await byHash('{ apiKeyByName(name: "admin") { name } }'), undefined);
    assert.equal(await byHash('mutation { setPassword(input: {userId: "x", password: "correct horse"}) { user { id } } }'), 'PersistedQueryNotFound');
    await server.stop();
  });
});
