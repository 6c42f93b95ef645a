// Users in a browser against the real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUser, createUsers, HOSTILE } from './support/fill.mjs';
import { GROUPS, hear, inspect, REFUSED, row, stage, USERS } from './support/walk.mjs';

describe('Users', () => {
  const scene = stage(async (server) => {
    for (const [index, name] of HOSTILE.entries()) await createUser(server, `hostile${index}@acme.example`, 'correct horse battery', { name, userGroupIds: [] });
    await createUser(server, 'ada@acme.example', 'correct horse battery', { name: 'Ada' });
  });

  it('are listed and found, names as the text they are', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page } = visitor;
    await visitor.goto(USERS);
    for (const name of HOSTILE) await page.getByRole('link', { name, exact: true }).waitFor();
    await inspect(visitor, 'users');
    const find = page.getByRole('searchbox', { name: 'Find by e-mail or full name' });
    await find.fill('HOSTILE3@acme.example');
    await page.getByText(/of \d+ users$/).waitFor({ state: 'detached' });
    await row(page, HOSTILE[3]).waitFor();
    assert.equal(await page.getByRole('rowheader').count(), 1);
    await find.fill('Ada '); // as it comes from a table or a letter
    await row(page, 'Ada').waitFor();
    assert.equal(await find.inputValue(), 'Ada ');
    await find.fill('nobody@acme.example');
    await page.getByText('No user has this e-mail address or full name.').waitFor();
    visitor.expect(/ERR_FAILED/);
    await page.route('**/graphql?*', (route) => route.abort());
    await find.fill('hostile4@acme.example');
    await page.getByRole('alert').getByText('The server cannot be reached').waitFor();
    await page.unroute('**/graphql?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await row(page, HOSTILE[4]).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('are made, changed, given a password and deleted', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    await visitor.goto(USERS);
    await page.getByRole('button', { name: 'Add User' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add User' });
    await dialog.getByLabel('Name', { exact: true }).fill('Jonas Weil');
    await dialog.getByLabel('E-mail').fill('jonas');
    await dialog.getByRole('group', { name: 'User Groups' }).getByLabel('Production Support', { exact: true }).check();
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByLabel('E-mail').and(page.locator('[aria-invalid=true]')).waitFor();
    await inspect(visitor, 'add-user');
    await dialog.getByLabel('E-mail').fill('Jonas@acme.example');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'Jonas Weil is saved.');
    const jonas = row(page, 'Jonas Weil');
    await jonas.getByText('jonas@acme.example').waitFor();

    await jonas.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Jonas Weil' });
    await edit.getByLabel('Name', { exact: true }).fill('Jonas Weiß');
    await edit.getByLabel('Production Support', { exact: true }).uncheck();
    await edit.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'Jonas Weiß is saved.');
    const now = row(page, 'Jonas Weiß');

    await now.getByRole('button', { name: 'Set password' }).click();
    const password = page.getByRole('dialog', { name: 'Set the password of Jonas Weiß' });
    await password.getByLabel('New password', { exact: true }).fill('short');
    await password.getByLabel('New password again').fill('short');
    await password.getByRole('button', { name: 'Submit' }).click();
    await password.getByText(/^Invalid password: it is 5 bytes long/).waitFor();
    await visitor.assertAccessible();
    await password.getByLabel('New password', { exact: true }).fill('correct horse battery');
    await password.getByLabel('New password again').fill('correct horse batter');
    await password.getByRole('button', { name: 'Submit' }).click();
    await password.getByText('Write the same password twice.').waitFor();
    await password.getByLabel('New password again').fill('correct horse battery');
    await password.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'The password of Jonas Weiß is set.');
    const { userByEmail } = await server.query('{ userByEmail(email: "jonas@acme.example") { name userGroups(limit: 9) { nodes { name } } } }');
    assert.deepEqual(userByEmail, { name: 'Jonas Weiß', userGroups: { nodes: [] } });
    const other = await scene.visit({ email: 'jonas@acme.example', password: 'correct horse battery' });
    await other.close();

    await now.getByRole('link').first().click();
    await page.getByRole('heading', { level: 1, name: 'Jonas Weiß' }).waitFor();
    await page.getByText('No permissions.').waitFor();
    await inspect(visitor, 'user');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('alertdialog', { name: 'Delete Jonas Weiß?' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor();
    assert.match((await server.error('{ userByEmail(email: "jonas@acme.example") { id } }')).message, /^User does not exist/);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('change their own password with the one they have, and a word that is wrong is said beside its field', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    await createUser(server, 'own@acme.example', 'correct horse battery', { name: 'Owner' });
    const own = await scene.visit({ email: 'own@acme.example', password: 'correct horse battery' });
    own.expect(REFUSED);
    await own.goto(USERS);
    await row(own.page, 'Owner').getByRole('button', { name: 'Set password' }).click();
    const dialog = own.page.getByRole('dialog', { name: 'Change your password' });
    await dialog.getByLabel('Current password').fill('correct horse');
    for (const label of ['New password', 'New password again']) await dialog.getByLabel(label, { exact: true }).fill('battery horse correct');
    await own.page.keyboard.press('Enter');
    await dialog.getByText('This is not your password.').waitFor();
    await dialog.getByLabel('Current password').and(own.page.locator('[aria-invalid=true]:focus')).waitFor();
    await dialog.getByLabel('Current password').fill('correct horse battery');
    await own.page.keyboard.press('Enter');
    await hear(own.page, 'The password of Owner is set.');
    own.assertQuiet();
    await own.close();

    await visitor.goto(USERS);
    await row(page, 'Owner').getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Owner' });
    await edit.getByLabel('External id').fill('x'.repeat(256));
    await edit.getByRole('button', { name: 'Submit' }).click();
    await edit.getByText('Invalid external id: it is 256 bytes long').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('keep the groups that another gave or took while the form was open', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const group = (name) => server.groupId(name);
    const id = await createUser(server, 'noor@acme.example', 'correct horse battery', { name: 'Noor', userGroupIds: [await group('Account Administrator')] });
    await visitor.goto(`${USERS}/${id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Noor' });
    await edit.getByLabel('Production Support', { exact: true }).check();
    await server.query('mutation ($input: UpdateUserInput!) { updateUser(input: $input) { user { id } } }', { input: { id, userGroupIds: [await group('Non-Production Support')] } });
    await edit.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'Noor is saved.');
    const { user } = await server.query('query ($id: String!) { user(id: $id) { userGroups(limit: 9) { nodes { name } } } }', { id });
    assert.deepEqual(user.userGroups.nodes.map((one) => one.name).sort(), ['Non-Production Support', 'Production Support']);
    visitor.assertQuiet();
    await visitor.close();
  });
});

describe('more users than a form lists', () => {
  const scene = stage((server) => createUsers(server, 1001));

  it('are found by address and by name whatever page they are on, and where not all can be chosen it says so', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(USERS);
    await page.getByText('1–50 of 1,001 users').waitFor();
    const find = page.getByRole('searchbox', { name: 'Find by e-mail or full name' });
    for (const wanted of ['user1001@acme.example', 'user 0777']) {
      await find.fill(wanted);
      await page.getByText(wanted, { exact: true }).waitFor();
      assert.equal(await page.getByRole('rowheader').count(), 1, wanted);
    }
    await visitor.goto(GROUPS);
    await page.getByRole('button', { name: 'Add User Group' }).click();
    const users = page.getByRole('dialog').getByRole('group', { name: 'Users' });
    await users.getByText('These are the first 1,000 of 1,001, by name. Others are put into groups where they are edited themselves.').waitFor();
    await users.getByRole('searchbox').fill('user1000@');
    await users.getByLabel('user 1000', { exact: true }).waitFor();
    await visitor.goto('/console/audit');
    await page.locator('optgroup[label="Users: the first 100 of 1,001"]').waitFor({ state: 'attached' });
    await page.locator('optgroup[label="API keys"]').waitFor({ state: 'attached' });
    visitor.assertQuiet();
    await visitor.close();
  });
});
