// A database that a latchkey of any earlier level of migrations wrote opens, is brought up to date, and works; one that is newer is refused.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { run, Server, SLOW, sqlite, temporaryDirectory } from '../api/support/server.mjs';
import { makeOldDirectory, MIGRATIONS, REGISTER_LEVEL } from './support/old_database.mjs';

const NEWEST = MIGRATIONS.length;

describe('a database of an earlier latchkey', () => {
  for (let level = 1; level <= NEWEST; level++) {
    it(`of migration ${MIGRATIONS[level - 1]}`, { timeout: 60000 * SLOW }, async () => {
      const data = path.join(temporaryDirectory(), 'data');
      const old = makeOldDirectory(data, level);
      const server = await Server.start(data, { accountId: old.accountId, apiKey: old.tokens.admin });

      const verdicts = {};
      for (const [name, key] of Object.entries(old.tokens)) {
        const answer = await server.request({
          method: 'POST',
          path: '/v1/keys:verify',
          headers: { 'content-type': 'application/json', 'x-api-key': old.tokens.admin },
          body: JSON.stringify({ key, require: name === 'admin' ? 'MANAGE_API_KEYS' : 'invoices.read' }),
        });
        verdicts[name] = JSON.parse(answer.text).code;
      }
      assert.deepEqual(verdicts, { admin: 'VALID', reader: 'VALID', disabled: 'DISABLED', expired: 'EXPIRED' });

      const data1 = await server.query(`{ account { id name }
        apiKeys(limit: 10) { nodes { name preview enabled metadata { key value } userGroups(limit: 5) { nodes { name } } } }
        users(limit: 10) { nodes { name email externalUserId userGroups(limit: 5) { nodes { name } } } }
        audits(limit: 10) { pageInfo { total } } applications(limit: 10) { nodes { name } } }`);
      assert.deepEqual(data1.account, { id: old.accountId, name: 'Old' });
      assert.deepEqual(data1.apiKeys.nodes.map(({ name }) => name).sort(), ['admin', 'disabled', 'expired', 'reader']);
      assert.deepEqual(data1.apiKeys.nodes.find(({ name }) => name === 'reader'), {
        name: 'reader', preview: 'lk_…abcd', enabled: true, metadata: [{ key: 'team', value: 'old' }], userGroups: { nodes: [{ name: 'Readers' }] },
      });
      assert.deepEqual(data1.users.nodes, [{ name: 'Ann', email: 'ann@example.com', externalUserId: 'ann-1', userGroups: { nodes: [{ name: 'Readers' }] } }]);
      assert.equal(data1.audits.pageInfo.total, old.entries);
      assert.deepEqual(data1.applications.nodes, [{ name: 'shop' }]);

      if (level >= 2) {
        const login = await server.request({
          method: 'POST',
          path: '/api/users/login',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ authorization: `Basic ${Buffer.from(`ann@example.com:${old.password}`).toString('base64')}` }),
        });
        assert.equal(login.status, 200, login.text);
      }

      // And it goes on from there: what is written now and what was written then are one chain.
      const made = await server.createKey('new', [await server.groupId('Account Administrator')]);
      assert.equal(await server.accepts(made.key), true);
      await server.stop();
      const verified = run(['audit', 'verify', '--data', data]);
      assert.equal(verified.status, 0, verified.stderr);
      const written = level >= 2 ? 2 : 1; // the new key, and the login
      assert.match(verified.stdout, new RegExp(`intact: ${old.entries + old.deletedEntries + written} entries`));
      assert.equal(sqlite(data, 'SELECT max(version) FROM schema_migration'), `${NEWEST}`);
    });
  }

  it('that was changed in one byte of its audit log is found', () => {
    const data = path.join(temporaryDirectory(), 'data');
    makeOldDirectory(data, 1);
    sqlite(data, "UPDATE audit_entry SET resource_name = 'x' WHERE seq = 2");
    const verified = run(['audit', 'verify', '--data', data]);
    assert.equal(verified.status, 1);
    assert.match(verified.stderr, /entry 2: changed/);
  });

  // What an upgrade takes into the list of accounts is as it was: tampering afterwards is found, and so is what was done to an entry before.
  for (const [what, sql, says] of [
    ['a changed entry of a deleted account', "UPDATE audit_entry SET resource_name = 'x' WHERE seq = 2 AND account_id = x'GONE'", /account ID .*: entry 2: changed/],
    ['the last entry of a deleted account', "DELETE FROM audit_entry WHERE seq = 2 AND account_id = x'GONE'", /account ID .*: entry 2: the end was cut off/],
    ['the log of a deleted account', "DELETE FROM audit_entry WHERE account_id = x'GONE'", /account ID .*: entry 1: the end was cut off/],
    ['a live account', "PRAGMA foreign_keys = ON; DELETE FROM account", /: the account's row is gone, but no deletion was recorded/],
    ['a live account and its log', "PRAGMA foreign_keys = ON; DELETE FROM account; DELETE FROM audit_entry WHERE account_id <> x'GONE'", /: the account's row is gone, but no deletion was recorded/],
    ['the list of accounts', 'DELETE FROM account_register; DELETE FROM account_register_end', /^latchkey: The list of accounts .*: the end was removed/],
    ['the list of accounts, so that an upgrade would make it again',
      "DELETE FROM audit_entry WHERE account_id = x'GONE'; DROP TABLE account_register; DROP TABLE account_register_end; DELETE FROM schema_migration WHERE version >= LEVEL",
      /^latchkey: The list of accounts was taken out of the database/],
  ]) {
    it(`that was upgraded: ${what} does not go unnoticed`, async () => {
      const data = path.join(temporaryDirectory(), 'data');
      const old = makeOldDirectory(data, REGISTER_LEVEL - 1);
      await (await Server.start(data, { accountId: old.accountId, apiKey: old.tokens.admin })).stop();
      assert.equal(run(['audit', 'verify', '--data', data]).status, 0);
      sqlite(data, sql.replaceAll('GONE', Buffer.from(old.deletedId, 'base64url').toString('hex')).replaceAll('LEVEL', `${REGISTER_LEVEL}`));
      for (let i = 0; i < 2; i++) {
        const verified = run(['audit', 'verify', '--data', data]);
        assert.equal(verified.status, 1, verified.stdout);
        assert.match(verified.stderr, new RegExp(says.source.replace('ID', old.deletedId)));
      }
    });
  }

  it('that was changed in an entry of a deleted account before it was upgraded is found', () => {
    const data = path.join(temporaryDirectory(), 'data');
    const old = makeOldDirectory(data, REGISTER_LEVEL - 1);
    sqlite(data, `UPDATE audit_entry SET resource_name = 'x' WHERE seq = 1 AND account_id = x'${Buffer.from(old.deletedId, 'base64url').toString('hex')}'`);
    const verified = run(['audit', 'verify', '--data', data]);
    assert.equal(verified.status, 1);
    assert.match(verified.stderr, new RegExp(`account ${old.deletedId} .*: entry 1: changed`));
  });

  it('is looked at as it will be, and left as it is, so that the latchkey that wrote it can go on', () => {
    for (const level of [1, NEWEST - 1]) {
      const data = path.join(temporaryDirectory(), 'data');
      const old = makeOldDirectory(data, level);
      const before = fs.readFileSync(path.join(data, 'latchkey.db'));
      const verified = run(['audit', 'verify', '--data', data]);
      assert.equal(verified.stdout, `audit log intact: ${old.entries + old.deletedEntries} entries; database: ok\n`, verified.stderr);
      const looked = run(['doctor', '--data', data], { env: { ...process.env, LATCHKEY_URL: '', LATCHKEY_API_KEY: '' } });
      assert.match(looked.stdout, /^Nothing is wrong/);
      assert.deepEqual(fs.readdirSync(data).sort(), ['latchkey.db', 'lock', 'master.key']);
      assert.ok(fs.readFileSync(path.join(data, 'latchkey.db')).equals(before));
    }
  });

  it('of a later latchkey is refused with a sentence, and left as it is', () => {
    const data = path.join(temporaryDirectory(), 'data');
    makeOldDirectory(data, NEWEST);
    sqlite(data, `INSERT INTO schema_migration VALUES (${NEWEST + 1}, '9999_later.sql', 'x', 1); CREATE TABLE later (x)`);
    const done = run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '']);
    assert.equal(done.status, 1);
    assert.match(done.stderr, new RegExp(`^latchkey: The database is at version ${NEWEST + 1}, this latchkey knows versions up to ${NEWEST}: run the newer latchkey that wrote it\\n$`, 'm'));
    assert.equal(sqlite(data, 'SELECT max(version) FROM schema_migration'), `${NEWEST + 1}`);
  });
});
