// latchkey backup and restore: consistent under load, checked, and honest about what comes back.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, DELETE, httpRequest, init, run, Server, sleep, SLOW, sqlite, temporaryDirectory } from './support/server.mjs';

const VERIFY = { method: 'POST', path: '/v1/keys:verify' };

function cli(server, args, key = server.account.apiKey) {
  return run(args, { env: { ...process.env, LATCHKEY_URL: server.url, LATCHKEY_API_KEY: key } });
}

/** The same without waiting in this process, which may be writing meanwhile. */
function cliLater(server, args) {
  return new Promise((resolve) => {
    const child = spawn(BINARY, args, { env: { ...process.env, LATCHKEY_URL: server.url, LATCHKEY_API_KEY: server.account.apiKey } });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('exit', (status) => resolve({ status, output }));
  });
}

async function verdict(server, key) {
  const answer = await server.request({
    ...VERIFY,
    headers: { 'content-type': 'application/json', 'x-api-key': server.account.apiKey },
    body: JSON.stringify({ key }),
  });
  return JSON.parse(answer.text).code;
}

async function audits(server) {
  const { audits } = await server.query('{ audits(limit: 100) { nodes { changes { operationType resourceType } failureStatusMsg } } }');
  return audits.nodes.flatMap((node) => node.changes.map((change) => ({ ...change, failed: node.failureStatusMsg !== null })));
}

/** The backup that a server would have made whose database had been changed by this SQL (domain/backup_file.h). */
function changed(backup, master, sql) {
  const place = temporaryDirectory();
  fs.writeFileSync(path.join(place, 'latchkey.db'), backup.subarray(72, -64));
  sqlite(place, sql);
  const database = fs.readFileSync(path.join(place, 'latchkey.db'));
  const header = Buffer.from(backup.subarray(0, 72));
  header.writeBigUInt64BE(BigInt(database.length), 32);
  const checksum = createHash('sha256').update(header).update(database).digest();
  const audit = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), 'latchkey/audit/1', 32));
  return Buffer.concat([header, database, checksum, createHmac('sha256', audit).update(Buffer.from([4])).update(checksum).digest()]);
}

describe('backup and restore', () => {
  const directory = temporaryDirectory();
  const data = path.join(directory, 'data');
  const masterKey = path.join(data, 'master.key');
  const file = path.join(directory, 'one.backup');
  let server;
  let kept;
  let doomed;
  let cookie; // of a console session that is in the backup

  const signedIn = async (at) => (await at.request({ path: '/console/session', headers: { cookie } })).status;
  const restore = (from, into, args = ['--master-key-file', masterKey]) => run(['restore', from, '--data', path.join(directory, into), ...args]);
  /** The same of bytes that come by a pipe. */
  function restoreStream(bytes, into, args = ['--master-key-file', masterKey]) {
    const streamed = path.join(directory, 'streamed.backup');
    fs.writeFileSync(streamed, bytes);
    return spawnSync('sh', ['-c', 'from=$1; shift; cat "$from" 2>/dev/null | "$0" restore - --data "$@"', BINARY, streamed, path.join(directory, into), ...args], { encoding: 'utf8' });
  }

  before(async () => {
    server = await Server.start(data, init(data));
    kept = await server.createKey('kept');
    doomed = await server.createKey('doomed');
    const headers = { 'content-type': 'application/json', 'x-latchkey-console': '1' };
    const session = await server.request({ method: 'POST', path: '/console/session', headers, body: JSON.stringify({ apiKey: kept.key }) });
    cookie = session.headers['set-cookie'][0].split(';')[0];
    const done = cli(server, ['backup', file]);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^Backed up to .*one\.backup: \d+ bytes, checked, as of \d{4}-.*Z\.\nThe master key is not in it\./);
  });

  after(async () => {
    await server.stop();
  });

  it('makes a file for its owner alone, without a secret in it', () => {
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const bytes = fs.readFileSync(file);
    for (const secret of [fs.readFileSync(masterKey), server.account.apiKey, kept.key, doomed.key]) assert.equal(bytes.includes(secret), false);
    assert.ok(bytes.includes('doomed'));
    assert.deepEqual(fs.readdirSync(directory).filter((name) => name.startsWith('one.backup')), ['one.backup'], 'no temporary file is left');
    assert.deepEqual(fs.readdirSync(data).sort(), ['latchkey.db', 'latchkey.db-wal', 'lock', 'master.key']);
  });

  it('brings deleted keys back, and says so', async () => {
    await server.query(DELETE, { input: { accountId: server.account.accountId, uuid: doomed.uuid } });
    assert.equal(await verdict(server, doomed.key), 'NOT_FOUND');
    const done = restore(file, 'restored');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /: 1 account, 3 API keys, \d+ audit entries; all checked\./);
    assert.match(done.stdout, /keys that were deleted, disabled\nor changed since then are BACK AS THEY WERE/);
    assert.match(done.stdout, /\nNext: latchkey serve --data .*restored --master-key-file .*master\.key\n$/);
    const other = await Server.start(path.join(directory, 'restored'), server.account, { args: ['--master-key-file', masterKey] });
    assert.equal(await verdict(other, kept.key), 'VALID');
    assert.equal(await verdict(other, doomed.key), 'VALID');
    assert.deepEqual([await signedIn(server), await signedIn(other)], [200, 401], 'sessions do not come back');
    const [last] = await audits(other);
    assert.deepEqual(last, { operationType: 'RESTORE', resourceType: 'SERVER', failed: false });
    await other.stop();
    const verified = run(['audit', 'verify', '--data', path.join(directory, 'restored'), '--master-key-file', masterKey]);
    assert.equal(verified.status, 0, verified.stderr);
  });

  it('tells programs the same', () => {
    const done = restore(file, 'json', ['--master-key-file', masterKey, '--json']);
    assert.equal(done.status, 0, done.stderr);
    const { backupAt, accounts, apiKeys } = JSON.parse(done.stdout);
    assert.deepEqual({ accounts, apiKeys }, { accounts: 1, apiKeys: 3 });
    assert.equal(done.stderr, `latchkey: keys deleted, disabled or changed after ${backupAt} are back as they were then\n`);
  });

  it('refuses what is not the backup as it was made, and makes nothing', () => {
    const bytes = fs.readFileSync(file);
    const other = path.join(directory, 'other.key');
    fs.writeFileSync(other, Buffer.alloc(32, 7), { mode: 0o600 });
    const changed = (offset) => {
      const copy = Buffer.from(bytes);
      copy[offset] ^= 1;
      return copy;
    };
    const cases = [
      [bytes.subarray(0, bytes.length - 1), /is cut short/],
      [bytes.subarray(0, 50), /is cut short/],
      [Buffer.concat([bytes, Buffer.from('x')]), /is longer than the backup in it/],
      [changed(5000), /is damaged/],
      [changed(30), /is damaged/], // the time
      [changed(bytes.length - 40), /is damaged/], // the checksum
      [changed(bytes.length - 1), /was altered after the server made it/],
      [changed(3), /is not a backup that latchkey made/],
      [changed(19), /is a backup of format 0/],
      [bytes, /is not the master key that the backup belongs to/, ['--master-key-file', other]],
      [bytes, /master\.key: put the master key that belongs to the backup there/, []],
      [bytes, /no-such\.key/, ['--master-key-file', path.join(directory, 'no-such.key')]],
    ];
    for (const [content, message, args] of cases) {
      const bad = path.join(directory, 'bad.backup');
      fs.writeFileSync(bad, content);
      const done = restore(bad, 'nothing', args);
      assert.equal(done.status, 1, done.stdout);
      assert.match(done.stderr, message);
      assert.equal(fs.existsSync(path.join(directory, 'nothing')), false, done.stderr);
      const streamed = restoreStream(content, 'nothing', args);
      assert.deepEqual([streamed.status, streamed.stdout], [1, '']);
      assert.match(streamed.stderr, message);
      // What shows only later is found when the directory has been made, which then has no database.
      const left = fs.existsSync(path.join(directory, 'nothing')) ? fs.readdirSync(path.join(directory, 'nothing')) : [];
      assert.deepEqual(left, /cut short|longer|damaged|altered/.test(message.source) && content.length > 72 ? ['lock'] : [], streamed.stderr);
      fs.rmSync(path.join(directory, 'nothing'), { recursive: true, force: true });
    }
  });

  it('restores from the standard input, and says what came of it', async () => {
    const done = restoreStream(fs.readFileSync(file), 'streamed');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^Restored .*\/streamed from the standard input: 1 account, 3 API keys, /);
    const other = await Server.start(path.join(directory, 'streamed'), server.account, { args: ['--master-key-file', masterKey] });
    assert.equal(await verdict(other, kept.key), 'VALID');
    await other.stop();
    assert.match(restoreStream(fs.readFileSync(file), 'streamed').stderr, /is not empty; nothing was changed/);
    const line = '{ head -c 50 "$1"; sleep 0.2; tail -c +51 "$1"; } | "$0" restore - --data "$2" --master-key-file "$3" --json';
    const pieces = spawnSync('sh', ['-c', line, BINARY, file, path.join(directory, 'pieces'), masterKey], { encoding: 'utf8' });
    assert.deepEqual([pieces.status, JSON.parse(pieces.stdout).apiKeys], [0, 3]);
    assert.equal(restoreStream('', 'nothing').stderr, 'latchkey: Nothing came by the standard input: did the program fail that was to send the backup?\n');
    assert.equal(fs.existsSync(path.join(directory, 'nothing')), false);
  });

  it('refuses one of a database with which no server would start, however sound and sealed', () => {
    const bytes = fs.readFileSync(file);
    const master = fs.readFileSync(masterKey);
    const made = path.join(directory, 'made.backup');
    fs.writeFileSync(made, changed(bytes, master, 'SELECT 1'));
    assert.equal(restore(made, 'made').status, 0);
    fs.writeFileSync(made, changed(bytes, master, "UPDATE user_group SET permissions = substr(permissions, 2) WHERE name = 'Production Support'"));
    const done = restore(made, 'unmade');
    assert.deepEqual([done.status, done.stdout], [1, '']);
    assert.match(done.stderr, /^latchkey: The keys cannot be loaded: The permissions of a user group cannot be read: .* \(in the backup\); nothing was restored\n$/);
    assert.deepEqual(fs.readdirSync(path.join(directory, 'unmade')), ['lock']);
  });

  it('leaves nothing when it is interrupted', async () => {
    const into = temporaryDirectory();
    const whole = fs.readFileSync(file);
    const slow = http.createServer((request, response) => response.write(whole.subarray(0, 1000)));
    await new Promise((resolve) => slow.listen(0, '127.0.0.1', resolve));
    try {
      for (const signal of ['SIGINT', 'SIGTERM']) {
        for (const often of [1, 300]) {
          const child = spawn(BINARY, ['backup', path.join(into, 'x'), '--url', `http://127.0.0.1:${slow.address().port}`, '--api-key', 'x']);
          const ended = once(child, 'exit');
          const begun = () => fs.readdirSync(into).some((name) => fs.statSync(path.join(into, name)).size > 0);
          for (const deadline = Date.now() + 10000 * SLOW; !begun(); await sleep(20)) assert.ok(Date.now() < deadline, 'nothing is written');
          for (let i = 0; i < often; i++) child.kill(signal); // timeout(1) sends a second one at once
          assert.deepEqual(await ended, [null, signal]);
          assert.deepEqual(fs.readdirSync(into), [], `${signal}, ${often} times`);
        }
      }
    } finally {
      slow.closeAllConnections();
      slow.close();
    }
  });

  it('refuses a directory with a database or other files, and changes nothing', () => {
    const listing = fs.readdirSync(data).sort();
    const done = run(['restore', file, '--data', data]);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /is not empty; nothing was changed\. Restore into a new directory/);
    assert.deepEqual(fs.readdirSync(data).sort(), listing);
    const other = path.join(directory, 'other');
    fs.mkdirSync(other, { mode: 0o700 });
    fs.writeFileSync(path.join(other, 'master.key'), '');
    fs.writeFileSync(path.join(other, 'notes.txt'), '');
    assert.equal(run(['restore', file, '--data', other]).stderr, `latchkey: ${other} holds other files (notes.txt); name a new or empty directory\n`);
    assert.deepEqual(fs.readdirSync(other).sort(), ['master.key', 'notes.txt']);
  });

  it('says that it is restored where that cannot be printed', () => {
    const line = '"$0" restore "$1" --data "$2" --master-key-file "$3" >/dev/full';
    const done = spawnSync('sh', ['-c', line, BINARY, file, path.join(directory, 'unprinted'), masterKey], { encoding: 'utf8' });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^latchkey: Cannot write to standard output: .*; .*\/unprinted is restored all the same\n$/);
    assert.ok(fs.existsSync(path.join(directory, 'unprinted', 'latchkey.db')));
  });

  it('tells the next command as a shell takes it', () => {
    const key = path.join(directory, 'a key');
    fs.copyFileSync(masterKey, key);
    const done = restore(file, 'two words', ['--master-key-file', key]);
    assert.match(done.stdout, /^Next: latchkey serve --data '.*\/two words' --master-key-file '.*\/a key'$/m);
  });

  it('tells programs in JSON of paths that are not UTF-8', () => {
    const restored = spawnSync('sh', ['-c', 'exec "$0" restore "$1" --data "$2/restored-$(printf "\\377")" --master-key-file "$3" --json', BINARY, file, directory, masterKey]);
    assert.equal(restored.status, 0, restored.stderr.toString());
    assert.equal(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(restored.stdout)).data, `${directory}/restored-\ufffd`);
  });

  it('restores, as root, into the directory of the user that serves it', { skip: process.getuid() !== 0 && 'only root can be somebody else' }, () => {
    const into = path.join(directory, 'given');
    fs.mkdirSync(into, { mode: 0o700 });
    fs.chownSync(into, 12345, 23456);
    assert.equal(restore(file, 'given').status, 0);
    const owners = () => fs.readdirSync(into).map((name) => [name, fs.statSync(path.join(into, name)).uid, fs.statSync(path.join(into, name)).gid, fs.statSync(path.join(into, name)).mode & 0o777]);
    assert.deepEqual(owners(), [['latchkey.db', 12345, 23456, 0o600], ['lock', 12345, 23456, 0o600]]);
  });

  it('takes the master key that the environment names', () => {
    const env = { ...process.env, LATCHKEY_MASTER_KEY_FILE: masterKey };
    const done = run(['restore', file, '--data', path.join(directory, 'by environment')], { env });
    assert.equal(done.status, 0, done.stderr);
    assert.ok(done.stdout.endsWith(` --master-key-file ${masterKey}\n`), done.stdout);
    assert.match(run(['restore', file, '--data', path.join(directory, 'by neither'), '--master-key-file', '/nowhere/x'], { env }).stderr, /\/nowhere\/x/);
  });

  it('restores into a directory that holds the master key', () => {
    const into = path.join(directory, 'withkey');
    fs.mkdirSync(into, { mode: 0o700 });
    fs.copyFileSync(masterKey, path.join(into, 'master.key'));
    fs.chmodSync(path.join(into, 'master.key'), 0o600);
    const done = restore(file, 'withkey', []);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /\nNext: latchkey serve --data .*withkey\n$/);
    assert.deepEqual(fs.readdirSync(into).sort(), ['latchkey.db', 'lock', 'master.key']);
  });

  it('is for operators alone, and audited either way', async () => {
    const key = await server.createKey('no operator', [await server.createGroup('all but operator', ['MANAGE_API_KEYS', 'VIEW_AUDITS'])]);
    const target = path.join(directory, 'refused.backup');
    const refused = cli(server, ['backup', target], key.key);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /User not authorized: the scope latchkey\.operator is required/);
    assert.match(cli(server, ['backup', target], 'lk_wrong').stderr, /does not accept the API key/);
    assert.equal(fs.existsSync(target), false);
    const backups = (await audits(server)).filter((change) => change.operationType === 'BACKUP');
    assert.deepEqual(backups.map(({ failed }) => failed), [true, false]);
    assert.equal((await server.request({ path: '/v1/backup' })).status, 401);
    assert.equal((await server.request({ path: '/v1/backup', method: 'POST' })).status, 405);
  });

  it('is made from where its key may be used', async () => {
    const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }';
    const { accountId, userGroupId } = server.account;
    const keyFrom = async (cidr) =>
      (await server.query(create, { input: { accountId, name: `backups from ${cidr}`, userGroupIds: [userGroupId], allowedIps: [cidr] } })).createApiKey.key;
    const [here, elsewhere] = [await keyFrom('127.0.0.0/8'), await keyFrom('192.0.2.0/24')];
    const target = path.join(directory, 'from-here.backup');
    const done = cli(server, ['backup', target], here);
    assert.equal(done.status, 0, done.stderr);
    const refused = await server.request({ path: '/v1/backup', headers: { 'x-api-key': elsewhere } });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers['www-authenticate'], 'Bearer realm="latchkey", error="insufficient_scope"');
  });

  it('costs the store thread nothing for bad keys', async () => {
    const ask = async (key) => (await server.request({ path: '/v1/backup', headers: { 'x-api-key': key } })).status;
    const jobs = async () => Number(/^latchkey_store_jobs_total (\d+)/m.exec((await httpRequest(server.opsPort, { path: '/metrics' })).text)[1]);
    const before = await jobs();
    for (let i = 0; i < 200; i++) assert.equal(await ask(i % 2 ? 'an-imported-key-that-nobody-has' : `lks_${'0'.repeat(49)}`), 401);
    const done = (await jobs()) - before;
    assert.ok(done < 200 / 3, `${done} jobs`); // some, which the server gives that thread to do by itself
  });

  it('keeps the file that is there when it fails', () => {
    const target = path.join(directory, 'keep.backup');
    const last = fs.readFileSync(file);
    fs.writeFileSync(target, last);
    const done = run(['backup', target], { env: { ...process.env, LATCHKEY_URL: 'http://127.0.0.1:9', LATCHKEY_API_KEY: 'x'.repeat(20) } });
    assert.equal(done.status, 1);
    assert.deepEqual(fs.readFileSync(target), last);
    assert.deepEqual(fs.readdirSync(directory).filter((name) => name.startsWith('keep')), ['keep.backup']);
    assert.match(cli(server, ['backup', directory]).stderr, /is not a regular file/);
    assert.equal(cli(server, ['backup']).status, 2);
    assert.equal(run(['restore', file]).status, 2);
    assert.equal(run(['restore', '--data', 'x']).status, 2);
  });

  it('replaces backups and empty files, and nothing else', () => {
    const target = path.join(directory, 'replace.backup');
    for (const bytes of [fs.readFileSync(file), '']) {
      fs.writeFileSync(target, bytes);
      assert.equal(cli(server, ['backup', target]).status, 0);
      assert.equal(restore(target, `replaced ${bytes.length}`).status, 0);
    }
    const before = fs.readFileSync(masterKey);
    for (const name of ['latchkey.db', 'latchkey.db-wal', 'lock', 'master.key']) {
      const done = cli(server, ['backup', path.join(data, name)]);
      assert.equal(done.status, 1, name);
      assert.match(done.stderr, /is there and is no backup: name another file/);
    }
    assert.deepEqual(fs.readFileSync(masterKey), before);
  });

  it('says that a pipe cannot be restored from', () => {
    const pipe = path.join(directory, 'fifo');
    spawnSync('mkfifo', [pipe]);
    const alone = spawnSync(BINARY, ['restore', pipe, '--data', path.join(directory, 'from a pipe'), '--master-key-file', masterKey], { encoding: 'utf8', timeout: 10000 * SLOW });
    assert.match(alone.stderr, /is a pipe/, 'which nobody writes to');
    const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', file, pipe]);
    const done = restore(pipe, 'from a pipe');
    writer.kill();
    assert.equal(done.status, 1);
    assert.match(done.stderr, /is a pipe: save the backup to a file first, or lead it to the standard input, which `latchkey restore -` reads/);
  });

  it('writes to the standard output', () => {
    const piped = path.join(directory, 'piped.backup');
    const out = fs.openSync(piped, 'w');
    const done = run(['backup', '-'], {
      env: { ...process.env, LATCHKEY_URL: server.url, LATCHKEY_API_KEY: server.account.apiKey },
      stdio: ['ignore', out, 'pipe'],
    });
    fs.closeSync(out);
    assert.equal(done.status, 0);
    assert.match(done.stderr, /^The backup is whole: \d+ bytes, as of /);
    assert.equal(restore(piped, 'piped').status, 0);
  });

  it('says that the data directory was moved under the server, which goes on', async () => {
    const place = temporaryDirectory();
    const moved = await Server.start(path.join(place, 'before'), init(path.join(place, 'before')));
    fs.renameSync(path.join(place, 'before'), path.join(place, 'after'));
    await moved.createKey('later');
    const done = cli(moved, ['backup', path.join(place, 'backup')]);
    await moved.stop();
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^latchkey: The database cannot be copied for a backup: \S+before\S+: No such file or directory; if the data directory was moved, start the server again where it is now\n$/);
    assert.equal(run(['audit', 'verify', '--data', path.join(place, 'after')]).status, 0);
  });

  it('is made one at a time: a second one is refused until the first was sent, or nobody takes it any more', async () => {
    const socketPath = path.join(temporaryDirectory(), 'socket');
    const other = await Server.fresh({ args: ['--listen', `unix:${socketPath}`] });
    try {
      // More than the server and a socket that nobody reads hold.
      const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { error } } }';
      const metadata = [{ key: 'filler', value: 'x'.repeat(1000) }];
      const keys = Array.from({ length: 1000 }, (_, i) => ({ name: `imported ${i}`, key: `imported-key-number-${i}`, metadata }));
      await other.query(IMPORT, { input: { accountId: other.account.accountId, keys } });
      const slow = net.connect(socketPath);
      slow.write(`GET /v1/backup HTTP/1.1\r\nHost: x\r\nx-api-key: ${other.account.apiKey}\r\n\r\n`);
      const [first] = await once(slow, 'data');
      slow.pause();
      assert.match(first.toString('latin1'), /^HTTP\/1\.1 200 /);
      const second = () => other.request({ path: '/v1/backup', headers: { 'x-api-key': other.account.apiKey } });
      const refused = await second();
      assert.equal(refused.status, 409, refused.text);
      assert.deepEqual(JSON.parse(refused.text).errors, [{ message: 'A backup is being made or sent already: wait until it is over', extensions: { code: 'CONFLICT' } }]);
      const said = run(['backup', path.join(directory, 'second.backup')], { env: { ...process.env, LATCHKEY_URL: other.url, LATCHKEY_API_KEY: other.account.apiKey } });
      assert.equal(said.status, 1);
      assert.match(said.stderr, /A backup is being made or sent already/);
      slow.destroy();
      let answer;
      for (let i = 0; i < 200 && answer?.status !== 200; i++) answer = await second();
      assert.equal(answer.status, 200);
    } finally {
      await other.stop();
    }
  });

  it('is consistent while keys are created and deleted', async () => {
    const acknowledged = [];
    let going = true;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; going; i++) {
        const key = await server.createKey(`busy-${writer}-${i}`);
        if (i % 2 === 0) {
          await server.query(DELETE, { input: { accountId: server.account.accountId, uuid: key.uuid } });
          key.deleted = true;
        }
        acknowledged.push(key);
      }
    });
    for (const deadline = Date.now() + 20000 * SLOW; acknowledged.length < 40; await sleep(5)) assert.ok(Date.now() < deadline, 'nothing is made');
    for (let round = 0; round < 3; round++) {
      const known = acknowledged.slice(); // all of it is older than the backup
      const target = path.join(directory, `busy-${round}.backup`);
      const done = await cliLater(server, ['backup', target]);
      assert.equal(done.status, 0, done.output);
      assert.ok(acknowledged.length > known.length, 'the server went on meanwhile');
      const restored = restore(target, `busy-${round}`);
      assert.equal(restored.status, 0, restored.stderr);
      const other = await Server.start(path.join(directory, `busy-${round}`), server.account, { args: ['--master-key-file', masterKey] });
      for (const key of known) assert.equal(await verdict(other, key.key), key.deleted ? 'NOT_FOUND' : 'VALID', key.name);
      await other.stop();
    }
    going = false;
    await Promise.all(writers);
  });
});
