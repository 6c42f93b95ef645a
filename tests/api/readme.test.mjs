// What the README and `make run` tell people to paste works as it stands.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, httpRequest, ROOT, Server, SLOW, sleep, temporaryDirectory } from './support/server.mjs';
import { freePorts } from './support/ports.mjs';

const README = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** Runs commands as a person would paste them. Standard error is a pipe, not a socket: commands may open /dev/stderr. */
function shell(script, env) {
  const done = spawnSync('bash', ['-euo', 'pipefail', '-c', `{ ${script}\n} 2> >(cat >&2)`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, timeout: 30000 * SLOW });
  assert.equal(done.status, 0, `${script}\n${done.stderr}`);
  return done;
}

describe('the README', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  const block = (name) => {
    const found = new RegExp(`<!-- test: ${name} -->\n\`\`\`sh\n([^]*?)\`\`\``).exec(README);
    assert.ok(found, `the README has no block ${name}`);
    assert.ok(found[1].includes('http://127.0.0.1:5390/'));
    return found[1].replaceAll('http://127.0.0.1:5390', server.url);
  };

  it('creates, updates and deletes a key as pasted', () => {
    const { accountId: ACCOUNT_ID, userGroupId: GROUP_ID, apiKey: LATCHKEY_API_KEY } = server.account;
    const env = { ACCOUNT_ID, GROUP_ID, LATCHKEY_API_KEY };
    const created = shell(block('create'), env).stdout;
    const UUID = JSON.parse(created).data.createApiKey.uuid;
    assert.equal(created, `{"data":{"createApiKey":{"name":"example","clientMutationId":"gafs","uuid":"${UUID}"}}}`);
    assert.ok(README.includes(created.replace(UUID, '4L2X2JLSQe2DnjOwBXj0TQ')), 'the README shows another answer');
    const updated = shell(block('update'), { ...env, UUID }).stdout;
    assert.equal(updated, `{"data":{"updateApiKey":{"clientMutationId":"gafs","name":"doc_example_update","uuid":"${UUID}"}}}`);
    assert.equal(shell(block('delete'), { ...env, UUID }).stdout, '{"data":{"deleteApiKey":{"clientMutationId":null}}}');
  });

  it('shows a command line that works', () => {
    const [, commands] = /```sh\n(build\/latchkey key create [^]*?)```/.exec(README);
    const { stdout } = shell(commands.replaceAll('build/latchkey', path.resolve(BINARY)), { LATCHKEY_URL: server.url, LATCHKEY_API_KEY: server.account.apiKey });
    assert.match(stdout, /^\S{22} +partner /m);
    assert.match(stdout, /^Usage: latchkey key /m);
  });

  it('links to files that are there', () => {
    const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)];
    assert.ok(links.length > 5);
    for (const [, target] of links) assert.ok(fs.existsSync(path.join(ROOT, target)), target);
  });
});

describe('the documents', () => {
  const files = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...fs.readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`), 'docs/gateways/README.md'];

  it('name tasks that there are: make alone lists them, and does none', () => {
    const tasks = /^\.PHONY: (.*)$/m.exec(fs.readFileSync(path.join(ROOT, 'Makefile'), 'utf8'))[1].split(' ');
    const lines = files.flatMap((file) => [...fs.readFileSync(path.join(ROOT, file), 'utf8').matchAll(/^ {4}(.*)$|`([^`\n]+)`/gm)].map(([, line, span]) => ({ file, code: (line ?? span).replace(/#.*/, '') })));
    const calls = lines.flatMap(({ file, code }) => [...code.matchAll(/(?<=^|sudo |&& |')make(?![\w-])(?: ([\w-]+))?/g)].map(([, task]) => ({ file, code, task })));
    assert.ok(calls.length > 20);
    for (const { file, code, task } of calls) if (code !== 'make') assert.ok(tasks.includes(task), `${file}: ${code}`);
  });

  it('name settings as the command line takes them: one that is on or off has no word of its own after it', () => {
    const help = spawnSync(BINARY, ['help', 'serve'], { encoding: 'utf8' }).stdout;
    const switches = [...help.matchAll(/^ {2}--([a-z-]+)$/gm)].map(([, name]) => name);
    assert.ok(switches.includes('graphql-introspection'));
    const spans = files.flatMap((file) => [...fs.readFileSync(path.join(ROOT, file), 'utf8').matchAll(/`--([a-z-]+)( [^`]+|=[^`]+)`/g)].map(([span, name, value]) => ({ file, span, name, value })));
    assert.ok(spans.length >= 5);
    for (const { file, span, name, value } of spans) if (switches.includes(name)) assert.match(value, /^=(true|false)$/, `${file}: ${span}`);
  });
});

describe('docs/permissions.md', () => {
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  it('makes groups, keys, users and accounts by what it says, as pasted', () => {
    const text = fs.readFileSync(path.join(ROOT, 'docs/permissions.md'), 'utf8');
    const commands = [...text.matchAll(/^ {4}(.*)$|^```sh\n([^]*?)```$/gm)].map(([, line, block]) => line ?? block);
    assert.equal(commands.length, 10);
    const programs = temporaryDirectory();
    fs.symlinkSync(path.resolve(BINARY), path.join(programs, 'latchkey'));
    const script = commands.join('\n').replaceAll('http://127.0.0.1:5390', server.url);
    const { stdout } = shell(script, { PATH: `${programs}:${process.env.PATH}`, LATCHKEY_URL: server.url, LATCHKEY_API_KEY: server.account.apiKey });
    assert.match(stdout, /^scopes +invoices\.\*, orders\.read$/m);
    const answers = stdout.slice(stdout.indexOf('{')).replaceAll('}{', '}\n{').trim().split('\n').map((line) => JSON.parse(line));
    const { valid, code } = answers.shift();
    assert.deepEqual([valid, code], [true, 'VALID']);
    assert.deepEqual(answers[0], { data: { setPassword: { user: { email: 'ann@example.com' } } } });
    const [, shown] = /```json\n(.*)\n```/.exec(text);
    assert.deepEqual(Object.keys(answers[1].resource), [...shown.matchAll(/"(\w+)":(?!\{)/g)].map(([, name]) => name));
    assert.match(answers[1].resource.token, /^lks_/);
    assert.match(answers[2].data.createAccount.key, /^lk_/);
  });

  it('names every account permission by which something is permitted, and every scope of ours', () => {
    const text = fs.readFileSync(path.join(ROOT, 'docs/permissions.md'), 'utf8');
    const schema = fs.readFileSync(path.join(ROOT, 'schema/schema.graphql'), 'utf8');
    const needed = new Set([...schema.matchAll(/[Nn]eeds (?:the scope )?([A-Z_]{6,}|latchkey\.\w+)/g)].map(([, name]) => name));
    assert.ok(needed.size >= 8);
    for (const name of needed) assert.ok(text.includes(`\`${name}\``), name);
  });
});

describe('docs/graphql.md', () => {
  const text = fs.readFileSync(path.join(ROOT, 'docs/graphql.md'), 'utf8');
  let server;
  before(async () => (server = await Server.fresh()));
  after(() => server.stop());

  it('asks and is answered as it says', async () => {
    const [, command] = /<!-- test: send -->\n```sh\n([^]*?)```/.exec(text);
    const { apiKeys } = JSON.parse(shell(command.replace('http://127.0.0.1:5390', server.url), { LATCHKEY_API_KEY: server.account.apiKey }).stdout).data;
    assert.deepEqual(apiKeys, { pageInfo: { total: 1, hasMore: false }, nodes: [{ name: 'admin', expiresAt: null }] });
    const [, shown] = /```json\n(.*)\n```/.exec(text);
    assert.equal((await server.graphql('{ apiKey(apiKeyId: "none") { name } }')).text, shown);
  });

  it('has every code of an error, and the limits that there are by default', () => {
    const sources = fs.readFileSync(path.join(ROOT, 'src/api/errors.h'), 'utf8') + fs.readFileSync(path.join(ROOT, 'src/api/graphql_endpoint.c'), 'utf8');
    const codes = [...sources.matchAll(/^#define (?:LK_)?CODE_\w+ "([A-Z_]+)"$/gm)].map(([, code]) => code);
    assert.equal(codes.length, 11);
    const rows = [...text.matchAll(/^\| (`[A-Z_`, ]+`) \|/gm)].flatMap(([, names]) => names.split(', ')).map((name) => name.replaceAll('`', ''));
    assert.deepEqual(rows.sort(), codes.sort());
    const help = spawnSync(BINARY, ['help', 'serve'], { encoding: 'utf8' }).stdout;
    const limit = (name) => new RegExp(`^  --${name} .*\\n.*Default: ([^.]+)\\.`, 'm').exec(help)[1];
    const shown = ['graphql-tokens', 'graphql-depth', 'graphql-aliases', 'graphql-root-fields', 'body-max', 'graphql-time', 'graphql-batch'].map(limit);
    assert.deepEqual(shown, ['20000', '10', '100', '50', '2MiB', '2s', '10']);
    assert.match(text.replaceAll('\n', ' '), /20,000 tokens, 10 levels of fields, 100 aliases and 50 fields at its root, a body 2 MiB,.* two seconds /);
    assert.match(text.replaceAll('\n', ' '), /one of up to 10 requests in a JSON array/);
  });
});

describe('docs/keys.md', () => {
  it('makes keys with limits and imports files as it shows them', async () => {
    const server = await Server.fresh();
    const { accountId, apiKey } = server.account;
    const readers = await server.createGroup('readers');
    await server.createGroup('writers');
    const later = Date.now() + 40 * 86400000; // whatever year it is
    const text = fs.readFileSync(path.join(ROOT, 'docs/keys.md'), 'utf8').replaceAll('2027-01-31', new Date(later).toISOString().slice(0, 10)).replaceAll('1803859200000', String(later));
    const examples = [...text.matchAll(/(?:^ {4}.*\n)+/gm)].map(([lines]) => lines.replaceAll(/^ {4}/gm, ''));
    const starting = (start) => examples.find((example) => example.startsWith(start));
    const directory = temporaryDirectory();
    const latchkey = (command) => shell(`cd ${directory}; ${command.replaceAll(/^latchkey/gm, path.resolve(BINARY))}`, { LATCHKEY_URL: server.url, LATCHKEY_API_KEY: apiKey }).stdout;

    latchkey(starting('latchkey key create'));
    const input = { ...JSON.parse(starting('{"accountId"')), accountId, name: 'by GraphQL', userGroupIds: [readers] };
    await server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid } }', { input });
    const shown = 'userGroups(limit: 9) { nodes { name } } allowedIps rateLimit { limit windowSeconds } credits { remaining refill { amount interval day } } metadata { key value }';
    const { one, other } = await server.query(`{ one: apiKeyByName(name: "partner") { ${shown} } other: apiKeyByName(name: "by GraphQL") { ${shown} } }`);
    assert.deepEqual(one, other);
    assert.equal(one.metadata.length, 1);

    fs.writeFileSync(path.join(directory, 'keys.csv'), starting('name,key').replace('partner,', 'another partner,'));
    assert.match(latchkey(starting('latchkey key import')), /^ci .*\nanother partner /m);
    const lines = starting('{"name"').replace(/(?<="userGroupIds":\[")[\w-]+/, readers).replaceAll(/(?<="name":"|"key":")/g, 'JSON ').replaceAll('"key":"JSON ', '"key":"JSON-');
    fs.writeFileSync(path.join(directory, 'keys.jsonl'), lines);
    assert.match(latchkey('latchkey key import keys.jsonl'), /^JSON ci .*\nJSON partner /m);
    await server.stop();
  });
});

describe('make run', () => {
  it('initialises once, prints the key once and commands that work, and ends cleanly when interrupted', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const ports = await freePorts(2);
    const env = { ...process.env, BUILD: path.dirname(BINARY), DATA: data, LATCHKEY_LISTEN: `127.0.0.1:${ports[0]}`, LATCHKEY_OPS_LISTEN: `127.0.0.1:${ports[1]}` };
    const start = async () => {
      const child = spawn('tools/run', [], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const started = { output: '', errors: '', exited: new Promise((resolve) => child.on('exit', (status, signal) => resolve({ status, signal }))) };
      child.stdout.on('data', (text) => (started.output += text));
      child.stderr.on('data', (text) => (started.errors += text));
      for (const handle of [child, child.stdout, child.stderr]) handle.unref(); // a failed test must not wait for it
      process.on('exit', () => child.kill('SIGKILL'));
      started.interrupt = () => child.ref() ?? child.kill('SIGINT');
      for (let i = 0; ; i++) {
        const healthy = await httpRequest(ports[0], { path: '/healthz', timeout: 1000 * SLOW }).then(() => true, () => false);
        if (healthy) return started;
        assert.ok(i < 200 * SLOW, `not healthy: ${started.output}${started.errors}`);
        await sleep(50);
      }
    };

    const first = await start();
    const [, key] = /export LATCHKEY_API_KEY=(lk_[0-9A-Za-z]{71})$/m.exec(first.output);
    const commands = first.output.split('\n').filter((line) => line.includes('curl '));
    assert.equal(commands.length, 3, first.output);
    for (const command of commands) assert.ok(!command.includes(key));
    const done = shell(commands.join('\necho\n'), { LATCHKEY_API_KEY: key });
    assert.match(done.stderr, /^\{"data":\{"createApiKey":\{"name":"example","clientMutationId":"gafs","uuid":"[\w-]{22}"\}\}\}$/);
    assert.match(done.stdout, /^\n\{"data":\{"updateApiKey":\{"clientMutationId":"gafs","name":"doc_example_update","uuid":"[\w-]{22}"\}\}\}\n\{"data":\{"deleteApiKey":\{"clientMutationId":null\}\}\}$/);
    first.interrupt();
    assert.deepEqual(await first.exited, { status: 0, signal: null }, first.errors);

    const second = await start();
    assert.doesNotMatch(second.output, /lk_[0-9A-Za-z]{71}/);
    assert.deepEqual(second.output.split('\n').filter((line) => line.includes('curl ')), commands);
    second.interrupt();
    assert.deepEqual(await second.exited, { status: 0, signal: null });

    const { account: ACCOUNT_ID, group: GROUP_ID } = Object.fromEntries(fs.readFileSync(path.join(data, 'run-ids'), 'utf8').trim().split('\n').map((line) => line.split('=')));
    fs.rmSync(path.join(data, 'run-ids'));
    const third = await start();
    assert.match(third.output, /from the shell, with the ids of your account and user group in ACCOUNT_ID and GROUP_ID:/);
    const again = shell(third.output.split('\n').filter((line) => line.includes('curl ')).join('\necho\n'), { LATCHKEY_API_KEY: key, ACCOUNT_ID, GROUP_ID });
    assert.match(again.stdout, /"name":"doc_example_update".*\n\{"data":\{"deleteApiKey":\{"clientMutationId":null\}\}\}$/);
    third.interrupt();
    assert.deepEqual(await third.exited, { status: 0, signal: null });
    for (const name of fs.readdirSync(data)) {
      const file = path.join(data, name);
      if (fs.statSync(file).isFile()) assert.equal(fs.readFileSync(file).includes(key), false, `${name} holds the key`);
    }
  });
});
