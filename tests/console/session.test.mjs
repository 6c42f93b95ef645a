// Signing in and out, and what becomes of a form when the session ends.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUser } from './support/fill.mjs';
import { endSession, GROUPS, inspect, KEYS, REFUSED, row, stage, USERS } from './support/walk.mjs';

const PASSWORD = 'correct horse battery';

describe('a session', () => {
  const scene = stage(async (server) => void (await createUser(server, 'ada@acme.example', PASSWORD, { name: 'Ada Brandt' })));

  it('begins with an API key and goes where the address said; the browser has nothing to complain about', async () => {
    const visitor = await scene.visit(null);
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    const key = page.getByLabel('API key');
    assert.equal(await key.evaluate((input) => input === document.activeElement), true);
    await inspect(visitor, 'sign-in');
    await key.fill(` ${server.account.apiKey} `);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'API Keys' }).waitFor();
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.ok(!stored.includes('lk_') && !stored.includes('session='), stored);
    visitor.assertQuiet();
    await page.reload();
    await row(page, 'admin').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('begins with e-mail and password, and says in the words of the server why not', async () => {
    const visitor = await scene.visit(null);
    visitor.expect(REFUSED);
    const { page } = visitor;
    await visitor.goto('/console/');
    await page.getByLabel('API key').fill('lk_nonsense');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('Invalid API Key').waitFor();
    await visitor.assertAccessible();
    await page.getByRole('button', { name: 'Use e-mail and password' }).click();
    await page.getByLabel('E-mail').fill('ada@acme.example');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('Invalid e-mail address or password').waitFor();
    await visitor.assertAccessible();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByText('Ada Brandt').first().waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that ends in the middle of a form loses nothing: one signs in over it, and it is sent', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Add API Key' }).click();
    const form = page.getByRole('dialog', { name: 'Add API Key' });
    await form.getByLabel('Name', { exact: true }).fill('not lost');
    await form.getByLabel('Account Administrator').check();
    await endSession(visitor);
    await form.getByRole('button', { name: 'Submit' }).click();
    const again = page.getByRole('dialog', { name: 'Your session has ended' });
    await again.waitFor();
    await inspect(visitor, 'session-ended');
    await page.keyboard.press('Escape');
    await again.getByLabel('API key').fill('lk_wrong');
    await page.keyboard.press('Enter');
    await again.getByRole('alert').getByText('Invalid API Key').waitFor();
    await again.getByLabel('API key').fill(server.account.apiKey);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'API key created' }).waitFor();
    const { apiKeyByName } = await server.query('{ apiKeyByName(name: "not lost") { userGroups(limit: 9) { nodes { name } } } }');
    assert.deepEqual(apiKeyByName.userGroups.nodes, [{ name: 'Account Administrator' }]);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that ended goes on in its own account only', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    const { createAccount: second } = await server.query('mutation { createAccount(input: { name: "Borealis Rail" }) { key } }');
    await visitor.goto(KEYS);
    await row(page, 'admin').waitFor();
    await endSession(visitor);
    await page.getByLabel('State').selectOption('Enabled');
    const ended = page.getByRole('dialog', { name: 'Your session has ended' });
    await ended.locator('bdi').getByText('Acme Freight').waitFor();
    await ended.getByLabel('API key').fill(second.key);
    await page.keyboard.press('Enter');
    await ended.getByText('That signs in to another account, Borealis Rail. What is open on this page belongs to Acme Freight.').waitFor();
    assert.deepEqual(await visitor.context.cookies(), []);
    await ended.getByLabel('API key').fill(server.account.apiKey);
    await page.keyboard.press('Enter');
    await ended.waitFor({ state: 'detached' });
    await row(page, 'admin').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that ended can be left, and what was not sent is not done', async () => {
    const visitor = await scene.visit({ email: 'ada@acme.example', password: PASSWORD });
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    await visitor.goto(USERS);
    await row(page, 'Ada Brandt').waitFor();
    await page.getByRole('button', { name: 'Add User' }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Nobody');
    await endSession(visitor);
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('dialog', { name: 'Your session has ended' }).getByLabel('Password').waitFor(); // it asks as the session was opened
    await page.getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    const { users } = await server.query('{ users(limit: 9) { nodes { name } } }');
    assert.deepEqual(users.nodes, [{ name: 'Ada Brandt' }]);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that ended shows no secret, and one that was shown to somebody is not there for another who signs in', async () => {
    const { server } = scene;
    const [{ key: shown }, { key: other }] = [await server.createKey('shown'), await server.createKey('another')];
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page } = visitor;
    const ended = page.getByRole('dialog', { name: 'Your session has ended' });
    const onPage = (text) => page.evaluate((secret) => document.documentElement.innerHTML.includes(secret), text);
    const end = async () => {
      await endSession(visitor);
      await page.evaluate(() => new BroadcastChannel('latchkey.session').postMessage(null)); // as another tab does in which one signs out
      await ended.waitFor();
    };
    const signIn = async (apiKey) => {
      await ended.getByLabel('API key').fill(apiKey);
      await page.keyboard.press('Enter');
      await ended.waitFor({ state: 'detached' });
    };
    await visitor.goto(KEYS);
    await row(page, 'shown').getByRole('button', { name: 'Reveal key' }).click();
    await page.getByText(shown).waitFor();
    await end();
    assert.equal(await onPage(shown), false);
    await signIn(server.account.apiKey);
    await page.getByText(shown).waitFor(); // it was shown to the same one
    await visitor.goto(KEYS);
    await row(page, 'shown').getByRole('button', { name: 'Reveal key' }).click();
    await page.getByText(shown).waitFor();
    await end();
    await signIn(other);
    assert.equal(await onPage(shown), false);
    await row(page, 'shown').getByRole('button', { name: 'Reveal key' }).waitFor();

    await page.getByRole('button', { name: 'Add API Key' }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('made by another');
    await page.keyboard.press('Enter');
    const made = page.getByRole('dialog', { name: 'API key created' });
    const secret = await made.getByRole('textbox').innerText();
    await end();
    assert.equal(await onPage(secret), false);
    await signIn(server.account.apiKey);
    await made.waitFor({ state: 'detached' });
    assert.equal(await onPage(secret), false);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that the server was not told to end goes on, and says so', async () => {
    const visitor = await scene.visit();
    visitor.expect(/ERR_FAILED/);
    const { page } = visitor;
    await visitor.goto(KEYS);
    await row(page, 'admin').waitFor();
    await page.route('**/console/session', (route) => route.abort());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('.notice').getByText('You are still signed in. The server cannot be reached.').waitFor();
    assert.equal(await row(page, 'admin').count(), 1);
    await page.unroute('**/console/session');
    await endSession(visitor); // as in another tab
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    assert.equal(await page.getByText('You are still signed in.').count(), 0);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that is left while one signs in again does not begin', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    await row(page, 'admin').waitFor();
    await endSession(visitor);
    await page.getByLabel('State').selectOption('Enabled');
    const ended = page.getByRole('dialog', { name: 'Your session has ended' });
    await ended.getByLabel('API key').fill(server.account.apiKey);
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/console/session', async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue();
    });
    await page.keyboard.press('Enter');
    await ended.getByRole('button', { name: 'Signing in…' }).waitFor();
    await ended.getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    const left = page.waitForResponse((answer) => answer.request().method() === 'DELETE' && answer.status() === 204);
    release();
    await left;
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    assert.deepEqual(await visitor.context.cookies(), []);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that was left is told nothing more, nor is whoever begins the next one', async () => {
    const { server } = scene;
    const { uuid } = await server.createKey('switched off');
    await server.query('mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }', { input: { accountId: server.account.accountId, uuid, name: 'switched off', enabled: false } });
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page } = visitor;
    let release;
    const held = new Promise((resolve) => (release = resolve));
    let waiting = 0;
    await page.route('**/graphql?*', async (route) => {
      const answer = await route.fetch();
      if (/KeySettingsQuery|createUserGroup/.test(route.request().postData())) {
        waiting++;
        await held;
      }
      await route.fulfill({ response: answer });
    });
    await visitor.goto(KEYS);
    await row(page, 'switched off').getByRole('button', { name: 'Enable' }).click();
    await row(page, 'switched off').getByRole('button', { name: 'Enable' }).and(page.locator('[aria-disabled=true]')).waitFor();
    await page.getByRole('link', { name: 'User Groups' }).first().click();
    await page.getByRole('button', { name: 'Add User Group' }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Made late');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Submitting…' }).waitFor();
    await endSession(visitor);
    await page.evaluate(() => new BroadcastChannel('latchkey.session').postMessage(null)); // as another tab does in which one signs out
    await page.getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await page.getByRole('button', { name: 'Use e-mail and password' }).click();
    await page.getByLabel('E-mail').fill('ada@acme.example');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'User Groups' }).waitFor();
    assert.equal(waiting, 2);
    release();
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(300); // for what must not come
    assert.equal((await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { enabled } }', { id: uuid })).apiKey.enabled, false, 'Ada did not enable it');
    assert.equal(await page.locator('.notice').count(), 0);
    assert.equal(new URL(page.url()).pathname, GROUPS);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('says so before the key or the user is deleted that it is of', async () => {
    const { server } = scene;
    const { key } = await server.createKey('my own');
    const visitor = await scene.visit({ apiKey: key });
    const { page } = visitor;
    await visitor.goto(KEYS);
    for (const [what, ends] of [['admin', 0], ['my own', 1]]) {
      for (const deed of ['Delete', 'Disable']) {
        await row(page, what).getByRole('button', { name: deed }).click();
        const dialog = page.getByRole('alertdialog', { name: `${deed} ${what}?` });
        await dialog.waitFor();
        assert.equal(await dialog.getByText('your session ends too').count(), ends);
        await page.keyboard.press('Escape');
      }
    }
    visitor.assertQuiet();
    await visitor.close();

    const ada = await scene.visit({ email: 'ada@acme.example', password: PASSWORD });
    await ada.goto(USERS);
    await row(ada.page, 'Ada Brandt').getByRole('button', { name: 'Delete' }).click();
    await ada.page.getByRole('alertdialog').getByText('This is you: your session ends too.').waitFor();
    ada.assertQuiet();
    await ada.close();
  });

  it('goes on in another account when its user in the one that is open is gone', async () => {
    const { server } = scene;
    const { createAccount } = await server.query('mutation { createAccount(input: {name: "Second Line"}) { key account { id } } }');
    const { key } = createAccount;
    const DELETE_USER = 'mutation ($input: DeleteUserInput!) { deleteUser(input: $input) { clientMutationId } }';
    /** A user of that address in both accounts, who has opened the console in one of them. */
    const open = async (email, accountName) => {
      const first = await createUser(server, email, PASSWORD, { name: 'Bo' });
      const group = (await server.query('{ userGroupByName(name: "Account Administrator") { id } }', {}, { key })).userGroupByName.id;
      const { createUser: made } = await server.query('mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { input: { name: 'Bo there', email, userGroupIds: [group] } }, { key });
      await server.query('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }', { input: { userId: made.user.id, password: PASSWORD } }, { key });
      const visitor = await scene.visit({ email, password: PASSWORD });
      await visitor.goto('/console/');
      const account = visitor.page.getByRole('combobox', { name: 'Account' });
      if (accountName !== 'Acme Freight') {
        await account.selectOption(accountName);
        await visitor.page.getByRole('heading', { name: 'Overview' }).waitFor();
      }
      await visitor.page.locator('.page-head').getByText(accountName).waitFor();
      return { visitor, first, second: made.user.id };
    };

    // By somebody else, in the account that requests act in which name none.
    const { visitor, first } = await open('bo@acme.example', 'Acme Freight');
    visitor.expect(REFUSED);
    await server.query(DELETE_USER, { input: { id: first } });
    await visitor.page.getByRole('link', { name: 'User Groups' }).click();
    await visitor.page.locator('.page-head').getByText('Second Line').waitFor();
    assert.equal(await visitor.page.getByRole('dialog').count(), 0);
    visitor.assertQuiet();
    await visitor.close();

    // By oneself, in another one.
    const { visitor: self } = await open('bo2@acme.example', 'Second Line');
    await self.page.getByRole('link', { name: 'Users' }).click();
    const mine = self.page.getByRole('row').filter({ hasText: 'bo2@acme.example' });
    await mine.getByRole('button', { name: 'Delete' }).click();
    const dialog = self.page.getByRole('alertdialog');
    await dialog.getByText('This is you: your session in this account ends too.').waitFor();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await self.page.locator('.page-head').getByText('Acme Freight').waitFor();
    self.assertQuiet();
    await self.close();
  });

  it('of a key whose secret stops at its rotation ends when the new secret has been seen, and not over it', async () => {
    const { server } = scene;
    const { key } = await server.createKey('my own, turned');
    const visitor = await scene.visit({ apiKey: key });
    visitor.expect(REFUSED);
    const { page } = visitor;
    await visitor.goto(KEYS);
    await row(page, 'my own, turned').getByRole('button', { name: 'Rotate' }).click();
    const rotate = page.getByRole('dialog', { name: 'Rotate my own, turned' });
    await rotate.getByText('You are signed in with this key').waitFor();
    await rotate.getByLabel('Stops now').check();
    await rotate.getByRole('button', { name: 'Submit' }).click();
    const rotated = page.getByRole('dialog', { name: 'API key rotated' });
    await rotated.getByRole('button', { name: 'Copy key' }).click();
    await rotated.locator('.notice').getByText('copied').waitFor();
    await page.waitForLoadState('networkidle');
    const next = await rotated.getByRole('textbox').innerText();
    assert.deepEqual([await server.accepts(key), await server.accepts(next)], [false, true]);
    await rotated.getByRole('button', { name: 'Done' }).click();
    const ended = page.getByRole('dialog', { name: 'Your session has ended' });
    await ended.getByLabel('API key').fill(next);
    await page.keyboard.press('Enter');
    await ended.waitFor({ state: 'detached' });
    await row(page, 'my own, turned').getByText(`lk_…${next.slice(-4)}`).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is one for all tabs: none goes on under a name that is no longer whose it acts as', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    const { page: first, server } = visitor;
    const { uuid } = await server.createKey('of two tabs');
    await server.query('mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }', { input: { accountId: server.account.accountId, uuid, name: 'of two tabs', enabled: false } });
    await visitor.goto(KEYS);
    await row(first, 'admin').waitFor();
    const second = await visitor.newPage();
    await second.goto(`${server.url}${KEYS}`);
    await second.getByRole('button', { name: 'Sign out' }).click();
    const ended = first.getByRole('dialog', { name: 'Your session has ended' });
    await ended.waitFor();
    await second.getByLabel('API key').fill(server.account.apiKey);
    await second.keyboard.press('Enter');
    await ended.waitFor({ state: 'detached' }); // it is the same one's again
    await row(first, 'admin').waitFor();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await first.route('**/graphql?*', async (route) => {
      const answer = await route.fetch();
      if (route.request().postData().includes('KeySettingsQuery')) await held;
      await route.fulfill({ response: answer });
    });
    await row(first, 'of two tabs').getByRole('button', { name: 'Enable' }).click();
    await row(first, 'of two tabs').getByRole('button', { name: 'Enable' }).and(first.locator('[aria-disabled=true]')).waitFor();
    await second.getByRole('button', { name: 'Sign out' }).click();
    await second.getByRole('button', { name: 'Use e-mail and password' }).click();
    await second.getByLabel('E-mail').fill('ada@acme.example');
    await second.getByLabel('Password').fill(PASSWORD);
    await second.keyboard.press('Enter');
    await second.getByRole('heading', { level: 1, name: 'API Keys' }).waitFor();
    await ended.waitFor();
    await first.getByText('Signed in with the API key').waitFor();
    assert.equal(await ended.isVisible(), true, 'Ada is not admin');
    release();
    await first.waitForTimeout(300); // for what must not be done
    const enabled = async () => (await server.query('query ($id: String!) { apiKey(apiKeyId: $id) { enabled } }', { id: uuid })).apiKey.enabled;
    assert.equal(await enabled(), false, 'nor does Ada what admin began');
    await ended.getByLabel('API key').fill(server.account.apiKey);
    await first.keyboard.press('Enter');
    await first.locator('.notice').getByText('of two tabs is enabled.').waitFor();
    assert.equal(await enabled(), true);
    visitor.assertQuiet();
    await visitor.close();
  });
});
