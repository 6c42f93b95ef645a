// SIGHUP and the file that --config names: what changes, what waits for a restart, and that a mistake changes nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeCertificate } from './support/certificates.mjs';
import { run, Server, SLOW, sleep, temporaryDirectory } from './support/server.mjs';

const VIEWER = '{ viewer { apiKey { id } } }';
const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }';

const write = (file, ...lines) => fs.writeFileSync(file, `${lines.join('\n')}\n`);

/** Sends SIGHUP and gives what the log says of it, once a line matches. */
async function reload(server, pattern) {
  const from = server.stderr.length;
  server.process.kill('SIGHUP');
  for (let i = 0; i < 500 * SLOW && !pattern.test(server.stderr.slice(from)); i++) await sleep(10);
  assert.match(server.stderr.slice(from), pattern);
  return server.stderr.slice(from);
}

async function createKey(server, input) {
  const { accountId, userGroupId } = server.account;
  return (await server.query(CREATE, { input: { accountId, userGroupIds: [userGroupId], ...input } })).createApiKey.key;
}

const auth = async (server, key, headers = {}) => (await server.request({ path: '/v1/auth', headers: { 'x-api-key': key, ...headers } })).status;

describe('SIGHUP', () => {
  const config = path.join(temporaryDirectory(), 'latchkey.conf');
  let server;
  before(async () => {
    write(config, 'threads = 2');
    server = await Server.fresh({ args: ['--config', config] });
  });
  after(() => server.stop());

  it('changes the status of forward auth over a rate', async () => {
    const key = await createKey(server, { name: 'rated', rateLimit: { limit: 1, windowSeconds: 3600 } });
    assert.deepEqual([await auth(server, key), await auth(server, key)], [200, 403]);
    write(config, 'threads = 2', 'auth-rate-status = 429');
    await reload(server, /info +SIGHUP: changed and in force now: auth-rate-status\n/);
    assert.equal(await auth(server, key), 429);
    write(config, 'threads = 2');
    await reload(server, /in force now: auth-rate-status\n/);
    assert.equal(await auth(server, key), 403, 'a line that is gone leaves the default');
  });

  it('changes whose X-Forwarded-For is believed', async () => {
    const key = await createKey(server, { name: 'held', allowedIps: ['192.0.2.0/24'] });
    const forwarded = { 'x-forwarded-for': '192.0.2.1' };
    assert.equal(await auth(server, key, forwarded), 403);
    write(config, 'threads = 2', 'trusted-proxy = 127.0.0.1, 10.0.0.0/8');
    await reload(server, /in force now: trusted-proxy\n/);
    assert.equal(await auth(server, key, forwarded), 200);
    write(config, 'threads = 2');
    await reload(server, /in force now: trusted-proxy\n/);
    assert.equal(await auth(server, key, forwarded), 403);
  });

  it('changes rates, and gives nothing back that was used', async () => {
    const key = await createKey(server, { name: 'asks' });
    const ask = async () => {
      const answer = await server.graphql(VIEWER, undefined, { key });
      return [answer.status, answer.headers['ratelimit-policy']];
    };
    const login = async () => (await server.request({ method: 'POST', path: '/api/users/login', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ authorization: `Basic ${btoa('a@example.com:b')}` }) })).status;
    assert.deepEqual(await ask(), [200, undefined]);
    write(config, 'threads = 2', 'rate-limit-account = 100/1h', 'rate-limit-key = 2/1h', 'login-rate = 1/1h');
    await reload(server, /in force now: rate-limit-account, rate-limit-key, login-rate\n/);
    const policy = '"key";q=2;w=3600, "account";q=100;w=3600';
    assert.deepEqual([await ask(), await ask(), (await ask())[0]], [[200, policy], [200, policy], 429]);
    assert.deepEqual([await login(), await login()], [401, 429]);
    write(config, 'threads = 2', 'rate-limit-account = 100/1h', 'rate-limit-key = 2/1h', 'login-rate = 2/1h');
    await reload(server, /in force now: login-rate\n/);
    assert.equal((await ask())[0], 429, 'the rate that stayed counts on');
    assert.equal(await login(), 429, 'and what was used up stays so');
    write(config, 'threads = 2', 'rate-limit-account = 100/1h', 'rate-limit-key = 2/1h', 'login-rate = 1000/1s');
    await reload(server, /in force now: login-rate\n/);
    await sleep(50);
    assert.equal(await login(), 401, 'but nobody waits longer than the new one asks for');
    write(config, 'threads = 2', 'rate-limit-account = 100/1h');
    await reload(server, /in force now: rate-limit-key, login-rate\n/);
    assert.deepEqual(await ask(), [200, '"account";q=100;w=3600']);
    write(config, 'threads = 2', 'login-rate =');
    await reload(server, /in force now: rate-limit-account, login-rate\n/);
    assert.deepEqual([await ask(), await login()], [[200, undefined], 401]);
    write(config, 'threads = 2');
    await reload(server, /in force now: login-rate\n/);
  });

  it('names what waits for a restart, each time, and takes the rest', async () => {
    write(config, 'threads = 3', 'auth-rate-status = 429', 'listen = 127.0.0.1:1, unix:/s', 'body-max = 1MiB');
    // The flag of the test's server beats its listen.
    const both = await reload(server, /warn +SIGHUP: changed, but in force only after a restart: threads, body-max\n/);
    assert.match(both, /in force now: auth-rate-status\n/);
    write(config, 'threads = 3');
    await reload(server, /restart: threads\n/);
    write(config, 'threads = 2');
    assert.doesNotMatch(await reload(server, /SIGHUP: no setting has changed\n/), /restart|in force/);
  });

  it('changes nothing when there is a mistake, and says what and where', async () => {
    const key = await createKey(server, { name: 'rated too', rateLimit: { limit: 1, windowSeconds: 3600 } });
    await auth(server, key);
    const mistakes = [
      [['auth-rate-status = 429', 'idle-timeout = 30'], /latchkey\.conf line 2: idle-timeout: "30" has no unit/],
      [['auth-rate-status = 429', 'trusted-proxy = 10.0.0.1/8'], /latchkey\.conf line 2: trusted-proxy: .*10\.0\.0\.0\/8/],
      [['auth-rate-status = 429', 'nonsense'], /latchkey\.conf line 2: a setting is written NAME = value/],
      [['auth-rate-status = 429', 'tls-key = /key'], /--tls-cert is missing/],
      [['auth-rate-status = 429', '', 'auth-rate-status = 403'], /latchkey\.conf line 3: auth-rate-status is given twice/],
      [[`auth-rate-status = 429\ntrusted-proxy = ${'10.0.0.1,'.repeat(1001)}`], /--trusted-proxy: Too many IP addresses: 1001/],
    ];
    for (const [lines, pattern] of mistakes) {
      write(config, ...lines);
      const said = await reload(server, /error SIGHUP: the old settings stay in force\. /);
      assert.match(said, pattern);
      assert.doesNotMatch(said, /in force now/);
      assert.equal(await auth(server, key), 403, lines.join());
    }
    fs.renameSync(config, `${config}.away`);
    await reload(server, /the old settings stay in force\. Cannot read the settings file .*latchkey\.conf: No such file/);
    fs.mkdirSync(config);
    await reload(server, /the old settings stay in force\. The settings file .*latchkey\.conf is no regular file/);
    fs.rmdirSync(config);
    write(config, 'threads = 2', 'auth-rate-status = 429');
    await reload(server, /in force now: auth-rate-status\n/);
    assert.equal(await auth(server, key), 429);
    write(config, 'threads = 2');
    await reload(server, /in force now: auth-rate-status\n/);
  });

  it('serves on while it is reloaded again and again', async () => {
    const key = await createKey(server, { name: 'steady', allowedIps: ['192.0.2.0/24', '127.0.0.1'] });
    let ended = false;
    let answers = 0;
    const askers = Array.from({ length: 4 }, async () => {
      for (; !ended; answers++) {
        assert.equal(await auth(server, key, { 'x-forwarded-for': '192.0.2.1' }), 200);
        assert.equal((await server.graphql(VIEWER, undefined, { key })).status, 200);
      }
    });
    for (let i = 0; i < 30; i++) {
      write(config, 'threads = 2', `trusted-proxy = ${i % 2 ? '127.0.0.1' : '10.0.0.1'}`, `rate-limit-key = ${100000 + i}/1s`);
      await reload(server, new RegExp(`in force now: trusted-proxy, rate-limit-key\n`));
    }
    ended = true;
    await Promise.all(askers);
    assert.ok(answers > 0);
    write(config, 'threads = 2');
    await reload(server, /in force now: trusted-proxy, rate-limit-key\n/);
  });
});

describe('SIGHUP and where settings come from', () => {
  it('changes the log, but for what flags and environment say', async () => {
    const config = path.join(temporaryDirectory(), 'latchkey.conf');
    write(config, 'log-level = error');
    const server = await Server.fresh({ args: ['--config', config, '--auth-rate-status', '403'], env: { LATCHKEY_RATE_LIMIT_KEY: '7/1s' } });
    assert.equal(server.stderr, '');
    write(config, 'log-level = info', 'auth-rate-status = 429', 'rate-limit-key = 8/1s');
    await reload(server, /info +SIGHUP: changed and in force now: log-level\n/);
    assert.equal((await server.graphql(VIEWER)).headers['ratelimit-policy'], '"key";q=7;w=1');
    write(config, 'log-level = warn', 'threads = 7');
    assert.doesNotMatch(await reload(server, /warn +SIGHUP: changed, but in force only after a restart: threads\n/), /info/);
    await server.stop();
    assert.doesNotMatch(server.stderr, /stopping/);
  });

  it('changes how long a stop waits', async () => {
    const config = path.join(temporaryDirectory(), 'latchkey.conf');
    write(config, 'drain-timeout = 1h', 'header-timeout = 1h');
    const server = await Server.fresh({ args: ['--config', config] });
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /v1/auth HT');
    await server.request({ path: '/healthz' });
    write(config, 'drain-timeout = 0', 'header-timeout = 1h');
    await reload(server, /in force now: drain-timeout\n/);
    await server.stop();
    socket.destroy();
  });

  it('follows a symbolic link, and files that are put in the place of others', async () => {
    const place = temporaryDirectory();
    const link = path.join(place, 'etc');
    const real = path.join(place, 'real');
    fs.mkdirSync(link);
    fs.mkdirSync(real);
    write(path.join(real, 'settings'), 'auth-rate-status = 403');
    fs.symlinkSync(path.join(real, 'settings'), path.join(link, 'latchkey.conf'));
    const server = await Server.fresh({ args: ['--config', path.join(link, 'latchkey.conf')] });
    write(path.join(real, 'new'), 'auth-rate-status = 429');
    fs.renameSync(path.join(real, 'new'), path.join(real, 'settings'));
    await reload(server, /in force now: auth-rate-status\n/);
    write(path.join(real, 'other'), 'auth-rate-status = 403');
    fs.symlinkSync(path.join(real, 'other'), path.join(link, 'new'));
    fs.renameSync(path.join(link, 'new'), path.join(link, 'latchkey.conf'));
    await reload(server, /in force now: auth-rate-status\n/);
    await server.stop();
  });

  it('reads no pipe again, which would have nothing to say or never end', async () => {
    const server = await Server.fresh({ wrapper: ['bash', '-c', 'exec "$@" --config <(echo auth-rate-status = 429)', 'bash'] });
    const key = await createKey(server, { name: 'rated', rateLimit: { limit: 1, windowSeconds: 3600 } });
    await auth(server, key);
    await reload(server, /the old settings stay in force\. The settings file \/dev\/fd\/\d+ is no regular file/);
    assert.equal(await auth(server, key), 429);
    await server.stop();
  });

  it('says so when there is nothing to read again', async () => {
    const server = await Server.fresh();
    await reload(server, /info +SIGHUP: there is nothing that could be reloaded\n/);
    await server.stop();
  });

  it('renews certificates whatever is in the file', async () => {
    const directory = temporaryDirectory();
    const config = path.join(directory, 'latchkey.conf');
    const pair = makeCertificate(directory, 'server');
    write(config, `tls-cert = ${pair.cert}`, `tls-key = ${pair.key}`);
    const server = await Server.fresh({ tls: true, args: ['--config', config] });
    write(config, 'nonsense');
    await reload(server, /the old settings stay in force[^]*new connections use the certificates/);
    write(config, `tls-cert = ${pair.cert}`, `tls-key = ${pair.key}`);
    fs.chmodSync(pair.key, 0o644);
    await reload(server, /no setting has changed[^]*the old certificates stay in use/);
    await server.stop();
  });

  it('is told in the help and the manual, setting by setting', () => {
    const reloadable = ['trusted-proxy', 'auth-rate-status', 'rate-limit-account', 'rate-limit-key', 'log-level', 'drain-timeout', 'login-rate'].sort();
    const help = run(['help', 'serve']).stdout;
    const marked = [...help.matchAll(/^ {2}--([a-z-]+).*\n {6}(.*)$/gm)].filter(([, , text]) => text.endsWith('SIGHUP changes it.')).map(([, name]) => name);
    assert.deepEqual(marked.sort(), reloadable);
    assert.equal(run(['manual']).stdout.match(/SIGHUP changes it\.$/gm).length, reloadable.length);
  });
});
