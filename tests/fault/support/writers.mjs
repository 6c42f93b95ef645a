// Who asks for changes while the server fails.
import http from 'node:http';
import { Refused, Unanswered } from './model.mjs';

const SCOPES = ['invoices.read', 'invoices.write', 'orders.read', 'orders.write', 'reports.*'];

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const some = (list) => list.filter(() => Math.random() < 0.5);
const someScopes = () => some(SCOPES).sort();

/** Groups that stay, for keys and users to be in. */
export async function makeGroups(server, model, count = 4) {
  const groups = [];
  for (let i = 0; i < count; i++) groups.push(await model.createGroup(server, [SCOPES[i % SCOPES.length]]));
  return groups;
}

/** One random change of what this writer has made itself. */
async function changeSomething(server, model, groups, mine, agent) {
  const take = (kind) => {
    const of = mine.filter((thing) => thing.kind === kind && thing.value !== null && !thing.pending);
    return of.length > 0 ? pick(of) : undefined;
  };
  const settledGroups = groups.filter((group) => !group.pending);
  const key = take('key');
  const user = take('user');
  const group = take('group');
  const choices = [
    async () => mine.push(await model.createKey(server, { groups: some(settledGroups), agent })),
    async () => mine.push(await model.createKey(server, { groups: some(settledGroups), enabled: Math.random() < 0.9, agent })),
    async () => mine.push(await model.createUser(server, some(settledGroups), agent)),
    async () => mine.push(await model.createGroup(server, someScopes(), agent)),
  ];
  if (key) {
    choices.push(() => model.updateKey(server, key, { groups: some(settledGroups), enabled: Math.random() < 0.8, agent }));
    choices.push(() => model.updateKey(server, key, { agent }), () => model.deleteKey(server, key, agent));
  }
  if (user) {
    const there = settledGroups.find((one) => user.value.groups.includes(one.origin));
    const missing = settledGroups.find((one) => !user.value.groups.includes(one.origin));
    if (there) choices.push(() => model.setMember(server, user, there, false, agent));
    if (missing) choices.push(() => model.setMember(server, user, missing, true, agent));
    choices.push(() => model.deleteUser(server, user, agent));
  }
  if (group) choices.push(() => model.updateGroup(server, group, someScopes(), agent), () => model.deleteGroup(server, group, agent));
  await pick(choices)();
}

/**
 * Changes things until told to stop or the connection ends. owner: this writer also changes what the groups that stay allow. An answer that refuses (the disk is
 * full) is no end.
 */
export async function write(server, model, groups, { isOver, owner = false, rest = 0 }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const mine = [];
  try {
    while (!isOver()) {
      try {
        const group = pick(groups);
        if (owner && Math.random() < 0.3 && !group.pending) await model.updateGroup(server, group, someScopes(), agent);
        else await changeSomething(server, model, groups, mine, agent);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
  } finally {
    agent.destroy();
  }
}

/**
 * A fixed run of changes, of each kind some. A change that is refused or not answered takes those that build on it along; the others are tried, so that what is
 * acknowledged after a failure can be looked at. Returns how each ended: 'acknowledged', 'refused' or 'unanswered'.
 */
export async function script(server, model, groups) {
  const [first, second] = groups;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ends = [];
  const step = async (needs, change) => {
    if (needs.some((thing) => thing === undefined || thing.pending)) return undefined;
    try {
      const thing = await change();
      ends.push('acknowledged');
      return thing;
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof Unanswered)) throw error;
      ends.push(error instanceof Refused ? 'refused' : 'unanswered');
      return undefined;
    }
  };
  const one = await step([first], () => model.createKey(server, { groups: [first], agent }));
  const two = await step([first, second], () => model.createKey(server, { groups: [first, second], agent }));
  const user = await step([first], () => model.createUser(server, [first], agent));
  await step([one, second], () => model.updateKey(server, one, { groups: [second], agent }));
  const group = await step([], () => model.createGroup(server, ['orders.read'], agent));
  await step([user, second], () => model.setMember(server, user, second, true, agent));
  await step([two], () => model.deleteKey(server, two, agent));
  await step([first], () => model.updateGroup(server, first, ['invoices.read', 'reports.*'], agent));
  await step([one], () => model.updateKey(server, one, { enabled: false, agent }));
  await step([user], () => model.setMember(server, user, first, false, agent));
  await step([group], () => model.deleteGroup(server, group, agent));
  await step([user], () => model.deleteUser(server, user, agent));
  await step(groups, () => model.createKey(server, { groups, agent }));
  agent.destroy();
  return ends;
}
