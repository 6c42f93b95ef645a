// Starting, stopping and refusing to start.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, CREATE, httpRequest, ID, init, run, Server, SLOW, sleep, sqlite, temporaryDirectory, TOKEN } from './support/server.mjs';
import { freePort } from './support/ports.mjs';

const isRoot = process.getuid() === 0;

/** That a command stopped with exit code 1 and one sentence on standard error. */
function refusedWith(done, pattern) {
  assert.equal(done.status, 1, `${done.stdout}${done.stderr}`);
  assert.match(done.stderr, pattern);
  assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
}

/** The same for a mistake in what was given: exit code 2, and where the help is. */
function misused(done, pattern) {
  assert.equal(done.status, 2, `${done.stdout}${done.stderr}`);
  assert.match(done.stderr, pattern);
  assert.match(done.stderr, /\nRun `latchkey help \w+`/);
}

const serve = (data, args = []) => run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', ...args], { timeout: 10000 * SLOW });

/** Every file below a directory with its contents, to see that nothing changed. */
function snapshot(directory) {
  return fs.readdirSync(directory, { recursive: true }).sort().map((name) => {
    const full = path.join(directory, String(name));
    const stat = fs.statSync(full);
    return [name, stat.mode, stat.isFile() ? fs.readFileSync(full, 'base64') : null];
  });
}

describe('init', () => {
  it('makes a private directory and prints ids and key once, for people', () => {
    const data = path.join(temporaryDirectory(), 'data');
    const done = run(['init', '--data', data]);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /\blk_[0-9A-Za-z]{71}\b/);
    assert.equal(done.stdout.match(/\b[A-Za-z0-9_-]{21}[AQgw]\b/g).length >= 2, true, done.stdout);
    assert.equal(fs.statSync(data).mode & 0o777, 0o700);
    assert.equal(fs.statSync(path.join(data, 'master.key')).mode & 0o777, 0o600);
    for (const name of fs.readdirSync(data)) assert.equal(fs.statSync(path.join(data, name)).mode & 0o077, 0, `${name} is open to others`);
  });

  it('takes the id and name of the account', () => {
    const data = path.join(temporaryDirectory(), 'data');
    const made = init(data, ['--account-id', 'rIeFDjoySXqrDQcIZ9ltDA', '--account-name', 'Ünï & Co']);
    assert.equal(made.accountId, 'rIeFDjoySXqrDQcIZ9ltDA');
    assert.equal(made.accountName, 'Ünï & Co');
    assert.deepEqual(Object.keys(made), ['accountId', 'accountName', 'userGroupId', 'apiKeyId', 'apiKey', 'url']);
    assert.match(made.userGroupId, ID);
    assert.match(made.apiKey, TOKEN);
  });

  it('refuses a second time and changes nothing', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const before = snapshot(data);
    refusedWith(run(['init', '--data', data]), /already/);
    assert.deepEqual(snapshot(data), before);
  });

  it('refuses bad ids, bad names and bad places, and leaves nothing behind', () => {
    const place = temporaryDirectory();
    const data = path.join(place, 'data');
    for (const args of [['--account-id', 'short'], ['--account-id', 'rIeFDjoySXqrDQcIZ9ltDB'], ['--account-name', ''], ['--account-name', 'x'.repeat(256)]]) {
      const done = run(['init', '--data', data, ...args]);
      misused(done, new RegExp(args[0]));
      assert.equal(fs.existsSync(data), false, args.join(' '));
    }
    fs.writeFileSync(path.join(place, 'file'), '');
    refusedWith(run(['init', '--data', path.join(place, 'file')]), /file: Not a directory/);
    refusedWith(run(['init', '--data', path.join(place, 'no', 'parent')]), /create the directory it lies in first/);
    fs.mkdirSync(path.join(place, 'full'), { mode: 0o700 });
    fs.writeFileSync(path.join(place, 'full', 'notes.txt'), 'mine');
    const before = snapshot(place);
    refusedWith(run(['init', '--data', path.join(place, 'full')]), /holds other files \(notes\.txt\)/);
    assert.deepEqual(snapshot(place), before);
  });

  it('refuses a directory where the log of a database is left, which would get into the new one', async () => {
    const server = await Server.fresh();
    await server.createKey('in the log');
    const { data } = server;
    await server.kill();
    fs.renameSync(path.join(data, 'latchkey.db'), path.join(data, '..', 'kept.db'));
    assert.ok(fs.statSync(path.join(data, 'latchkey.db-wal')).size > 0);
    const before = snapshot(data);
    refusedWith(run(['init', '--data', data]), /log of a database that is gone \(latchkey\.db-wal\)/);
    assert.deepEqual(snapshot(data), before);
    fs.renameSync(path.join(data, '..', 'kept.db'), path.join(data, 'latchkey.db'));
    fs.unlinkSync(path.join(data, 'lock'));
    refusedWith(run(['serve', '--data', data, '--listen', '127.0.0.1:0']), /"lock" is gone: make sure that no server runs there/);
  });

  it('says what a symbolic link leads to that is not there', () => {
    const place = temporaryDirectory();
    const link = path.join(place, 'link');
    fs.symlinkSync('nowhere', link);
    refusedWith(run(['init', '--data', link]), /is a symbolic link to what is not there/);
    fs.mkdirSync(path.join(place, 'nowhere'), { mode: 0o700 });
    assert.equal(run(['init', '--data', link]).status, 0);
  });

  it('makes, as root, files that are of the user whose directory it is', { skip: !isRoot && 'only root can be somebody else' }, () => {
    const data = temporaryDirectory();
    fs.chownSync(data, 12345, 23456);
    init(data);
    const owners = fs.readdirSync(data).map((name) => [name, fs.statSync(path.join(data, name)).uid, fs.statSync(path.join(data, name)).gid]);
    assert.deepEqual(owners, [['latchkey.db', 12345, 23456], ['lock', 12345, 23456], ['master.key', 12345, 23456]]);
  });

  it('tells the next command as a shell takes it', () => {
    const data = path.join(temporaryDirectory(), "Ann's data");
    assert.match(run(['init', '--data', data]).stdout, /^Next: latchkey serve --data '.*\/Ann'\\''s data'$/m);
  });

  it('can be tried again after it was interrupted', () => {
    const data = path.join(temporaryDirectory(), 'data');
    fs.mkdirSync(data, { mode: 0o700 });
    fs.writeFileSync(path.join(data, 'lock'), '', { mode: 0o600 });
    const done = run(['init', '--data', data, '--json']);
    assert.equal(done.status, 0, done.stderr);
  });

  it('says how to use it, with exit code 2', () => {
    for (const args of [[], ['nonsense'], ['init'], ['init', '--nonsense'], ['init', '--data'], ['init', '--data', ''], ['serve', '--listen', 'x'], ['serve'], ['serve', '--data', '']]) {
      const done = run(args, { cwd: temporaryDirectory() });
      assert.equal(done.status, 2, `${args}: ${done.status}`);
      assert.ok(done.stderr.length + done.stdout.length > 0);
    }
    for (const args of [['help'], ['--help'], ['help', 'init'], ['help', 'serve'], ['init', '--help']]) {
      const done = run(args);
      assert.equal(done.status, 0, args.join(' '));
      assert.match(done.stdout, /latchkey/);
    }
    assert.match(run(['help', 'serve']).stdout, /--listen ADDR:PORT \.\.\.\n .*\[::\] is every IPv6 address, and no IPv4 one/);
    assert.match(run(['version']).stdout, /^latchkey \d+\.\d+\.\d+/);
  });
});

describe('serve', () => {
  it('refuses a directory that was not initialised', () => {
    const place = temporaryDirectory();
    refusedWith(serve(path.join(place, 'nothing')), /init/);
    assert.equal(fs.existsSync(path.join(place, 'nothing')), false);
    fs.mkdirSync(path.join(place, 'empty'), { mode: 0o700 });
    refusedWith(serve(path.join(place, 'empty')), /init/);
  });

  it('refuses a second server, or init, on the directory of a running one', async () => {
    const server = await Server.fresh();
    try {
      refusedWith(serve(server.data), /(another|already|running|in use)/i);
      refusedWith(run(['init', '--data', server.data]), /is already initialised; nothing was changed/);
      assert.equal((await server.request({ path: '/healthz' })).status, 200);
    } finally {
      await server.stop();
    }
  });

  it('refuses a port that is taken', async () => {
    const server = await Server.fresh();
    try {
      const data = path.join(temporaryDirectory(), 'data');
      init(data);
      const done = run(['serve', '--data', data, '--listen', `127.0.0.1:${server.port}`, '--ops-listen', '127.0.0.1:0'], { timeout: 10000 * SLOW });
      refusedWith(done, new RegExp(`${server.port}`));
    } finally {
      await server.stop();
    }
  });

  it('says when it is its own other listener that has an address', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const port = await freePort();
    const twice = (...args) => run(['serve', '--data', data, '--insecure-listen', ...args], { timeout: 10000 * SLOW });
    const here = `127.0.0.1:${port}`;
    const socket = `unix:${data}/socket`;
    refusedWith(twice('--listen', here, '--listen', here, '--ops-listen', ''), new RegExp(`listen on ${here}: this server does already, on ${here}$`, 'm'));
    refusedWith(twice('--listen', `0.0.0.0:${port}`, '--ops-listen', here), new RegExp(`listen on ${here}: this server does already, on 0\\.0\\.0\\.0:${port}$`, 'm'));
    refusedWith(twice('--listen', socket, '--ops-listen', socket), /this server does already, on unix:/);
    const other = net.createServer();
    await new Promise((resolve) => other.listen(port, '127.0.0.1', resolve));
    refusedWith(twice('--listen', `127.0.0.2:${port}`, '--listen', here, '--ops-listen', ''), /another program does already/);
    other.close();
  });

  it('refuses clear text beyond loopback without being told to', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const serve = (...listeners) => run(['serve', '--data', data, ...listeners], { timeout: 10000 * SLOW });
    refusedWith(serve('--listen', '0.0.0.0:0', '--ops-listen', '127.0.0.1:0'), /add --insecure-listen if a proxy in front of it encrypts, or --tls-cert/);
    refusedWith(serve('--listen', '127.0.0.1:0', '--ops-listen', '0.0.0.0:0'), /--ops-listen 0\.0\.0\.0:0 .* add --insecure-listen if nobody can reach it who may not see the metrics/);
  });

  it('refuses another master key, a missing one, and one that is cut short', () => {
    const place = temporaryDirectory();
    const data = path.join(place, 'data');
    init(data);
    init(path.join(place, 'other'));
    const key = path.join(data, 'master.key');
    const right = fs.readFileSync(key);
    const database = fs.readFileSync(path.join(data, 'latchkey.db'));
    fs.copyFileSync(path.join(place, 'other', 'master.key'), key);
    refusedWith(serve(data), /master key/i);
    fs.writeFileSync(key, right.subarray(0, right.length - 5));
    refusedWith(serve(data), /master key|master\.key/i);
    fs.writeFileSync(key, '');
    refusedWith(serve(data), /master key|master\.key/i);
    fs.rmSync(key);
    refusedWith(serve(data), /master key|master\.key/i);
    assert.deepEqual(fs.readFileSync(path.join(data, 'latchkey.db')), database);
    fs.writeFileSync(key, right, { mode: 0o644 });
    fs.chmodSync(key, 0o644);
    refusedWith(serve(data), /master key|master\.key/i);
  });

  it('refuses an empty database instead of serving nothing', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    fs.truncateSync(path.join(data, 'latchkey.db'), 0);
    refusedWith(serve(data), /is empty: restore a backup/);
    refusedWith(serve(data), /is empty: restore a backup/);
  });

  it("refuses another program's database, and what SQLite takes for a new one, and makes nothing in them", () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const file = path.join(data, 'latchkey.db');
    const others = [
      ['a single byte', () => fs.writeFileSync(file, '\0')],
      ['tables of somebody else', () => sqlite(data, 'CREATE TABLE cookies (name TEXT)')],
      ['a list of migrations without any', () => sqlite(data, 'CREATE TABLE schema_migration (version BIGINT)')],
    ];
    for (const [what, make] of others) {
      fs.rmSync(file);
      fs.writeFileSync(file, '', { mode: 0o600 });
      make();
      const before = sqlite(data, 'SELECT name FROM sqlite_schema');
      refusedWith(serve(data), /latchkey\.db holds nothing of Latchkey's: restore a backup/);
      refusedWith(run(['audit', 'verify', '--data', data]), /holds nothing of Latchkey's/);
      const { status, stdout } = run(['doctor', '--data', data]);
      assert.equal(status, 1, what);
      assert.match(stdout, /^database: .*holds nothing of Latchkey's: restore a backup/m, what);
      assert.equal(sqlite(data, 'SELECT name FROM sqlite_schema'), before, what);
    }
  });

  it('says what is no address', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    for (const address of ['nonsense', 'localhost:0', '127.0.0.1', '127.0.0.1:99999', '[::1]']) {
      misused(run(['serve', '--data', data, '--listen', address]), /is not an address to listen on/);
      misused(run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', address]), /--ops-listen .* is not an address to listen on/);
    }
  });

  it('takes what can never be right for a mistake of the caller, wherever it was said', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    misused(serve(data, ['--trusted-proxy', 'foo']), /--trusted-proxy: .*foo/);
    misused(serve(data, ['--socket-mode', '999']), /--socket-mode: "999" is not a mode such as 0660/);
    misused(serve(data, ['--header-timeout', '30']), /--header-timeout: "30" has no unit; a time needs its unit: 500ms, 30s/);
    misused(run(['serve', '--data', data, '--listen', ',']), /--listen is empty/);
    misused(run(['serve', '--data', data], { env: { ...process.env, LATCHKEY_LISTEN: 'foo' } }), /LATCHKEY_LISTEN foo is not an address/);
    const config = path.join(data, '..', 'latchkey.conf');
    fs.writeFileSync(config, '# times\nidle-timeout = 75\n');
    misused(serve(data, ['--config', config]), /latchkey\.conf line 2: idle-timeout: "75" has no unit/);
    refusedWith(serve(data, ['--config', `${config}.none`]), /No such file/);
  });

  it('refuses a damaged database', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const file = path.join(data, 'latchkey.db');
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, Buffer.concat([Buffer.from('not a database at all '), bytes.subarray(22)]));
    refusedWith(serve(data), /is damaged or is no database/);
  });

  it('writes nothing from its log to a database that is damaged', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const before = await Server.start(data, account);
    const key = await before.createKey('logged');
    await before.kill();
    const [file, log] = ['latchkey.db', 'latchkey.db-wal'].map((name) => path.join(data, name));
    const [bytes, logged] = [file, log].map((name) => fs.readFileSync(name));
    const damaged = Buffer.from(bytes).fill(0xff, 2 * 4096);
    fs.writeFileSync(file, damaged);
    refusedWith(serve(data), /malformed|damaged/);
    assert.deepEqual([file, log].map((name) => fs.readFileSync(name)), [damaged, logged]);
    fs.writeFileSync(file, bytes);
    const after = await Server.start(data, account);
    assert.ok(await after.accepts(key.key));
    await after.stop();
  });

  it('refuses a directory that others may enter', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    fs.chmodSync(data, 0o755);
    refusedWith(serve(data), /chmod|0?700|others/i);
  });

  it('refuses a directory that it cannot read', { skip: !isRoot && 'only root can be somebody else' }, (t) => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    fs.chmodSync(path.dirname(data), 0o755);
    const readable = spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', BINARY, 'version'], { encoding: 'utf8' });
    if (readable.status !== 0 || readable.stderr !== '') return t.skip('the build itself lies where nobody may look, or writes its counts of coverage there');
    for (const command of ['serve', 'init']) {
      const done = spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', BINARY, command, '--data', data], { encoding: 'utf8', timeout: 10000 * SLOW });
      refusedWith(done, /Permission denied/);
    }
  });

  it('names the file or directory that it may not write', { skip: !isRoot && 'only root can be somebody else' }, (t) => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const database = path.join(data, 'latchkey.db');
    for (const file of [path.dirname(data), data, ...fs.readdirSync(data).map((name) => path.join(data, name))]) fs.chownSync(file, 65534, 65534);
    const other = (...args) => spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', BINARY, ...args], { encoding: 'utf8', timeout: 10000 * SLOW });
    const readable = other('version');
    if (readable.status !== 0 || readable.stderr !== '') return t.skip('the build itself lies where nobody may look, or writes its counts of coverage there');
    const refused = (file) => refusedWith(other('serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', ''), new RegExp(`^latchkey: Cannot open the database ${database}: this user may not write ${file} \\(Permission denied\\)\n$`));
    fs.chmodSync(database, 0o400);
    refused(database);
    fs.chmodSync(database, 0o600);
    fs.chownSync(database, 0, 0);
    refused(database);
    fs.chownSync(database, 65534, 65534);
    fs.chmodSync(data, 0o500);
    refused(`${data}/`);
    fs.chmodSync(data, 0o700);
    fs.writeFileSync(`${database}-wal`, '', { mode: 0o600 });
    refused(`${database}-wal`);
  });

  it('says what may be short when it may start no thread', { skip: !isRoot && 'only root can be somebody else' }, (t) => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    for (const file of [path.dirname(data), data, ...fs.readdirSync(data).map((name) => path.join(data, name))]) fs.chownSync(file, 65534, 65534);
    const alone = (...args) => spawnSync('prlimit', ['--nproc=1', 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', BINARY, ...args], { encoding: 'utf8', timeout: 10000 * SLOW });
    const readable = alone('version');
    if (readable.status !== 0 || readable.stderr !== '') return t.skip('the build itself lies where nobody may look, or writes its counts of coverage there');
    const done = alone('serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '', '--log-level', 'error');
    refusedWith(done, /Cannot start the background thread: .*no more threads may be started \(ulimit -u, TasksMax=/);
  });

  it('offers health and metrics to operators, and no metrics to the public', async () => {
    const server = await Server.fresh();
    try {
      await server.createKey('counted');
      for (const target of ['/healthz', '/readyz']) assert.equal((await httpRequest(server.opsPort, { path: target })).status, 200);
      const metrics = await httpRequest(server.opsPort, { path: '/metrics' });
      assert.equal(metrics.status, 200);
      assert.match(metrics.headers['content-type'], /^text\/plain; version=0\.0\.4|^application\/openmetrics-text/);
      assert.match(metrics.text, /^latchkey_\w+(\{[^}]*\})? \d/m);
      assert.equal((await server.request({ path: '/metrics' })).status, 404);
    } finally {
      await server.stop();
    }
  });
});

describe('the environment', () => {
  it('names the directory and its key to all who look into it', () => {
    const place = temporaryDirectory();
    const data = path.join(place, 'data');
    const key = path.join(place, 'master.key');
    init(data);
    fs.renameSync(path.join(data, 'master.key'), key);
    const env = { ...process.env, LATCHKEY_DATA: data, LATCHKEY_MASTER_KEY_FILE: key, LATCHKEY_URL: '', LATCHKEY_API_KEY: '' };
    assert.match(run(['audit', 'verify'], { env }).stdout, /^audit log intact/);
    assert.match(run(['doctor'], { env }).stdout, /^Nothing is wrong/);
    assert.match(run(['recover'], { env }).stdout, /^A new key/);
    assert.match(run(['audit', 'verify', '--master-key-file', path.join(place, 'other')], { env }).stderr, /no master key at .*other/);
  });

  it('warns of what is nearly a setting, and leaves other names alone', () => {
    const env = { ...process.env, LATCHKEY_RATE_LIMIT_ACCOUT: '30/1m', LATCHKEY_LOGLEVEL: 'debug', LATCHKEY_URL: 'http://127.0.0.1:1', LATCHKEY_API_KEY: 'lk_secret', LATCHKEY_PORT: 'tcp://10.0.0.1:5390', LATCHKEY_SERVICE_PORT_HTTP: '5390', LATCHKEY_PORT_5390_TCP_ADDR: '10.0.0.1' };
    const done = run(['serve', '--data', '/nowhere/at/all'], { env });
    assert.match(done.stderr, /warn {2}the environment variable LATCHKEY_RATE_LIMIT_ACCOUT is no setting; did you mean LATCHKEY_RATE_LIMIT_ACCOUNT\?\n/);
    assert.match(done.stderr, /warn {2}the environment variable LATCHKEY_LOGLEVEL is no setting; did you mean LATCHKEY_LOG_LEVEL\?\n/);
    assert.equal(done.stderr.match(/is no setting/g).length, 2, done.stderr);
  });
});

describe('limits of GraphQL', () => {
  it('are off at 0, and the help says so of each whose 0 is that', async () => {
    const help = run(['help', 'serve']).stdout;
    const off = [...help.matchAll(/^ {2}--(graphql-\S+) \S+\n {6}(.*)$/gm)].filter(([, , text]) => text.includes('; 0 for no limit.')).map(([, name]) => name);
    assert.deepEqual(off, ['tokens', 'depth', 'introspection-depth', 'aliases', 'root-fields', 'directives', 'complexity', 'time'].map((name) => `graphql-${name}`));
    // More of everything than is allowed by default, but fields that are not nested so deep.
    const directives = Array.from({ length: 101 }, (_, i) => `d${i}: viewer @include(if: true) { apiKey { id } }`).join(' ');
    const nested = `{ fields { type { ${'ofType { '.repeat(20)}name${' }'.repeat(20)} } } }`;
    const query = `{ ${directives} ${'__typename '.repeat(20001)} __type(name: "Query") ${nested} }`;
    const ask = async (args) => {
      const server = await Server.fresh({ args });
      const answer = await server.request({ method: 'POST', path: '/graphql', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
      await server.stop();
      return JSON.parse(answer.text);
    };
    assert.match((await ask([])).errors[0].message, /tokens/);
    const answer = await ask(off.flatMap((name) => [`--${name}`, '0']));
    assert.deepEqual(answer.errors, undefined);
    assert.equal(Object.keys(answer.data).length, 103);
  });
});

describe('the log', () => {
  it('is JSON to its last line, also where the start failed', () => {
    const place = temporaryDirectory();
    const done = serve(path.join(place, 'no\nwhere'), ['--log-format', 'json']);
    assert.equal(done.status, 1);
    const { level, message } = JSON.parse(done.stderr.trim().split('\n').at(-1));
    assert.equal(level, 'error');
    assert.match(message, /^There is no data directory .*no\\x0awhere/);
  });

  it('does not stop the server, or its stop, when whoever reads it hangs', async () => {
    const place = temporaryDirectory();
    const data = path.join(place, 'data');
    init(data);
    const port = await freePort();
    // The pipe is full before the server starts; the one at its end reads nothing.
    const fill = 'head -c 65536 /dev/zero >&2; echo $$ >"$1/pid"; exec "$0" serve --data "$1/data" --listen 127.0.0.1:0 --ops-listen 127.0.0.1:$2';
    const line = `sh -c '${fill}' "$0" "$1" "$2" 2>&1 | sleep 60`;
    const shell = spawn('sh', ['-c', line, BINARY, place, String(port)], { stdio: 'ignore', detached: true });
    try {
      let status = 0;
      for (let i = 0; i < 100 * SLOW && status !== 200; i++) {
        await sleep(100);
        status = await httpRequest(port, { path: '/healthz' }).then((answer) => answer.status, () => 0);
      }
      assert.equal(status, 200);
      assert.match((await httpRequest(port, { path: '/metrics' })).text, /^latchkey_log_lines_lost_total [1-9]/m);
      const pid = Number(fs.readFileSync(path.join(place, 'pid'), 'utf8'));
      process.kill(pid, 'SIGTERM');
      for (let i = 0; i < 100 * SLOW && fs.existsSync(`/proc/${pid}`); i++) await sleep(100);
      assert.ok(!fs.existsSync(`/proc/${pid}`), 'it stopped');
    } finally {
      process.kill(-shell.pid, 'SIGKILL');
    }
  });
});

describe('told to stop before it has begun to serve', () => {
  it('does not load all keys first', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    // The signal waits for the program that takes this one's place.
    const told = 'import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); os.kill(os.getpid(), signal.SIGTERM); os.execv(sys.argv[1], sys.argv[1:])';
    const done = spawnSync('python3', ['-c', told, BINARY, 'serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', ''], { encoding: 'utf8', timeout: 20000 * SLOW });
    assert.deepEqual([done.status, done.stdout], [0, ''], done.stderr);
    assert.match(done.stderr, /info +stopping: not all keys are loaded\n.*info +stopped\n$/);
    assert.equal(run(['doctor', '--data', data]).status, 0);
  });
});

describe('the limit on open files', () => {
  const softLimit = (server) => Number(/^Max open files\s+(\d+)/m.exec(fs.readFileSync(`/proc/${server.process.pid}/limits`, 'utf8'))[1]);

  it('is raised as far as the connections need it', async () => {
    const server = await Server.fresh({ wrapper: ['prlimit', '--nofile=100:4000'], args: ['--connections-max', '2000'] });
    assert.equal(softLimit(server), 2512);
    assert.doesNotMatch(server.stderr, /open files/);
    await server.stop();
  });

  it('is said to be too low when the system allows no more', async () => {
    const server = await Server.fresh({ wrapper: ['prlimit', '--nofile=100:1000'], args: ['--connections-max', '2000'] });
    assert.equal(softLimit(server), 1000);
    assert.match(server.stderr, /allows 1000 open files, too few for --connections-max 2000: raise the limit/);
    await server.stop();
  });

  it('leaves something for all else when a crowd has what the system allows', async () => {
    const server = await Server.fresh({ wrapper: ['prlimit', '--nofile=100:600'], args: ['--connections-max', '2000'] });
    assert.match(server.stderr, /too few for .*; 344 connections are taken/);
    const crowd = [];
    for (let i = 0; i < 700; i++) {
      const socket = net.connect(server.port, '127.0.0.1');
      await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
      crowd.push(socket.on('error', () => {}));
    }
    let refused = 0;
    for (let i = 0; i < 500 * SLOW && refused < 350; i++) {
      const { text } = await httpRequest(server.opsPort, { path: '/metrics', timeout: 5000 * SLOW });
      refused = Number(/^latchkey_http_connections_refused_total (\d+)$/m.exec(text)[1]);
    }
    assert.ok(refused >= 350 && refused < 360, `${refused} were refused`);
    assert.match((await server.raw('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')).text, /^(HTTP\/1\.1 503 |$)/);
    crowd.forEach((socket) => socket.destroy());
    await server.stop();
  });
});

describe('durability', () => {
  it('keys, groups and secrets survive a restart and a kill', async () => {
    const server = await Server.fresh();
    const kept = await server.createKey('kept');
    const gone = await server.createKey('gone');
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', {
      input: { accountId: server.account.accountId, uuid: gone.uuid },
    });
    await server.stop();
    for (const end of ['stop', 'kill', 'stop']) {
      const again = await Server.start(server.data, server.account);
      assert.equal(await again.accepts(kept.key), true);
      assert.equal(await again.accepts(gone.key), false);
      const { revealApiKey } = await again.query('mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }', {
        input: { accountId: server.account.accountId, uuid: kept.uuid },
      });
      assert.equal(revealApiKey.key, kept.key);
      await again[end]();
    }
    const verified = run(['audit', 'verify', '--data', server.data]);
    assert.equal(verified.status, 0, `${verified.stdout}${verified.stderr}`);
  });

  it('a changed audit entry is found', async () => {
    const server = await Server.fresh();
    for (let i = 0; i < 5; i++) await server.createKey(`audited${i}`);
    await server.stop();
    const database = path.join(server.data, 'latchkey.db');
    assert.equal(run(['audit', 'verify', '--data', server.data]).status, 0);
    const edits = [
      `UPDATE audit_entry SET resource_name = 'forged' WHERE seq = (SELECT max(seq) - 1 FROM audit_entry)`,
      `DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)`,
      `DELETE FROM audit_entry WHERE seq = 3`,
    ];
    const original = fs.readFileSync(database);
    for (const edit of edits) {
      fs.writeFileSync(database, original);
      sqlite(server.data, `${edit}; PRAGMA wal_checkpoint(TRUNCATE);`);
      const verified = run(['audit', 'verify', '--data', server.data]);
      assert.equal(verified.status, 1, `${edit}: ${verified.stdout}${verified.stderr}`);
      const { status, stdout, stderr } = run(['audit', 'verify', '--data', server.data, '--json']);
      assert.deepEqual([status, stderr], [1, '']);
      const { problem, ...found } = JSON.parse(stdout);
      assert.equal(`latchkey: ${problem}\n`, verified.stderr);
      assert.deepEqual(found, { intact: false, entries: null, accountId: server.account.accountId, entry: Number(/entry (\d+): /.exec(problem)[1]) });
    }
    fs.writeFileSync(database, original);
    const intact = run(['audit', 'verify', '--data', server.data, '--json']);
    const entries = Number(/^audit log intact: (\d+) entries/.exec(run(['audit', 'verify', '--data', server.data]).stdout)[1]);
    assert.deepEqual([intact.status, JSON.parse(intact.stdout)], [0, { intact: true, entries, accountId: null, entry: null, problem: null }]);
    sqlite(server.data, 'PRAGMA foreign_keys = OFF; DELETE FROM account; PRAGMA wal_checkpoint(TRUNCATE);');
    const damaged = run(['audit', 'verify', '--data', server.data, '--json']);
    assert.deepEqual([damaged.status, damaged.stderr], [1, '']);
    const { problem, ...rest } = JSON.parse(damaged.stdout);
    assert.match(problem, /^The database is damaged: a row of \w+ refers to nothing$/);
    assert.deepEqual(rest, { intact: false, entries: null, accountId: null, entry: null });
  });
});

describe('the audit log of an account that is gone', () => {
  const make = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }';
  const remove = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { clientMutationId } }';
  const hex = (id) => `x'${Buffer.from(id, 'base64url').toString('hex')}'`;
  const ids = {};
  let server;
  let original;

  before(async () => {
    server = await Server.fresh();
    for (const name of ['live', 'gone']) ids[name] = (await server.query(make, { input: { name } })).createAccount.account.id;
    await server.query(remove, { input: { accountId: ids.gone } });
    await server.stop();
    original = path.join(temporaryDirectory(), 'data');
    fs.cpSync(server.data, original, { recursive: true });
  });

  /** The directory as it was, with SQL run behind the server's back. */
  function tampered(sql) {
    fs.cpSync(original, server.data, { recursive: true });
    fs.rmSync(path.join(server.data, 'latchkey.db-wal'), { force: true });
    const text = sql.replaceAll('GONE', hex(ids.gone)).replaceAll('LIVE', hex(ids.live));
    sqlite(server.data, `PRAGMA foreign_keys = ON; ${text}; PRAGMA wal_checkpoint(TRUNCATE);`);
  }

  for (const [what, sql, account, says] of [
    ['changed', `UPDATE audit_entry SET resource_name = 'forged' WHERE account_id = GONE AND seq = 1`, 'gone', 'entry 1: changed'],
    ['cut at its end', 'DELETE FROM audit_entry WHERE account_id = GONE AND seq = 2', 'gone', 'entry 2: the end was cut off'],
    ['removed', 'DELETE FROM audit_entry WHERE account_id = GONE', 'gone', 'entry 1: the end was cut off'],
    ['hidden with its account', 'DELETE FROM account WHERE id = LIVE', 'live', `the account's row is gone, but no deletion was recorded`],
    ['removed with its account', 'DELETE FROM account WHERE id = LIVE; DELETE FROM audit_entry WHERE account_id = LIVE', 'live',
      `the account's row is gone, but no deletion was recorded`],
  ]) {
    it(`is not ${what} without being found`, () => {
      tampered('');
      const clean = run(['audit', 'verify', '--data', server.data]);
      assert.equal(clean.status, 0, clean.stderr);
      tampered(sql);
      const sentence = `The audit log of account ${ids[account]} is not as it was written: ${says}`;
      refusedWith(run(['audit', 'verify', '--data', server.data]), new RegExp(`^latchkey: ${sentence}\n$`));
      assert.match(run(['doctor', '--data', server.data]).stdout, new RegExp(`audit: ${sentence}\\.`));
    });
  }

  it('is not restored without what was removed', async () => {
    tampered('DELETE FROM audit_entry WHERE account_id = GONE');
    const running = await Server.start(server.data, server.account);
    const directory = temporaryDirectory();
    const file = path.join(directory, 'backup');
    const made = run(['backup', file], { env: { ...process.env, LATCHKEY_URL: running.url, LATCHKEY_API_KEY: server.account.apiKey } });
    assert.equal(made.status, 0, made.stderr);
    await running.stop();
    const done = run(['restore', file, '--data', path.join(directory, 'restored'), '--master-key-file', path.join(server.data, 'master.key')]);
    refusedWith(done, new RegExp(`^latchkey: The audit log of account ${ids.gone} .*: entry 1: the end was cut off \\(in the backup\\); nothing was restored\n$`));
  });
});

describe('a full disk', { skip: !isRoot && 'only root can mount a small one' }, () => {
  let mount;
  let mounted = false;
  before(() => {
    mount = temporaryDirectory();
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', mount]).status === 0;
  });
  after(() => mounted && spawnSync('umount', ['-l', mount]));

  it('stops init with a sentence and nothing half-made', (t) => {
    if (!mounted) return t.skip('cannot mount a tmpfs');
    fs.writeFileSync(path.join(mount, 'ballast'), Buffer.alloc(1024 * 1024 - 16384));
    const data = path.join(mount, 'data');
    refusedWith(run(['init', '--data', data]), /space|full/i);
    fs.rmSync(path.join(mount, 'ballast'));
    const done = run(['init', '--data', data, '--json']);
    assert.equal(done.status, 0, `a second try: ${done.stderr}`);
    fs.rmSync(data, { recursive: true });
  });

  it('is an error to the client, loses nothing that was acknowledged, and is over when there is space', async (t) => {
    if (!mounted) return t.skip('cannot mount a tmpfs');
    const data = path.join(mount, 'data');
    const server = await Server.start(data, init(data));
    const made = [];
    let refusal;
    const input = (name) => ({ input: { accountId: server.account.accountId, name, metadata: [{ key: 'ballast', value: 'x'.repeat(1000) }] } });
    for (let i = 0; i < 2000 && !refusal; i++) {
      const answer = await server.graphql(CREATE, input(`full${i}`));
      if (answer.json.errors) refusal = answer.json.errors[0];
      else made.push(`full${i}`);
    }
    assert.ok(refusal, 'the disk never filled');
    assert.equal(refusal.extensions.code, 'UNAVAILABLE', JSON.stringify(refusal));
    assert.equal((await server.request({ path: '/healthz' })).status, 200);
    const names = await server.keyNames();
    for (const name of made) assert.ok(names.includes(name), `${name} was acknowledged`);
    assert.equal(names.length, made.length + 1, 'and nothing else is there');
    assert.equal(spawnSync('mount', ['-o', 'remount,size=8m', mount]).status, 0);
    assert.equal((await server.graphql(CREATE, input('space again'))).json.errors, undefined);
    await server.stop();
    assert.equal(run(['audit', 'verify', '--data', data]).status, 0);
  });
});
