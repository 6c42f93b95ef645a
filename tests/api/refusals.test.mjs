// A key that may change nothing and tries all the same: its refusals are recorded, but not without end.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Server } from './support/server.mjs';

const AN_HOUR = 3600; // refusals of one actor

describe('refused changes', () => {
  let server;
  let weak;
  const send = (key, body) => server.request({ method: 'POST', path: '/graphql', headers: { 'x-api-key': key, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const revoke = (key, token) =>
    server.request({ method: 'POST', path: '/v1/revoke', headers: { 'x-api-key': key, 'content-type': 'application/x-www-form-urlencoded' }, body: `token=${token}` });
  const backup = (key) => server.request({ path: '/v1/backup', headers: { 'x-api-key': key } });
  /** Asks, so many at a time, until an answer is another: that answer, and how many came before. One is allowed again each second. */
  async function exhaust(ask, status, together) {
    for (let count = 0; count < 2 * AN_HOUR; ) {
      const answers = await Promise.all(Array.from({ length: together }, ask));
      const answer = answers.find((one) => one.status !== status);
      count += answers.filter((one) => one.status === status).length;
      if (answer) return { answer, count };
    }
    assert.fail(`${2 * AN_HOUR} times ${status}`);
  }
  const size = () => fs.readdirSync(server.data).reduce((sum, name) => sum + fs.statSync(path.join(server.data, name)).size, 0);

  before(async () => {
    server = await Server.fresh();
    weak = (await server.createKey('weak', [])).key;
  });
  after(() => server.stop());

  it('have an end: whoever was refused too often is told to wait, and nothing is tried or recorded', async () => {
    const input = { accountId: server.account.accountId, name: 'x'.repeat(250) };
    const fields = Array.from({ length: 50 }, (_, i) => `m${i}: createApiKey(input: $input) { name }`).join(' ');
    const body = Array.from({ length: 10 }, () => ({ query: `mutation ($input: CreateApiKeyInput!) { ${fields} }`, variables: { input } }));
    assert.equal(JSON.parse((await send(weak, body)).text).flatMap(({ errors }) => errors).length, 500);
    const { answer, count } = await exhaust(() => send(weak, body), 200, 1);
    assert.ok(count >= 6 && count < 20, `${count}`);
    assert.equal(answer.status, 429);
    assert.ok(answer.headers['retry-after'] >= 1 && answer.headers['retry-after'] <= 2);
    assert.deepEqual(JSON.parse(answer.text).errors[0].extensions, { code: 'RATE_LIMITED' });
    assert.ok(size() < 24 << 20, `${size()} bytes`);
    // It may ask, and others may change what they may.
    assert.equal((await send(weak, { query: '{ __typename }' })).status, 200);
    assert.equal((await server.createKey('another', [])).name, 'another');
  });

  it('count once, also where the request runs again for a password', async () => {
    const group = await server.createGroup('passwords', ['MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS']);
    const { key } = await server.createKey('sets passwords', [group]);
    const created = await server.query('mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { input: { name: 'U', email: 'u@example.org' } });
    const fields = Array.from({ length: 49 }, (_, i) => `m${i}: createApiKey(input: $input) { name }`).join(' ');
    const input = { accountId: server.account.accountId, name: 'x' };
    const refused = { query: `mutation ($input: CreateApiKeyInput!) { ${fields} }`, variables: { input } };
    const password = { query: 'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { user { id } } }', variables: { input: { userId: created.createUser.user.id, password: 'correct horse battery' } } };
    const body = [...Array.from({ length: 9 }, () => refused), password];
    const whole = JSON.parse((await send(key, body)).text);
    assert.equal(whole.flatMap(({ errors = [] }) => errors).length, 9 * 49);
    assert.equal(whole[9].errors, undefined);
    const { answer, count } = await exhaust(() => send(key, body), 200, 1);
    assert.equal(answer.status, 429);
    assert.ok(count + 1 >= Math.floor(AN_HOUR / (9 * 49)), `${count + 1}`);
  });

  it('of the single keys of an import count, too', async () => {
    const group = await server.createGroup('imports', ['MANAGE_API_KEYS']);
    const { key } = await server.createKey('imports', [group]);
    const { accountId, userGroupId } = server.account;
    const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { error } } }';
    const keys = Array.from({ length: 1000 }, (_, i) => ({ name: `import ${i}`, key: `a secret of another's making ${i}`.replaceAll(' ', '-'), userGroupIds: [i < 100 ? group : userGroupId] }));
    const send1000 = () => send(key, { query: IMPORT, variables: { input: { accountId, keys } } });
    const first = JSON.parse((await send1000()).text).data.importApiKeys.results;
    assert.deepEqual([first.slice(0, 100).every(({ error }) => error === null), first.slice(100).every(({ error }) => /more than the caller holds/.test(error))], [true, true]);
    let answers = 1;
    let answer = await send1000(); // what was imported is there already, which is no want of a right: 900 in all
    for (; answer.status === 200 && answers * 900 < 2 * AN_HOUR; answer = await send1000()) answers++;
    assert.equal(answer.status, 429);
    assert.ok(answers * 900 >= AN_HOUR, `${answers}`);
    assert.ok(await server.accepts(key));
  });

  it('of /v1/revoke and /v1/backup count with the others of their caller', async () => {
    const { key } = await server.createKey('weak, too', []);
    assert.equal((await backup(key)).status, 403);
    const revoked = await exhaust(() => revoke(key, server.account.apiKey), 403, 40);
    assert.ok(revoked.count >= AN_HOUR - 1);
    const input = { accountId: server.account.accountId, name: 'x' };
    const change = { query: 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { name } }', variables: { input } };
    const changed = await exhaust(() => send(key, change), 200, 1);
    const backedUp = await exhaust(() => backup(key), 403, 1);
    assert.ok(changed.count + backedUp.count < 20, `${changed.count} changes, ${backedUp.count} backups`);
    for (const { answer } of [revoked, changed, backedUp]) {
      assert.equal(answer.status, 429);
      assert.ok(answer.headers['retry-after'] >= 1 && answer.headers['retry-after'] <= 2);
    }
    assert.equal(JSON.parse(revoked.answer.text).error, 'temporarily_unavailable');
    assert.equal(JSON.parse(backedUp.answer.text).errors[0].extensions.code, 'RATE_LIMITED');
    assert.equal((await revoke(server.account.apiKey, key)).status, 200);
  });
});
