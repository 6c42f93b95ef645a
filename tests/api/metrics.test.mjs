// What /metrics says, in both formats, and that docs/operations.md lists exactly that.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { httpRequest, ROOT, Server, sleep, SLOW, temporaryDirectory } from './support/server.mjs';

/** Families by name: {type, help, samples: {"name{labels}": number}}. Throws on what is no metric, comes twice or stands outside its family. */
function parse(text, openMetrics) {
  const families = new Map();
  let family;
  const lines = text.split('\n');
  assert.equal(lines.pop(), '');
  if (openMetrics) assert.equal(lines.pop(), '# EOF');
  for (const line of lines) {
    const [, kind, name, rest] = /^# (HELP|TYPE) ((?:latchkey|process)_[a-z_]+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      assert.equal(families.has(name), false, `${name} comes twice`);
      assert.match(rest, /^[A-Z][^"\\]*\.$/);
      family = { name, help: rest, samples: {} };
      families.set(name, family);
    } else if (kind === 'TYPE') {
      assert.equal(name, family.name);
      family.type = rest;
    } else {
      const [, sample, labels = '', value] = /^((?:latchkey|process)_[a-z_]+)(\{[a-zA-Z]+="[^"\\]*"(?:,[a-zA-Z]+="[^"\\]*")*\})? (\d+(?:\.\d+)?)$/.exec(line) ?? [];
      assert.ok(sample, `not a sample: ${line}`);
      const endings = { counter: openMetrics ? ['_total'] : [''], gauge: [''], info: ['_info'], histogram: ['_bucket', '_sum', '_count'] }[family.type];
      assert.ok(endings.some((ending) => sample === family.name + ending), `${line} in ${family.name}, a ${family.type}`);
      assert.equal(family.samples[sample + labels], undefined, `${line} comes twice`);
      family.samples[sample + labels] = Number(value);
    }
  }
  return families;
}

/** All samples of a server, by name and labels. */
async function samples(server) {
  const { text } = await httpRequest(server.opsPort, { path: '/metrics' });
  return Object.assign({}, ...[...parse(text, false).values()].map((family) => family.samples));
}

describe('metrics', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  const read = async (accept) => httpRequest(server.opsPort, { path: '/metrics', headers: accept ? { accept } : {} });
  const values = () => samples(server);

  it('speaks the format that is asked for', async () => {
    const plain = await read();
    assert.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const open = await read('application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2');
    assert.equal(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    for (const [accept, type] of [
      ['*/*', 'text/plain'],
      ['application/openmetrics-text', 'application/openmetrics-text'],
      ['text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5', 'text/plain'],
      ['application/openmetrics-text;q=0,text/plain', 'text/plain'],
      ['application/openmetrics-textual', 'text/plain'],
    ]) {
      const answer = await read(accept);
      assert.equal(answer.headers['content-type'].split(';')[0], type, accept);
      parse(answer.text, type !== 'text/plain');
    }
    const plainNames = [...parse(plain.text, false).entries()].map(([name, { type }]) => (type === 'counter' ? name.replace(/_total$/, '') : name.replace(/_info$/, '')));
    assert.deepEqual([...parse(open.text, true).keys()], plainNames);
    for (const [name, { type }] of parse(plain.text, false)) assert.equal(name.endsWith('_total'), type === 'counter', name);
  });

  it('counts answers by route and status', async () => {
    const before = await values();
    const { key } = await server.createKey('metered');
    for (let i = 0; i < 3; i++) await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } });
    await server.request({ path: '/v1/auth', headers: { 'x-api-key': 'nothing' } });
    await server.request({ path: '/v1/auth/nothing' });
    await server.request({ path: '/nothing' });
    await server.request({ method: 'DELETE', path: '/graphql' });
    await server.raw('GARBAGE\r\n\r\n');
    const seen = await values();
    const rise = (route, status) => seen[`latchkey_http_requests_total{route="${route}",status="${status}"}`] - before[`latchkey_http_requests_total{route="${route}",status="${status}"}`];
    assert.deepEqual([rise('auth', '2xx'), rise('auth', '4xx'), rise('graphql', '2xx'), rise('graphql', '4xx'), rise('other', '4xx'), rise('operations', '2xx')], [3, 2, 1, 1, 2, 1]);
  });

  it('measures durations, commits, GraphQL and the audit', async () => {
    const before = await values();
    const { key } = await server.createKey('measured');
    for (let i = 0; i < 100; i++) await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } });
    await server.query('{ viewer { apiKey { id } } }');
    await server.graphql('{ viewer { apiKey { id } } }', undefined, { key: null });
    await server.graphql('{ nothing }');
    const seen = await values();
    const rise = (name) => seen[`latchkey_${name}`] - before[`latchkey_${name}`];
    const measured = rise('verification_duration_seconds_count{interface="auth"}');
    assert.ok(measured >= 8 && measured <= 20, `${measured} of 100 were measured`); // each thread measures one in 8 of its own
    const bucket = (bound) => seen[`latchkey_verification_duration_seconds_bucket{interface="auth",le="${bound}"}`];
    const bounds = Object.keys(seen).filter((name) => name.startsWith('latchkey_verification_duration_seconds_bucket{interface="auth"')).map((name) => /le="(.*)"/.exec(name)[1]);
    assert.equal(bounds[0], '1e-06');
    assert.equal(bounds.at(-1), '+Inf');
    for (let i = 1; i < bounds.length; i++) assert.ok(bucket(bounds[i]) >= bucket(bounds[i - 1]) && Number(bounds[i].replace('+Inf', 'Infinity')) > Number(bounds[i - 1]));
    assert.equal(bucket('+Inf'), seen['latchkey_verification_duration_seconds_count{interface="auth"}']);
    assert.ok(rise('verification_duration_seconds_sum{interface="auth"}') > 0);
    assert.equal(rise('verifications_total{code="VALID"}'), 100);
    assert.equal(rise('graphql_requests_total{operation="mutation",result="ok"}'), 1);
    assert.equal(rise('graphql_requests_total{operation="query",result="ok"}'), 1);
    assert.equal(rise('graphql_requests_total{operation="none",result="unauthenticated"}'), 1);
    assert.equal(rise('graphql_requests_total{operation="none",result="refused"}'), 1);
    assert.equal(rise('audit_entries_total'), 1);
    assert.equal(rise('keys'), 1);
    assert.ok(rise('store_commit_jobs_count') >= 1);
    assert.ok(seen.latchkey_store_cache_bytes > 4096 && seen.latchkey_store_cache_bytes < 128 * 2 ** 20, 'pages of the database, and not more than there may be');
    assert.equal(seen['latchkey_store_commit_jobs_bucket{le="+Inf"}'], seen.latchkey_store_commit_jobs_count);
    assert.ok(seen.latchkey_keyring_bytes > 0);
    assert.equal(seen.latchkey_usage_lost_total, 0);
    const deadline = Date.now() + 5000 * SLOW;
    const waiting = async () => (await values()).latchkey_usage_waiting_keys;
    let last;
    while ((last = await waiting()) > 0 && Date.now() < deadline) await sleep(100);
    assert.equal(last, 0, 'all that was counted gets written'); // of what was counted last it is not known yet
  });

  it('counts entries of the audit log once, also of a request that runs twice', async () => {
    const create = (email) => `createUser(input: { name: "n", email: "${email}" }) { user { id } }`;
    const { createUser } = await server.query(`mutation { ${create('m@example.org')} }`);
    const before = await values();
    // The password is hashed between two runs, of which the first is undone.
    await server.query(`mutation { ${create('n@example.org')} setPassword(input: { userId: "${createUser.user.id}", password: "a long password" }) { user { id } } }`);
    await server.graphql(`mutation { ${create('n@example.org')} }`);
    assert.equal((await values()).latchkey_audit_entries_total - before.latchkey_audit_entries_total, 2);
  });

  it('tell what the process takes, from within the sandbox', async () => {
    const system = () => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))[1]) * 1024;
    const before = await values();
    assert.match(server.stderr, /sandbox: (no new privileges|This build has a sanitizer or counts coverage)/);
    const real = system();
    assert.ok(Math.abs(before.process_resident_memory_bytes - real) < 0.1 * real + 4 * 2 ** 20, `${before.process_resident_memory_bytes} of ${real}`);
    for (let i = 0; i < 200; i++) await server.query('{ account { id } }');
    const used = (await values()).process_cpu_seconds_total - before.process_cpu_seconds_total;
    assert.ok(used > 0 && used < 30 * SLOW, `${used} s`);
  });

  it('is what docs/operations.md lists, with the same types and labels', async () => {
    const documented = [...fs.readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8').matchAll(/^\| `((?:latchkey|process)_[a-z_]+)(?:\{([a-z,]+)\})?` \| (\w+) \|/gm)].map(([, name, labels = '', type]) => `${name} ${type} ${labels}`);
    const served = [...parse((await read()).text, false)].map(([name, { type, samples }]) => {
      const [, labels = ''] = /\{(.*)\}/.exec(Object.keys(samples)[0]) ?? [];
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      return `${name} ${name.endsWith('_info') ? 'info' : type} ${names.join()}`;
    });
    assert.deepEqual(documented, served);
  });
});

describe('metrics of a server that changes', () => {
  const config = path.join(temporaryDirectory(), 'latchkey.conf');
  let server;
  before(async () => {
    fs.writeFileSync(config, '');
    server = await Server.fresh({ args: ['--config', config] });
  });
  after(() => server.stop());

  it('never fall where they count, and tell how many keys there are', async () => {
    const ask = (key) => server.request({ path: '/v1/auth', headers: { 'x-api-key': key } });
    const { createAccount } = await server.query('mutation { createAccount(input: { name: "Passing" }) { key account { id } } }');
    for (let i = 0; i < 20; i++) assert.equal((await ask(createAccount.key)).status, 200);
    const before = await samples(server);
    await server.query('mutation ($id: String!) { deleteAccount(input: { accountId: $id }) { clientMutationId } }', { id: createAccount.account.id });
    assert.equal((await ask(createAccount.key)).status, 401);
    fs.writeFileSync(config, 'log-level = debug\n');
    server.process.kill('SIGHUP');
    const deadline = Date.now() + 5000 * SLOW;
    while ((await samples(server))['latchkey_reloads_total{result="ok"}'] === 0 && Date.now() < deadline) await sleep(20);
    const seen = await samples(server);
    for (const [name, value] of Object.entries(before)) if (/_(total|sum|count|bucket)(\{|$)/.test(name)) assert.ok(seen[name] >= value, name);
    assert.equal(seen.latchkey_keys, before.latchkey_keys - 1);
    assert.equal(seen['latchkey_verifications_total{code="VALID"}'], 20);
    assert.equal(seen['latchkey_verifications_total{code="NOT_FOUND"}'], 1);
  });

  it('tell what came of each SIGHUP', async () => {
    const before = await samples(server);
    const rise = async (result) => (await samples(server))[`latchkey_reloads_total{result="${result}"}`] - before[`latchkey_reloads_total{result="${result}"}`];
    const settles = async (result) => {
      const deadline = Date.now() + 5000 * SLOW;
      server.process.kill('SIGHUP');
      while ((await rise(result)) === 0 && Date.now() < deadline) await sleep(20);
      assert.equal(await rise(result), 1);
    };
    fs.writeFileSync(config, 'nonsense\n');
    await settles('failed');
    fs.writeFileSync(config, '');
    await settles('ok');
    assert.equal(await rise('failed'), 1);
  });
});
