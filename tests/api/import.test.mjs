// Import: keys that were made elsewhere, in bulk.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ID, ROOT, run, Server, TOKEN } from './support/server.mjs';

const IMPORT = 'mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { clientMutationId results { uuid name error } } }';
const GET = 'query ($id: String!) { apiKey(apiKeyId: $id) { name preview enabled expiresAt metadata { key value } allowedIps rateLimit { limit windowSeconds } credits { remaining } userGroups(limit: 5) { nodes { id } } } }';

let server;

const account = () => server.account.accountId;
const admins = () => [server.account.userGroupId];
const load = async (keys, options) => (await server.query(IMPORT, { input: { accountId: account(), keys } }, options)).importApiKeys.results;
const auth = (key) => server.code(key);

describe('import', () => {
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  it('takes over a key with all that create takes', async () => {
    const key = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';
    const expiresAt = Date.now() + 3600000;
    const rest = { userGroupIds: admins(), expiresAt, metadata: [{ key: 'from', value: 'old' }], allowedIps: ['127.0.0.1'], rateLimit: { limit: 9, windowSeconds: 1 }, credits: { remaining: 5 } };
    const [result] = await load([{ name: 'whole', key, ...rest }]);
    assert.match(result.uuid, ID);
    assert.deepEqual(result, { uuid: result.uuid, name: 'whole', error: null });
    const { apiKey } = await server.query(GET, { id: result.uuid });
    assert.deepEqual(apiKey, {
      name: 'whole',
      preview: '…p7dc',
      enabled: true,
      expiresAt,
      metadata: rest.metadata,
      allowedIps: ['127.0.0.1/32'],
      rateLimit: rest.rateLimit,
      credits: rest.credits,
      userGroups: { nodes: [{ id: server.account.userGroupId }] },
    });
    assert.equal(await auth(key), 'VALID');
    assert.equal(await server.accepts(key), true);
    const reveal = 'mutation ($input: RevealApiKeyInput!) { revealApiKey(input: $input) { key } }';
    assert.equal((await server.query(reveal, { input: { accountId: account(), uuid: result.uuid } })).revealApiKey.key, key);
  });

  it('takes keys of 16 to 512 visible ASCII characters, and of the form of our own whole ones only', async () => {
    const elsewhere = await Server.fresh();
    const whole = elsewhere.account.apiKey;
    await elsewhere.stop();
    const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i));
    const good = ['x'.repeat(16), 'y'.repeat(512), visible, whole, 'lk_something-else', `${whole}0`];
    const bad = ['x'.repeat(15), 'y'.repeat(513), 'with a space inside it', 'schlüssel-und-mehr', 'tab\tinside-the-key', '', whole.slice(0, -1) + (whole.endsWith('0') ? '1' : '0')];
    const results = await load([...good, ...bad].map((key, i) => ({ name: `form ${i}`, key })));
    for (const result of results.slice(0, good.length)) assert.equal(result.error, null);
    for (const result of results.slice(good.length, -1)) assert.match(result.error, /16 to 512 visible ASCII characters/);
    assert.match(results.at(-1).error, /checksum is wrong/);
    for (const key of good) assert.equal(await auth(key), 'VALID');
    for (const key of ['x'.repeat(15), 'y'.repeat(513), bad[6], whole.slice(0, -1), 'lk_something-els']) assert.equal(await auth(key), 'MALFORMED');
    const previews = await Promise.all(results.slice(0, good.length).map(async ({ uuid }) => (await server.query(GET, { id: uuid })).apiKey.preview));
    assert.deepEqual(previews, ['…xxxx', '…yyyy', '…{|}~', `lk_…${whole.slice(-4)}`, 'lk_…else', `lk_…${whole.slice(-3)}0`]);
  });

  it('refuses one of many, each of which is there and in the audit log once', async () => {
    const fresh = await Server.fresh();
    try {
      const keys = Array.from({ length: 95 }, (_, i) => ({ name: `many ${i === 70 ? 10 : i}`, key: `one-of-many-keys-${i}` }));
      const { importApiKeys } = await fresh.query(IMPORT, { input: { accountId: fresh.account.accountId, keys } });
      assert.deepEqual(importApiKeys.results.flatMap(({ uuid, error }, i) => (uuid === null || error !== null ? [i] : [])), [70]);
      assert.deepEqual((await fresh.keyNames()).sort(), ['admin', ...keys.filter((_, i) => i !== 70).map(({ name }) => name)].sort());
      for (const [i, { key }] of keys.entries()) assert.equal(await fresh.code(key), i === 70 ? 'NOT_FOUND' : 'VALID', `key ${i}`);
      const { audits } = await fresh.query('{ audits(limit: 5) { nodes { changes { operationType resourceName } } } }');
      const imported = audits.nodes.flatMap(({ changes }) => changes).filter(({ operationType }) => operationType === 'IMPORT').map(({ resourceName }) => resourceName);
      assert.equal(new Set(imported).size, 94);
      assert.equal(imported.length, 94);
    } finally {
      await fresh.stop();
    }
  });

  it('says which secrets are easy to guess, until they are replaced', async () => {
    const keys = { phrase: 'the-billing-key-of-2019', repeated: 'S3cret!S3cret!S3cret!', random: '9f86d081884c7d659a2feaa0c55ad015' };
    const results = await load(Object.entries(keys).map(([name, key]) => ({ name, key })));
    const weak = async (uuid) => (await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { weak } }', { id: uuid })).apiKey.weak;
    assert.deepEqual(await Promise.all(results.map(({ uuid }) => weak(uuid))), [true, true, false]);
    assert.equal(await weak((await server.createKey('made here', [])).uuid), false);
    const change = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { weak } } }';
    const { updateApiKey } = await server.query(change, { input: { accountId: account(), uuid: results[0].uuid, name: 'renamed' } });
    assert.equal(updateApiKey.apiKey.weak, true, 'another name makes it no stronger');
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { weak } } }';
    const { rotateApiKey } = await server.query(rotate, { input: { accountId: account(), uuid: results[0].uuid, overlapSeconds: 60 } });
    assert.equal(rotateApiKey.apiKey.weak, false);
    const { apiKeys } = await server.query('{ apiKeys(limit: 100) { nodes { name weak } } }');
    const listed = new Map(apiKeys.nodes.map((key) => [key.name, key.weak]));
    assert.deepEqual([...Object.keys(keys), 'renamed'].map((name) => listed.get(name)), [undefined, true, false, false]);
  });

  it('refuses one and leaves the rest', async () => {
    const results = await load([
      { name: 'first', key: 'first-key-of-the-batch' },
      { name: 'first', key: 'second-key-of-the-batch' },
      { name: 'third', key: 'first-key-of-the-batch' },
      { name: '', key: 'fourth-key-of-the-batch' },
      { name: 'fifth', key: 'fifth-key-of-the-batch', userGroupIds: ['nowhere'] },
      { name: 'sixth', key: 'sixth-key-of-the-batch', allowedIps: ['nowhere'] },
      { name: 'seventh', key: 'seventh-key-of-the-batch', credits: { remaining: -1 } },
      { name: 'eighth', key: 'eighth-key-of-the-batch' },
    ]);
    assert.deepEqual(results.map(({ uuid }) => uuid !== null), [true, false, false, false, false, false, false, true]);
    for (const [i, sentence] of [/already exists with the name first/, /there already, with the name first/, /API Key name/, /User Group/, /"nowhere" is no IPv4/, /remaining must be/].entries())
      assert.match(results[i + 1].error, sentence);
    for (const [i, word] of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'].entries())
      assert.equal(await auth(`${word}-key-of-the-batch`), i === 0 || i === 7 ? 'VALID' : 'NOT_FOUND', word);
    const { apiKeys } = await server.query('{ apiKeys(limit: 100) { nodes { name } } }');
    assert.deepEqual(apiKeys.nodes.map(({ name }) => name).filter((name) => ['first', 'third', 'fifth', 'sixth', 'seventh', 'eighth'].includes(name)), ['eighth', 'first']);
    // What was refused can be imported when it is right.
    assert.equal((await load([{ name: 'seventh', key: 'seventh-key-of-the-batch' }]))[0].error, null);
  });

  it('refuses one that cannot even be read, and leaves the rest', async () => {
    const wrong = [{ credits: { remaining: 0.5 } }, { credits: { remaining: 1, refill: { amount: 1e300, interval: 'DAILY' } } }, { expiresAt: '2027-01-01' }, { expiresAt: Date.now() + 0.5 }];
    const one = (name, rest) => ({ name, key: `a-key-to-be-${name.replace(' ', '-')}`, ...rest });
    const results = await load([one('read 1'), ...wrong.map((rest, i) => one(`unread ${i}`, rest)), one('read 2')]);
    assert.deepEqual(results.map(({ name }) => name), ['read 1', 'unread 0', 'unread 1', 'unread 2', 'unread 3', 'read 2']);
    assert.deepEqual(results.map(({ error }) => error?.match(/remaining|amount|DateTime/)?.[0] ?? error), [null, 'remaining', 'amount', 'DateTime', 'DateTime', null]);
    assert.deepEqual(results.map(({ uuid }) => uuid !== null), [true, false, false, false, false, true]);
    for (const { uuid, name } of [results[0], results[5]]) assert.equal((await server.query(GET, { id: uuid })).apiKey.name, name);
    // Their number counts, and who may not import is told so first.
    const many = { input: { accountId: account(), keys: Array.from({ length: 1001 }, (_, i) => one(`number ${i}`, wrong[0])) } };
    assert.match((await server.graphql(IMPORT, many)).json.errors[0].message, /^Too many keys: 1001/);
    const { key } = await server.createKey('no importer', []);
    const answer = await server.graphql(IMPORT, { input: { accountId: account(), keys: [one('denied', wrong[0])] } }, { key });
    assert.equal(answer.json.errors[0].extensions.code, 'FORBIDDEN');
  });

  it('takes no secret that is in use, old ones included, and tells nothing of another account', async () => {
    const { key, uuid } = await server.createKey('own');
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key } }';
    const fresh = (await server.query(rotate, { input: { accountId: account(), uuid, overlapSeconds: 600 } })).rotateApiKey.key;
    for (const secret of [key, fresh]) assert.match((await load([{ name: 'copy', key: secret }]))[0].error, /with the name own/);
    const create = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } key } }';
    const other = (await server.query(create, { input: { name: 'Other' } })).createAccount;
    const [result] = (await server.query(IMPORT, { input: { accountId: other.account.id, keys: [{ name: 'copy', key }] } }, { key: other.key })).importApiKeys.results;
    assert.equal(result.error, 'This key cannot be used');
  });

  it('does not import more by asking many times in one request', async () => {
    const keys = Array.from({ length: 400 }, (_, i) => ({ name: `many-${i}`, key: `an-imported-key-of-many-${i}`, userGroupIds: [] }));
    const query = 'mutation ($input: ImportApiKeysInput!) { a: importApiKeys(input: $input) { results { error } } b: importApiKeys(input: $input) { results { error } } c: importApiKeys(input: $input) { results { error } } }';
    const one = { query, variables: { input: { accountId: account(), keys } } };
    const answer = await server.request({ method: 'POST', path: '/graphql', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify([one, { ...one, query: IMPORT }]) });
    const [first, second] = JSON.parse(answer.text);
    assert.deepEqual([first.data.a.results.length, first.data.b.results.length, first.data.c], [400, 400, null]);
    for (const { errors } of [first, second]) assert.match(errors[0].message, /^Too many keys: 1200, and at most 1000 can be imported in one request$/);
    assert.equal((await load(keys.slice(0, 1)))[0].error, 'This key is there already, with the name many-0');
  });

  it('imports 1000 with as much of everything as fits into a request', async () => {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    const rest = {
      userGroupIds: admins(),
      enabled: true,
      metadata: Array.from({ length: 50 }, (_, i) => ({ key: letters[i], value: '' })),
      allowedIps: Array.from({ length: 100 }, (_, i) => `::${i.toString(16)}`),
      rateLimit: { limit: 1, windowSeconds: 1 },
      credits: { remaining: 1 },
    };
    const keys = Array.from({ length: 1000 }, (_, i) => ({ name: `${i}`, key: `most-of-all-${1000 + i}`, ...rest }));
    const size = JSON.stringify(keys).length;
    assert.ok(size > 1.9 * 2 ** 20 && size < 1.99 * 2 ** 20, `${size}`);
    assert.deepEqual((await load(keys)).filter(({ error }) => error !== null), []);
  });

  it('imports 1000 at once, and not one more', async () => {
    const many = (len, prefix) => Array.from({ length: len }, (_, i) => ({ name: `${prefix} ${i}`, key: `${prefix}-imported-key-${i}`, userGroupIds: admins() }));
    const results = await load(many(1000, 'bulk'));
    assert.equal(results.filter(({ error }) => error === null).length, 1000);
    for (const i of [0, 500, 999]) assert.equal(await auth(`bulk-imported-key-${i}`), 'VALID');
    const error = await server.error(IMPORT, { input: { accountId: account(), keys: many(1001, 'more') } });
    assert.match(error.message, /1001, and at most 1000/);
    assert.equal(await auth('more-imported-key-0'), 'NOT_FOUND');
    assert.deepEqual(await load([]), []);
  });

  it('grants nothing that the caller lacks, and records who was refused', async () => {
    const keeper = await server.createKey('keeper', [await server.createGroup('keepers', ['MANAGE_API_KEYS'])]);
    const results = await load(
      [
        { name: 'too much', key: 'a-key-that-is-too-much', userGroupIds: admins() },
        { name: 'enough', key: 'a-key-that-is-enough' },
      ],
      { key: keeper.key },
    );
    assert.match(results[0].error, /more than the caller holds/);
    assert.equal(results[1].error, null);
    assert.equal(await auth('a-key-that-is-too-much'), 'NOT_FOUND');
    const { audits } = await server.query('{ audits(limit: 1) { nodes { changes { operationType resourceName failure } } } }');
    assert.deepEqual(audits.nodes[0].changes.map(({ operationType, resourceName, failure }) => [operationType, resourceName, failure]), [
      ['IMPORT', 'too much', true],
      ['IMPORT', 'enough', false],
    ]);
    const nobody = await server.createKey('nobody', []);
    assert.equal((await server.error(IMPORT, { input: { accountId: account(), keys: [] } }, { key: nobody.key })).code, 'FORBIDDEN');
  });

  it('gives an imported key one of ours when it is rotated', async () => {
    const key = 'a-key-that-will-be-rotated';
    const [{ uuid }] = await load([{ name: 'rotated', key }]);
    const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key apiKey { previousSecrets { preview } } } }';
    const { rotateApiKey } = await server.query(rotate, { input: { accountId: account(), uuid, overlapSeconds: 600 } });
    assert.match(rotateApiKey.key, TOKEN);
    assert.deepEqual(rotateApiKey.apiKey.previousSecrets, [{ preview: '…ated' }]);
    assert.deepEqual([await auth(key), await auth(rotateApiKey.key)], ['VALID', 'VALID']);
  });

  it('leaves no secret in the files, and keys that hold after a restart', async () => {
    await server.stop();
    for (const name of fs.readdirSync(server.data)) {
      const bytes = fs.readFileSync(path.join(server.data, name));
      for (const secret of ['sk_live_4eC39HqLyjWDarjtT1zdp7dc', 'bulk-imported-key-7', 'a-key-that-is-enough']) assert.equal(bytes.indexOf(secret), -1, `${secret} is in ${name}`);
    }
    assert.doesNotMatch(server.stderr, /imported-key|sk_live_|a-key-that/);
    server = await Server.start(server.data, server.account);
    assert.equal(await auth('bulk-imported-key-7'), 'VALID');
  });
});

describe('latchkey key import', () => {
  before(async () => {
    server = await Server.fresh();
  });
  after(() => server.stop());

  /** Imports a text. */
  const load = (text, ...args) => run(['key', 'import', '-', ...args], { env: { ...process.env, LATCHKEY_URL: server.url, LATCHKEY_API_KEY: server.account.apiKey }, input: text });

  const CSV = [
    'name,key,groups,expires',
    '',
    'csv one,csv-imported-key-1,Production Support,30d',
    'csv two,csv-imported-key-2,nope,',
    'csv three,csv-imported-key-3,Production Support,2001-01-01',
    'csv four,csv-imported-key-4,,soon',
    'csv five,short,,',
    'csv six,csv-imported-key-6',
    '"csv ""seven""\nand a half",csv-imported-key-7,,',
    'csv eight,csv-imported-key-1,,',
    'csv nine,csv-imported-key-9,,never',
  ].join('\n');
  const CSV_REFUSED = [
    [4, 'csv two', /^There is no user group "nope": `latchkey group list` shows what there is$/],
    [5, 'csv three', /^expires: 2001-01-01 is past: give a moment to come/],
    [6, 'csv four', /^expires: "soon" is neither a date \(2027-01-31/],
    [7, 'csv five', /16 to 512 visible ASCII characters/],
    [8, 'csv six', /^it has 2 fields where the first line has 4$/],
    [9, 'csv "seven"\nand a half', /must not contain control characters/],
    [11, 'csv eight', /^This key is there already, with the name csv one$/],
  ];

  it('refuses rows of CSV by their lines, and imports the others', async () => {
    const people = load(CSV);
    assert.equal(people.status, 1);
    assert.match(people.stdout, /^NAME +ID\ncsv one +[\w-]{22}\ncsv nine +[\w-]{22}\n$/);
    const lines = people.stderr.trimEnd().split('\n');
    assert.equal(lines.pop(), 'Refused 7 of 9 keys, imported 2.');
    assert.equal(lines.length, CSV_REFUSED.length, people.stderr);
    for (const [i, [line, , sentence]] of CSV_REFUSED.entries()) {
      assert.ok(lines[i].startsWith(`line ${line}: `), lines[i]);
      assert.match(lines[i].slice(`line ${line}: `.length), sentence);
    }
    assert.deepEqual(await Promise.all([1, 2, 3, 4, 6, 7, 9].map((i) => auth(`csv-imported-key-${i}`))), ['VALID', ...Array(5).fill('NOT_FOUND'), 'VALID']);
    assert.ok(!`${people.stdout}${people.stderr}`.includes('csv-imported-key'));
  });

  it('gives programs an entry for each row, in the order of the file', () => {
    const done = load(CSV.replaceAll('csv', 'CSV'), '--json');
    assert.deepEqual([done.status, done.stderr], [1, 'Refused 7 of 9 keys, imported 2.\n']);
    const entries = JSON.parse(done.stdout);
    assert.deepEqual(entries.map((entry) => Object.keys(entry).join()), Array(9).fill('uuid,name,error'));
    for (const [i, entry] of entries.entries()) {
      const refused = i === 0 || i === 8 ? undefined : CSV_REFUSED[i - 1];
      if (refused === undefined) assert.deepEqual([ID.test(entry.uuid), entry.error], [true, null]);
      else assert.deepEqual([entry.uuid, entry.name, entry.error.split(':')[0]], [null, refused[1].replaceAll('csv', 'CSV'), `line ${refused[0]}`]);
    }
  });

  it('cuts what it repeats between characters, so that JSON stays JSON', () => {
    const long = '\u7d44'.repeat(70);
    for (const [first, row] of [['name,key,groups', `x,whole-characters-1,${long}`], ['name,key,expires', `x,whole-characters-1,1${long}`], [JSON.stringify({ name: 'x', [`1${long}`]: 1 }), '']]) {
      const done = load(`${first}\n${row}\n`, '--json');
      const [{ error }] = JSON.parse(done.stdout);
      assert.match(error, /\u7d44"/, done.stdout);
      assert.doesNotMatch(error, /\ufffd/);
    }
  });

  it('refuses JSON lines by their numbers, those too that only the server can judge', async () => {
    const refresh = (interval) => ({ remaining: 5, refill: { amount: 1, interval } });
    const rows = [
      { name: 'json one', key: 'json-imported-key-1', credits: refresh('DAILY') },
      { name: 'json two', key: 'json-imported-key-2', enabled: 'yes' },
      { name: 'json three', key: 'json-imported-key-3', expiresAt: 5 },
      'no JSON',
      { key: 'json-imported-key-5' },
      { name: 'json six', key: 'json-imported-key-6', credits: refresh('YEARLY') },
      { name: 'json seven', key: 'json-imported-key-7', metadata: [{ key: 'x' }] },
      { name: 'json eight', key: 'json-imported-key-8', bogus: 1 },
      [],
      { name: 'json ten', key: 'json-imported-key-10' },
    ];
    const done = load(rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'), '--json');
    assert.deepEqual([done.status, done.stderr], [1, 'Refused 8 of 10 keys, imported 2.\n']);
    const entries = JSON.parse(done.stdout);
    const sentences = [
      null,
      /^line 2: enabled: Boolean cannot represent a non boolean value$/,
      /^line 3: Invalid expiresAt: it must be in the future/,
      /^line 4: it is not a JSON object: column 1: a value was expected$/,
      /^line 5: name and key are needed, and are strings$/,
      /^line 6: credits\.refill\.interval: "YEARLY" is no RefillInterval; RefillInterval is one of: DAILY, WEEKLY, MONTHLY$/,
      /^line 7: metadata\[0\]: Field "value" of required type "String!" was not provided$/,
      /^line 8: there is no member "bogus" of ImportApiKeyInput$/,
      /^line 9: it is not a JSON object: a key is written/,
      null,
    ];
    for (const [i, sentence] of sentences.entries()) sentence === null ? assert.equal(entries[i].error, null) : assert.match(entries[i].error, sentence);
    assert.deepEqual(await Promise.all(rows.map((_, i) => auth(`json-imported-key-${i + 1}`))), rows.map((_, i) => (sentences[i] === null ? 'VALID' : 'NOT_FOUND')));
    assert.ok(!done.stdout.includes('json-imported-key'));
  });

  it('goes on after more mistakes than a server lists at once', () => {
    const rows = Array.from({ length: 620 }, (_, i) => JSON.stringify({ name: `row ${i}`, key: `row-imported-key-${i}`, enabled: i % 5 === 0 ? 'yes' : true }));
    const done = load(rows.join('\n'), '--json');
    assert.equal(done.stderr, 'Refused 124 of 620 keys, imported 496.\n');
    const refused = JSON.parse(done.stdout).flatMap(({ error }, i) => (error === null ? [] : [[i, error.split(':')[0]]]));
    assert.deepEqual(refused, Array.from({ length: 124 }, (_, i) => [5 * i, `line ${5 * i + 1}`]));
  });

  it('sends nothing of a file that is wrong as a whole', async () => {
    const rows = Array.from({ length: 600 }, (_, i) => `whole ${i},whole-imported-key-${i}\n`).join('');
    for (const [text, sentence] of [
      [`name,key\n${rows}"open,x`, 'latchkey: line 602: a quote is opened and not closed\n'],
      [`name,key\n${rows}"a"b,x`, 'latchkey: line 602: a comma must follow a closing quote\n'],
      ...[
        ['name,key,owner', 'its column 3 is none of these'],
        ['Name,Key', 'its column 1 has a capital letter or a space'],
        ['name, key', 'its column 2 has a capital letter or a space'],
        ['name;key', 'its column 1 holds several: commas must stand between them'],
        ['name,key,', 'its column 3 is empty'],
        ['name,key,name', 'its column 3 is there already'],
        ['ci,whole-imported-key-0', 'its column 1 is none of these'],
      ].map(([first, fault]) => [`${first}\n${rows}`, `latchkey: The first line must name the columns, each once: name and key, and if you like groups and expires; ${fault}\n`]),
      ['\r\n', 'latchkey: There is nothing in the file: its first line names the columns, name and key among them\n'],
      [Buffer.from('\ufeffname,key\n', 'utf16le'), 'latchkey: The file is UTF-16: save it as UTF-8\n'],
      ['[{"name":"whole 0","key":"whole-imported-key-0"}]', 'latchkey: The file is a JSON array: write each of its objects on a line of its own\n'],
    ]) {
      const done = load(text);
      assert.deepEqual([done.status, done.stdout, done.stderr], [1, '', sentence]);
    }
    assert.equal(await auth('whole-imported-key-0'), 'NOT_FOUND');
  });

  it('knows every member that the server knows', () => {
    const [, input] = fs.readFileSync(path.join(ROOT, 'schema/schema.graphql'), 'utf8').match(/^input ImportApiKeyInput \{\n([^]*?)\n\}/m);
    const members = [...input.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name);
    assert.ok(members.length > 8, input);
    const done = load(members.map((name) => JSON.stringify({ [name]: null })).join('\n'));
    assert.ok(!done.stderr.includes('there is no member'), done.stderr);
    assert.match(done.stderr, new RegExp(`^Refused ${members.length} of ${members.length} keys`, 'm'));
  });

  it('refuses what is not UTF-8 by its line', () => {
    const done = load(Buffer.from('name,key\ngut,utf-8-imported-key-1\nschl\xFCssel,utf-8-imported-key-2\n', 'latin1'));
    assert.match(done.stdout, /^gut /m);
    assert.equal(done.stderr, 'line 3: its name is not UTF-8: save the file as that\nRefused 1 of 2 keys, imported 1.\n');
  });
});
