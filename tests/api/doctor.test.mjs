// latchkey doctor: one finding for each thing that is wrong, none where nothing is.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { makeCertificate } from './support/certificates.mjs';
import { BINARY, init, run, Server, temporaryDirectory, UPDATE } from './support/server.mjs';

const without = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));

/** Runs it; the checks that found something, with what it said. */
function doctor(args, env = {}) {
  const done = run(['doctor', '--json', ...args], { env: { ...without, ...env } });
  const { findings, checks } = JSON.parse(done.stdout);
  assert.equal(done.status, findings.length > 0 || done.stderr !== '' ? 1 : 0, done.stderr);
  for (const { problem, remedy } of findings) assert.ok(problem.endsWith('.') && remedy.length > 10);
  return { found: findings.map(({ check }) => check), text: findings.map(({ problem }) => problem).join('\n'), checks, stderr: done.stderr };
}

/** What it finds in a server that answers so. */
async function asked(answers) {
  const fake = http.createServer(answers).listen(0, '127.0.0.1');
  await once(fake, 'listening');
  const child = spawn(BINARY, ['doctor', '--json'], { env: { ...without, LATCHKEY_API_KEY: 'lk_x', LATCHKEY_URL: `http://127.0.0.1:${fake.address().port}` } });
  let stdout = '';
  child.stdout.on('data', (text) => (stdout += text));
  const [status] = await once(child, 'close');
  fake.close();
  return { findings: JSON.parse(stdout).findings, status };
}

describe('doctor', () => {
  const fresh = () => {
    const data = path.join(temporaryDirectory(), 'data');
    return { data, account: init(data) };
  };

  it('finds nothing wrong with a new directory, and says so', () => {
    const { data } = fresh();
    assert.deepEqual(doctor(['--data', data]).found, []);
    const done = run(['doctor', '--data', data], { env: without });
    assert.match(done.stdout, /^Nothing is wrong \(\d+ checks\)\.\n$/);
    assert.equal(done.status, 0);
  });

  it('finds files that others may read, and files that are missing', () => {
    const { data } = fresh();
    fs.chmodSync(path.join(data, 'latchkey.db'), 0o640);
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['files']);
    assert.match(text, /latchkey\.db \(mode 0640\)/);
    fs.chmodSync(path.join(data, 'latchkey.db'), 0o600);
    fs.chmodSync(path.join(data, 'master.key'), 0o644);
    assert.match(doctor(['--data', data]).text, /master\.key \(mode 0644\)/);
    fs.rmSync(path.join(data, 'master.key'));
    assert.ok(doctor(['--data', data]).found.includes('files'));
    assert.ok(doctor(['--data', path.join(data, 'nowhere')]).found.includes('files'));
  });

  it('does not miss the master key of a running server, which has it from elsewhere', async () => {
    const { data, account } = fresh();
    const elsewhere = path.join(temporaryDirectory(), 'master.key');
    fs.renameSync(path.join(data, 'master.key'), elsewhere);
    const server = await Server.start(data, account, { args: ['--master-key-file', elsewhere] });
    const { found, text } = doctor(['--data', data]);
    await server.stop();
    assert.ok(!found.includes('files'), text);
    assert.ok(doctor(['--data', data]).found.includes('files'), 'without a server it is missed');
    assert.deepEqual(doctor(['--data', data, '--master-key-file', elsewhere]).found, []);
  });

  it('finds a clock that was in the future', () => {
    const { data } = fresh();
    const later = Date.now() / 1000 + 86400;
    fs.utimesSync(path.join(data, 'master.key'), later, later);
    assert.deepEqual(doctor(['--data', data]).found, ['clock']);
  });

  it('finds an audit log that was changed, and a database that is damaged', () => {
    const { data } = fresh();
    const database = path.join(data, 'latchkey.db');
    assert.equal(spawnSync('sqlite3', [database, "UPDATE audit_entry SET resource_name = 'x' WHERE seq = 1"]).status, 0);
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['audit']);
    assert.match(text, /entry 1: changed/);
    fs.truncateSync(database, 8192);
    assert.deepEqual(doctor(['--data', data]).found, ['database']);
  });

  it('finds a database that opens and is damaged within', () => {
    const { data } = fresh();
    assert.equal(spawnSync('sqlite3', [path.join(data, 'latchkey.db'), 'INSERT INTO api_key_use VALUES (randomblob(16), randomblob(16), NULL)']).status, 0);
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['database']);
    assert.match(text, /a row of api_key_use refers to nothing/);
  });

  it('finds certificates near their end, and keys of theirs that others may read', () => {
    const directory = temporaryDirectory();
    const { data } = fresh();
    const { cert, key } = makeCertificate(directory, 'short'); // two days
    fs.chmodSync(key, 0o644);
    const { found, text } = doctor(['--data', data, '--tls-cert', cert, '--tls-key', key]);
    assert.deepEqual(found, ['certificate', 'files']);
    assert.match(text, /expires in 1 days|expires in 2 days/);
    assert.match(doctor(['--data', data, '--tls-cert', key]).text, /holds no certificate/);
    const over = path.join(directory, 'over.pem');
    assert.equal(spawnSync('openssl', ['x509', '-in', cert, '-signkey', key, '-days', '-1', '-out', over]).status, 0);
    assert.match(doctor(['--data', data, '--tls-cert', over]).text, /has expired/);
  });

  it('looks at a running server: its process, its clock, its keys', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account);
    try {
      const env = { LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url };
      const instrumented = /sandbox: This (build|kernel)/.test(server.stderr);
      assert.deepEqual(doctor(['--data', data]).found, instrumented ? ['sandbox'] : []);
      const { found, text } = doctor(['--data', data], env);
      assert.deepEqual(found.filter((check) => check !== 'sandbox'), ['keys']);
      assert.match(text, /1 key never expires: admin\./);
      await server.query(UPDATE, { input: { accountId: account.accountId, uuid: account.apiKeyId, name: 'admin', expiresAt: Date.now() + 86400000 } });
      assert.deepEqual(doctor([], env).found, []);
      const off = await server.createKey('off', []);
      await server.query(UPDATE, { input: { accountId: account.accountId, uuid: off.uuid, name: 'off', enabled: false } });
      assert.deepEqual(doctor([], env).found, [], 'what is disabled is no matter');
    } finally {
      await server.stop();
    }
  });

  it("finds a server's clock that is wrong", async () => {
    for (const [minutes, expected] of [[3, ['clock']], [-3, ['clock']], [0, []]]) {
      const answers = (request, response) => {
        response.setHeader('Date', new Date(Date.now() + minutes * 60000).toUTCString());
        response.end(JSON.stringify({ data: { __type: null, apiKeys: { pageInfo: { hasMore: false }, nodes: [] } } }));
      };
      const { findings, status } = await asked(answers);
      assert.deepEqual(findings.map(({ check }) => check), expected);
      assert.equal(status, expected.length);
    }
  });

  it('finds keys that nobody uses, on a server that says when they were used', async () => {
    const day = 86400000;
    const key = (name, created, used, rest = {}) => ({ name, enabled: true, createdAt: Date.now() - created * day, expiresAt: Date.now() + day, lastUsedAt: used === null ? null : Date.now() - used * day, ...rest });
    const nodes = [key('old', 200, 100), key('never', 100, null), key('in use', 200, 1), key('new', 5, null), key('off', 200, null, { enabled: false })];
    const answers = (request, response) => response.end(JSON.stringify({ data: { __type: { fields: [{ name: 'lastUsedAt' }] }, apiKeys: { pageInfo: { hasMore: false }, nodes } } }));
    const { findings } = await asked(answers);
    assert.deepEqual(findings.map(({ check, problem }) => [check, problem]), [['keys', '2 keys were not used for 90 days: old, never.']]);
  });

  it('finds imported keys that are easy to guess, until they are rotated', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account);
    try {
      const env = { ...without, LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url };
      const file = path.join(temporaryDirectory(), 'keys.csv');
      fs.writeFileSync(file, 'name,key,expires\nold crm,crm-production-key,30d\nold erp,4eC39HqLyjWDarjtT1zdp7dc,30d\n');
      assert.equal(run(['key', 'import', file], { env }).status, 0);
      assert.match(run(['key', 'get', 'old crm'], { env }).stdout, /^weak +yes$/m);
      const said = doctor([], env);
      assert.match(said.text, /^1 key has a secret that is easy to guess: old crm\.$/m);
      assert.equal(run(['key', 'rotate', 'old crm', '--overlap', '1d'], { env }).status, 0);
      assert.doesNotMatch(doctor([], env).text, /easy to guess/);
    } finally {
      await server.stop();
    }
  });

  it('finds a server that is not confined', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account, { args: ['--sandbox', 'off'] });
    assert.deepEqual(doctor(['--data', data]).found, ['sandbox']);
    await server.stop();
  });

  it('finds a server whose binary was replaced by another since it was started', async () => {
    const { data, account } = fresh();
    const copy = path.join(temporaryDirectory(), 'latchkey');
    fs.copyFileSync(BINARY, copy);
    const server = await Server.start(data, account, { wrapper: ['sh', '-c', `shift; exec ${copy} "$@"`, 'sh'] });
    const version = () => doctor(['--data', data]).found.filter((check) => check === 'version');
    assert.deepEqual(version(), []);
    fs.copyFileSync(BINARY, `${copy}.new`);
    fs.renameSync(`${copy}.new`, copy);
    assert.deepEqual(version(), ['version']);
    await server.stop();
  });

  it('says when the server does not answer, or nothing is there to look at', () => {
    const { data } = fresh();
    const { stderr } = doctor(['--data', data], { LATCHKEY_API_KEY: 'lk_x', LATCHKEY_URL: 'http://127.0.0.1:1' });
    assert.match(stderr, /127\.0\.0\.1:1/);
    assert.equal(run(['doctor'], { env: without }).status, 2);
  });
});
