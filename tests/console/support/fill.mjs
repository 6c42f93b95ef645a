// Data for pages to show: what people write, and what attackers do.
import assert from 'node:assert/strict';

/** Names that must show as the text they are. What runs in them would set window.pwned or raise a dialog. */
export const HOSTILE = [
  '<script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned = 2">',
  '"><svg onload=alert(3)>',
  "' onmouseover='window.pwned = 4",
  'javascript:window.pwned=5',
  '{{constructor.constructor("window.pwned=6")()}}',
  '<b>bold</b> & &lt;entities&gt; &amp;amp;',
  '\u202egnp.exe\u202c after a right-to-left mark',
  'שלום world مرحبا',
  '👩‍👩‍👧‍👦 family, 🔑 key, 🏳️‍🌈 flag',
  'Z̸̢a̷̡l̶g̵o̴ with combining marks',
  'a_very_long_name_without_any_place_to_break_it_'.repeat(4).slice(0, 180),
];

const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid name key } }';

async function batch(server, requests) {
  const answer = await server.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', 'x-api-key': server.account.apiKey },
    body: JSON.stringify(requests),
  });
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text).map(({ data, errors }) => {
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  });
}

/** Creates keys of these names, many at a time: [{uuid, name, key}]. */
export async function createKeys(server, names, members = {}) {
  const made = [];
  for (let start = 0; start < names.length; start += 10) {
    const requests = names.slice(start, start + 10).map((name) => ({
      query: CREATE,
      variables: { input: { accountId: server.account.accountId, userGroupIds: [server.account.userGroupId], ...members, name } },
    }));
    made.push(...(await batch(server, requests)).map((data) => data.createApiKey));
  }
  return made;
}

/** `key 0001`, `key 0002`, ... */
export function plainNames(count) {
  return Array.from({ length: count }, (_, index) => `key ${String(index + 1).padStart(4, '0')}`);
}

/** A user with a password. */
export async function createUser(server, email, password, { name = 'Ann', userGroupIds = [server.account.userGroupId] } = {}) {
  const { createUser: made } = await server.query('mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { input: { name, email, userGroupIds } });
  await server.query('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }', { input: { userId: made.user.id, password } });
  return made.user.id;
}

/** Creates users `user 0001`, `user 0002`, ... without passwords, many at a time. */
export async function createUsers(server, count) {
  const query = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';
  for (let start = 1; start <= count; start += 10) {
    const numbers = Array.from({ length: Math.min(10, count + 1 - start) }, (_, index) => String(start + index).padStart(4, '0'));
    await batch(server, numbers.map((number) => ({ query, variables: { input: { name: `user ${number}`, email: `user${number}@acme.example`, userGroupIds: [] } } })));
  }
}

/** Creates applications of these names, many at a time. */
export async function createApplications(server, names) {
  const query = 'mutation ($input: CreateApplicationInput!) { createApplication(input: $input) { application { id } } }';
  for (let start = 0; start < names.length; start += 10) await batch(server, names.slice(start, start + 10).map((name) => ({ query, variables: { input: { name } } })));
}

/** A group with these permissions: its id. */
export async function createGroup(server, name, permissions = {}) {
  const { createUserGroup } = await server.query('mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }', { input: { name, permissions } });
  return createUserGroup.userGroup.id;
}

/** A key that may only look: {uuid, key}. */
export async function createViewer(server, name = 'viewer only') {
  const group = await createGroup(server, `${name} group`, {
    accountPermissions: { accountPermissionTypes: ['VIEW_USER_AND_USER_GROUPS_AND_API_KEYS', 'VIEW_AUDITS'] },
  });
  return server.createKey(name, [group]);
}
