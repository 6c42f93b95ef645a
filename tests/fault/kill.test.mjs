// kill -9 under concurrent writers, again and again on one data directory. A model keeps what was acknowledged; after each restart the server
// must agree with it: acknowledged operations are there, those under way when the server died are there wholly or not at all.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { CREATE_WITH_KEY, init, run, Server, SLOW, sleep, temporaryDirectory } from '../api/support/server.mjs';

const ROUNDS = Number(process.env.LATCHKEY_KILL_ROUNDS ?? 20);
const WRITERS = 16;

const UPDATE_KEY = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { name metadata { value } } } }';
const DELETE_KEY = 'mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }';
const LIST = 'query ($offset: Int) { apiKeys(limit: 100, offset: $offset) { pageInfo { hasMore } nodes { uuid name metadata { value } } } }';

/** What is known of the keys. A key is {uuid, key, name}; `pending` is what was asked of it and not answered. */
class Model {
  live = new Map(); // name at creation -> key
  dead = []; // keys whose delete was acknowledged
  acknowledged = { create: 0, update: 0, delete: 0 };
  serial = 0;

  newName() {
    this.serial += 1;
    return `key-${this.serial}`;
  }
}

// The metadata repeats the name: an update that was torn would show two different ones.
const note = (name) => [{ key: 'name', value: name }];

async function create(server, model, agent) {
  const name = model.newName();
  const entry = { origin: name, name, pending: 'create' };
  model.live.set(name, entry);
  const { accountId, userGroupId } = server.account;
  const data = await server.query(CREATE_WITH_KEY, { input: { accountId, name, userGroupIds: [userGroupId], metadata: note(name) } }, { agent });
  Object.assign(entry, { uuid: data.createApiKey.uuid, key: data.createApiKey.key, pending: null });
  model.acknowledged.create += 1;
  return entry;
}

async function update(server, model, entry, agent) {
  const name = model.newName();
  Object.assign(entry, { pending: 'update', nextName: name });
  await server.query(UPDATE_KEY, { input: { accountId: server.account.accountId, uuid: entry.uuid, name, metadata: note(name) } }, { agent });
  Object.assign(entry, { name, pending: null });
  model.acknowledged.update += 1;
}

async function remove(server, model, entry, agent) {
  entry.pending = 'delete';
  await server.query(DELETE_KEY, { input: { accountId: server.account.accountId, uuid: entry.uuid } }, { agent });
  model.live.delete(entry.origin);
  model.dead.push(entry);
  model.acknowledged.delete += 1;
}

/** Creates, renames and deletes until the server is gone. */
async function write(server, model, isKilled) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const mine = [];
  try {
    for (;;) {
      mine.push(await create(server, model, agent));
      if (Math.random() < 0.5) await update(server, model, mine[Math.floor(Math.random() * mine.length)], agent);
      if (Math.random() < 0.5) await remove(server, model, mine.splice(Math.floor(Math.random() * mine.length), 1)[0], agent);
    }
  } catch (error) {
    if (!isKilled()) throw error;
  } finally {
    agent.destroy();
  }
}

/** Compares the server's keys with the model and settles what was under way. */
async function check(server, model) {
  const found = new Map();
  for (let offset = 0; ; ) {
    const { apiKeys } = await server.query(LIST, { offset });
    for (const node of apiKeys.nodes) found.set(node.name, node);
    offset += apiKeys.nodes.length;
    if (!apiKeys.pageInfo.hasMore) break;
  }
  found.delete([...found.values()].find((node) => node.uuid === server.account.apiKeyId).name);

  for (const [origin, entry] of model.live) {
    const node = found.get(entry.name) ?? (entry.pending === 'update' ? found.get(entry.nextName) : undefined);
    if (!node) {
      assert.ok(entry.pending === 'create' || entry.pending === 'delete', `lost: ${JSON.stringify(entry)}`);
      model.live.delete(origin);
      if (entry.pending === 'delete') model.dead.push(entry);
      continue;
    }
    assert.equal(node.metadata[0].value, node.name, 'half an update');
    if (entry.uuid) assert.equal(node.uuid, entry.uuid);
    Object.assign(entry, { uuid: node.uuid, name: node.name, pending: null });
    found.delete(node.name);
  }
  assert.deepEqual([...found.keys()], [], 'keys that nobody asked for');

  // All keys would take long: the newest ones and some of the older ones.
  const sample = (list) => [...list.slice(-40), ...list.slice(0, -40).filter(() => Math.random() < 0.05)];
  for (const entry of sample([...model.live.values()].filter((one) => one.key))) assert.equal(await server.accepts(entry.key), true, `${entry.name} is refused`);
  for (const entry of sample(model.dead)) assert.equal(await server.accepts(entry.key), false, `${entry.name} was deleted`);
}

function checkOffline(data) {
  const verified = run(['audit', 'verify', '--data', data]);
  assert.equal(verified.status, 0, `${verified.stdout}${verified.stderr}`);
  const sql = `PRAGMA integrity_check; PRAGMA foreign_key_check;
    SELECT (SELECT count(*) FROM api_key) - (SELECT sum(CASE operation WHEN 'CREATE' THEN 1 WHEN 'DELETE' THEN -1 ELSE 0 END)
    FROM audit_entry WHERE resource_type = 'API_KEY' AND failure IS NULL);`;
  const done = spawnSync('sqlite3', [path.join(data, 'latchkey.db'), sql], { encoding: 'utf8' });
  if (done.error === undefined) assert.equal(done.stdout, 'ok\n0\n', `${done.stdout}${done.stderr}: integrity, and keys against the audit log`);
}

describe('kill -9 under writers', () => {
  it(`${ROUNDS} rounds lose nothing that was acknowledged`, { timeout: 600000 * SLOW }, async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const model = new Model();
    for (let round = 0; round < ROUNDS; round++) {
      const server = await Server.start(data, account);
      await check(server, model);
      let killed = false;
      const writers = Array.from({ length: WRITERS }, () => write(server, model, () => killed));
      await sleep((100 + Math.random() * 400) * SLOW);
      killed = true;
      await server.kill();
      await Promise.all(writers);
      checkOffline(data);
    }
    const server = await Server.start(data, account);
    await check(server, model);
    await server.stop();
    checkOffline(data);
    const { create: created, update: updated, delete: deleted } = model.acknowledged;
    assert.ok(created > ROUNDS * WRITERS && updated > ROUNDS && deleted > ROUNDS, `too little happened: ${JSON.stringify(model.acknowledged)}`);
  });
});
