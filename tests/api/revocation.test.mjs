// Revocation is final: while several connections ask for keys that are created, changed and deleted, every answer is held against the order of
// acknowledgements. A request sent after a change was acknowledged sees that change, or a later one; never an earlier one.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { DELETE, Server, SLOW, UPDATE } from './support/server.mjs';

const ASKERS = 6;
const ROUNDS = SLOW > 1 ? 15 : 60;
const PERMISSIONS = 'mutation ($input: UpdateUserGroupPermissionsInput!) { updateUserGroupPermissions(input: $input) { clientMutationId } }';
const ROTATE = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key } }';
const DELETE_GROUP = 'mutation ($input: DeleteUserGroupInput!) { deleteUserGroup(input: $input) { clientMutationId } }';

let server;
let clock = 0; // one tick for each event that is ordered: a request sent, an answer received, a change sent or acknowledged

/** A key and what is true of it: a list of {status, sent, done}, in order; done is undefined while a change is under way. */
class Subject {
  constructor(path, name) {
    this.path = path;
    this.name = name;
    this.history = [];
  }

  /** Carries out a change after which asking gives status. */
  async change(status, work) {
    const entry = { status, sent: ++clock, done: undefined };
    this.history.push(entry);
    const result = await work();
    entry.done = ++clock;
    return result;
  }

  /** What may be answered to a request sent at `from` whose answer came at `to`. */
  allowed(from, to) {
    const known = this.history.findLastIndex((entry) => entry.done !== undefined && entry.done < from);
    return new Set(this.history.slice(Math.max(known, 0)).filter((entry) => entry.sent < to).map((entry) => entry.status));
  }
}

function ask(agent, subject) {
  const from = ++clock;
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': subject.key };
    const request = http.request({ host: '127.0.0.1', port: server.port, path: subject.path, headers, agent }, (response) => {
      response.resume();
      response.on('end', () => {
        const to = ++clock;
        const allowed = subject.allowed(from, to);
        const told = JSON.stringify(subject.history.slice(-4));
        if (!allowed.has(response.statusCode))
          reject(new Error(`${response.statusCode} where ${[...allowed]} was true, from ${from} to ${to}: ${told}`));
        else resolve();
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** Asks about whatever subjects there are until told to stop. Returns how many answers were checked. */
async function hammer(subjects, state) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  let count = 0;
  try {
    while (!state.over) {
      const subject = subjects[Math.floor(Math.random() * subjects.length)];
      if (subject === undefined) await new Promise(setImmediate);
      else await ask(agent, subject);
      count++;
    }
  } finally {
    agent.destroy();
    state.over = true;
  }
  return count;
}

const required = '/v1/auth/require/VIEW_AUDITS';
const permissions = (types) => ({ accountPermissions: { accountPermissionTypes: types }, appPermissions: [], scopes: [] });

/** One key's whole life. */
async function live(name, groups, subjects, state) {
  const { accountId } = server.account;
  const subject = new Subject(required);
  const update = (input) => server.query(UPDATE, { input: { accountId, uuid: subject.uuid, name, ...input } });
  const created = await subject.change(200, () => server.createKey(name, [groups.strong]));
  Object.assign(subject, { key: created.key, uuid: created.uuid });
  subjects.push(subject);
  const agent = new http.Agent({ keepAlive: true });
  const look = () => ask(agent, subject);
  await look();
  const steps = [
    [401, () => update({ enabled: false })],
    [200, () => update({ enabled: true })],
    [403, () => update({ userGroupIds: [groups.weak] })],
    [200, () => update({ userGroupIds: [groups.weak, groups.strong] })],
    [403, () => update({ userGroupIds: [] })],
    [200, () => update({ userGroupIds: [groups.strong] })],
    [401, () => server.query(DELETE, { input: { accountId, uuid: subject.uuid } })],
  ];
  for (const [status, work] of steps) {
    if (state.over) break;
    await subject.change(status, work);
    await look();
  }
  agent.destroy();
  subjects.splice(subjects.indexOf(subject), 1);
}

/** The life of a key whose secret is replaced: each secret has a history of its own. */
async function liveRotated(name, groups, subjects, state) {
  const { accountId } = server.account;
  const first = new Subject(required, name);
  const created = await first.change(200, () => server.createKey(name, [groups.strong]));
  const { uuid } = created;
  const agent = new http.Agent({ keepAlive: true });
  let alive = [Object.assign(first, { key: created.key })];
  subjects.push(first);
  /** Replaces the secret; what becomes of those so far is `status`. */
  const rotate = async (status, overlapSeconds) => {
    const next = new Subject(required, name);
    const ends = alive.map((subject) => ({ subject, entry: { status, sent: ++clock, done: undefined } }));
    for (const { subject, entry } of ends) subject.history.push(entry);
    const { rotateApiKey } = await next.change(200, () => server.query(ROTATE, { input: { accountId, uuid, overlapSeconds } }));
    for (const { entry } of ends) entry.done = ++clock;
    next.key = rotateApiKey.key;
    subjects.push(next);
    await Promise.all([...alive, next].map((subject) => ask(agent, subject)));
    alive = status === 200 ? [...alive, next] : [next];
  };
  /** Changes the key: all its secrets feel it. */
  const change = async (status, work) => {
    const entries = alive.map(({ history }) => {
      const entry = { status, sent: ++clock, done: undefined };
      history.push(entry);
      return entry;
    });
    await work();
    for (const entry of entries) entry.done = ++clock;
    await Promise.all(alive.map((subject) => ask(agent, subject)));
  };
  const update = (input) => server.query(UPDATE, { input: { accountId, uuid, name, ...input } });
  for (const step of [
    () => rotate(200, 600),
    () => change(403, () => update({ allowedIps: ['192.0.2.0/24'] })),
    () => change(200, () => update({ allowedIps: ['127.0.0.0/8', '192.0.2.0/24'] })),
    () => rotate(200, 600),
    () => change(403, () => update({ allowedIps: ['::1'] })),
    () => change(200, () => update({ allowedIps: [] })),
    () => rotate(401, 0),
    () => change(403, () => update({ credits: { remaining: 0 } })),
    () => change(200, () => update({ credits: { remaining: 1000000 } })),
    () => change(403, () => update({ credits: { remaining: 0 } })),
    () => change(200, () => update({ credits: null })),
    () => rotate(200, 600),
    () => change(401, () => server.query(DELETE, { input: { accountId, uuid } })),
  ]) {
    if (state.over) break;
    await step();
  }
  agent.destroy();
  for (const subject of subjects.filter((subject) => subject.name === name)) subjects.splice(subjects.indexOf(subject), 1);
}

/** A group's whole life, with a key in it. */
async function liveGroup(name, subjects, state) {
  const { accountId } = server.account;
  const group = await server.createGroup(name, ['VIEW_AUDITS']);
  const subject = new Subject(required);
  const created = await subject.change(200, () => server.createKey(name, [group]));
  Object.assign(subject, { key: created.key, uuid: created.uuid });
  subjects.push(subject);
  const agent = new http.Agent({ keepAlive: true });
  const change = (types) => server.query(PERMISSIONS, { input: { userGroupId: group, permissions: permissions(types) } });
  for (const [status, work] of [
    [403, () => change(['MANAGE_TAGS'])],
    [200, () => change(['VIEW_AUDITS', 'MANAGE_TAGS'])],
    [403, () => change([])],
    [200, () => change(['VIEW_AUDITS'])],
    [403, () => server.query(DELETE_GROUP, { input: { userGroupId: group } })],
    [401, () => server.query(DELETE, { input: { accountId, uuid: subject.uuid } })],
  ]) {
    if (state.over) break;
    await subject.change(status, work);
    await ask(agent, subject);
  }
  agent.destroy();
  subjects.splice(subjects.indexOf(subject), 1);
}

describe('revocation', () => {
  before(async () => {
    server = await Server.fresh({ args: ['--threads', '3'] });
  });
  after(() => server.stop());

  it('is in force before it is acknowledged, whatever else goes on', async () => {
    const groups = { strong: await server.createGroup('strong', ['VIEW_AUDITS']), weak: await server.createGroup('weak', ['MANAGE_TAGS']) };
    const subjects = [];
    const state = { over: false };
    const askers = Array.from({ length: ASKERS }, () => hammer(subjects, state));
    const lives = async (which) => {
      for (let round = 0; round < ROUNDS && !state.over; round++) {
        if (which === 5) await (round % 2 === 0 ? liveRotated(`rotated-${round}`, groups, subjects, state) : undefined);
        else if (which < 3) await live(`key-${which}-${round}`, groups, subjects, state);
        else await liveGroup(`group-${which}-${round}`, subjects, state);
      }
    };
    try {
      await Promise.all(Array.from({ length: 6 }, (_, which) => lives(which)));
    } finally {
      state.over = true;
    }
    const counts = await Promise.all(askers);
    assert.ok(counts.reduce((sum, count) => sum + count, 0) > ROUNDS * 5, `only ${counts} answers were checked`);
  });

  it('takes nothing back when the change is refused', async () => {
    const { accountId } = server.account;
    const { key, uuid } = await server.createKey('kept');
    await server.createKey('taken');
    await server.error(UPDATE, { input: { accountId, uuid, name: 'taken', enabled: false } });
    await server.graphql('mutation ($a: DeleteApiKeyInput!, $b: UpdateApiKeyInput!) { first: updateApiKey(input: $b) { uuid } deleteApiKey(input: $a) { clientMutationId } }', {
      a: { accountId, uuid: 'AAAAAAAAAAAAAAAAAAAAAA' },
      b: { accountId, uuid, name: 'taken', userGroupIds: [] },
    });
    const answer = await server.request({ path: '/v1/auth/require/MANAGE_API_KEYS', headers: { 'x-api-key': key } });
    assert.equal(answer.status, 200);
  });

  it('survives a kill right after the acknowledgement', async () => {
    const { accountId } = server.account;
    const gone = await server.createKey('killed');
    const kept = await server.createKey('alive');
    await server.query(DELETE, { input: { accountId, uuid: gone.uuid } });
    await server.kill();
    server = await Server.start(server.data, server.account);
    const status = async ({ key }) => (await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } })).status;
    assert.equal(await status(gone), 401);
    assert.equal(await status(kept), 200);
  });
});
