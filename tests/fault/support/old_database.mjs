// A data directory as the latchkey of an earlier level of migrations would have left it: the first so many files of schema/sql, then rows as it wrote them. The
// digests and MACs are made here from the definitions in src/crypto and src/domain/audit_mac.c, not by the code under test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../api/support/server.mjs';

const SQL = path.join(ROOT, 'schema/sql');

/** The names of the migrations, in order. */
export const MIGRATIONS = fs.readdirSync(SQL).filter((name) => name.endsWith('.sql')).sort();

/** The level that brought the register of accounts, from which on an account's end has a seal of another kind. */
export const REGISTER_LEVEL = MIGRATIONS.findIndex((name) => name.endsWith('_account_register.sql')) + 1;

// A test vector of the Argon2 reference implementation.
const PASSWORD = { text: 'password', hash: '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' };

const ACCOUNT_PERMISSIONS = [
  'CREATE_AND_DELETE_APPLICATION', 'READ_USERS_AND_GROUPS', 'MANAGE_USERS_AND_GROUPS', 'MANAGE_API_KEYS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS', 'VIEW_AUDITS',
];

const hex = (bytes) => `x'${Buffer.from(bytes).toString('hex')}'`;
const text = (value) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`);
const int64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

/** The keys of a master key. */
function derive(master) {
  const key = (purpose) => Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `latchkey/${purpose}/1`, 32));
  const mac = (purpose) => (...pieces) => createHmac('sha256', key(purpose)).update(Buffer.concat(pieces.map((piece) => Buffer.from(piece)))).digest();
  return { lookup: mac('lookup'), audit: mac('audit'), check: mac('check') };
}

/** Appends to one account's audit chain. */
class Chain {
  seq = 0;
  rows = [];

  constructor(keys, account) {
    Object.assign(this, { keys, account, mac: keys.audit([1], account) });
  }

  add({ at, operation, type, id, name, after }) {
    const optional = (value) => (value === null ? int64(-1) : Buffer.concat([int64(Buffer.byteLength(value)), Buffer.from(value)]));
    const set = randomBytes(16);
    this.seq += 1;
    this.mac = this.keys.audit(
      [2], this.mac, this.account, int64(this.seq), set, int64(0), int64(at), optional('SYSTEM'), optional(null), optional('system'), optional(operation),
      optional(type), optional(id), optional(name), optional(null), optional(null), optional(after), optional('latchkey init'), optional(''), optional(''),
      optional(''), int64(200), int64(1),
    );
    this.rows.push(`INSERT INTO audit_entry (account_id, seq, set_id, set_position, created_at, actor_kind, actor_id, actor_name, operation, resource_type,
      resource_id, resource_name, failure, before_doc, after_doc, request_url, request_path, request_method, request_remote, response_status, key_version, mac)
      VALUES (${hex(this.account)}, ${this.seq}, ${hex(set)}, 0, ${at}, 'SYSTEM', NULL, 'system', ${text(operation)}, ${text(type)}, ${hex(id)}, ${text(name)},
      NULL, NULL, ${text(after)}, 'latchkey init', '', '', '', 200, 1, ${hex(this.mac)});`);
  }

  seal(level) {
    return this.keys.audit([level < REGISTER_LEVEL ? 3 : 8], this.account, int64(this.seq), this.mac);
  }
}

/** The register of these accounts: each was created, and those that are deleted were that, too. */
function register(keys, chains) {
  const sql = [];
  let position = 0;
  let mac = keys.audit([5]);
  const add = (account, end) => {
    position += 1;
    mac = keys.audit([6], mac, int64(position), account, int64(end ? 1 : 0), ...(end ? [int64(end.seq), end.mac] : []));
    sql.push(`INSERT INTO account_register VALUES (${position}, ${hex(account)}, ${end ? `${end.seq}, ${hex(end.mac)}` : 'NULL, NULL'}, ${hex(mac)});`);
  };
  for (const chain of chains) add(chain.account);
  for (const chain of chains.filter(({ deleted }) => deleted)) add(chain.account, chain);
  sql.push(`INSERT INTO account_register_end VALUES (1, ${position}, ${hex(mac)}, ${hex(keys.audit([7], int64(position), mac))});`);
  return sql;
}

// What each level added to what can be written. A level without an entry added nothing that an old server must have written.
const ROWS = {
  1: ({ sql, keys, account, ids, tokens, at }) => {
    const group = (id, name, permissions, manages) => sql.push(`INSERT INTO user_group (id, account_id, name, description, permissions, manages, settings,
      created_at, updated_at) VALUES (${hex(id)}, ${hex(account)}, ${text(name)}, 'as it was', ${text(JSON.stringify(permissions))}, ${manages}, '{}', ${at}, ${at});`);
    group(ids.administrators, 'Account Administrator', { account: ACCOUNT_PERMISSIONS, scopes: ['*', 'latchkey.operator'], apps: [] }, 1);
    group(ids.readers, 'Readers', { account: [], scopes: ['invoices.read'], apps: [] }, 0);
    const key = (name, token, group, { enabled = 1, expires = 'NULL' } = {}) => {
      const id = randomBytes(16);
      sql.push(`INSERT INTO api_key (id, account_id, name, preview, digest, digest_version, sealed, enabled, expires_at, metadata, created_at, created_by, updated_at)
        VALUES (${hex(id)}, ${hex(account)}, ${text(name)}, 'lk_…abcd', ${hex(keys.lookup(token))}, 1, NULL, ${enabled}, ${expires}, '{"team":"old"}', ${at}, 'system', ${at});`,
      `INSERT INTO api_key_group (api_key_id, group_id) VALUES (${hex(id)}, ${hex(group)});`);
    };
    key('admin', tokens.admin, ids.administrators);
    key('reader', tokens.reader, ids.readers);
    key('disabled', tokens.disabled, ids.readers, { enabled: 0 });
    key('expired', tokens.expired, ids.readers, { expires: at + 1 });
    sql.push(`INSERT INTO user_account (id, account_id, name, email, external_id, email_verified, created_at, updated_at)
      VALUES (${hex(ids.user)}, ${hex(account)}, 'Ann', 'ann@example.com', 'ann-1', 1, ${at}, ${at});`,
    `INSERT INTO group_member (group_id, user_id) VALUES (${hex(ids.readers)}, ${hex(ids.user)});`,
    `INSERT INTO application (id, account_id, name, description, created_at, created_by, updated_at)
      VALUES (${hex(randomBytes(16))}, ${hex(account)}, 'shop', NULL, ${at}, ${hex(ids.user)}, ${at});`);
  },
  2: ({ sql, account, ids, at }) => {
    sql.push(`INSERT INTO user_login (user_id, password_hash, password_set_at, failures, first_failure_at, locked_until)
      VALUES (${hex(ids.user)}, ${text(PASSWORD.hash)}, ${at}, 0, 0, 0);`,
    `INSERT INTO ip_allow (id, account_id, cidr, network, prefix, description, status, created_at, updated_at) VALUES (${hex(randomBytes(16))}, ${hex(account)},
      '127.0.0.0/8', ${hex(Buffer.from('00000000000000000000ffff7f000000', 'hex'))}, 104, NULL, 'ACTIVE', ${at}, ${at});`);
  },
};

/** Makes DIR as the latchkey whose newest migration was number `level` left it: an account, and the audit log of one that was deleted. What it holds. */
export function makeOldDirectory(directory, level) {
  fs.mkdirSync(directory, { mode: 0o700 });
  fs.writeFileSync(path.join(directory, 'lock'), '', { mode: 0o600 });
  const master = randomBytes(32);
  fs.writeFileSync(path.join(directory, 'master.key'), master, { mode: 0o600 });
  const keys = derive(master);
  const account = randomBytes(16);
  const at = 1790000000000;
  const ids = { administrators: randomBytes(16), readers: randomBytes(16), user: randomBytes(16) };
  const tokens = Object.fromEntries(['admin', 'reader', 'disabled', 'expired'].map((name) => [name, `old-${name}-${randomBytes(16).toString('hex')}`]));
  const sql = [
    'PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; BEGIN;',
    'CREATE TABLE schema_migration (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL);',
  ];
  MIGRATIONS.slice(0, level).forEach((name, i) => {
    const content = fs.readFileSync(path.join(SQL, name));
    const checksum = createHash('sha256').update(content).digest('hex');
    sql.push(`${content};`, `INSERT INTO schema_migration VALUES (${i + 1}, ${text(name)}, ${text(checksum)}, ${at});`);
  });
  const chain = new Chain(keys, account);
  const deleted = new Chain(keys, randomBytes(16));
  deleted.deleted = true;
  chain.add({ at, operation: 'CREATE', type: 'ACCOUNT', id: account, name: 'Old', after: '{"name":"Old"}' });
  for (const name of Object.keys(tokens)) chain.add({ at, operation: 'CREATE', type: 'API_KEY', id: randomBytes(16), name, after: null });
  deleted.add({ at, operation: 'CREATE', type: 'ACCOUNT', id: deleted.account, name: 'Gone', after: '{"name":"Gone"}' });
  deleted.add({ at, operation: 'CREATE', type: 'API_KEY', id: randomBytes(16), name: 'admin', after: null });
  chain.add({ at, operation: 'DELETE', type: 'ACCOUNT', id: deleted.account, name: 'Gone', after: null });
  sql.push(
    `INSERT INTO server (id, keys_check, created_at) VALUES (1, ${hex(keys.check('the master key of this database'))}, ${at});`,
    `INSERT INTO account (id, name, created_at, audit_seq, audit_mac, audit_seal) VALUES (${hex(account)}, 'Old', ${at}, ${chain.seq}, ${hex(chain.mac)}, ${hex(chain.seal(level))});`,
    ...chain.rows,
    ...deleted.rows,
    ...(level < REGISTER_LEVEL ? [] : register(keys, [chain, deleted])),
  );
  for (let i = 1; i <= level; i++) ROWS[i]?.({ sql, keys, account, ids, tokens, at });
  sql.push('COMMIT;');
  const file = path.join(directory, 'latchkey.db');
  const done = spawnSync('sqlite3', ['-bail', file], { input: sql.join('\n'), encoding: 'utf8' });
  assert.equal(done.status, 0, `${done.stderr}${done.error ?? ''}`);
  fs.chmodSync(file, 0o600);
  return { accountId: account.toString('base64url'), deletedId: deleted.account.toString('base64url'), tokens, password: PASSWORD.text, entries: chain.seq, deletedEntries: deleted.seq };
}
