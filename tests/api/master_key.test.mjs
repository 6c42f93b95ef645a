// latchkey key rotate-master: another master key, and nobody who has an API key notices.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, DELETE, init, run, Server, sleep, SLOW, sqlite, temporaryDirectory } from './support/server.mjs';

const ROTATE = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key } }';
const REVEAL = 'mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }';
const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid error } } }';

const rotateMaster = (data, ...args) => run(['key', 'rotate-master', '--data', data, ...args]);
// What runs a script of the shell where mounts are its own.
const UNSHARED = (script, ...args) => ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', ...args];
const verifyAudit = (data, ...args) => run(['audit', 'verify', '--data', data, ...args]);

function rotated(data, ...args) {
  const done = rotateMaster(data, '--json', ...args);
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

const input = (server, more) => ({ input: { accountId: server.account.accountId, ...more } });
const reveal = async (server, uuid) => (await server.query(REVEAL, input(server, { uuid }))).revealApiKey.key;

async function importKeys(server, keys) {
  const { importApiKeys } = await server.query(IMPORT, input(server, { keys }));
  return importApiKeys.results;
}

describe('key rotate-master', () => {
  const directory = temporaryDirectory();
  const data = path.join(directory, 'data');
  const file = (name) => path.join(data, name);
  const FOREIGN = 'a-key-that-was-made-elsewhere-9fK2';
  let server;
  let plain;
  let turned; // a key with an old secret
  let foreign;
  let cookie;
  let sealed; // what the database had of a key that stays, and of one that was deleted since
  let answer;

  before(async () => {
    server = await Server.start(data, init(data));
    plain = await server.createKey('plain');
    turned = await server.createKey('turned');
    const doomed = await server.createKey('doomed');
    turned.old = turned.key;
    turned.key = (await server.query(ROTATE, input(server, { uuid: turned.uuid, overlapSeconds: 3600 }))).rotateApiKey.key;
    [foreign] = await importKeys(server, [{ name: 'foreign', key: FOREIGN, userGroupIds: [server.account.userGroupId] }]);
    const headers = { 'content-type': 'application/json', 'x-latchkey-console': '1' };
    const session = await server.request({ method: 'POST', path: '/console/session', headers, body: JSON.stringify({ apiKey: plain.key }) });
    cookie = session.headers['set-cookie'][0].split(';')[0];
    const backup = run(['backup', path.join(directory, 'before.backup'), '--url', server.url], { env: { ...process.env, LATCHKEY_API_KEY: server.account.apiKey } });
    assert.equal(backup.status, 0, backup.stderr);

    const served = rotateMaster(data);
    assert.equal(served.status, 1);
    assert.match(served.stderr, /another latchkey/i);
    assert.deepEqual(fs.readdirSync(data).filter((name) => name.startsWith('master.key')), ['master.key'], 'nothing was begun');
    await server.stop();

    sealed = sqlite(data, "SELECT hex(sealed) FROM api_key WHERE name IN ('plain', 'doomed')").split('\n').map((hex) => Buffer.from(hex, 'hex').subarray(0, 60));
    assert.deepEqual(sealed.map((bytes) => fs.readFileSync(file('latchkey.db')).includes(bytes)), [true, true]);
    server = await Server.start(data, server.account);
    await server.query(DELETE, input(server, { uuid: doomed.uuid }));
    await server.stop();
    const before = fs.readFileSync(file('master.key'));
    answer = rotated(data);
    assert.deepEqual(fs.readFileSync(answer.replacedMasterKeyFile), before);
    assert.notDeepEqual(fs.readFileSync(file('master.key')), before);
    server = await Server.start(data, server.account);
  });

  after(() => server.stop());

  it('says what it did', () => {
    const { replacedMasterKeyFile, ...rest } = answer;
    assert.deepEqual(rest, { masterKeyVersion: 2, masterKeyFile: file('master.key'), apiKeys: 4, apiKeysNotSealed: 0, oldSecrets: 1 });
    assert.match(replacedMasterKeyFile, /master\.key\.replaced-\d{4}-\d\d-\d\dT.*Z$/);
    for (const name of [answer.masterKeyFile, replacedMasterKeyFile]) assert.equal(fs.statSync(name).mode & 0o777, 0o600);
  });

  it('leaves every key good, on every interface, and to be seen again', async () => {
    for (const key of [server.account.apiKey, plain.key, turned.key, turned.old, FOREIGN]) {
      assert.equal(await server.code(key), 'VALID');
      assert.equal((await server.verify(key)).code, 'VALID');
      assert.equal(await server.accepts(key), true);
    }
    assert.equal((await server.verify(turned.old)).keyId, turned.uuid);
    assert.equal(await reveal(server, plain.uuid), plain.key);
    assert.equal(await reveal(server, turned.uuid), turned.key);
    assert.equal(await reveal(server, foreign.uuid), FOREIGN);
    const unknown = plain.key.slice(0, -1) + (plain.key.endsWith('A') ? 'B' : 'A');
    assert.equal((await server.verify(unknown)).code, 'MALFORMED');
    assert.equal((await server.verify('another-key-that-nobody-has')).code, 'NOT_FOUND');
  });

  it('knows an old secret when it is imported, opens a session by it, and ends it', async () => {
    const [again] = await importKeys(server, [{ name: 'again', key: turned.old, userGroupIds: [] }]);
    assert.match(again.error, /This key is there already, with the name turned/);
    const headers = { 'content-type': 'application/json', 'x-latchkey-console': '1' };
    const session = await server.request({ method: 'POST', path: '/console/session', headers, body: JSON.stringify({ apiKey: turned.old }) });
    assert.equal(session.status, 200, session.text);
    const signedIn = async () => (await server.request({ path: '/console/session', headers: { cookie: session.headers['set-cookie'][0].split(';')[0] } })).status;
    assert.equal(await signedIn(), 200);
    const revoked = await server.request({
      method: 'POST',
      path: '/v1/revoke',
      headers: { 'x-api-key': plain.key, 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${turned.old}`,
    });
    assert.equal(revoked.status, 200, revoked.text);
    assert.deepEqual([await server.code(turned.old), await server.code(turned.key), await signedIn()], ['NOT_FOUND', 'VALID', 401]);
  });

  it('ends sessions', async () => {
    assert.equal((await server.request({ path: '/console/session', headers: { cookie } })).status, 401);
  });

  it('is in the audit log, which goes on', async () => {
    const { audits } = await server.query('{ audits(limit: 100) { nodes { id changes { operationType resourceType } } } }');
    const { id } = audits.nodes.find((node) => node.changes.some((change) => change.resourceType === 'SERVER' && change.operationType === 'ROTATE'));
    const content = 'query ($f: [ChangeContentFilter]) { auditChangeContent(filters: $f, limit: 5) { nodes { newYaml } } }';
    const { auditChangeContent } = await server.query(content, { f: [{ changeSetId: id }] });
    assert.equal(auditChangeContent.nodes[0].newYaml, 'masterKeyVersion: 2\n');
  });

  it('leaves nothing in the database that the key before opens', () => {
    const keys = [answer.masterKeyFile, answer.replacedMasterKeyFile].map((name) => fs.readFileSync(name));
    for (const bytes of [...sealed, ...keys]) assert.equal(fs.readFileSync(file('latchkey.db')).includes(bytes), false);
  });

  it('leaves backups of before to the key before', () => {
    const restore = (into, key) => run(['restore', path.join(directory, 'before.backup'), '--data', path.join(directory, into), '--master-key-file', key]);
    const wrong = restore('wrong', answer.masterKeyFile);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /is not the master key that the backup belongs to/);
    const right = restore('right', answer.replacedMasterKeyFile);
    assert.equal(right.status, 0, right.stderr);
  });

  it('can be done again, and a backup of then be restored', async () => {
    const made = path.join(directory, 'after.backup');
    await server.stop();
    assert.equal(rotated(data).masterKeyVersion, 3);
    const checked = verifyAudit(data);
    assert.equal(checked.status, 0, checked.stderr);
    server = await Server.start(data, server.account);
    assert.equal(await server.code(plain.key), 'VALID');
    const backup = run(['backup', made, '--url', server.url], { env: { ...process.env, LATCHKEY_API_KEY: server.account.apiKey } });
    assert.equal(backup.status, 0, backup.stderr);
    const restored = path.join(directory, 'restored');
    const done = run(['restore', made, '--data', restored, '--master-key-file', file('master.key')]);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(verifyAudit(restored, '--master-key-file', file('master.key')).status, 0);
    const other = await Server.start(restored, server.account, { args: ['--master-key-file', file('master.key')] });
    assert.equal(await other.code(plain.key), 'VALID');
    assert.equal(await reveal(other, plain.uuid), plain.key);
    await other.stop();
  });
});

describe('key rotate-master, where the master key is elsewhere', () => {
  it('changes the file that is meant, with its mode, and leaves a symbolic link to it', () => {
    const directory = temporaryDirectory();
    const data = path.join(directory, 'data');
    init(data);
    fs.mkdirSync(path.join(directory, 'safe'));
    const key = path.join(directory, 'safe', 'master.key');
    fs.renameSync(path.join(data, 'master.key'), key);
    fs.chmodSync(key, 0o400);
    const link = path.join(directory, 'link');
    fs.symlinkSync(key, link);
    const answer = rotated(data, '--master-key-file', link);
    assert.equal(answer.masterKeyFile, key);
    assert.equal(fs.statSync(key).mode & 0o777, 0o400);
    assert.equal(fs.lstatSync(link).isSymbolicLink(), true);
    assert.equal(verifyAudit(data, '--master-key-file', link).status, 0);
    const told = rotateMaster(data, '--master-key-file', link);
    assert.equal(told.status, 0, told.stderr);
    assert.match(told.stdout, /^The database belongs to master key 3: 1 API key sealed anew, sessions ended\.\n\nThe new master key is /);
    assert.match(told.stdout, /\nNext: latchkey serve --data \S+ --master-key-file \S+link\n$/);
    // What is told of the files beside it goes by where it is, too.
    const seen = run(['doctor', '--data', data, '--master-key-file', link]);
    assert.match(seen.stdout, /The master key master\.key\.replaced-\S+Z, which was replaced, lies beside the present one\./);
    fs.renameSync(key, `${key}.new`);
    fs.renameSync(answer.replacedMasterKeyFile, key);
    const interrupted = run(['serve', '--data', data, '--master-key-file', link]);
    assert.match(interrupted.stderr, /safe\/master\.key\.new: a rotation of the master key was interrupted/);
    assert.equal(rotateMaster(data, '--master-key-file', link).status, 0);
    assert.equal(verifyAudit(data, '--master-key-file', link).status, 0);
  });

  it('is not left beside the other one without a word of `doctor`', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const { replacedMasterKeyFile } = rotated(data);
    const found = run(['doctor', '--data', data]);
    assert.equal(found.status, 1);
    assert.match(found.stdout, /The master key master\.key\.replaced-\S+Z, which was replaced, lies beside the present one\./);
    fs.rmSync(replacedMasterKeyFile);
    const well = run(['doctor', '--data', data]);
    assert.equal(well.status, 0, well.stdout);
  });

  it('is refused before anything is changed where the file cannot be replaced', { skip: spawnSync('unshare', UNSHARED('true')).status !== 0 && 'no mounts here' }, () => {
    const directory = temporaryDirectory();
    const data = path.join(directory, 'data');
    init(data);
    fs.mkdirSync(path.join(directory, 'safe'));
    const key = path.join(directory, 'safe', 'master.key');
    fs.renameSync(path.join(data, 'master.key'), key);
    const refused = spawnSync('unshare', UNSHARED('mount --bind "$1" "$1" && exec "$2" key rotate-master --data "$3" --master-key-file "$1"', key, BINARY, data), { encoding: 'utf8' });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /The master key \S+safe\/master\.key cannot be given another name beside it, and so not be replaced \(.*\): nothing was changed\./);
    assert.deepEqual(fs.readdirSync(path.join(directory, 'safe')), ['master.key']);
    assert.equal(verifyAudit(data, '--master-key-file', key).status, 0);
    assert.equal(rotated(data, '--master-key-file', key).masterKeyVersion, 2);
  });

  it('says what is missing', () => {
    const data = path.join(temporaryDirectory(), 'data');
    assert.equal(rotateMaster(data).status, 1);
    const unsaid = run(['key', 'rotate-master'], { env: { PATH: process.env.PATH } });
    assert.equal(unsaid.status, 2);
    assert.match(unsaid.stderr, /--data DIR is missing/);
    init(data);
    fs.renameSync(path.join(data, 'master.key'), path.join(data, 'master.key.away'));
    const gone = rotateMaster(data);
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /There is no master key at /);
    fs.writeFileSync(path.join(data, 'master.key'), Buffer.alloc(32, 7), { mode: 0o600 });
    const wrong = rotateMaster(data);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /The master key is not the one that this database was made with/);
    assert.equal(fs.existsSync(path.join(data, 'master.key.new')), false);
  });
});

describe('key rotate-master, interrupted', () => {
  it('is told of by what finds the wrong key, and finished by the same command', async () => {
    const directory = temporaryDirectory();
    const data = path.join(directory, 'data');
    const account = init(data);
    const key = path.join(data, 'master.key');
    // As it was between the commit and the names.
    const { replacedMasterKeyFile } = rotated(data);
    fs.renameSync(key, `${key}.new`);
    fs.renameSync(replacedMasterKeyFile, key);
    const refused = run(['serve', '--data', data]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /master\.key\.new: a rotation of the master key was interrupted, and `latchkey key rotate-master` finishes it/);
    const done = rotateMaster(data);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^The rotation that was interrupted is finished: the database belongs to master key 2\.\n/);
    assert.equal(fs.existsSync(`${key}.new`), false);
    const server = await Server.start(data, account);
    assert.equal(await server.code(account.apiKey), 'VALID');
    await server.stop();
    // As it was before the commit: the key that was made then is used.
    fs.writeFileSync(`${key}.new`, Buffer.alloc(32, 9), { mode: 0o600 });
    fs.chmodSync(key, 0o400);
    assert.equal(rotated(data).masterKeyVersion, 3);
    assert.deepEqual(fs.readFileSync(key), Buffer.alloc(32, 9));
    assert.equal(fs.statSync(key).mode & 0o777, 0o400);
    // Both the same: no rotation.
    fs.copyFileSync(key, `${key}.new`);
    const same = rotateMaster(data);
    assert.equal(same.status, 1);
    assert.match(same.stderr, /holds the master key that is in use: remove it/);
  });

  it('is never left where it cannot go on, wherever it was killed', { timeout: 120000 * SLOW }, async () => {
    const data = path.join(temporaryDirectory(), 'data');
    let server = await Server.start(data, init(data));
    const { account } = server;
    const keys = Array.from({ length: 600 }, (_, i) => ({ name: `key ${i}`, key: `imported-key-number-${i}-of-some`, userGroupIds: [account.userGroupId] }));
    await importKeys(server, keys);
    await server.stop();
    let killed = 0;
    for (let round = 0; round < 10; round++) {
      const child = spawn(BINARY, ['key', 'rotate-master', '--data', data], { stdio: 'ignore' });
      const exit = once(child, 'exit');
      await sleep((5 + round * 6) * SLOW);
      child.kill('SIGKILL');
      const [, signal] = await exit;
      killed += signal === 'SIGKILL' ? 1 : 0;
      const done = rotateMaster(data);
      assert.equal(done.status, 0, done.stderr);
      assert.equal(fs.existsSync(path.join(data, 'master.key.new')), false);
      assert.equal(verifyAudit(data).status, 0);
      server = await Server.start(data, account);
      for (const { key } of [keys[0], keys[299], keys[599], { key: account.apiKey }]) assert.equal(await server.code(key), 'VALID');
      await server.stop();
    }
    assert.ok(killed > 0, 'none was killed before its end');
  });
});
