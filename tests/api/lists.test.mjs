// Long lists: a command prints what a page brings before it asks for the next one, and keeps none.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BINARY, temporaryDirectory } from './support/server.mjs';

const without = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));

const PAGE = 100; // what a server gives at once

/**
 * Runs a command against a server that answers each request with answer(query, variables, number), or a promise of it. {stdout, stderr, status, asked}, and while it
 * runs, what it has printed.
 */
function run(args, answer) {
  const told = { stdout: '', stderr: '', asked: 0, closed: false };
  const stub = http.createServer(async (request, response) => {
    let text = '';
    for await (const more of request) text += more;
    const { query = '', variables } = text === '' ? {} : JSON.parse(text);
    const answered = await answer(query, variables ?? {}, told.asked++);
    response.writeHead(answered.status ?? 200).end(JSON.stringify(answered));
  });
  told.ended = (async () => {
    stub.listen(0, '127.0.0.1').unref(); // a failed test must not keep the process waiting
    await once(stub, 'listening');
    const command = spawn(BINARY, args, { env: { ...without, LATCHKEY_URL: `http://127.0.0.1:${stub.address().port}`, LATCHKEY_API_KEY: 'a-key-of-the-tests' } });
    command.stdout.on('data', (more) => (told.stdout += more));
    command.stderr.on('data', (more) => (told.stderr += more));
    told.command = command;
    [told.status] = await once(command, 'close');
    stub.close();
    return told;
  })();
  return told;
}

const until = async (holds) => {
  for (let i = 0; i < 250 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return holds();
};

const page = (offset, limit, total, node) => ({ pageInfo: { hasMore: offset + limit < total }, nodes: Array.from({ length: Math.max(Math.min(limit, total - offset), 0) }, (_, i) => node(offset + i)) });

// Each list: its command, and what its server answers to a page.
const LISTS = {
  key: { args: ['key', 'list'], data: (nodes) => ({ apiKeys: nodes }) },
  group: { args: ['group', 'list'], data: (nodes) => ({ userGroups: nodes }) },
  user: { args: ['user', 'list'], data: (nodes) => ({ users: nodes }) },
  members: { args: ['group', 'members', 'g'], data: (nodes) => ({ found: { id: 'g', name: 'g' }, userGroup: { users: nodes } }) },
  audit: { args: ['audit', 'list', '--limit', '999999'], data: (nodes) => ({ audits: { ...nodes, nodes: nodes.nodes.map(({ name }) => ({ changes: [{ resourceName: name }] })) } }) },
};

describe('a long list', () => {
  for (const [name, { args, data }] of Object.entries(LISTS)) {
    for (const more of [[], ['--json']]) {
      it(`${name}${more.join(' ')}: is printed page by page`, async () => {
        const total = 3 * PAGE + 1;
        const printed = []; // whether a page's last entry was there when the one after the next was asked for
        const told = run([...args, ...more], async (query, { limit, offset }) => {
          if (offset > 0) printed.push(await until(() => told.stdout.includes(`name-${offset - 1}.`)));
          return { data: data(page(offset ?? 0, limit ?? 0, total, (number) => ({ id: `${number}`, name: `name-${number}.` }))) };
        });
        const { status, stdout, stderr } = await told.ended;
        assert.deepEqual([status, stderr, printed], [0, '', [true, true, true]]);
        const names = [...stdout.matchAll(/name-(\d+)\./g)].map(([, number]) => Number(number));
        assert.deepEqual(names, Array.from({ length: total }, (_, i) => i));
        if (more.length > 0) assert.equal(JSON.parse(stdout).length, total);
        else assert.equal(stdout.split('\n').length, total + 2);
      });
    }
  }

  describe('that others change while it is read', () => {
    const names = (from, to) => Array.from({ length: to - from }, (_, i) => `n${String(from + i).padStart(5, '0')}`);
    /** What `key list` prints of names that change(names, request) changes before each request but the first. */
    async function listed(list, change, ...more) {
      const told = await run(['key', 'list', '--json', ...more], (query, { limit, offset }, number) => {
        if (number > 0) list = change(list, number);
        return { data: { apiKeys: page(offset, limit, list.length, (at) => ({ id: list[at], name: list[at] })) } };
      }).ended;
      return { ...told, names: [...told.stdout.matchAll(/"id":"([^"]*)"/g)].map(([, name]) => name) };
    }
    const all = names(1000, 2000);

    it('gives each once that is there all the time, whatever is deleted before it', async () => {
      for (const step of [1, 50, 99, 100, 250]) {
        // As by a pipe: what was printed some pages ago is deleted.
        let deleted = 0;
        const told = await listed(all, (list, number) => (number < 4 ? list : all.slice((deleted = Math.min(deleted + step, Math.max(0, (number - 3) * 30))))));
        assert.deepEqual([told.status, told.stderr, told.names], [0, '', all], `${step}`);
      }
      const some = await listed(all, (list, number) => (number === 3 ? list.filter((_, i) => i >= 290 || i < 100) : list));
      assert.deepEqual([some.status, some.names], [0, all]);
      const last = await listed(all, (list, number) => (number === 3 ? list.filter((name) => name !== all[296] && name !== all[297]) : list));
      assert.deepEqual([last.status, last.names], [0, all]);
    });

    it('and whatever is made before it', async () => {
      for (const made of [1, 99, 150, 500]) {
        const told = await listed(all, (list, number) => (number === 3 ? [...names(0, made), ...list] : list));
        assert.deepEqual([told.status, told.names], [0, all], `${made}`);
      }
      const both = await listed(all, (list, number) => (number === 3 ? [...names(0, 3), ...list.slice(5)] : number === 5 ? [...list.slice(2), 'z'] : list));
      assert.deepEqual([both.status, both.names], [0, [...all, 'z']]);
    });

    it('in the part that was asked for', async () => {
      const told = await listed(all, (list, number) => (number === 1 ? list.slice(30) : list), '--offset', '10', '--limit', '250');
      assert.deepEqual([told.status, told.names], [0, all.slice(10, 260)]);
    });

    it('and is not said to be whole where that cannot be told', async () => {
      const told = await listed(all, (list, number) => (number === 3 ? list.slice(600) : list));
      assert.deepEqual([told.status, told.stderr], [1, 'latchkey: The list has changed so much while it was read that it cannot go on: what was listed is not all\n']);
      assert.throws(() => JSON.parse(told.stdout));
      const stuck = await run(['key', 'list'], () => ({ data: { apiKeys: page(0, PAGE, 2 * PAGE, (at) => ({ id: `${at}` })) } })).ended;
      assert.equal(stuck.status, 1);
    });
  });

  it('that fails on its way is no JSON', async () => {
    const told = await run(['key', 'list', '--json'], (query, { limit, offset }) => (offset === 0 ? { data: { apiKeys: page(0, limit, 2 * PAGE, (number) => ({ id: `${number}` })) } } : { status: 500 })).ended;
    assert.deepEqual([told.status, told.stderr], [1, 'latchkey: The server answered with status 500 and no result; is it a Latchkey server?\n']);
    assert.throws(() => JSON.parse(told.stdout));
    const none = await run(['key', 'list', '--json'], () => ({ status: 500 })).ended;
    assert.deepEqual([none.status, none.stdout], [1, '']);
  });

  it('is asked for no further than somebody reads it', async () => {
    const told = run(['key', 'list'], async (query, { limit, offset }, number) => {
      if (number === 1) told.command.stdout.destroy();
      return { data: { apiKeys: page(offset, limit, 50 * PAGE, (at) => ({ id: `${at}`, name: 'x'.repeat(1000) })) } };
    });
    const { asked, status } = await told.ended;
    assert.ok(asked < 10, `${asked}`);
    assert.notEqual(status, 0);
  });

  it('of changes ends where enough were shown, however many a request made', async () => {
    const sets = (offset, limit) => ({ data: { audits: page(offset, limit, 1000, (set) => ({ changes: Array.from({ length: 500 }, (_, i) => ({ resourceId: `${set * 500 + i}` })) })) } });
    const told = await run(['audit', 'list', '--json', '--limit', '300', '--offset', '60000'], (query, { limit, offset }) => sets(offset, limit)).ended;
    assert.deepEqual(JSON.parse(told.stdout).map(({ resourceId }) => Number(resourceId)), Array.from({ length: 300 }, (_, i) => 60000 + i));
    assert.equal(told.asked, 2);
  });

  it('of changes says when it shows the newest hundred of more, unless it was asked for so many', async () => {
    const list = (total, ...more) => run(['audit', 'list', ...more], (query, { limit, offset }) => ({ data: { audits: page(offset, limit, total, (set) => ({ changes: [{ resourceId: `${set}` }] })) } })).ended;
    const sentence = 'There are more than these 100: --limit N shows N.\n';
    for (const [total, more, stderr] of [[100, [], ''], [101, [], sentence], [101, ['--json'], sentence], [101, ['--limit', '100'], ''], [101, ['--offset', '1'], '']]) {
      const told = await list(total, ...more);
      assert.deepEqual([told.status, told.stderr], [0, stderr], `${total} ${more}`);
      if (more[0] === '--json') assert.equal(JSON.parse(told.stdout).length, 100);
    }
  });

  it('of changes says that of a request which made many the first hundred are shown', async () => {
    const sizes = [1, 99, 100];
    const answer = (query, { limit, offset }) => ({ data: { audits: page(offset, limit, 3, (set) => ({ changes: Array.from({ length: sizes[set] }, () => ({ resourceId: `${set}` })) })) } });
    for (const [limit, stderr] of [['100', ''], ['101', 'Some requests changed 100 things or more: of each, the first 100 are shown.\n']]) {
      const told = await run(['audit', 'list', '--limit', limit], answer).ended;
      assert.deepEqual([told.status, told.stderr], [0, stderr]);
    }
  });

  it('of users is asked for around the name that is meant', async () => {
    const name = (number) => `user-${String(number).padStart(5, '0')}`;
    const users = (offset, limit) => page(offset, limit, 50 * PAGE, (number) => ({ id: `id-${number}`, name: number === 120 ? name(119) : name(number), email: `${number}@example.com` }));
    const server = (query, { limit, offset, text }) => (limit === undefined ? { data: { found: { id: 'one', name: text } } } : { data: { users: users(offset, limit) } });
    const single = await run(['user', 'delete', name(30)], (query, variables) => (query.startsWith('mutation') ? { data: { deleteUser: {} } } : server(query, variables))).ended;
    assert.deepEqual([single.status, single.asked], [0, 4], single.stderr);
    const twice = await run(['user', 'delete', name(119)], server).ended;
    assert.equal(twice.status, 1);
    for (const number of [0, 1, 99, 100, 101, 199, 200, 201, 299, 300, 301, 699, 700, 1234, 4799, 4900, 4999]) {
      const text = name(number);
      const same = await run(['user', 'get', text], (query, { limit, offset }) => (limit === undefined ? { data: { found: { id: 'one', name: text } } } : { data: { users: page(offset, limit, 50 * PAGE, (at) => ({ id: `id-${at}`, name: name(at === number + 1 || (number === 4999 && at === 4998) ? number : at), email: 'x@y.z' })) } })).ended;
      assert.match(same.stderr, new RegExp(`2 users are called "${text}"`));
      assert.ok(same.asked <= 16, `${number}: ${same.asked}`);
    }
    assert.match(twice.stderr, /2 users are called "user-00119"; say which by e-mail address or id: 119@example\.com \(id-119\), 120@example\.com \(id-120\)/);
  });

  it('of the users of a group is not taken for the whole where its beginning alone is shown', async () => {
    const group = (total) => ({ id: 'g', name: 'g', users: { pageInfo: { total }, nodes: [{ email: 'a@example.com' }, { email: 'b@example.com' }] } });
    const get = (total, ...more) => run(['group', 'get', 'g', ...more], () => ({ data: { found: { id: 'g', name: 'g' }, userGroup: group(total) } })).ended;
    const many = await get(250);
    assert.deepEqual([many.status, many.stderr], [0, 'These are 2 of its 250 users: `latchkey group members` lists all.\n']);
    assert.match(many.stdout, /^users +a@example\.com, b@example\.com$/m);
    assert.deepEqual([(await get(2)).stderr, (await get(250, '--json')).stderr], ['', '']);
  });

  it('of keys is gone through by doctor, with what one page says of another', async () => {
    const day = 86400000;
    const holds = (...accountPermissionTypes) => ({ permissions: { accountPermissions: { accountPermissionTypes }, scopes: [] } });
    const keys = Array.from({ length: 2 * PAGE + 50 }, (_, i) => ({ id: `${i}`, name: `k${i}`, enabled: true, createdAt: Date.now() - 100 * day, expiresAt: i % 2 === 0 ? null : Date.now() + day, lastUsedAt: i < 240 ? Date.now() : null, weak: i % 50 === 49, ...holds() }));
    Object.assign(keys[2], holds('MANAGE_API_KEYS'));
    keys[1].permissions.scopes = Array.from({ length: 300000 }, (_, i) => `s.${i}`); // as a page has them of keys in some groups that are as large as they may be
    Object.assign(keys[244], holds('MANAGE_API_KEYS', 'MANAGE_USERS_AND_GROUPS'));
    const ask = async () => {
      const told = await run(['doctor', '--json'], (query, { limit, offset }) => ({ data: query.includes('__type') ? { __type: { fields: [{ name: 'lastUsedAt' }, { name: 'weak' }] } } : query.includes('viewer') ? { viewer: { apiKey: { id: '245' } } } : { apiKeys: { pageInfo: { hasMore: offset + limit < keys.length }, nodes: keys.slice(offset, offset + limit) } } })).ended;
      return JSON.parse(told.stdout).findings.filter(({ check }) => check === 'keys').map(({ problem, remedy }) => [problem, remedy.split(':')[0]]);
    };
    const [all, but] = ['Give each an end', "Give each an end, but for one administrator's key, so that nobody is locked out"];
    const rest = (await ask()).slice(1).map(([problem]) => problem);
    assert.deepEqual(rest, ['9 keys were not used for 90 days: k240, k241, k242, k243, k244, ….', '5 keys have secrets that are easy to guess: k49, k99, k149, k199, k249.']);
    assert.deepEqual((await ask())[0], ['124 keys never expire: k0, k2, k4, k6, k8, ….', all], 'the last page has the one that alone manages users');
    Object.assign(keys[0], holds('MANAGE_USERS_AND_GROUPS'));
    assert.deepEqual((await ask())[0], ['125 keys never expire: k0, k2, k4, k6, k8, ….', but], 'each right is held twice');
    Object.assign(keys[244], holds());
    assert.deepEqual((await ask())[0], ['123 keys never expire: k4, k6, k8, k10, k12, ….', all], 'two are alone with a right each');
  });
});

describe('a file of keys', () => {
  it('is asked about by what it says, not by its rows', async () => {
    const groups = ['a', 'b;a', ' c ; b', '', 'nobody'];
    const file = path.join(temporaryDirectory(), 'keys.csv');
    fs.writeFileSync(file, `name,key,groups\n${Array.from({ length: 1005 }, (_, i) => `n${i},key-of-the-tests-${i},${groups[i % 5]}\n`).join('')}`);
    const sent = [];
    const asked = [];
    const answer = (query, { input, text }) => {
      sent.push(...(input?.keys ?? []).map(({ userGroupIds = [] }) => userGroupIds.join(';')));
      asked.push(input ? 'import' : text ?? 'account');
      if (text === 'nobody') return { errors: [{ message: 'No', extensions: { code: 'NOT_FOUND' } }] };
      return { data: { found: { id: `id-${text}`, name: text }, account: { id: 'me' }, importApiKeys: { results: (input?.keys ?? []).map(({ key }) => ({ uuid: key, name: 'n', error: null })) } } };
    };
    const told = await run(['key', 'import', file], answer).ended;
    assert.equal(told.stderr.split('\n').at(-2), 'Refused 201 of 1005 keys, imported 804.');
    assert.deepEqual(sent, Array.from({ length: 804 }, (_, i) => ['id-a', 'id-b;id-a', 'id-c;id-b', ''][i % 4]));
    const count = (what) => asked.filter((one) => one === what).length;
    assert.deepEqual(['a', 'b', 'c', 'nobody', 'account', 'import'].map(count), [1, 1, 1, 1, 1, 2]);
    assert.equal(told.stderr.split('\n')[200], 'line 1006: There is no user group "nobody": `latchkey group list` shows what there is');
  });

  it('is sent in few requests, also after one of which all was refused', async () => {
    const file = path.join(temporaryDirectory(), 'keys.json');
    fs.writeFileSync(file, Array.from({ length: 1000 }, (_, i) => `${JSON.stringify({ name: `n${i}`, key: `key-of-the-tests-${i}`, enabled: i < 500 ? 'x'.repeat(600) : true })}\n`).join(''));
    const sizes = [];
    const answer = (query, { input }) => {
      if (!input) return { data: { account: { id: 'me' } } };
      sizes.push(input.keys.length);
      const wrong = input.keys.map(({ enabled }, i) => ({ enabled, i })).filter(({ enabled }) => enabled !== true);
      if (wrong.length > 0) return { errors: wrong.map(({ i }) => ({ message: `Variable "$input" got invalid value "x" at "input.keys[${i}].enabled"; Boolean cannot represent a non boolean value: "x"` })) };
      return { data: { importApiKeys: { results: input.keys.map(({ key, name }) => ({ uuid: key, name, error: null })) } } };
    };
    const told = await run(['key', 'import', file], answer).ended;
    assert.match(told.stderr, /^Refused 500 of 1000 keys, imported 500\.$/m);
    assert.ok(sizes.length <= 4, `${sizes}`);
  });

  it('may name more groups than are remembered', async () => {
    const file = path.join(temporaryDirectory(), 'keys.csv');
    fs.writeFileSync(file, `name,key,groups\n${Array.from({ length: 400 }, (_, i) => `n${i},key-of-the-tests-${i},g${i % 150};all\n`).join('')}`);
    const sent = [];
    const answer = (query, { input, text }) => {
      sent.push(...(input?.keys ?? []).map(({ userGroupIds }) => userGroupIds.join(';')));
      return { data: { found: { id: `id-${text}`, name: text }, account: { id: 'me' }, importApiKeys: { results: (input?.keys ?? []).map(({ key }) => ({ uuid: key, name: 'n', error: null })) } } };
    };
    assert.equal((await run(['key', 'import', file], answer).ended).status, 0);
    assert.deepEqual(sent, Array.from({ length: 400 }, (_, i) => `id-g${i % 150};id-all`));
  });

  it('is told of row by row, in the order of the file', async () => {
    const rows = Array.from({ length: 1203 }, (_, i) => ({ name: `"n ""${i}"""`, key: `key-of-the-tests-${i}` }));
    const file = path.join(temporaryDirectory(), 'keys.csv');
    fs.writeFileSync(file, `name,key\n${rows.map(({ name, key }, i) => `${name},${key}${i % 400 === 7 ? ',more' : ''}\n`).join('')}`);
    const answer = (query, { input }) => (input ? { data: { importApiKeys: { results: input.keys.map(({ name, key }) => ({ uuid: key.endsWith('-9') ? null : `id of ${key}`, name, error: key.endsWith('-9') ? 'No' : null })) } } } : { data: { account: { id: 'a' } } });
    const told = await run(['key', 'import', file, '--json'], answer).ended;
    assert.deepEqual([told.status, told.stderr], [1, 'Refused 4 of 1203 keys, imported 1199.\n']);
    const wanted = rows.map(({ key }, i) => (i % 400 === 7 ? [null, `n "${i}"`, `line ${i + 2}: it has 3 fields where the first line has 2`] : i === 9 ? [null, `n "${i}"`, 'line 11: No'] : [`id of ${key}`, `n "${i}"`, null]));
    assert.deepEqual(JSON.parse(told.stdout).map(({ uuid, name, error }) => [uuid, name, error]), wanted);
    const people = await run(['key', 'import', file], answer).ended;
    assert.deepEqual(people.stdout.trimEnd().split('\n').length, 1200);
    assert.deepEqual(people.stderr.split('\n')[0], 'line 9: it has 3 fields where the first line has 2');
  });
});
