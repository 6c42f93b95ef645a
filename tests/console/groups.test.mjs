// User Groups in a browser against the real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createApplications, createGroup, createUser, createUsers, HOSTILE } from './support/fill.mjs';
import { GROUPS, hear, inspect, REFUSED, row, stage } from './support/walk.mjs';

const PERMISSIONS = '{ accountPermissions { accountPermissionTypes } scopes appPermissions { permissionType actions applications { filterType appIds } workflows { filterTypes envIds } services { filterType } } }';

describe('User Groups', () => {
  const scene = stage(async (server) => {
    for (const name of HOSTILE) await createGroup(server, name, { scopes: ['a.b'] });
    await createUser(server, 'mei@acme.example', 'correct horse battery', { name: 'Mei <i>Tanaka</i>' });
  });
  const read = async (name) => (await scene.server.query(`query ($name: String!) { userGroupByName(name: $name) { id name description users(limit: 9) { nodes { email } } permissions ${PERMISSIONS} } }`, { name })).userGroupByName;

  it('are listed, names as the text they are', async () => {
    const visitor = await scene.visit();
    await visitor.goto(GROUPS);
    for (const name of HOSTILE) await visitor.page.getByRole('link', { name, exact: true }).waitFor();
    await inspect(visitor, 'user-groups');
    await visitor.close();
  });

  it('are made with members and permissions of every kind, changed and deleted', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page } = visitor;
    await visitor.goto(GROUPS);
    await page.getByRole('button', { name: 'Add User Group' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Account Administrator');
    await dialog.getByLabel('Description').fill('Runs the lorries');
    await dialog.getByRole('group', { name: 'Users' }).getByLabel('Mei <i>Tanaka</i>').check();
    await dialog.getByLabel('View audits').check();
    await dialog.getByLabel('Scopes').fill('parcels.*\nlorries.read');
    await dialog.getByRole('button', { name: 'Add application permission' }).click();
    await dialog.getByLabel('On', { exact: true }).selectOption('Workflows');
    await dialog.getByLabel('Update').check();
    await inspect(visitor, 'add-user-group');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('A user group already exists with the name Account Administrator').waitFor();
    await dialog.getByLabel('Name', { exact: true }).fill('Dispatch');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dispatch' }).waitFor();
    const made = await read('Dispatch');
    assert.deepEqual({ ...made, id: '' }, {
      id: '', name: 'Dispatch', description: 'Runs the lorries', users: { nodes: [{ email: 'mei@acme.example' }] },
      permissions: {
        accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] }, scopes: ['lorries.read', 'parcels.*'],
        appPermissions: [{ permissionType: 'WORKFLOW', actions: ['READ', 'UPDATE'], applications: { filterType: 'ALL', appIds: [] }, workflows: { filterTypes: ['ALL_WORKFLOWS'], envIds: [] }, services: null }],
      },
    });
    await row(page, 'parcels.*').waitFor();
    await page.getByRole('rowheader', { name: /Workflows/ }).waitFor();
    await inspect(visitor, 'user-group');

    await page.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Dispatch' });
    await edit.getByLabel('Scopes').fill('parcels.*');
    await edit.getByLabel('Manage API keys').check();
    await edit.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'Dispatch is saved.');
    const changed = await read('Dispatch');
    assert.deepEqual([changed.permissions.scopes, [...changed.permissions.accountPermissions.accountPermissionTypes].sort(), changed.permissions.appPermissions, changed.description],
      [['parcels.*'], ['MANAGE_API_KEYS', 'VIEW_AUDITS'], made.permissions.appPermissions, 'Runs the lorries']);

    await page.getByRole('button', { name: 'Remove from group' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('No user is in this group.').waitFor();
    await page.getByRole('button', { name: 'Add members' }).click();
    await page.getByRole('dialog').getByLabel('Mei <i>Tanaka</i>').check();
    await page.getByRole('button', { name: 'Submit' }).click();
    await row(page, 'Mei <i>Tanaka</i>').waitFor();
    assert.deepEqual((await read('Dispatch')).users.nodes, [{ email: 'mei@acme.example' }]);

    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('alertdialog', { name: 'Delete Dispatch?' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'User Groups' }).waitFor();
    assert.equal((await scene.server.error('{ userGroupByName(name: "Dispatch") { id } }')).code, 'NOT_FOUND');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('keep what another tab took or gave while a form was open', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    const id = await createGroup(scene.server, 'Shared', { accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] }, scopes: ['a.b'] });
    await visitor.goto(`${GROUPS}/${id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    const first = page.getByRole('dialog', { name: 'Edit Shared' });
    await first.getByLabel('Scopes').fill('a.b\nc.d');
    const tab = await visitor.newPage();
    await tab.goto(`${scene.server.url}${GROUPS}/${id}`);
    await tab.getByRole('button', { name: 'Edit' }).click();
    const second = tab.getByRole('dialog', { name: 'Edit Shared' });
    await second.getByLabel('View audits').uncheck();
    await second.getByLabel('Manage API keys', { exact: true }).check();
    await second.getByRole('button', { name: 'Submit' }).click();
    await second.waitFor({ state: 'detached' });
    await page.bringToFront();
    await first.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'Shared is saved.');
    const { permissions } = await read('Shared');
    assert.deepEqual([permissions.scopes, permissions.accountPermissions.accountPermissionTypes], [['a.b', 'c.d'], ['MANAGE_API_KEYS']]);

    await scene.server.query('mutation ($input: UpdateUserGroupInput!) { updateUserGroup(input: $input) { userGroup { id } } }', { input: { userGroupId: id, description: 'newer than the page' } });
    await page.getByRole('button', { name: 'Edit' }).click(); // the page is older than the group: the form is not
    assert.equal(await first.getByLabel('Description').inputValue(), 'newer than the page');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('get and lose members in the middle of the window, and nobody where nobody is chosen or left', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const id = await createGroup(server, 'Crew', { scopes: ['a.b'] });
    const user = await createUser(server, 'crew@acme.example', 'correct horse battery', { name: 'Noor', userGroupIds: [] });
    await visitor.goto(`${GROUPS}/${id}`);
    const middle = async (dialog) => {
      await dialog.waitFor();
      const { x, y, width, height } = await dialog.boundingBox();
      const window = page.viewportSize();
      assert.deepEqual([Math.abs(x + width / 2 - window.width / 2) < 2, Math.abs(y + height / 2 - window.height / 2) < 2], [true, true]);
    };
    await page.getByRole('button', { name: 'Add members' }).click();
    const adding = page.getByRole('dialog', { name: 'Add members to Crew' });
    await adding.getByLabel('Noor').waitFor();
    await middle(adding);
    await adding.getByRole('button', { name: 'Submit' }).click();
    await adding.getByText('Choose at least one user.').waitFor();
    await page.waitForFunction(() => document.activeElement.matches('fieldset[aria-invalid=true]'));
    await adding.getByLabel('Noor').check();
    await adding.getByRole('button', { name: 'Submit' }).click();
    await hear(page, '1 user added to Crew.');
    await row(page, 'Noor').getByRole('button', { name: 'Remove from group' }).click();
    await middle(page.getByRole('alertdialog'));
    visitor.expect(REFUSED);
    const taken = { input: { userGroupId: id, userId: user } };
    await server.query('mutation ($input: RemoveUserFromUserGroupInput!) { removeUserFromUserGroup(input: $input) { clientMutationId } }', taken);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('alert').getByText('The user is not in the user group').waitFor();
    await page.getByText('No user is in this group.').waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.matches('main h1')), true);
    await server.query('mutation ($input: AddUserToUserGroupInput!) { addUserToUserGroup(input: $input) { clientMutationId } }', taken);
    await page.reload();
    await row(page, 'Noor').getByRole('button', { name: 'Remove from group' }).click();
    await server.query('mutation ($input: DeleteUserInput!) { deleteUser(input: $input) { clientMutationId } }', { input: { id: user } });
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('alert').getByText('User does not exist').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('No user is in this group.').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('show the ids that they would send, whatever was taken out or changed above them', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(GROUPS);
    await page.getByRole('button', { name: 'Add User Group' }).click();
    const dialog = page.getByRole('dialog');
    const card = (number) => dialog.getByRole('group', { name: `Application permission ${number}` });
    for (const number of [1, 2]) {
      await dialog.getByRole('button', { name: 'Add application permission' }).click();
      await card(number).getByLabel('On', { exact: true }).selectOption('Services');
      await card(number).getByLabel('Service ids').fill(`service-${number}`);
    }
    await dialog.getByRole('button', { name: 'Remove application permission 1' }).click();
    assert.equal(await card(1).getByLabel('Service ids').inputValue(), 'service-2');
    await card(1).getByLabel('On', { exact: true }).selectOption('Environments');
    await card(1).getByLabel('Environment ids').fill('staging');
    await card(1).getByLabel('On', { exact: true }).selectOption('Deployments');
    assert.equal(await card(1).getByLabel('Environment ids').inputValue(), '', 'another type begins with all');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('take any application, and do not say that there is none while they are not known', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    await createApplications(server, Array.from({ length: 101 }, (_, index) => `app ${String(index + 1).padStart(3, '0')}`));
    await visitor.goto(GROUPS);
    visitor.expect(/ERR_FAILED/);
    let answer;
    const next = () => new Promise((resolve) => (answer = resolve));
    let held = Promise.resolve(false);
    await page.route('**/graphql?*', async (route) => (!route.request().postData().includes('applications(') || (await held) ? route.continue() : route.abort()));
    await page.getByRole('button', { name: 'Add User Group' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Of one application');
    await dialog.getByRole('button', { name: 'Add application permission' }).click();
    await dialog.getByLabel('In', { exact: true }).selectOption('Chosen applications');
    await dialog.getByRole('alert').getByText('The server cannot be reached').waitFor();
    assert.equal(await dialog.getByText('There is no application yet.').count(), 0);
    held = next();
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await dialog.getByText('Loading applications…').waitFor();
    answer(true);
    const list = dialog.getByRole('group', { name: 'Applications', exact: true });
    await list.getByText('And 51 more: search for them.').waitFor();
    assert.equal(await list.getByRole('checkbox').count(), 50, 'who goes on by keyboard passes each');
    await list.getByRole('searchbox').fill('app 101');
    const last = dialog.getByLabel('app 101', { exact: true });
    await last.waitFor();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('Choose applications, or all of them, in number 1.').waitFor();
    await last.check();
    await list.getByRole('searchbox').fill('');
    await last.uncheck(); // what was chosen is not lost among the many
    await last.check();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('heading', { level: 1, name: 'Of one application' }).waitFor();
    const { permissions } = await read('Of one application');
    assert.equal(permissions.appPermissions[0].applications.appIds.length, 1);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('say on a phone in full what a permission is on, and where', async () => {
    const visitor = await scene.visit(undefined, { viewport: { width: 360, height: 740 } });
    const { page } = visitor;
    await visitor.goto(GROUPS);
    await page.getByRole('button', { name: 'Add User Group' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Add application permission' }).click();
    await dialog.getByLabel('On', { exact: true }).selectOption('Templates');
    await dialog.getByLabel('In', { exact: true }).selectOption('Chosen applications');
    await dialog.getByLabel('Template ids').fill('nightly');
    await visitor.assertAccessible();
    const spare = await dialog.locator('.card-head select').evaluateAll((all) => all.map((select) => {
      const style = getComputedStyle(select);
      const pen = document.createElement('canvas').getContext('2d');
      pen.font = style.font;
      const arrow = 24;
      return select.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight) - arrow - pen.measureText(select.selectedOptions[0].label).width;
    }));
    assert.equal(spare.length, 2);
    assert.ok(spare.every((one) => one > 0), `cut off: ${spare}`);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('say beside the field what the one who makes them may not give', async () => {
    const { server } = scene;
    const id = await createGroup(server, 'Narrow', { accountPermissions: { accountPermissionTypes: ['MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS'] } });
    const visitor = await scene.visit({ apiKey: (await server.createKey('narrow', [id])).key });
    visitor.expect(REFUSED);
    const { page } = visitor;
    await visitor.goto(GROUPS);
    await page.getByRole('button', { name: 'Add User Group' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('More');
    for (const scope of ['*', 'description.read', 'app:name']) {
      await dialog.getByLabel('Scopes').fill(scope);
      await dialog.getByRole('button', { name: 'Submit' }).click();
      await dialog.getByLabel('Scopes').and(page.locator('[aria-invalid=true]:focus')).waitFor();
      assert.equal(await dialog.locator('.error').count(), 1);
    }
    await dialog.getByLabel('Scopes').fill('');
    await dialog.getByRole('button', { name: 'Add application permission' }).click();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    const permissions = dialog.getByRole('group', { name: 'Application permissions', exact: true }).and(page.locator('[aria-invalid=true]:focus'));
    await permissions.getByText('these permissions are more than the caller holds (everything in applications)').waitFor();
    await dialog.getByRole('button', { name: 'Remove application permission 1' }).click();
    await dialog.getByLabel('Manage users and groups', { exact: true }).check();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('“Manage users and groups” can be set only together with “Read users and groups”').waitFor();
    await dialog.getByText('Other permissions of the account').click();
    assert.doesNotMatch(await dialog.innerText(), /[A-Z]_[A-Z]/, 'a name of the API');
    assert.equal((await server.error('{ userGroupByName(name: "More") { id } }')).code, 'NOT_FOUND');
    visitor.assertQuiet();
    await visitor.close();
  });
});

describe('a user group of more members than a page has', () => {
  let id;
  const scene = stage(async (server) => {
    await createUsers(server, 122);
    const all = [];
    for (const offset of [0, 100]) all.push(...(await server.query('query ($offset: Int) { users(limit: 100, offset: $offset) { nodes { id name } } }', { offset })).users.nodes);
    const userIds = all.filter((user) => user.name !== 'user 0120' && user.name !== 'user 0122').map((user) => user.id);
    const { createUserGroup } = await server.query('mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }', { input: { name: 'Everybody', permissions: { scopes: ['a.b'] }, userIds } });
    ({ id } = createUserGroup.userGroup);
  });
  const ids = async (...names) => {
    const found = await Promise.all(names.map((name) => scene.server.query('query ($name: String!) { userByName(name: $name) { id } }', { name })));
    return found.map(({ userByName }) => userByName.id);
  };
  const members = async () => (await scene.server.query('query ($id: String!) { userGroup(userGroupId: $id) { users(limit: 0) { pageInfo { total } } } }', { id })).userGroup.users.pageInfo.total;

  it('shows them all, and lets each be removed', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(`${GROUPS}/${id}`);
    await page.getByText('1–50 of 120 members').waitFor();
    const start = async (place) => (await place.boundingBox()).x;
    assert.equal(await start(page.getByText('1–50 of 120 members')), await start(row(page, 'user 0001').getByRole('link')), 'it stands under the names');
    await inspect(visitor, 'many-members');
    await page.getByRole('button', { name: 'Last page' }).click();
    await page.getByText('101–120 of 120 members').waitFor();
    await page.reload();
    await row(page, 'user 0121').getByRole('button', { name: 'Remove from group' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click();
    await hear(page, 'user 0121 is no longer in Everybody.');
    await page.getByText('101–119 of 119 members').waitFor();
    assert.equal(await members(), 119);
    await page.getByRole('table', { name: 'Audit trail' }).getByRole('rowheader').nth(1).waitFor(); // what was done is in it
    const [more] = await ids('user 0121');
    await scene.server.query('mutation ($input: AddUserToUserGroupInput!) { addUserToUserGroup(input: $input) { clientMutationId } }', { input: { userGroupId: id, userId: more } });
    visitor.assertQuiet();
    await visitor.close();
  });

  it('offers whoever is not in it yet, whatever page the others are on, and says so when another was faster', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    await visitor.goto(`${GROUPS}/${id}`);
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql?*', async (route) => {
      if (/^{"query":"query UserNamesQuery/.test(route.request().postData())) await held;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Add members' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add members to Everybody' });
    await dialog.getByText('Loading users…').waitFor();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('Choose at least one user.').waitFor(); // also while there is nobody yet to choose
    release();
    await dialog.getByLabel('user 0122', { exact: true }).waitFor();
    assert.deepEqual(await dialog.locator('.pick-list label').allInnerTexts(), ['user 0120', 'user 0122']);
    await dialog.getByLabel('user 0120', { exact: true }).check();
    await dialog.getByLabel('user 0122', { exact: true }).check();
    const [, faster] = await ids('user 0120', 'user 0122');
    await server.query('mutation ($input: AddUserToUserGroupInput!) { addUserToUserGroup(input: $input) { clientMutationId } }', { input: { userGroupId: id, userId: faster } });
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('The user is already in the user group').waitFor();
    await dialog.getByText('There is no other user.').waitFor();
    await dialog.getByText('0 users chosen').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' }); // nothing is left to be discarded
    assert.equal(await members(), 122);
    visitor.assertQuiet();
    await visitor.close();
  });
});
