// The command line: the commands that manage, against a running server, as people and as scripts use them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeCertificate } from './support/certificates.mjs';
import { commandsOf } from './support/command.mjs';
import { BINARY, ID, run, Server, SLOW, sleep, temporaryDirectory, TOKEN } from './support/server.mjs';
import { freePort } from './support/ports.mjs';

let server;
before(async () => (server = await Server.fresh()));
after(() => server.stop());

const { environment, cli, print, json, refuse, shell } = commandsOf(() => server);

describe('latchkey key', () => {
  it('creates a key that works, and prints it', async () => {
    const text = print('key', 'create', 'people', '--group', 'Account Administrator', '--metadata', 'team=payments', '--expires', '30d');
    const token = /lk_[0-9A-Za-z]{71}/.exec(text)[0];
    assert.ok(await server.accepts(token));
    const made = json('key', 'create', 'programs', '--group', server.account.userGroupId);
    assert.match(made.key, TOKEN);
    assert.match(made.apiKey.id, ID);
    assert.deepEqual(made.apiKey.userGroups.nodes.map(({ name }) => name), ['Account Administrator']);
    assert.ok(await server.accepts(made.key));
  });

  it('shows a key by name and by id, never its secret', () => {
    const key = json('key', 'get', 'people');
    assert.deepEqual(json('key', 'get', key.id), key);
    assert.equal(key.accountId, server.account.accountId);
    assert.equal(key.uuid, key.id);
    assert.deepEqual(key.metadata, [{ key: 'team', value: 'payments' }]);
    const days = (key.expiresAt - Date.now()) / 86400000;
    assert.ok(days > 29.9 && days <= 30, `${days}`);
    const text = print('key', 'get', 'people');
    assert.match(text, /^name +people$/m);
    assert.match(text, /^groups +Account Administrator$/m);
    assert.match(text, /^metadata +team=payments$/m);
    assert.match(text, /^expires +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m);
    assert.doesNotMatch(text, /lk_[0-9A-Za-z]{71}/);
  });

  it('lists keys in columns and as JSON, filtered', () => {
    const lines = print('key', 'list').trimEnd().split('\n');
    const names = lines[0].indexOf('NAME');
    assert.deepEqual(lines.slice(1).map((line) => line.slice(names).split(' ')[0]), ['admin', 'people', 'programs']);
    for (const line of lines) assert.equal(line, line.trimEnd());
    assert.deepEqual(json('key', 'list', '--name', 'PRO').map(({ name }) => name), ['programs']);
    assert.deepEqual(json('key', 'list', '--group', 'Production Support'), []);
    assert.deepEqual(json('key', 'list', '--limit', '1', '--offset', '1').map(({ name }) => name), ['people']);
    for (const list of [['key', 'list'], ['group', 'list'], ['user', 'list'], ['audit', 'list']]) assert.match(refuse(2, ...list, '--limit', '0'), /--limit: "0" is not a whole number from 1 to 999999999/);
    const byName = json('key', 'list').map(({ name }) => name);
    assert.deepEqual(json('key', 'list', '--reverse').map(({ name }) => name), byName.reverse());
    assert.equal(json('key', 'list', '--sort', 'created')[0].name, 'admin');
    assert.equal(json('key', 'list', '--sort', 'created', '--reverse').at(-1).name, 'admin');
    assert.deepEqual(json('key', 'list', '--unused-since', '1d'), []);
    assert.deepEqual(json('key', 'list', '--expires-before', '2000-01-01'), []);
    assert.deepEqual(json('key', 'list', '--expires-after', '0d').map(({ name }) => name), ['people']);
    assert.deepEqual(json('key', 'list', '--expires-after', '0d', '--expires-before', '1h'), []);
    assert.match(refuse(2, 'key', 'list', '--sort', 'size'), /--sort is name, created, expires or used, not size/);
    assert.match(refuse(2, 'key', 'list', '--unused-since', 'ever'), /--unused-since: "ever" is neither a date/);
  });

  it('says in a sentence that there is nothing', () => {
    const done = cli(['key', 'list', '--name', 'nothing of that name']);
    assert.deepEqual([done.status, done.stdout, done.stderr], [0, '', 'There is no such API key.\n']);
  });

  it('follows the pages of a long list', async () => {
    const group = json('group', 'create', 'many').id;
    for (let i = 0; i < 12; i++) await Promise.all(Array.from({ length: 10 }, (_, j) => server.createKey(`many-${i}-${j}`, [group])));
    assert.equal(json('key', 'list', '--group', 'many').length, 120);
    assert.equal(json('key', 'list', '--group', 'many', '--limit', '105').length, 105);
    assert.equal(json('key', 'list', '--group', 'many', '--offset', '115').length, 5);
    assert.equal(print('key', 'list', '--group', 'many').trimEnd().split('\n').length, 121);
  });

  it('changes only what is named', async () => {
    const before = json('key', 'get', 'people');
    const disabled = json('key', 'update', 'people', '--disable');
    // When it was last used arrives in the database on its own time.
    assert.deepEqual({ ...disabled, updatedAt: 0, lastUsedAt: null }, { ...before, enabled: false, updatedAt: 0, lastUsedAt: null });
    const changed = json('key', 'update', before.id, '--name', 'persons', '--enable', '--expires', 'never', '--group', 'Production Support', '--metadata', 'a=b=c');
    assert.equal(changed.name, 'persons');
    assert.equal(changed.enabled, true);
    assert.equal(changed.expiresAt, null);
    assert.deepEqual(changed.userGroups.nodes.map(({ name }) => name), ['Production Support']);
    assert.deepEqual(changed.metadata, [{ key: 'a', value: 'b=c' }]);
    assert.deepEqual(json('key', 'update', 'persons', '--no-groups').userGroups.nodes, []);
    assert.deepEqual(json('key', 'update', 'persons', '--no-metadata').metadata, []);
    assert.match(refuse(2, 'key', 'update', 'persons', '--no-metadata', '--metadata', 'a=b'), /--metadata and --no-metadata exclude each other/);
    assert.match(refuse(2, 'key', 'update', 'persons', '--no-groups', '--group', 'a'), /--group and --no-groups exclude each other/);
    assert.match(refuse(2, 'user', 'update', 'persons', '--no-groups', '--group', 'a'), /--group and --no-groups exclude each other/);
    assert.equal(json('key', 'update', 'persons', '--expires', '2099-12-31T12:00+02:00').expiresAt, Date.UTC(2099, 11, 31, 10));
  });

  it('reveals a key once more', () => {
    const made = json('key', 'create', '--name', 'revealed');
    refuse(2, 'key', 'create', 'two', '--name', 'names');
    refuse(2, 'key', 'create');
    assert.equal(json('key', 'reveal', 'revealed').key, made.key);
    assert.ok(print('key', 'reveal', made.apiKey.id).includes(made.key));
  });

  it('deletes keys, without asking a script', async () => {
    const made = json('key', 'create', 'doomed', '--group', 'Account Administrator');
    assert.match(print('key', 'delete', 'doomed', 'revealed'), /Deleted the API key doomed/);
    assert.equal(await server.accepts(made.key), false);
    assert.match(refuse(1, 'key', 'get', 'doomed'), /There is no API key "doomed": `latchkey key list` shows what there is/);
  });

  it('tells programs what was deleted, also where something could not be', () => {
    const ids = ['g1', '-g2'].map((name) => json('group', 'create', `--name=${name}`).id);
    const done = cli(['group', 'delete', '--json', '--', 'g1', '-g2', 'nobody', 'g3']);
    assert.deepEqual([done.status, JSON.parse(done.stdout)], [1, [{ id: ids[0], name: 'g1' }, { id: ids[1], name: '-g2' }]]);
    assert.match(done.stderr, /^latchkey: There is no user group "nobody"/);
    const user = json('user', 'create', 'Program', 'program@example.com');
    const key = json('key', 'create', 'short-lived').apiKey;
    assert.deepEqual(json('user', 'delete', user.email), [{ id: user.id, name: user.name }]);
    assert.deepEqual(json('key', 'delete', key.id), [{ id: key.id, name: key.name }]);
    refuse(1, 'key', 'delete', 'nobody', '--json');
    const full = shell('"$0" key create full --json >/dev/null; "$0" key delete full --json >/dev/full');
    assert.deepEqual([full.status, /^latchkey: Cannot write to standard output: .*\. Deleted the API key full \(.{22}\)\.$/m.test(full.stderr)], [1, true], full.stderr);
  });

  it('takes dates that are dates, and none that is past', () => {
    for (const bad of ['soon', '2027-02-30', '2027-01-01T12:00', '30', '-1d']) {
      assert.match(refuse(2, 'key', 'create', 'x', '--expires', bad), /--expires: ".*" is neither a date/);
    }
    assert.match(refuse(2, 'key', 'create', 'x', '--expires', '2001-01-01'), /is past/);
  });

  it('passes on what the server refuses', () => {
    assert.match(refuse(1, 'key', 'create', ' blank '), /Invalid API Key name/);
    assert.match(refuse(1, 'key', 'create', 'admin'), /admin/);
    assert.match(refuse(1, 'key', 'create', 'x', '--group', 'no such group'), /There is no user group "no such group"/);
  });
});

describe('latchkey key: limits, rotation, import, verify, check', () => {
  const write = (text) => {
    const file = path.join(temporaryDirectory(), 'input');
    fs.writeFileSync(file, text);
    return file;
  };

  it('limits a key, shows how, and lifts the limits', () => {
    const made = json('key', 'create', 'limited', '--allow-ip', '192.0.2.7', '--allow-ip', '2001:db8::/32', '--rate', '100/1m', '--credits', '50', '--refill', '60/weekly:7');
    assert.deepEqual(made.apiKey.allowedIps, ['192.0.2.7/32', '2001:db8::/32']);
    assert.deepEqual(made.apiKey.rateLimit, { limit: 100, windowSeconds: 60 });
    assert.equal(made.apiKey.credits.remaining, 50);
    assert.deepEqual([made.apiKey.credits.refill.amount, made.apiKey.credits.refill.interval, made.apiKey.credits.refill.day], [60, 'WEEKLY', 7]);
    const text = print('key', 'get', 'limited');
    for (const line of [/^allowed from 192\.0\.2\.7\/32, 2001:db8::\/32$/m, /^rate +100$/m, /^credits +50$/m, /^refill +WEEKLY$/m]) assert.match(text, line);
    const topped = json('key', 'update', 'limited', '--credits', '70').credits; // what is not named stays as it is
    assert.deepEqual([topped.remaining, topped.refill?.amount, topped.refill?.interval, topped.refill?.day], [70, 60, 'WEEKLY', 7]);
    assert.equal(json('key', 'update', 'limited', '--credits', '70', '--refill', '9/daily').credits.refill.amount, 9);
    const daily = json('key', 'update', 'limited', '--credits', '80').credits;
    assert.deepEqual([daily.remaining, daily.refill?.amount, daily.refill?.interval, daily.refill?.day], [80, 9, 'DAILY', null]);
    assert.equal(json('key', 'update', 'limited', '--credits', '80', '--refill', 'none').credits.refill, null);
    assert.deepEqual(json('key', 'update', 'limited', '--credits', '5').credits, { remaining: 5, refill: null });
    const lifted = json('key', 'update', 'limited', '--any-ip', '--rate', 'none', '--credits', 'none');
    assert.deepEqual([lifted.allowedIps, lifted.rateLimit, lifted.credits], [[], null, null]);
    for (const line of ['rate', 'credits', 'refill', 'allowed from', 'old secrets']) assert.doesNotMatch(print('key', 'get', 'limited'), new RegExp(`^${line}`, 'm'));
  });

  it('says what is wrong with a limit', () => {
    for (const [option, bad] of [['rate', '100'], ['rate', 'x/60s'], ['rate', '5/2027-01-01'], ['rate', '5/-1s'], ['credits', '1.5'], ['credits', '']])
      assert.match(refuse(2, 'key', 'update', 'limited', `--${option}`, bad), new RegExp(`--${option}: `));
    for (const bad of ['5', '5/yearly', '5/daily:', '5/weekly:x', 'daily']) assert.match(refuse(2, 'key', 'update', 'limited', '--credits', '1', '--refill', bad), /--refill: ".*" is not such as/);
    assert.match(refuse(2, 'key', 'update', 'limited', '--refill', '5/daily'), /--refill needs --credits/);
    assert.match(refuse(2, 'key', 'update', 'limited', '--any-ip', '--allow-ip', '::1'), /exclude each other/);
    assert.match(refuse(1, 'key', 'update', 'limited', '--allow-ip', '10.0.0.1/8'), /10\.0\.0\.0\/8/);
    assert.match(refuse(1, 'key', 'update', 'limited', '--credits', '1', '--refill', '5/weekly:8'), /from 1 \(Monday\) to 7/);
    assert.match(refuse(1, 'key', 'update', 'limited', '--rate', '99999999999/1s'), /^latchkey: rateLimit\.limit: 99999999999 is too large, or too small: a whole number has at most 32 bits here$/m);
  });

  it('rotates a key', async () => {
    const { key } = json('key', 'create', 'turning');
    const turned = json('key', 'rotate', 'turning', '--overlap', '1h');
    assert.match(turned.key, TOKEN);
    assert.ok((await server.accepts(key)) && (await server.accepts(turned.key)));
    assert.match(print('key', 'get', 'turning'), /^old secrets +lk_…/m);
    assert.match(print('key', 'rotate', 'turning'), /^key +lk_/m);
    assert.ok(!(await server.accepts(key)) && !(await server.accepts(turned.key)));
    assert.match(refuse(2, 'key', 'rotate', 'turning', '--overlap', 'soon'), /--overlap: "soon" is not a length/);
    refuse(2, 'key', 'rotate');
  });

  it('verifies a key that it is given in a file, on standard input or in the environment', () => {
    const { key, apiKey } = json('key', 'create', 'asked', '--group', 'Account Administrator', '--credits', '5');
    const file = write(`${key}\n`);
    const answer = json('key', 'verify', file, '--require', 'MANAGE_API_KEYS', '--cost', '2');
    assert.deepEqual([answer.valid, answer.keyId, answer.credits], [true, apiKey.id, { remaining: 3 }]);
    assert.deepEqual(json('key', 'verify', file).credits, { remaining: 3 }, 'asking costs nothing unless it is said');
    for (const done of [cli(['key', 'verify', '-'], {}, key), cli(['key', 'verify'], {}, key), cli(['key', 'verify'], { LATCHKEY_KEY: '' }, key), cli(['key', 'verify'], { LATCHKEY_KEY: key })]) {
      assert.equal(done.status, 0, done.stderr);
      assert.match(done.stdout, /^code +VALID$/m);
    }
    const none = cli(['key', 'verify', write('no-key-that-is-known')]);
    assert.deepEqual([none.status, none.stderr], [1, '']);
    assert.match(none.stdout, /^code +NOT_FOUND$/m);
    assert.match(refuse(1, 'key', 'verify', file, '--require', 'A AND'), /expression/);
    assert.match(refuse(1, 'key', 'verify', '/nowhere/x'), /Cannot read a key from \/nowhere\/x/);
    for (const cost of ['-1', '', '1x', '4294967296', '99999999999999999999']) assert.match(refuse(2, 'key', 'verify', file, '--cost', cost), /--cost: ".*" is not a whole number up to 4294967295/);
    assert.match(cli(['key', 'verify', file, '--cost', '4294967295']).stdout, /^code +USAGE_EXCEEDED$/m);
  });

  it('checks the form of a key without a server', () => {
    const env = { LATCHKEY_URL: 'http://127.0.0.1:1', LATCHKEY_API_KEY: '' };
    const check = (text, ...more) => cli(['key', 'check', '-', ...more], env, text);
    const ours = check(server.account.apiKey, '--json');
    assert.deepEqual([ours.status, JSON.parse(ours.stdout)], [0, { form: 'LATCHKEY', accountId: server.account.accountId }]);
    assert.deepEqual(JSON.parse(check('sk_live_0123456789', '--json').stdout), { form: 'OTHER', accountId: null });
    for (const [text, sentence] of [[server.account.apiKey.slice(0, -1), /cut or mistyped/], ['short', /16 to 512/]]) {
      const done = check(text);
      assert.equal(done.status, 1);
      assert.match(done.stdout, sentence);
    }
  });

  it('imports keys from CSV and JSON lines', async () => {
    const csv = write('\uFEFFkey,name,groups,expires\r\ncsv-imported-key-1,"one, ""quoted""",Account Administrator; Production Support,30d\r\ncsv-imported-key-2,two,,\r\n');
    const results = json('key', 'import', csv, '--group', 'Production Support');
    assert.deepEqual(results.map(({ name, error }) => [name, error]), [['one, "quoted"', null], ['two', null]]);
    const one = json('key', 'get', 'one, "quoted"');
    assert.deepEqual(one.userGroups.nodes.map(({ name }) => name), ['Account Administrator', 'Production Support']);
    assert.ok(one.expiresAt > Date.now());
    assert.deepEqual(json('key', 'get', 'two').userGroups.nodes.map(({ name }) => name), ['Production Support']);
    assert.ok(await server.accepts('csv-imported-key-2'));
    const lines = Array.from({ length: 520 }, (_, i) => JSON.stringify({ name: `line ${i}`, key: `json-imported-key-${i}`, allowedIps: ['127.0.0.1'] }));
    const many = cli(['key', 'import', '-', '--json'], {}, `${lines.join('\n')}\n\n${lines[0]}\n`);
    assert.equal(many.status, 1);
    assert.match(many.stderr, /^Refused 1 of 521 keys, imported 520\.$/m);
    assert.deepEqual(JSON.parse(many.stdout).filter(({ error }) => error !== null).map(({ name }) => name), ['line 0']);
    assert.ok(await server.accepts('json-imported-key-519'));
    const again = cli(['key', 'import', '-'], {}, lines[1]);
    assert.deepEqual([again.status, again.stdout, again.stderr], [1, '', 'line 1: This key is there already, with the name line 1\nRefused 1 of 1 keys, imported 0.\n']);
  });

  it('imports more than one request may hold', () => {
    const metadata = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: 'v'.repeat(100) }));
    const file = write(Array.from({ length: 600 }, (_, i) => JSON.stringify({ name: `large ${i}`, key: `key-with-much-beside-it-${i}`, metadata })).join('\n'));
    assert.ok(fs.statSync(file).size > 3 << 20);
    assert.equal(json('key', 'import', file).filter(({ error }) => error === null).length, 600);
  });

  it('says how much was imported where it cannot be printed', () => {
    const file = write('name,key\nunseen,a-key-that-nobody-reads-of\n');
    for (const more of ['', ' --json']) {
      const done = shell(`"$0" key import "$1"${more} >/dev/full`, [file]);
      assert.deepEqual([done.status, done.stderr], [1, `Of the keys of the file 1 were sent, and ${more === '' ? 1 : 0} of them are there.\nlatchkey: Cannot write to standard output: No space left on device\n`]);
    }
  });

  it('says what is wrong with a file of keys, and shows no key', () => {
    const secret = 'a-secret-that-must-not-be-shown';
    for (const [text, sentence] of [
      ['name,secret\n', /first line must name the columns/],
      ['name\nx\n', /name and key among them/],
      [`name,key\nx,${secret},y\n`, /line 2: it has 3 fields where the first line has 2/],
      [`name,key\n"x,${secret}\n`, /line 2: a quote is opened and not closed/],
      [`{"name":"x","key":"${secret}","bogus":1}`, /line 1: there is no member "bogus"/],
      [`{"key":"${secret}"}`, /line 1: name and key are needed/],
      [`{"name":"x","key":"${secret}"`, /line 1: it is not a JSON object/],
      [`{"name":"x","key":"${secret}","credits":{}}`, /line 1: credits: Field "remaining" of required type/],
      [`{"name":"x","key":"${secret}","enabled":[{"key":"${secret}"}]}`, /line 1: enabled: Boolean cannot represent/],
    ]) {
      const done = cli(['key', 'import', '-'], {}, text);
      assert.equal(done.status, 1, done.stdout);
      assert.match(done.stderr, sentence);
      assert.ok(!done.stderr.includes(secret), done.stderr);
    }
    assert.match(refuse(1, 'key', 'import', '/nowhere/x'), /Cannot read \/nowhere\/x/);
  });
});

describe('latchkey user and latchkey group', () => {
  let one;
  it('create, show, change and list users', () => {
    one = json('user', 'create', 'Ann Lee', 'Ann@Example.com', '--group', 'Production Support', '--external-id', 'x-1');
    assert.equal(one.email, 'ann@example.com');
    assert.equal(json('user', 'get', 'ann@example.com').id, one.id);
    assert.equal(json('user', 'get', 'Ann Lee').id, one.id);
    assert.equal(json('user', 'get', one.id).externalUserId, 'x-1');
    assert.equal(json('user', 'update', 'ann@example.com', '--name', 'Ann Li').name, 'Ann Li');
    assert.deepEqual(json('user', 'get', one.id).userGroups.nodes.map(({ name }) => name), ['Production Support']);
    assert.match(print('user', 'list'), /Ann Li +ann@example\.com/);
  });

  it('do not guess which of two users of a name is meant', () => {
    const other = json('user', 'create', 'Ann Li', 'another.ann@example.com');
    const message = refuse(1, 'user', 'delete', 'Ann Li');
    assert.match(message, /2 users are called "Ann Li"; say which by e-mail address or id/);
    assert.ok(message.includes(one.id) && message.includes(other.id));
    assert.match(print('user', 'delete', 'another.ann@example.com'), /Deleted the user/);
    assert.equal(json('user', 'get', 'Ann Li').id, one.id);
  });

  it('create a group, grant to it without loss, and change its members', () => {
    const app = { permissionType: 'SERVICE', actions: ['READ'], applications: { filterType: 'ALL' }, services: { filterType: 'ALL' } };
    const made = json('group', 'create', 'readers', '--description', 'May look', '--scope', 'invoices.read', '--user', 'ann@example.com');
    assert.deepEqual(made.permissions.scopes, ['invoices.read']);
    assert.deepEqual(made.users.nodes.map(({ email }) => email), ['ann@example.com']);
    json('group', 'grant', 'readers', '--account-permission', 'VIEW_AUDITS', '--app-permission', JSON.stringify(app));
    const templates = { permissionType: 'TEMPLATE', actions: ['UPDATE'], applications: { filterType: 'ALL' }, templates: { filterType: 'ALL' } };
    json('group', 'grant', 'readers', '--app-permission', JSON.stringify(templates));
    const granted = json('group', 'grant', made.id, '--scope', 'orders.read', '--account-permission', 'MANAGE_API_KEYS');
    const { permissions } = json('group', 'get', 'readers');
    assert.deepEqual(permissions, granted.permissions);
    assert.deepEqual([...permissions.scopes].sort(), ['invoices.read', 'orders.read']);
    assert.deepEqual([...permissions.accountPermissions.accountPermissionTypes].sort(), ['MANAGE_API_KEYS', 'VIEW_AUDITS']);
    assert.deepEqual(permissions.appPermissions.map(({ permissionType, actions }) => ({ permissionType, actions })), [{ permissionType: 'SERVICE', actions: ['READ'] }, { permissionType: 'TEMPLATE', actions: ['UPDATE'] }]);

    const updated = json('group', 'update', 'readers', '--scope', 'orders.*');
    assert.deepEqual(updated.permissions, { ...permissions, scopes: ['orders.*'] }, 'naming scopes must leave the other permissions');
    assert.equal(updated.description, 'May look');
    assert.equal(updated.users.nodes.length, 1);
    const bare = json('group', 'update', 'readers', '--no-permissions').permissions;
    assert.deepEqual([bare.scopes, bare.appPermissions, bare.accountPermissions.accountPermissionTypes], [[], [], []]);

    assert.deepEqual(json('group', 'members', 'readers', '--remove', 'Ann Li'), []);
    assert.match(refuse(1, 'group', 'members', 'readers', '--add', one.id, '--add', 'nobody'), /There is no user "nobody"/);
    assert.deepEqual(json('group', 'members', 'readers'), [], 'a mistake changes nothing');
    assert.deepEqual(json('group', 'members', 'readers', '--add', one.id).map(({ name }) => name), ['Ann Li']);
    assert.match(print('group', 'members', 'readers'), /Ann Li +ann@example\.com/);
    assert.equal(refuse(1, 'group', 'members', 'readers', '--add', 'ann@example.com'), 'latchkey: ann@example.com: The user is already in the user group\n');
    assert.match(print('group', 'list'), /readers/);
    assert.match(refuse(2, 'group', 'grant', 'readers'), /Say what to grant/);
    assert.match(refuse(2, 'group', 'grant', 'readers', '--app-permission', '{'), /not JSON/);
    for (const [verb, ...more] of [['create', 'new'], ['update', 'readers'], ['grant', 'readers']]) {
      const account = refuse(1, 'group', verb, ...more, '--account-permission', 'NO_SUCH');
      assert.match(account, /^latchkey: permissions\.accountPermissions\.accountPermissionTypes\[\d\]: "NO_SUCH" is no AccountPermissionType\nAccountPermissionType is one of: .*VIEW_AUDITS.*MANAGE_RESTRICTED_ACCESS\n$/);
      const action = refuse(1, 'group', verb, ...more, '--app-permission', JSON.stringify({ ...app, actions: ['REED'] }));
      assert.match(action, /^latchkey: permissions\.appPermissions\[\d\]\.actions\[0\]: "REED" is no Actions\nActions is one of: CREATE, READ, UPDATE, DELETE/);
      assert.match(refuse(1, 'group', verb, ...more, '--app-permission', '{"permissionType":"ALL"}'), /^latchkey: permissions\.appPermissions\[\d\]: Field "applications" of required type "AppFilterInput!" was not provided$/m);
    }
    assert.match(print('group', 'delete', 'readers'), /Deleted the user group readers/);
  });
});

describe('latchkey audit list', () => {
  it('shows who did what, in a span of time', () => {
    const lines = print('audit', 'list', '--limit', '1000').split('\n');
    assert.match(lines[0], /^TIME +WHO +FROM +WHAT +TYPE +NAME/);
    assert.deepEqual(print('audit', 'list', '--since', '1960-01-01', '--limit', '1000').split('\n'), lines);
    assert.ok(lines.some((line) => /127\.0\.0\.1 +DELETE +USER_GROUP +readers/.test(line)), lines.slice(0, 5).join('\n'));
    assert.ok(lines.some((line) => /Z +key admin +127\.0\.0\.1 /.test(line)), lines.slice(0, 5).join('\n'));
    assert.ok(lines.some((line) => /Z +system .*CREATE +ACCOUNT /.test(line)), lines.slice(-5).join('\n'));
    const entries = json('audit', 'list', '--since', '1h', '--limit', '1000');
    const { account } = server;
    assert.ok(entries.some(({ by, byName }) => by === account.apiKeyId && byName === 'admin'));
    assert.deepEqual(entries.filter(({ byName }) => byName === 'system').map(({ by }) => by).filter((by) => by !== null), []);
    const newest = json('audit', 'list', '--limit', '600');
    for (const [limit, offset] of [[2, 0], [2, 1], [100, 7], [1, 500]]) assert.deepEqual(json('audit', 'list', '--limit', `${limit}`, '--offset', `${offset}`), newest.slice(offset, offset + limit), 'an import of 500 keys is 500 entries');
    assert.deepEqual(json('audit', 'list', '--until', '2020-01-01'), []);
    assert.deepEqual(json('audit', 'list', '--since', '2099-01-01'), []);
    refuse(2, 'audit', 'list', '--since', 'yesterday');
    refuse(2, 'audit', 'list', '--limit', 'many');
  });

  it('tells the system, users, and keys apart, whatever these are called', async () => {
    const password = 'correct horse battery';
    const userId = json('user', 'create', 'system', 'system@example.com', '--group', 'Account Administrator').id;
    await server.query('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }', { input: { userId, password } });
    const act = async (number, options) => server.query('mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }', { input: { name: `by ${number}` } }, options);
    const names = ['system', 'key system', '"system"', '(system)', 'system@example.com', 'a user who is gone', 'a key with the id x'];
    for (const [number, name] of names.entries()) await act(number, { key: (await server.createKey(name)).key });
    const gone = await server.createKey('is gone');
    await act('gone', { key: gone.key });
    print('key', 'delete', 'is gone');
    const login = await server.request({ method: 'POST', path: '/console/session', headers: { 'content-type': 'application/json', 'x-latchkey-console': '1' }, body: JSON.stringify({ email: 'system@example.com', password }) });
    assert.equal(login.status, 200, login.text);
    await act('user', { key: null, headers: { cookie: login.headers['set-cookie'][0].split(';')[0], 'x-latchkey-console': '1' } });

    const lines = print('audit', 'list', '--limit', '1000').split('\n');
    const [who, from] = ['WHO', 'FROM'].map((title) => lines[0].indexOf(title));
    const actorOf = (ending) => lines.filter((line) => line.endsWith(ending)).map((line) => line.slice(who, from).trimEnd());
    for (const [number, name] of names.entries()) assert.deepEqual(actorOf(`USER_GROUP  by ${number}`), [`key ${name}`]);
    assert.deepEqual(actorOf('USER_GROUP  by gone'), [`a key with the id ${gone.uuid}`]);
    assert.deepEqual(actorOf('USER_GROUP  by user'), ['system@example.com']);
    assert.ok(lines.some((line) => line.slice(who, from).trimEnd() === 'system'));
    for (const line of lines.filter((line) => line.slice(who, from).trimEnd() === 'system')) assert.doesNotMatch(line, / by /);
    const entries = json('audit', 'list', '--limit', '1000').filter(({ resourceName }) => resourceName.startsWith('by '));
    assert.deepEqual(entries.map(({ byName }) => byName).sort(), [...names, 'system@example.com', gone.uuid].sort(), 'programs get the bare name');
  });
});

describe('the caller', () => {
  it('is named by a file, the environment or an option', () => {
    const file = path.join(temporaryDirectory(), 'ci.key');
    fs.writeFileSync(file, `${server.account.apiKey}\n`, { mode: 0o600 });
    assert.equal(cli(['key', 'get', 'admin', '--api-key-file', file], { LATCHKEY_API_KEY: '' }).status, 0);
    assert.equal(cli(['key', 'get', 'admin', '--api-key', server.account.apiKey], { LATCHKEY_API_KEY: '' }).status, 0);
    const none = cli(['key', 'list'], { LATCHKEY_API_KEY: '' });
    assert.notEqual(none.status, 0);
    assert.match(none.stderr, /LATCHKEY_API_KEY.*--api-key-file/);
    assert.match(cli(['key', 'list', '--api-key-file', '/nowhere/x']).stderr, /Cannot read the API key from \/nowhere\/x: No such file/);
    fs.writeFileSync(file, ' \n');
    assert.equal(cli(['key', 'list', '--api-key-file', file]).stderr, `latchkey: The file ${file} is empty: --api-key-file names one that holds an API key\n`);
    assert.match(cli(['key', 'list'], { LATCHKEY_API_KEY: 'a b\nc' }).stderr, /The API key of the environment variable LATCHKEY_API_KEY holds a character that no key holds/);
    fs.writeFileSync(file, 'x'.repeat(513));
    assert.equal(cli(['key', 'list', '--api-key-file', file]).stderr, `latchkey: The API key of the file ${file} is too long: a key has at most 512 characters\n`);
    fs.writeFileSync(file, `${' '.repeat(4096)}${server.account.apiKey}`);
    assert.equal(cli(['key', 'list', '--api-key-file', file]).stderr, `latchkey: What ${file} holds is too long for a key: at most 4096 bytes\n`);
  });

  it('is known by a key with what editors and shells put around it', () => {
    const file = path.join(temporaryDirectory(), 'ci.key');
    const { apiKey } = server.account;
    fs.writeFileSync(file, `\uFEFF${apiKey}\r\n`, { mode: 0o600 });
    assert.equal(cli(['key', 'get', 'admin', '--api-key-file', file]).status, 0);
    assert.equal(cli(['key', 'verify', file]).status, 0);
    assert.equal(cli(['key', 'check', file]).status, 0);
    assert.equal(cli(['key', 'get', 'admin'], { LATCHKEY_API_KEY: `${apiKey}\n` }).status, 0);
    assert.match(cli(['key', 'list'], { LATCHKEY_API_KEY: ' \n' }).stderr, /An API key is needed/);
  });

  it('is known by a key that comes in pieces', () => {
    const { apiKey } = server.account;
    const done = shell('(printf %s "$1"; sleep 0.3; printf %s "$2") | "$0" key get admin --api-key-file /dev/stdin', [apiKey.slice(0, 20), apiKey.slice(20)], { LATCHKEY_API_KEY: '' });
    assert.deepEqual([done.status, done.stderr], [0, '']);
  });

  it('is told which credential was refused, without seeing it', () => {
    const wrong = `lk_${'0'.repeat(71)}`;
    const done = cli(['key', 'list'], { LATCHKEY_API_KEY: wrong });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /does not accept the API key of the environment variable LATCHKEY_API_KEY/);
    assert.ok(!done.stderr.includes(wrong));
  });

  it('is told where no server was found', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const done = cli(['key', 'list', '--url', url]);
    assert.equal(done.status, 1);
    assert.equal(done.stderr, `latchkey: No server answers at ${url}: start one with \`latchkey serve\`, or name another with --url\n`);
    assert.match(cli(['key', 'list', '--url', 'ftp://x']).stderr, /must begin with http/);
    assert.match(cli(['key', 'list', '--url', 'http://nowhere.invalid'], { http_proxy: '', ALL_PROXY: '' }).stderr, /No server answers at http:\/\/nowhere\.invalid \(Could not resolve host: nowhere\.invalid\): start one/);
    const { stderr } = cli(['key', 'list', '--url', 'http://192.0.2.1'], { http_proxy: url, NO_PROXY: '', no_proxy: '' });
    assert.match(stderr, new RegExp(`^latchkey: No server answers at http://192\\.0\\.2\\.1 \\(.*127\\.0\\.0\\.1 port ${new URL(url).port}.*\\): start one`), 'a proxy that is not there is named');
    assert.match(cli(['key', 'list', '--url', `http://127.0.0.1:${server.opsPort}`]).stderr, /^latchkey: http:\S+ has no API: name the URL under which a Latchkey server serves it with --url$/m);
    assert.match(cli(['key', 'list', '--url', server.url.replace('http:', 'https:')]).stderr, /; does it speak http, without the s\?$/m);
    assert.equal(cli(['key', 'list'], { http_proxy: url, HTTP_PROXY: url, ALL_PROXY: url }).status, 0, 'a proxy stood before this machine');
  });

  it('is told when a proxy does not lead to the server', async () => {
    const proxy = http.createServer().on('connect', (request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const command = spawn(BINARY, ['key', 'list', '--url', 'https://192.0.2.1'], { env: environment({ https_proxy: `http://127.0.0.1:${proxy.address().port}`, NO_PROXY: '', no_proxy: '' }) });
    let stderr = '';
    command.stderr.on('data', (text) => (stderr += text));
    await once(command, 'close');
    proxy.close();
    assert.match(stderr, /^latchkey: The proxy that the environment names does not lead to https:\/\/192\.0\.2\.1: .*403/);
  });

  it('keeps its key out of the process list and out of core dumps', async () => {
    const held = []; // a server that holds its answer back, so that the command can be looked at
    const slow = http.createServer((request, response) => held.push(response));
    await new Promise((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const { apiKey } = server.account;
    const seen = [];
    for (const spelled of [['--api-key', apiKey], [`--api-key=${apiKey}`]]) {
      const command = spawn(BINARY, ['key', 'list', '--url', `http://127.0.0.1:${slow.address().port}`, ...spelled], { stdio: 'ignore' });
      const ended = new Promise((resolve) => command.on('exit', resolve));
      for (let i = 0; held.length === 0 && i < 500 * SLOW; i++) await sleep(20);
      seen.push(fs.readFileSync(`/proc/${command.pid}/cmdline`, 'latin1'));
      assert.match(fs.readFileSync(`/proc/${command.pid}/limits`, 'latin1'), /^Max core file size +0 +0 /m);
      held.pop()?.end('{"data":{"apiKeys":{"pageInfo":{"hasMore":false},"nodes":[]}}}');
      await ended;
    }
    slow.close();
    for (const line of seen) assert.ok(line.includes('--api-key') && !line.includes(apiKey.slice(3)), line);
  });

  /** What a command prints when it talks to a server of its own that answers with these. {status, stdout, stderr, asked}. */
  async function against(answers, args) {
    let asked = 0;
    const stub = http.createServer((request, response) => {
      request.resume();
      const { status = 200, headers = {}, data, errors, text } = answers[Math.min(asked++, answers.length - 1)];
      response.writeHead(status, headers).end(text ?? JSON.stringify({ data, errors }));
    });
    await new Promise((resolve) => stub.listen(0, '127.0.0.1', resolve));
    const command = spawn(BINARY, [...args, '--url', `http://127.0.0.1:${stub.address().port}`], { env: environment() });
    let [stdout, stderr] = ['', ''];
    command.stdout.on('data', (text) => (stdout += text));
    command.stderr.on('data', (text) => (stderr += text));
    const status = await new Promise((resolve) => command.on('close', resolve));
    stub.close();
    return { status, stdout, stderr, asked };
  }

  const groups = (...nodes) => ({ data: { userGroups: { pageInfo: { hasMore: false }, nodes } } });

  it('waits for a server that asks for patience', async () => {
    const answers = [{ status: 429, headers: { 'retry-after': '1' }, data: null }, groups({ name: 'x' })];
    assert.deepEqual(await against(answers, ['group', 'list', '--json']), { status: 0, stdout: '[{"name":"x"}]\n', stderr: '', asked: 2 });
  });

  it('is told what answers before the server does, or in its place', async () => {
    const page = '<html>It works!</html>';
    for (const [answer, sentence] of [
      [{ text: page }, /URL answered with status 200 and no JSON; is it a Latchkey server\?/],
      [{ text: page, status: 502 }, /URL answered with status 502: the server is busy, or a proxy before it does not reach it; try again later/],
      [{ text: '', status: 503 }, /URL answered with status 503: the server is busy, or a proxy/],
      [{ text: page, status: 401 }, /What answers at URL, a proxy before the server perhaps, refuses the request with status 401/],
      [{ text: page, status: 403 }, /What answers at URL, a proxy before the server perhaps, refuses the request with status 403/],
      [{ text: page, status: 413 }, /What answers at URL, a proxy before the server perhaps, takes no request of this size/],
      [{ text: page, status: 404 }, /URL has no API: name the URL under which a Latchkey server serves it with --url/],
      [{ text: '{"detail":"Not here"}', status: 405 }, /URL has no API: name the URL/],
      [{ text: page, status: 301, headers: { location: 'https://keys.example.com/graphql' } }, /URL leads elsewhere: if the server is there, name it with --url https:\/\/keys\.example\.com\n$/],
      [{ text: '', status: 302, headers: { location: '/login' } }, /URL leads elsewhere: if the server is there, name it with --url URL\/login\n$/],
      [{ errors: [{}] }, /The server answered with status 200 and no result; is it a Latchkey server\?/],
    ]) {
      const done = await against([answer], ['key', 'list', '--json']);
      assert.deepEqual([done.status, done.stdout, done.asked], [1, '', 1]);
      assert.match(done.stderr.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'URL'), new RegExp(`^latchkey: ${sentence.source}`));
      if (answer.text !== page || !(answer.status > 400)) continue;
      const backup = await against([answer], ['backup', path.join(temporaryDirectory(), 'x')]);
      assert.deepEqual([backup.status, backup.stderr.replaceAll(/:\d+/g, '')], [1, done.stderr.replaceAll(/:\d+/g, '')]);
    }
  });

  it('is told where nobody knows whether a change was made', async () => {
    const unknown = 'Whether it was done is not known: look before you repeat it.\n';
    const page = '<html>No</html>';
    for (const [status, args, wanted] of [
      [504, ['group', 'create', 'x'], true],
      [500, ['key', 'delete', 'x'], false], // which has to be found first
      [504, ['group', 'list'], false],
      [404, ['group', 'create', 'x'], false],
      [403, ['group', 'create', 'x'], false],
    ]) {
      const { stderr } = await against([{ text: page, status }], args);
      assert.equal(stderr.endsWith(unknown), wanted, stderr);
    }
    const silent = http.createServer((request) => request.on('data', () => request.socket.destroy()));
    await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const done = spawn(BINARY, ['group', 'create', 'x', '--url', `http://127.0.0.1:${silent.address().port}`], { env: environment() });
    let stderr = '';
    done.stderr.on('data', (text) => (stderr += text));
    await once(done, 'close');
    silent.close();
    assert.match(stderr, /^latchkey: No answer from http:.*\n/);
    assert.ok(stderr.endsWith(unknown), stderr);
    assert.doesNotMatch(cli(['group', 'create', 'x', '--url', `http://127.0.0.1:${await freePort()}`]).stderr, /not known/);
  });

  it('does not find its key in what is said of a word in the wrong place', () => {
    const { apiKey } = server.account;
    for (const args of [['key', 'verify', apiKey], ['key', 'list', '--api-key-file', apiKey]]) assert.match(refuse(1, ...args), /^latchkey: The name of a file that holds (a|the API) key is needed, not a key itself, which others on this machine can see/);
    for (const [status, ...args] of [[1, 'key', 'get', apiKey], [1, 'key', 'create', 'x', '--group', apiKey], [1, 'key', 'import', apiKey], [2, apiKey], [2, 'key', 'list', apiKey], [2, 'key', 'create', 'x', '--expires', apiKey]]) {
      assert.match(refuse(status, ...args), /lk_\*{20,}/);
      assert.ok(!cli(args).stderr.includes(apiKey.slice(0, 40)), args.join(' '));
    }
    const swapped = cli(['key', 'import', '-', '--json'], {}, `name,groups,key\nx,${apiKey},readers\n`);
    assert.match(JSON.parse(swapped.stdout)[0].error, /^line 2: There is no user group "lk_\*+"/);
    const others = cli(['key', 'import', '-', '--json'], {}, `name,key\n${apiKey},x\n${apiKey},a-key-that-may-be-imported\n`);
    assert.deepEqual([others.status, JSON.parse(others.stdout).map(({ name }) => /^lk_\*+$/.test(name))], [1, [true, true]]);
  });

  it('is told how far an import came before it was stopped', async () => {
    const file = path.join(temporaryDirectory(), 'keys.csv');
    fs.writeFileSync(file, `name,key\n${Array.from({ length: 501 }, (_, i) => `x${i},key-of-the-import-${i}\n`).join('')}`);
    const results = Array.from({ length: 500 }, (_, i) => ({ uuid: i === 0 ? null : `${i}`, name: `x${i}`, error: i === 0 ? 'No' : null }));
    const answers = [{ account: { id: 'a' } }, { importApiKeys: { results } }];
    let held;
    const waits = new Promise((resolve) => (held = resolve));
    const stub = http.createServer((request, response) => {
      request.resume();
      if (answers.length === 0) held();
      else response.end(JSON.stringify({ data: answers.shift() }));
    });
    await new Promise((resolve) => stub.listen(0, '127.0.0.1', resolve));
    const command = spawn(BINARY, ['key', 'import', file, '--url', `http://127.0.0.1:${stub.address().port}`], { env: environment() });
    let stderr = '';
    command.stderr.on('data', (text) => (stderr += text));
    await waits;
    command.kill('SIGINT');
    assert.deepEqual(await once(command, 'close'), [null, 'SIGINT']);
    stub.closeAllConnections();
    stub.close();
    assert.equal(stderr, 'Of the keys of the file 500 were sent, and 499 of them are there; of 1 that were on their way it is not known. Import the file again: what is there is refused, the rest is not.\n');
  });

  it('is told how far an import came before the server failed', async () => {
    const file = path.join(temporaryDirectory(), 'keys.csv');
    fs.writeFileSync(file, `name,key\n${Array.from({ length: 501 }, (_, i) => `x${i},key-of-the-import-${i}\n`).join('')}`);
    const results = Array.from({ length: 500 }, (_, i) => ({ uuid: i === 0 ? null : `${i}`, name: `x${i}`, error: i === 0 ? 'No' : null }));
    const account = { data: { account: { id: 'a' } } };
    const done = await against([account, { data: { importApiKeys: { results } } }, { status: 500, data: null }], ['key', 'import', file]);
    assert.deepEqual([done.status, done.stdout, done.asked], [1, '', 3]);
    assert.match(done.stderr, /^Of the keys of the file 500 were sent, and 499 of them are there\.\nlatchkey: The server answered with status 500/);
  });

  it('is not steered by control characters in the names of others', async () => {
    const { stdout } = await against([groups({ id: '1', name: 'evil\u001b[2J\u202e\u009b\nX', description: 'ok' })], ['group', 'list']);
    assert.equal(stdout.split('\n')[1], '1   evil\\u{1b}[2J\\u{202e}\\u{9b}\\u{a}X         ok');
    const { stderr } = await against([{ errors: [{ message: 'No \u001b[2Jevil\u202e' }] }], ['group', 'list']);
    assert.equal(stderr, 'latchkey: No \\u{1b}[2Jevil\\u{202e}\n');
    const refused = { errors: [{ message: 'Variable "$input" got invalid value "X" at "input.scope"; Value "X" does not exist in "Kind" enum.' }] };
    const hinted = await against([refused, { data: { __type: { enumValues: [{ name: 'A\u009b' }] } } }], ['group', 'create', 'x']);
    assert.equal(hinted.stderr, 'latchkey: scope: "X" is no Kind\nKind is one of: A\\u{9b}\n');
  });

  it('takes no answer for one that says nothing of what was asked', async () => {
    const backup = await against([{ data: {} }], ['backup', path.join(temporaryDirectory(), 'x')]);
    assert.deepEqual([backup.status, backup.stderr], [1, 'latchkey: The server sent no backup; is it a Latchkey server?\n']);
    for (const args of [['key', 'verify', '/dev/null'], ['group', 'create', 'x']]) {
      const done = await against([{ data: {} }], args);
      assert.deepEqual([done.status, done.stdout, done.stderr], [1, '', 'latchkey: The server answered with status 200 and no result; is it a Latchkey server?\n'], args.join(' '));
    }
  });
});

describe('a server with TLS or a Unix socket', () => {
  const directory = temporaryDirectory();
  const [authority, stranger] = ['authority', 'stranger'].map((name) => makeCertificate(directory, name));
  const [shown, client] = ['shown', 'client'].map((name) => makeCertificate(directory, name, { issuer: authority }));
  const socket = path.join(directory, 'latchkey.sock');
  let secure;
  let elsewhere; // another of its addresses, which its certificate does not name
  before(async () => {
    const address = `127.0.0.2:${await freePort()}`;
    elsewhere = `https://${address}`;
    const args = ['--tls-cert', shown.cert, '--tls-key', shown.key, '--tls-client-ca', authority.cert, '--listen', address, '--listen', `unix:${socket}`];
    secure = await Server.fresh({ tls: true, args });
  });
  after(() => secure.stop());

  const list = (args, env = {}) => cli(['group', 'list', ...args], { LATCHKEY_URL: secure.url, LATCHKEY_API_KEY: secure.account.apiKey, ...env });
  const authorities = ['--ca', authority.cert];
  const pair = ({ cert, key }) => ['--client-cert', cert, '--client-key', key];

  it('is reached with its authority and a certificate, by options or the environment', () => {
    const both = path.join(directory, 'both.pem');
    fs.writeFileSync(both, `${fs.readFileSync(client.cert)}${fs.readFileSync(client.key)}`, { mode: 0o600 });
    for (const done of [
      list([...authorities, ...pair(client)]),
      list([...authorities, '--client-cert', both]),
      list([], { LATCHKEY_CA: authority.cert, LATCHKEY_CLIENT_CERT: client.cert, LATCHKEY_CLIENT_KEY: client.key }),
    ]) {
      assert.deepEqual([done.status, done.stderr], [0, '']);
      assert.match(done.stdout, /Account Administrator/);
    }
  });

  it('is reached by its Unix socket, also for a backup', () => {
    const url = `unix:${socket}`;
    assert.match(list(['--url', url]).stdout, /Account Administrator/);
    assert.match(list([], { LATCHKEY_URL: url, http_proxy: 'http://127.0.0.1:1', ALL_PROXY: 'http://127.0.0.1:1' }).stdout, /Account Administrator/);
    const copy = path.join(directory, 'copy');
    assert.equal(cli(['backup', copy, '--url', url], { LATCHKEY_API_KEY: secure.account.apiKey }).status, 0);
    const gone = list(['--url', `${url}.gone`]);
    assert.equal(gone.stderr, `latchkey: No server answers at ${url}.gone (No such file or directory): start one with \`latchkey serve\`, or name another with --url\n`);
    assert.match(list(['--url', 'unix:']).stderr, /The path of a Unix socket \(unix:PATH\) has 1 to 107 bytes/);
  });

  it('says what is wrong with a file or a certificate, by name', () => {
    const text = path.join(directory, 'text.pem');
    fs.writeFileSync(text, 'no PEM\n', { mode: 0o600 });
    for (const [args, sentence] of [
      [[], `The certificate of ${secure.url} is from an authority that this machine does not know: give the authority's own with --ca FILE`],
      [['--ca', stranger.cert], `The certificate of ${secure.url} is from none of the authorities in ${stranger.cert}: give the right`],
      [['--ca', '/nowhere/ca.pem'], 'Cannot read the file of --ca, /nowhere/ca.pem: No such file or directory'],
      [['--ca', text], `${text} (--ca) holds no certificates in PEM form`],
      [[...authorities, '--client-cert', '/nowhere/c.pem'], 'Cannot read the file of --client-cert, /nowhere/c.pem: No such file or directory'],
      [[...authorities, '--client-cert', client.cert], `${client.cert} (--client-cert) does not hold a certificate and its key in PEM form`],
      [[...authorities, ...pair({ cert: text, key: client.key })], `${text} (--client-cert) and ${client.key} (--client-key) are not a certificate and its key`],
      [[...authorities, ...pair({ cert: client.cert, key: stranger.key })], `${client.cert} (--client-cert) and ${stranger.key} (--client-key) are not`],
      [authorities, `${secure.url} ended the connection: if it asks its clients for a certificate, give one with --client-cert FILE (`],
      [[...authorities, ...pair(stranger)], `${secure.url} ended the connection: does it take the certificate ${stranger.cert} (--client-cert)? (`],
    ]) {
      const done = list(args);
      assert.deepEqual([done.status, done.stdout], [1, ''], args.join(' '));
      assert.ok(done.stderr.startsWith(`latchkey: ${sentence}`), `${args.join(' ')}: ${done.stderr}`);
    }
    const alone = list([...authorities, '--client-key', client.key]);
    assert.equal(alone.status, 2);
    assert.ok(alone.stderr.startsWith(`latchkey: --client-key needs --client-cert: the certificate that ${client.key} is the key of\n`), alone.stderr);
  });

  it('is not believed under a name that its certificate does not have', () => {
    const done = list([...authorities, ...pair(client), '--url', elsewhere]);
    assert.equal(done.status, 1);
    assert.ok(done.stderr.startsWith(`latchkey: The certificate of ${elsewhere} is not for that name: write the URL with a name that it is for (`), done.stderr);
  });

  it('is asked whether it speaks TLS when it does not speak HTTP', () => {
    assert.match(cli(['key', 'list', '--url', secure.url.replace('https:', 'http:')]).stderr, /^latchkey: No answer from http:\S+: .*; does it speak https\?$/m);
  });

  it('warns of a key that others may read, and uses it', () => {
    fs.chmodSync(client.key, 0o644);
    const done = list([...authorities, ...pair(client)]);
    fs.chmodSync(client.key, 0o600);
    assert.deepEqual([done.status, done.stderr], [0, `latchkey: Others than its owner may use ${client.key} (mode 0644): chmod go= ${client.key}\n`]);
  });
});

describe('usage', () => {
  const usage = (args, expected) => {
    const done = cli(args);
    assert.deepEqual([done.status, done.stdout], [2, ''], args.join(' '));
    assert.match(done.stderr, expected);
    assert.match(done.stderr, /Run `latchkey help/);
  };

  it('errors name the word, the nearest right one and the help', () => {
    usage([], /A command is missing/);
    usage(['--json', 'key', 'list'], /The command comes before the options: latchkey COMMAND \[OPTION\]/);
    usage(['kye'], /Unknown command kye; did you mean key\?/);
    usage(['key'], /create\|list\|get\|update\|delete\|rotate\|reveal\|import\|verify\|check/);
    usage(['key', 'crate', 'x'], /Unknown command key crate; did you mean key create\?/);
    usage(['key', 'create', 'x', '--gruop', 'y'], /Unknown option --gruop; did you mean --group\?/);
    usage(['key', 'create'], /latchkey key create NAME/);
    usage(['key', 'get', 'a', 'b'], /b is not understood here/);
    usage(['key', 'create', 'x', '--metadata', 'novalue'], /KEY=VALUE/);
    usage(['key', 'delete', ...Array.from({ length: 1001 }, (_, i) => `k${i}`)], /These are 1001; at most 1000 can be named at once/);
    usage(['help', 'version', 'x'], /x is not understood here/);
    usage(['completion', 'tcsh'], /bash, zsh or fish/);
    for (const word of ['key get', 'backup', 'user get', 'user delete']) usage([...word.split(' '), ''], /Say which: latchkey/);
    usage(['key', 'get', '-x'], /Unknown option -x; options begin with two dashes, and a word that begins with a dash comes after --\n/);
    usage(['restore', '', '--data', 'x'], /FILE is missing/);
  });

  it('of an option that names a place or a key is an error when it is empty', () => {
    const empty = (option, place) => new RegExp(`Option --${option} needs a value, not an empty one: --${option} ${place}\n`);
    for (const [option, place] of [['url', 'URL'], ['api-key', 'KEY'], ...['ca', 'client-cert', 'client-key', 'api-key-file'].map((name) => [name, 'FILE'])]) usage(['key', 'list', `--${option}`, ''], empty(option, place));
    for (const args of [['doctor'], ['recover'], ['audit', 'verify'], ['init'], ['restore', 'x']]) usage([...args, '--data='], empty('data', 'DIR'));
    for (const args of [['recover'], ['audit', 'verify'], ['init']]) assert.match(cli(args, { LATCHKEY_DATA: '' }).stderr, /--data DIR is missing/);
  });

  it('says which argument is not UTF-8', () => {
    const cases = [["key create x --metadata a=$(printf '\\377')", 'The value of --metadata is not UTF-8'], ["key create $(printf 'a\\377')", '"a\\u{ff}" is not UTF-8']];
    for (const [line, sentence] of cases) {
      const done = shell(`"$0" ${line}`);
      assert.deepEqual([done.status, done.stderr.split('\n')[0]], [2, `latchkey: ${sentence}`]);
    }
    assert.equal(shell("printf '\\377' | \"$0\" key verify -").stderr, 'latchkey: What was read is not UTF-8\n');
  });

  it('is looked at before the key and the server', () => {
    for (const args of [
      ['backup'],
      ['key', 'create'],
      ['key', 'create', 'x', '--metadata', 'novalue', '--group', 'g'],
      ['key', 'create', 'x', '--expires', 'soon', '--group', 'g'],
      ['key', 'get'],
      ['key', 'update', 'x', '--rate', 'often'],
      ['key', 'rotate', 'x', '--overlap', 'soon'],
      ['key', 'list', '--group', 'g', '--expires-before', 'soon'],
      ['key', 'list', '--limit', 'x'],
      ['key', 'verify', '--cost', 'x'],
      ['key', 'import'],
      ['group', 'create', 'x', '--app-permission', '{'],
      ['group', 'update', 'x', '--app-permission', '{'],
      ['group', 'grant', 'x', '--app-permission', '{'],
      ['user', 'get'],
      ['audit', 'list', '--since', 'soon'],
      ['key', 'list', '--url', 'ftp://x'],
      ['key', 'list', '--url', 'http://127.0.0.1:1/graphql?accountId=x'],
      ['key', 'list', '--url', 'http://127.0.0.1:99999'],
      ['key', 'list', '--url', 'http://127.0.0.1:1\n'],
      ['key', 'verify', '--url', 'unix:'],
      ['backup', 'x', '--url', 'https://x', '--client-key', '/dev/null'],
    ]) {
      const done = cli(args, { LATCHKEY_API_KEY: '', LATCHKEY_URL: 'http://127.0.0.1:1' });
      assert.deepEqual([done.status, done.stdout], [2, ''], `${args.join(' ')}: ${done.stderr}`);
    }
    // And the key before what is asked of a person or read from a pipe.
    for (const args of [['key', 'verify'], ['key', 'import', '/nowhere/x']]) assert.match(cli(args, { LATCHKEY_API_KEY: '' }).stderr, /^latchkey: An API key is needed/);
  });

  it('says what is wrong with an account id', () => {
    const data = path.join(temporaryDirectory(), 'data');
    usage(['init', '--data', data, '--account-id', `${'A'.repeat(21)}B`], /--account-id: the last character of "A{21}B" is not one that an id ends in: A, Q, g or w/);
    for (const id of ['A'.repeat(21), 'A'.repeat(23), `${'A'.repeat(21)}+`]) usage(['init', '--data', data, '--account-id', id], /is not 22 characters of base64url/);
  });

  it('offers no command that does not exist yet', () => {
    for (const verb of ['rotate-master', 'copy']) assert.equal(cli(['key', verb, 'x']).status, 2);
  });
});

/** Every command with its usage line, as the help lists them. */
function commands() {
  const found = [];
  const list = (text) => [...text.split('\nCommands:\n')[1].split('\n\n')[0].matchAll(/^ {2}(\S+(?: \S+)?) {2,}/gm)].map((match) => match[1].trim());
  for (const name of list(run(['help']).stdout)) {
    const help = run(['help', ...name.split(' ')]).stdout;
    found.push(...(help.includes('\nCommands:\n') ? list(help) : [name]));
  }
  return found;
}

const optionsOf = (command) => [...run(['help', ...command.split(' ')]).stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map((match) => match[1]);

describe('help, manual and completion', () => {
  it('explain every command by example', () => {
    const all = commands();
    for (const name of ['key create', 'key reveal', 'group grant', 'group members', 'user update', 'audit list', 'audit verify', 'serve', 'init']) assert.ok(all.includes(name), name);
    for (const name of all) {
      const help = run(['help', ...name.split(' ')]);
      assert.equal(help.status, 0);
      assert.ok(help.stdout.startsWith(`Usage: latchkey ${name}`), name);
      assert.equal(run([...name.split(' '), '--help']).stdout, help.stdout, name);
      if (name.includes(' ')) assert.match(help.stdout, /\nExamples:\n {2}latchkey /);
    }
  });

  it('the manual has every command and every setting, and formats without a complaint', () => {
    const manual = run(['manual']).stdout;
    const plain = manual.replaceAll('\\-', '-').replaceAll(/\\f./g, '');
    for (const name of ['LATCHKEY_URL', 'LATCHKEY_API_KEY', 'LATCHKEY_KEY', 'LATCHKEY_CA', 'LATCHKEY_DATA']) assert.match(manual, new RegExp(`^\\.B ${name}\\b`, 'm'));
    for (const name of commands()) {
      assert.ok(plain.includes(`latchkey ${name}`), name);
      for (const option of optionsOf(name)) assert.ok(plain.includes(`--${option}`), `${name} --${option}`);
    }
    assert.ok(plain.includes('--log-level') && plain.includes('--graphql-depth'));
    for (const text of [plain, run(['help']).stdout]) assert.match(text, /Behind -- nothing is an option: a name that begins with a dash goes there\.$/m);
    const formatted = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: manual, encoding: 'utf8' });
    assert.deepEqual([formatted.status, formatted.stderr], [0, '']);
  });

  it('bash completes commands, verbs and options', () => {
    const complete = (...words) => {
      const script = `source <("$BINARY" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`;
      // Without the start-up files, which bash reads when its input is a socket and nothing says that it runs inside another shell.
      const done = spawnSync('bash', ['--norc', '-euc', script, 'bash', 'latchkey', ...words], { encoding: 'utf8', env: { ...process.env, BINARY } });
      assert.deepEqual([done.status, done.stderr], [0, '']);
      return done.stdout.split('\n').filter(Boolean);
    };
    assert.deepEqual(complete('ke'), ['key']);
    assert.deepEqual(complete('key', 're'), ['reveal']);
    assert.deepEqual(complete('key', 'create', '--gr'), ['--group']);
    assert.deepEqual(complete('serve', '--log-l'), ['--log-level']);
    assert.ok(complete('group', '').includes('members'));
    assert.deepEqual(complete('completion', '').slice(0, 3), ['bash', 'zsh', 'fish']);
    assert.deepEqual([complete('help', 'ke'), complete('help', 'key', 're'), complete('help', 'init', ''), complete('help', 'key', 'get', '')], [['key'], ['reveal'], [], []]);
    assert.deepEqual(complete('help', 'group', ''), complete('group', '').filter((word) => !word.startsWith('-')));
    for (const name of commands()) {
      const words = name.split(' ');
      assert.ok(complete('help', ...words).includes(words.at(-1)), name);
      for (const option of optionsOf(name)) assert.ok(complete(...words, `--${option}`).includes(`--${option}`), `${name} --${option}`);
    }
  });

  it('zsh and fish are given every command and option', () => {
    for (const shell of ['zsh', 'fish']) {
      const script = run(['completion', shell]).stdout;
      for (const name of commands()) {
        assert.ok(script.includes(name.split(' ').at(-1)), `${shell}: ${name}`);
        for (const option of optionsOf(name)) assert.ok(script.includes(shell === 'fish' ? `-l ${option}` : `--${option}`), `${shell}: ${name} --${option}`);
      }
      if (shell === 'fish') {
        const offered = (seen, word) => script.includes(`eq ${seen.length + 1}; and ${seen.map((one) => `__fish_seen_subcommand_from ${one}`).join('; and ')}' -a ${word} `);
        for (const [first, verb] of commands().map((name) => name.split(' '))) assert.ok(offered(['help'], first) && (!verb || offered(['help', first], verb)), `${first} ${verb}`);
      } else {
        assert.match(script, /^ {4}'help'\) words=' init serve key group .* --help' ;;$/m);
        assert.match(script, /^ {4}'help group'\) words=' create list get update delete grant members' ;;$/m);
      }
      // Neither shell need be there: what their quoting would trip over is looked for by hand.
      if (shell === 'fish') for (const line of script.trimEnd().split('\n')) assert.match(line, /^complete(?: [^ '\\]+| '(?:[^'\\]|\\.)*')+$/);
      if (!spawnSync(shell, ['--version']).error) assert.equal(spawnSync(shell, ['-n'], { input: script }).status, 0);
    }
  });
});
