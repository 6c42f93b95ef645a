// latchkey doctor: one finding for each thing that is wrong, none where nothing is.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { describe, it } from 'node:test';
import { makeCertificate, makeDated } from './support/certificates.mjs';
import { BINARY, init, run, Server, SLOW, sqlite, temporaryDirectory, UPDATE } from './support/server.mjs';

const without = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));

/** Runs it; the checks that found something, with what it said. */
function doctor(args, env = {}) {
  const done = run(['doctor', '--json', ...args], { env: { ...without, ...env } });
  const { findings, checks } = JSON.parse(done.stdout);
  assert.deepEqual([done.status, done.stderr], [findings.length > 0 ? 1 : 0, '']);
  for (const { problem, remedy } of findings) assert.ok(/[.?]$/.test(problem) && remedy.length > 10);
  return { found: findings.map(({ check }) => check), text: findings.map(({ problem }) => problem).join('\n'), checks };
}

/** Makes a certificate that ended yesterday: {cert, key}, and `end`, as doctor writes it. */
function makeExpired(directory) {
  const { cert: before, key } = makeCertificate(directory, 'before');
  const cert = path.join(directory, 'over.pem');
  assert.equal(spawnSync('openssl', ['x509', '-in', before, '-signkey', key, '-days', '-1', '-out', cert]).status, 0);
  return { cert, key, end: `${new Date(new X509Certificate(fs.readFileSync(cert)).validTo).toISOString().slice(0, 19)}Z` };
}

/** What it finds in a server that answers so: as JSON, unless the arguments are others. */
async function asked(answers, env = {}, args = ['--json']) {
  const fake = http.createServer(answers).listen(0, '127.0.0.1').unref(); // a failed test must not keep the process waiting
  await once(fake, 'listening');
  const child = spawn(BINARY, ['doctor', ...args], { env: { ...without, LATCHKEY_API_KEY: 'lk_x', LATCHKEY_URL: `http://127.0.0.1:${fake.address().port}`, ...env } });
  let stdout = '';
  child.stdout.on('data', (text) => (stdout += text));
  const [status] = await once(child, 'close');
  fake.close();
  return { findings: args.includes('--json') ? JSON.parse(stdout).findings : [], stdout, status };
}

/** Makes a key for doctor to find. */
const makeEndless = (env) => assert.equal(run(['key', 'create', 'endless'], { env: { ...without, ...env } }).status, 0);

/** Where this machine keeps whom it trusts, as libcurl asks for it. */
const TRUSTED = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'].find((file) => fs.existsSync(file));

/** Runs a command where the machine trusts a certificate and no other: with a file system view of its own. */
const trusting = (cert, command, env = {}) =>
  spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh', cert, TRUSTED, ...command], { env: { ...without, ...env }, encoding: 'utf8', timeout: 60000 * SLOW });

/**
 * Holds the lock of a data directory as a server does, with the confinement that its second argument names: "seccomp" (a filter that lets all pass), "privileges"
 * (no new ones), both or none. Who is no root takes a user namespace of its own to have a filter without the other.
 */
const STAND_IN = `
import ctypes, fcntl, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
lock = open(sys.argv[1], "r+")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.truncate(0)
lock.write(f"{os.getpid()}\\n")
lock.flush()
if "privileges" in sys.argv[2]:
    libc.prctl(38, 1, 0, 0, 0)
if "seccomp" in sys.argv[2]:
    allow = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))
    program = ctypes.create_string_buffer(struct.pack("HP", 1, ctypes.addressof(allow)))
    if libc.prctl(22, 2, program, 0, 0) != 0 and libc.unshare(0x10000000) == 0:
        libc.prctl(22, 2, program, 0, 0)
print("ready", flush=True)
sys.stdin.read()
`;

/** What doctor finds where a process is confined so; and how it is confined in truth, since it inherits what these tests run in. */
async function confined(data, how) {
  const child = spawn('python3', ['-c', STAND_IN, path.join(data, 'lock'), how], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return { pid: child.pid, seccomp: /^Seccomp:\t2$/m.test(status), privileges: /^NoNewPrivs:\t1$/m.test(status), ...doctor(['--data', data]) };
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
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
    const moved = `${data} that moved`;
    fs.renameSync(data, moved);
    assert.match(run(['doctor', '--data', moved], { env: without }).stdout, new RegExp(`^    chmod go= '${moved}/master\\.key'$`, 'm'), 'as a shell takes it');
    fs.renameSync(moved, data);
    fs.rmSync(path.join(data, 'master.key'));
    assert.ok(doctor(['--data', data]).found.includes('files'));
    const nowhere = path.join(data, 'nowhere');
    assert.deepEqual(doctor(['--data', nowhere]), { found: ['files'], text: `There is no data directory ${nowhere}: No such file or directory.`, checks: 1 });
  });

  it('finds no fault with a file that an access control list lets the server read, as systemd hands it keys, though who runs it is somebody else', () => {
    const { data } = fresh();
    const key = path.join(temporaryDirectory(), 'tls.key');
    const server = process.getuid() === 0 ? 12345 : process.getuid(); // root looks at the directory of the server's user
    const list = (user) => spawnSync('python3', ['-c', `
import os, struct, sys
entries = [(1, 4, -1), (2, 4, int(sys.argv[2])), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
os.setxattr(sys.argv[1], "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries))`, key, `${user}`]).status;
    const look = () => doctor(['--data', data, '--tls-key', key]);
    for (const file of [data, ...fs.readdirSync(data).map((name) => path.join(data, name))]) fs.chownSync(file, server, process.getgid());
    fs.writeFileSync(key, '', { mode: 0o600 });
    if (list(server) !== 0) return; // the file system has no such lists
    assert.equal(fs.statSync(key).mode & 0o777, 0o440);
    assert.deepEqual(look().found, []);
    list(server + 1);
    assert.match(look().text, /^Others than its owner may use \S+tls\.key \(mode 0440\)\.$/);
    fs.writeFileSync(`${key}.2`, '', { mode: 0o640 });
    assert.match(doctor(['--data', data, '--tls-key', `${key}.2`]).text, /tls\.key\.2 \(mode 0640\)/);
  });

  it('finds what the server itself may not write, though root, who looks, may', () => {
    const { data } = fresh();
    const find = (file, mode) => {
      const name = path.join(data, file);
      const before = fs.statSync(name).mode & 0o777;
      fs.chmodSync(name, mode);
      const { found, text } = doctor(['--data', data]);
      fs.chmodSync(name, before);
      assert.equal(found[0], 'files');
      return text;
    };
    assert.match(find('latchkey.db', 0o400), /^Its owner may not read and write \S+latchkey\.db \(mode 0400\)\.$/m);
    assert.match(find('lock', 0o400), /^Its owner may not read and write \S+lock \(mode 0400\)\.$/m);
    assert.match(find('', 0o500), /^Its owner may not read and write \S+ \(mode 0500\)\.$/m);
    assert.deepEqual(doctor(['--data', data]).found, []);
    if (process.getuid() !== 0) return; // who else could give a file away?
    const all = ['.', ...fs.readdirSync(data)];
    for (const file of all) fs.chownSync(path.join(data, file), 12345, 12345);
    assert.deepEqual(doctor(['--data', data]).found, []);
    fs.chownSync(path.join(data, 'latchkey.db'), 0, 0); // as after a copy that root has put in its place
    const done = run(['doctor', '--data', data], { env: without });
    assert.match(done.stdout, /^files: \S+latchkey\.db belongs to another user \(0\) than the directory \(12345\), as whom the server runs\.\n {4}chown 12345 \S+latchkey\.db\n1 finding /);
    fs.chownSync(data, 0, 0);
  });

  it('finds a disk on which there will be no room, while the server runs and while it does not', { skip: process.getuid() !== 0 && 'only root can mount a small one' }, async (t) => {
    const mount = temporaryDirectory();
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100m,mode=0700', 'tmpfs', mount]).status !== 0) return t.skip('cannot mount a tmpfs');
    t.after(() => spawnSync('umount', ['-l', mount]));
    const data = path.join(mount, 'data');
    const account = init(data);
    assert.deepEqual(doctor(['--data', data]).found, []);
    fs.writeFileSync(path.join(mount, 'ballast'), Buffer.alloc(60 << 20));
    const sentence = new RegExp(`^There are 39 MiB free where ${data} is, and 65 MiB are needed: without them backups are refused, and when nothing is left all changes\\.$`);
    const server = await Server.start(data, account);
    const running = doctor(['--data', data]);
    await server.stop();
    const stopped = doctor(['--data', data]);
    for (const { found, text } of [running, stopped]) {
      assert.deepEqual(found.filter((check) => check !== 'sandbox'), ['disk']);
      assert.match(text.split('\n')[0], sentence);
    }
  });

  it('finds a disk on which no file can be made, which keeps a server from starting', { skip: process.getuid() !== 0 && 'only root can mount a small one' }, async (t) => {
    const mount = temporaryDirectory();
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100m,nr_inodes=10,mode=0700', 'tmpfs', mount]).status !== 0) return t.skip('cannot mount a tmpfs');
    t.after(() => spawnSync('umount', ['-l', mount]));
    const data = path.join(mount, 'data');
    const account = init(data);
    for (let i = fs.readdirSync(data).length + 2; i < 10; i++) fs.writeFileSync(path.join(mount, `f${i}`), '');
    await assert.rejects(Server.start(data, account), /Cannot open the database \S+: its file system has no inode left for its log: remove files/);
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['disk', 'database']);
    assert.ok(text.startsWith(`No file can be made where ${data} is: its file system has no inode left.\n`));
  });

  it('advises no backup for what no backup mends', { skip: process.getuid() !== 0 && 'only root can mount' }, (t) => {
    const { data } = fresh();
    if (spawnSync('mount', ['--bind', data, data]).status !== 0) return t.skip('nothing can be mounted here');
    t.after(() => spawnSync('umount', ['-l', data]));
    if (spawnSync('mount', ['-o', 'remount,bind,ro', data]).status !== 0) return t.skip('nothing can be mounted here');
    const done = run(['doctor', '--data', data], { env: without });
    assert.match(done.stdout, /^database: Cannot open \S+lock: Read-only file system\.\n {4}Run doctor as root or as the user that the server runs as, and let that user read and write what is named\.\n1 finding /);
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
    sqlite(data, "UPDATE audit_entry SET resource_name = 'x' WHERE seq = 1");
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['audit']);
    assert.match(text, /entry 1: changed/);
    fs.truncateSync(database, 8192);
    assert.deepEqual(doctor(['--data', data]).found, ['database']);
  });

  it('finds a database that opens and is damaged within', () => {
    const { data } = fresh();
    sqlite(data, 'INSERT INTO api_key_use VALUES (randomblob(16), randomblob(16), NULL)');
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['database']);
    assert.match(text, /a row of api_key_use refers to nothing/);
  });

  it('finds a database that is sound, and with which no server starts', async () => {
    const { data, account } = fresh();
    sqlite(data, "UPDATE user_group SET permissions = substr(permissions, 2) WHERE name = 'Production Support'");
    await assert.rejects(Server.start(data, account), /The keys cannot be loaded/);
    const { found, text } = doctor(['--data', data]);
    assert.deepEqual(found, ['database']);
    assert.match(text, /^The keys cannot be loaded: The permissions of a user group cannot be read/);
  });

  it('changes nothing of what a crash left, as audit verify does not', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account);
    await server.createKey('logged');
    await server.kill();
    const files = () => ['latchkey.db', 'latchkey.db-wal'].map((name) => fs.readFileSync(path.join(data, name)));
    const before = files();
    assert.ok(before[1].length > 0);
    assert.deepEqual(doctor(['--data', data]).found, []);
    assert.equal(run(['audit', 'verify', '--data', data]).status, 0);
    assert.deepEqual(files(), before);
    const again = await Server.start(data, account);
    await again.stop();
    assert.deepEqual(fs.readdirSync(data), ['latchkey.db', 'lock', 'master.key']);
  });

  it("says that a database may lie beside another's log, which it has not written into it", async () => {
    const { data, account } = fresh();
    const database = path.join(data, 'latchkey.db');
    const older = fs.readFileSync(database);
    let server = await Server.start(data, account);
    const keys = Array.from({ length: 1000 }, (_, i) => ({ name: `key ${i}`, key: `abcdefgh12345678-${i}` }));
    await server.query('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { error } } }', { input: { accountId: account.accountId, keys } });
    await server.stop();
    server = await Server.start(data, account);
    await server.createKey('logged');
    await server.kill();
    fs.writeFileSync(database, older);
    const done = run(['doctor', '--data', data], { env: without });
    assert.match(done.stdout, /^database: The database is damaged: [^\\]+\n {4}If latchkey\.db was put there from elsewhere, the log beside it, latchkey\.db-wal, is another's: move that away, and run doctor again\. Else restore a backup\.\n1 finding /);
    assert.deepEqual(fs.readFileSync(database), older);
    fs.rmSync(`${database}-wal`);
    assert.deepEqual(doctor(['--data', data]).found, []);
  });

  it('finds certificates near their end, and keys of theirs that others may read', () => {
    const directory = temporaryDirectory();
    const { data } = fresh();
    const { cert, key } = makeCertificate(directory, 'short'); // two days
    fs.chmodSync(key, 0o644);
    const { found, text } = doctor(['--data', data, '--tls-cert', cert, '--tls-key', key]);
    assert.deepEqual(found, ['certificate', 'files']);
    assert.match(text, /expires in 1 day\.|expires in 2 days\./);
    assert.match(doctor(['--data', data, '--tls-cert', key]).text, /holds no certificate/);
    const over = makeExpired(directory);
    assert.equal(doctor(['--data', data, '--tls-cert', over.cert]).text, `The certificate of ${over.cert} expired at ${over.end}.`);
  });

  it('finds that a certificate and a key do not belong together, or that the server cannot use them', () => {
    const directory = temporaryDirectory();
    const { data } = fresh();
    const { cert, key } = makeCertificate(directory, 'mine', { days: 400 });
    const other = makeCertificate(directory, 'other', { days: 400 });
    const look = (cert, key) => doctor(['--data', data, '--tls-cert', cert, '--tls-key', key]);
    assert.deepEqual(look(cert, key).found, []);
    assert.deepEqual(look(cert, other.key).found, ['certificate']);
    assert.equal(look(cert, other.key).text, `The key ${other.key} does not belong to the certificate of ${cert}.`);
    const encrypted = path.join(directory, 'encrypted.key');
    assert.equal(spawnSync('openssl', ['pkey', '-in', key, '-aes256', '-passout', 'pass:x', '-out', encrypted]).status, 0);
    fs.chmodSync(encrypted, 0o600);
    for (const none of [encrypted, cert]) {
      fs.chmodSync(none, 0o600);
      assert.equal(look(cert, none).text, `${none} holds no key in PEM form that needs no passphrase, or cannot be read.`);
    }
    const early = makeDated(directory, 'early', { key, from: 86400, until: 2.5 * 86400 });
    assert.match(look(early, key).text, /^The certificate of .*early\.pem expires in 2 days\.\nThe certificate of .*early\.pem is not valid before \d{4}-\S+Z\.$/);
    const pipe = path.join(directory, 'pipe');
    assert.equal(spawnSync('mkfifo', ['-m', '600', pipe]).status, 0);
    assert.deepEqual(look(pipe, pipe).found, ['certificate', 'certificate']);
  });

  it('looks at a running server: its process, its clock, its keys', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account);
    try {
      const env = { LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url };
      const instrumented = /sandbox: This (build|kernel)/.test(server.stderr);
      assert.deepEqual(doctor(['--data', data]).found, instrumented ? ['sandbox'] : []);
      const { found, text } = doctor(['--data', data], env);
      assert.deepEqual(found.filter((check) => check !== 'sandbox'), [], text);
      const off = await server.createKey('off', []);
      assert.equal(doctor([], env).text, '1 key never expires: off.');
      await server.query(UPDATE, { input: { accountId: account.accountId, uuid: off.uuid, name: 'off', enabled: false } });
      assert.deepEqual(doctor([], env).found, [], 'what is disabled is no matter');
    } finally {
      await server.stop();
    }
  });

  it('advises nothing by which nobody could manage the account any more', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account);
    const env = { ...without, LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url };
    const cli = (...args) => {
      const done = run([...args, '--json'], { env });
      assert.equal(done.status, args[0] === 'doctor' ? 1 : 0, done.stderr);
      return args[1] === 'delete' ? null : JSON.parse(done.stdout);
    };
    const found = () => cli('doctor').findings.map(({ problem, remedy }) => [problem, remedy.split(':')[0]]);
    const but = "Give each an end, but for one administrator's key, so that nobody is locked out";
    try {
      cli('key', 'create', 'second', '--group', 'Account Administrator');
      assert.deepEqual(found(), [['2 keys never expire: admin, second.', but]]);
      cli('key', 'create', 'third');
      assert.deepEqual(found(), [['3 keys never expire: admin, second, third.', but]]);
      cli('key', 'update', 'second', '--expires', '90d');
      assert.deepEqual(found(), [['1 key never expires: third.', 'Give each an end']], 'the last one is to stay');
      // Who holds a part of what another holds may end; who alone holds a part may not.
      cli('group', 'create', 'keepers', '--account-permission', 'MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS');
      cli('key', 'create', 'keeper', '--group', 'keepers');
      assert.deepEqual(found(), [['2 keys never expire: keeper, third.', 'Give each an end']]);
      cli('key', 'delete', 'third');
      cli('group', 'create', 'operators', '--scope', 'latchkey.operator');
      cli('key', 'create', 'operator', '--group', 'operators');
      assert.deepEqual(found(), [['3 keys never expire: admin, keeper, operator.', but]]);
      cli('key', 'update', 'admin', '--expires', '90d');
      assert.deepEqual(doctor([], { LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url }).found, []);
    } finally {
      await server.stop();
    }
  });

  it('looks at what keys are used for also where a server tells nothing of its schema', async () => {
    const nodes = [{ name: 'old', enabled: true, createdAt: 0, expiresAt: Date.now() + 86400000, lastUsedAt: null, weak: true }];
    const off = { errors: [{ message: 'Introspection is off', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] };
    const answers = (request, response) => {
      let text = '';
      request.on('data', (more) => (text += more));
      request.on('end', () => response.end(JSON.stringify(text.includes('__type') ? off : { data: { apiKeys: { pageInfo: { hasMore: false }, nodes } } })));
    };
    const { findings } = await asked(answers);
    assert.deepEqual(findings.map(({ problem }) => problem), ['1 key was not used for 90 days: old.', '1 key has a secret that is easy to guess: old.']);
  });

  it('shows names of others as whole characters, none of which steers a terminal', async () => {
    const nodes = ['\u00e9'.repeat(10), `x${'\u00e9'.repeat(40)}`, 'a\u202eb'].map((name) => ({ name, enabled: true, createdAt: Date.now(), expiresAt: null }));
    const answers = (request, response) => response.end(JSON.stringify({ data: { __type: null, apiKeys: { pageInfo: { hasMore: false }, nodes } } }));
    const { findings } = await asked(answers);
    const names = (last) => `3 keys never expire: ${'\u00e9'.repeat(10)}, x${'\u00e9'.repeat(29)}, ${last}.`;
    assert.equal(findings[0].problem, names('a\u202eb'));
    const { stdout } = await asked(answers, {}, []);
    assert.equal(stdout.split('\n')[0], `keys: ${names('a\\u{202e}b')}`);
  });

  it('finds a server that answers, but not as one that is well', async () => {
    const { findings } = await asked((request, response) => response.writeHead(503).end('{}'), { LATCHKEY_API_KEY: '' });
    assert.match(findings[0].problem, /^http:\S+ answered \/healthz with status 503; is it a Latchkey server\?$/);
    assert.equal(findings.length, 1);
    const nodes = [{ name: 'endless', enabled: true, createdAt: Date.now(), expiresAt: null }];
    const gateway = (request, response) => (request.url === '/healthz' ? response.writeHead(404).end() : response.end(JSON.stringify({ data: { __type: null, apiKeys: { pageInfo: { hasMore: false }, nodes } } })));
    assert.deepEqual((await asked(gateway)).findings.map(({ check }) => check), ['keys'], 'what passes on the API alone');
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

  it('asks a server of this machine whatever proxy the environment names', async () => {
    const answers = (request, response) => {
      response.setHeader('Date', new Date(Date.now() + 3 * 60000).toUTCString());
      response.end(JSON.stringify({ data: { __type: null, apiKeys: { pageInfo: { hasMore: false }, nodes: [] } } }));
    };
    const { findings } = await asked(answers, { http_proxy: 'http://127.0.0.1:1', no_proxy: '', NO_PROXY: '' });
    assert.deepEqual(findings.map(({ check }) => check), ['clock']);
  });

  it('finds keys that nobody uses, on a server that says when they were used', async () => {
    const day = 86400000;
    const key = (name, created, used, rest = {}) => ({ name, enabled: true, createdAt: Date.now() - created * day, expiresAt: Date.now() + day, lastUsedAt: used === null ? null : Date.now() - used * day, ...rest });
    const nodes = [key('old', 200, 100), key('never', 100, null), key('in use', 200, 1), key('new', 5, null), key('off', 200, null, { enabled: false }), key('asks', 200, null, { id: 'own' })];
    const viewer = { apiKey: { id: 'own' } };
    const answers = (request, response) => response.end(JSON.stringify({ data: { viewer, __type: { fields: [{ name: 'lastUsedAt' }] }, apiKeys: { pageInfo: { hasMore: false }, nodes } } }));
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

  it('takes no other process for a server in a container, and knows it by its number out here', { skip: process.getuid() !== 0 && 'only root can make a container' }, async (t) => {
    if (spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status !== 0) return t.skip('no namespace of processes can be made here');
    const { data } = fresh();
    const serve = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '', '--sandbox', 'off'];
    const child = spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', BINARY, ...serve], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    assert.equal(fs.readFileSync(path.join(data, 'lock'), 'utf8'), '1\n');
    const outside = doctor(['--data', data]).text;
    const inside = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', BINARY, 'doctor', '--data', data], { env: without, encoding: 'utf8' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [, pid] = /^The server \(process (\d+)\) is not confined/.exec(outside);
    assert.ok(Number(pid) > 1, outside);
    assert.match(inside.stdout, /^Nothing is wrong/, 'in another container: it is not seen');
  });

  it('finds a server that is not confined', async () => {
    const { data, account } = fresh();
    const server = await Server.start(data, account, { args: ['--sandbox', 'off'] });
    assert.deepEqual(doctor(['--data', data]).found, ['sandbox']);
    await server.stop();
  });

  it('finds a server that lacks either half of its confinement', async (context) => {
    const { data } = fresh();
    fs.writeFileSync(path.join(data, 'lock'), '', { mode: 0o600 });
    for (const how of ['', 'seccomp', 'privileges', 'seccomp privileges']) {
      const { pid, seccomp, privileges, found, text } = await confined(data, how);
      assert.deepEqual(found, seccomp && privileges ? [] : ['sandbox'], how);
      if (!privileges || !seccomp) assert.equal(text, `The server (process ${pid}) is not confined${seccomp ? '' : ': it may make every system call'}.`, how);
      if (seccomp !== how.includes('seccomp') || privileges !== how.includes('privileges')) context.diagnostic(`"${how}" cannot be had here`);
    }
  });

  it('finds that the certificate which a server shows is near its end', async (context) => {
    if (TRUSTED === undefined || trusting('/dev/null', ['true']).status !== 0) return context.skip('nothing can be mounted here');
    const directory = temporaryDirectory();
    for (const [days, expected] of [[2, /^The certificate of https:\/\/127\.0\.0\.1:\d+ expires in (1 day|2 days)\.$/m], [400, null]]) {
      const { data, account } = fresh();
      const { cert, key } = makeCertificate(directory, `for-${days}-days`, { days });
      const server = await Server.start(data, account, { tls: true, args: ['--tls-cert', cert, '--tls-key', key] });
      try {
        makeEndless({ LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url, LATCHKEY_CA: cert });
        const done = trusting(cert, [BINARY, 'doctor', '--json'], { LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url });
        const { findings } = JSON.parse(done.stdout);
        assert.deepEqual(findings.map(({ check }) => check), expected ? ['certificate', 'keys'] : ['keys'], done.stderr);
        if (expected) assert.match(findings[0].problem, expected);
      } finally {
        await server.stop();
      }
    }
  });

  it('finds that the certificate which a server shows has expired, and sends it no key', async () => {
    const { cert, key, end } = makeExpired(temporaryDirectory());
    let requests = 0;
    const fake = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, () => requests++).listen(0, '127.0.0.1').unref();
    await once(fake, 'listening');
    const url = `https://127.0.0.1:${fake.address().port}`;
    const child = spawn(BINARY, ['doctor', '--json'], { env: { ...without, LATCHKEY_API_KEY: 'lk_x', LATCHKEY_URL: url } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += text));
    child.stderr.on('data', (text) => (stderr += text));
    const [status] = await once(child, 'close');
    fake.close();
    assert.deepEqual({ stderr, status, requests }, { stderr: '', status: 1, requests: 0 });
    const problem = `The certificate of ${url} expired at ${end}, so the server's clock and keys could not be looked at.`;
    assert.deepEqual(JSON.parse(stdout), { checks: 2, findings: [{ check: 'certificate', problem, remedy: 'Renew it, and send the server SIGHUP.' }] });
  });

  it('finds that a certificate is from an unknown authority, and looks at the server when it is told of it', async () => {
    const { data, account } = fresh();
    const { cert, key } = makeCertificate(temporaryDirectory(), 'stranger', { days: 400 });
    const server = await Server.start(data, account, { tls: true, args: ['--tls-cert', cert, '--tls-key', key] });
    const env = { LATCHKEY_API_KEY: account.apiKey, LATCHKEY_URL: server.url };
    makeEndless({ ...env, LATCHKEY_CA: cert });
    const unknown = doctor([], env);
    const known = doctor([], { ...env, LATCHKEY_CA: cert });
    await server.stop();
    assert.deepEqual([unknown.found, known.found], [['server'], ['keys']]);
    assert.match(unknown.text, /^The certificate of https:.* is from an authority that this machine does not know: give .* --ca FILE\.$/);
  });

  it("finds a client's key that others may read", () => {
    const { cert, key } = makeCertificate(temporaryDirectory(), 'client');
    fs.chmodSync(key, 0o644);
    const { found, text } = doctor(['--url', 'https://127.0.0.1:1', '--client-cert', cert, '--client-key', key]);
    assert.deepEqual(found, ['files', 'server']);
    assert.ok(text.startsWith(`Others than its owner may use ${key} (mode 0644).`), text);
  });

  it('finds a server whose binary was replaced by another since it was started', { skip: process.getuid() !== 0 && 'only root sees what another process runs' }, async () => {
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

  it('finds that a server does not answer, and says nothing else of it', () => {
    const { data } = fresh();
    const url = 'http://127.0.0.1:1';
    const problem = `No server answers at ${url}: start one with \`latchkey serve\`, or name another with --url.`;
    const well = doctor(['--data', data]).checks;
    for (const [args, env] of [[[], { LATCHKEY_API_KEY: 'lk_x', LATCHKEY_URL: url }], [['--url', url], {}], [[], { LATCHKEY_URL: url }]]) {
      const { found, text, checks } = doctor(['--data', data, ...args], env);
      assert.deepEqual([found, text, checks], [['server'], problem, well + 1]);
    }
    const people = run(['doctor', '--data', data, '--url', url], { env: without });
    assert.deepEqual([people.status, people.stderr], [1, '']);
    assert.ok(people.stdout.startsWith(`server: ${problem}\n    See that it runs`), people.stdout);
    assert.match(people.stdout, /^1 finding \(\d+ checks\)\.$/m);
    assert.doesNotMatch(people.stdout, /Nothing is wrong/);
  });

  it('finds that a key cannot be used, or is not taken', async () => {
    const empty = path.join(temporaryDirectory(), 'empty.key');
    fs.writeFileSync(empty, '\n');
    const server = await Server.fresh();
    const refused = doctor(['--url', server.url], { LATCHKEY_API_KEY: `lk_${'0'.repeat(71)}` });
    const missing = doctor(['--url', server.url, '--api-key-file', empty]);
    const without_ = doctor(['--url', server.url]);
    await server.stop();
    assert.deepEqual([refused.found, missing.found, without_.found], [['server'], ['server'], []]);
    assert.match(refused.text, /^The server does not accept the API key of the environment variable LATCHKEY_API_KEY/);
    assert.equal(missing.text, `The file ${empty} is empty: --api-key-file names one that holds an API key.`);
  });

  it('looks at a certificate alone', () => {
    const { cert, key } = makeCertificate(temporaryDirectory(), 'alone', { days: 400 });
    const done = run(['doctor', '--tls-cert', cert, '--tls-key', key], { env: without });
    assert.deepEqual([done.status, done.stdout], [0, 'Nothing is wrong (2 checks).\n'], done.stderr);
  });

  it('asks what to look at when nothing is named', () => assert.equal(run(['doctor'], { env: without }).status, 2));
});
