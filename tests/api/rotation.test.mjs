// Rotation: a new secret for the same key, and the old one for as long as it was given.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server, sleep, SLOW, TOKEN, UNKNOWN_ID } from './support/server.mjs';

const ROTATE = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { clientMutationId key apiKey { id name preview previousSecrets { preview endsAt } } } }';
const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }';
const DELETE = 'mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }';
const REVEAL = 'mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }';

let server;

const account = () => server.account.accountId;
const rotate = async (uuid, input = {}) => (await server.query(ROTATE, { input: { accountId: account(), uuid, ...input } })).rotateApiKey;
const refuse = (uuid, input = {}, options) => server.error(ROTATE, { input: { accountId: account(), uuid, ...input } }, options);
const auth = (key) => server.code(key);
const reveal = async (uuid) => (await server.query(REVEAL, { input: { accountId: account(), uuid } })).revealApiKey.key;
const previous = async (uuid) => (await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { previousSecrets { preview endsAt } } }', { id: uuid })).apiKey.previousSecrets;

/** Both ways of being known: by the keyring and by the database. */
async function accepted(key) {
  const [verified, graphql] = [(await auth(key)) === 'VALID', await server.accepts(key)];
  assert.equal(verified, graphql, 'verification and GraphQL do not agree');
  return verified;
}

/** When a secret ends, as those are told who ask about it: in milliseconds. Introspection says the same in seconds. */
async function end(key) {
  const { expiresAt } = await server.verify(key, { cost: 0 });
  const headers = { 'x-api-key': server.account.apiKey, 'content-type': 'application/x-www-form-urlencoded' };
  const { exp } = JSON.parse((await server.request({ method: 'POST', path: '/v1/introspect', headers, body: `token=${key}` })).text);
  assert.equal(exp, expiresAt === null ? undefined : Math.floor(expiresAt / 1000));
  return expiresAt;
}

describe('rotation', () => {
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  it('ends the old secret before it answers', async () => {
    const { key, uuid } = await server.createKey('plain');
    const answer = await rotate(uuid, { clientMutationId: 'm' });
    assert.match(answer.key, TOKEN);
    assert.notEqual(answer.key, key);
    assert.deepEqual(answer, { clientMutationId: 'm', key: answer.key, apiKey: { id: uuid, name: 'plain', preview: `lk_…${answer.key.slice(-4)}`, previousSecrets: [] } });
    assert.equal(await auth(key), 'NOT_FOUND');
    assert.equal(await accepted(key), false);
    assert.equal(await accepted(answer.key), true);
    assert.equal(await reveal(uuid), answer.key);
  });

  it('accepts both secrets as the same key while they overlap, and the old one not a millisecond longer', async () => {
    const { key, uuid } = await server.createKey('overlapping');
    const began = Date.now();
    const answer = await rotate(uuid, { overlapSeconds: 2 });
    const [old] = answer.apiKey.previousSecrets;
    assert.equal(old.preview, `lk_…${key.slice(-4)}`);
    assert.ok(old.endsAt >= began + 2000 && old.endsAt <= Date.now() + 2000);
    const ids = [];
    for (const secret of [key, answer.key]) {
      ids.push((await server.query('{ viewer { apiKey { id } } }', {}, { key: secret })).viewer.apiKey.id);
      ids.push((await server.request({ path: '/v1/auth', headers: { 'x-api-key': secret } })).headers['x-latchkey-key-id']);
    }
    assert.deepEqual(ids, [uuid, uuid, uuid, uuid]);
    assert.deepEqual([await end(key), await end(answer.key)], [old.endsAt, null]);
    assert.equal(await reveal(uuid), answer.key, 'the newest is what is revealed');
    let [yes, no] = [0, 0];
    for (let done = false; !done; ) {
      const sent = Date.now();
      const [verified, graphql] = await Promise.all([auth(key), server.accepts(key)]);
      const answered = Date.now();
      if (answered < old.endsAt) {
        assert.deepEqual([verified, graphql], ['VALID', true], `refused ${old.endsAt - answered} ms too early`);
        yes++;
      }
      if (sent >= old.endsAt) {
        assert.equal(graphql, false, `accepted ${sent - old.endsAt} ms too late`);
        assert.ok(['EXPIRED', 'NOT_FOUND'].includes(verified), `${verified} ${sent - old.endsAt} ms too late`);
        no++;
        done = sent > old.endsAt + 300;
      }
    }
    assert.ok(yes > 3 && no > 3, `${yes} answers before, ${no} after`);
    assert.equal(await accepted(answer.key), true);
    assert.deepEqual(await previous(uuid), []);
  });

  it('says of each secret when it ends itself: the key, or the overlap before it', async () => {
    const { key, uuid } = await server.createKey('expiring');
    const sooner = Date.now() + 60000;
    const later = Date.now() + 7200000;
    const expire = (expiresAt) => server.query(UPDATE, { input: { accountId: account(), uuid, name: 'expiring', expiresAt } });
    const answer = await rotate(uuid, { overlapSeconds: 3600 });
    const [{ endsAt }] = answer.apiKey.previousSecrets;
    for (const [expiresAt, old] of [[null, endsAt], [later, endsAt], [sooner, sooner], [null, endsAt]]) {
      await expire(expiresAt);
      assert.deepEqual([await end(key), await end(answer.key)], [old, expiresAt]);
    }
  });

  it('forgets old secrets that have ended', async () => {
    const { key, uuid } = await server.createKey('swept');
    await rotate(uuid, { overlapSeconds: 1 });
    const deadline = Date.now() + 6000 * SLOW;
    while ((await auth(key)) !== 'NOT_FOUND') {
      assert.ok(Date.now() < deadline, 'it is still remembered');
      await sleep(50);
    }
  });

  it('holds three old secrets, and says when there is room for another', async () => {
    const { key, uuid } = await server.createKey('crowded');
    const keys = [key];
    for (const overlapSeconds of [3000, 1000, 2000]) keys.push((await rotate(uuid, { overlapSeconds })).key);
    for (const secret of keys) assert.equal(await accepted(secret), true);
    const old = await previous(uuid);
    assert.deepEqual(old.map(({ preview }) => preview), [1, 2, 0].map((i) => `lk_…${keys[i].slice(-4)}`), 'the first to end first');
    const error = await refuse(uuid, { overlapSeconds: 60 });
    assert.equal(error.code, 'CONFLICT');
    assert.ok(error.message.includes(`(lk_…${keys[1].slice(-4)}) ends at ${new Date(old[0].endsAt).toISOString()}`), error.message);
    assert.equal(await accepted(keys[3]), true, 'nothing was changed');
    keys.push((await rotate(uuid)).key);
    for (const secret of keys.slice(0, 4)) assert.equal(await accepted(secret), false);
    assert.equal(await accepted(keys[4]), true);
  });

  it('ends all secrets when the key is disabled or deleted', async () => {
    const { key, uuid } = await server.createKey('ended');
    const { key: fresh } = await rotate(uuid, { overlapSeconds: 600 });
    await server.query(UPDATE, { input: { accountId: account(), uuid, name: 'ended', enabled: false } });
    assert.deepEqual([await auth(key), await auth(fresh)], ['DISABLED', 'DISABLED']);
    assert.deepEqual([await accepted(key), await accepted(fresh)], [false, false]);
    await server.query(UPDATE, { input: { accountId: account(), uuid, name: 'ended', enabled: true } });
    assert.deepEqual([await accepted(key), await accepted(fresh)], [true, true]);
    await server.query(DELETE, { input: { accountId: account(), uuid } });
    assert.deepEqual([await auth(key), await auth(fresh)], ['NOT_FOUND', 'NOT_FOUND']);
    assert.deepEqual([await accepted(key), await accepted(fresh)], [false, false]);
  });

  it('ends a console session with the secret that opened it', async () => {
    const { key, uuid } = await server.createKey('console');
    const headers = { 'x-latchkey-console': '1', 'content-type': 'application/json' };
    const opened = await server.request({ method: 'POST', path: '/console/session', headers, body: JSON.stringify({ apiKey: key }) });
    const cookie = opened.headers['set-cookie'][0].split(';')[0];
    const status = async () => (await server.request({ path: '/console/session', headers: { ...headers, cookie } })).status;
    await rotate(uuid, { overlapSeconds: 600 });
    assert.equal(await status(), 200);
    await rotate(uuid);
    assert.equal(await status(), 401);
    const other = (await server.query('mutation { createAccount(input: { name: "Other" }) { account { id } key } }')).createAccount;
    const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid error } } }';
    const imported = (await server.query(IMPORT, { input: { accountId: other.account.id, keys: [{ name: 'came back', key }] } }, { key: other.key })).importApiKeys.results[0];
    assert.equal(imported.error, null);
    assert.equal(await status(), 401, 'the session of a key whose secret is now that of another one, in another account');
    const again = await server.request({ method: 'POST', path: '/console/session', headers, body: JSON.stringify({ apiKey: key }) });
    assert.equal(JSON.parse(again.text).actor.id, imported.uuid);
  });

  it('revokes an old secret alone, and the key by its present one', async () => {
    const { key, uuid } = await server.createKey('revoked by halves', []);
    const older = (await rotate(uuid, { overlapSeconds: 3600 })).key;
    const present = (await rotate(uuid, { overlapSeconds: 3600 })).key;
    const revoke = async (token, caller = server.account.apiKey) => (await server.request({ method: 'POST', path: '/v1/revoke', headers: { 'x-api-key': caller, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ token }).toString() })).status;
    const other = await server.createKey('no manager', []);
    assert.equal(await revoke(key, other.key), 403);
    assert.equal(await accepted(key), true);
    assert.equal(await revoke(key), 200);
    assert.deepEqual([await accepted(key), await accepted(older), await accepted(present)], [false, true, true]);
    assert.deepEqual((await previous(uuid)).map(({ preview }) => preview), [`lk_…${older.slice(-4)}`]);
    assert.equal(await revoke(older, older), 200, 'a key may revoke its own');
    assert.deepEqual([await accepted(older), await accepted(present)], [false, true]);
    const { audits } = await server.query('{ audits(limit: 3) { nodes { failureStatusMsg changes { operationType resourceName } } } }');
    assert.deepEqual(audits.nodes.map((set) => `${set.changes[0].operationType} ${set.changes[0].resourceName} ${set.failureStatusMsg ?? ''}`.trim()), [
      'UPDATE revoked by halves',
      'UPDATE revoked by halves',
      'UPDATE revoked by halves User not authorized: MANAGE_API_KEYS is required',
    ]);
    assert.equal(await revoke(present), 200);
    assert.equal(await accepted(present), false);
    assert.ok(!(await server.keyNames()).includes('revoked by halves'));
  });

  it('counts both secrets as one key', async () => {
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid key } }';
    const { key, uuid } = (await server.query(create, { input: { accountId: account(), name: 'counted', rateLimit: { limit: 2, windowSeconds: 3600 } } })).createApiKey;
    const fresh = await rotate(uuid, { overlapSeconds: 600 });
    assert.deepEqual([await auth(key), await auth(fresh.key), await auth(key), await auth(fresh.key)], ['VALID', 'VALID', 'RATE_LIMITED', 'RATE_LIMITED']);
  });

  it('survives a kill', async () => {
    const { key, uuid } = await server.createKey('durable');
    const first = await rotate(uuid, { overlapSeconds: 600 });
    const gone = await server.createKey('gone');
    await rotate(gone.uuid);
    await server.kill();
    server = await Server.start(server.data, server.account);
    assert.deepEqual([await accepted(key), await accepted(first.key), await accepted(gone.key)], [true, true, false]);
  });

  it('refuses overlaps that are none, keys that are none, and callers who hold less', async () => {
    const { key, uuid } = await server.createKey('kept');
    for (const overlapSeconds of [-1, 7776001]) assert.match((await refuse(uuid, { overlapSeconds })).message, /overlapSeconds: it must be from 0 to 7776000/);
    assert.equal((await refuse(UNKNOWN_ID)).code, 'NOT_FOUND');
    const keeper = await server.createKey('keeper', [await server.createGroup('keepers', ['MANAGE_API_KEYS'])]);
    const nobody = await server.createKey('nobody', []);
    assert.equal((await refuse(uuid, {}, { key: keeper.key })).code, 'FORBIDDEN');
    assert.match((await refuse(uuid, {}, { key: nobody.key })).message, /MANAGE_API_KEYS is required/);
    assert.equal(await accepted(key), true, 'nothing was changed');
    const harmless = await server.createKey('harmless', []);
    assert.match((await server.query(ROTATE, { input: { accountId: account(), uuid: harmless.uuid } }, { key: keeper.key })).rotateApiKey.key, TOKEN);
  });

  it('is an operation of its own in the audit log, without secrets', async () => {
    const { uuid } = await server.createKey('audited');
    const { key } = await rotate(uuid, { overlapSeconds: 60 });
    const { audits } = await server.query('{ audits(limit: 1) { nodes { id changes { operationType resourceId } } } }');
    assert.deepEqual(audits.nodes[0].changes, [{ operationType: 'ROTATE', resourceId: uuid }]);
    const { auditChangeContent } = await server.query('query ($f: [ChangeContentFilter]) { auditChangeContent(filters: $f, limit: 5) { nodes { newYaml } } }', { f: [{ changeSetId: audits.nodes[0].id }] });
    assert.match(auditChangeContent.nodes[0].newYaml, /previousSecrets:\n.*preview/);
    assert.ok(!auditChangeContent.nodes[0].newYaml.includes(key.slice(3, -4)));
  });
});
