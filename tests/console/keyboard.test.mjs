// The console by keyboard alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PHONE } from './support/browser.mjs';
import { createKeys, createUser, plainNames } from './support/fill.mjs';
import { GROUPS, KEYS, row, stage } from './support/walk.mjs';

describe('with the keyboard alone', () => {
  const scene = stage();
  const focused = (page) => page.evaluate(() => {
    const element = document.activeElement;
    return element.getAttribute('aria-label') ?? (element.labels?.[0]?.innerText || element.innerText || element.tagName);
  });
  const tabTo = async (page, name, most = 60) => {
    for (let presses = 0; presses < most; presses++) {
      await page.keyboard.press('Tab');
      if ((await focused(page)).trim() === name) return;
    }
    assert.fail(`Tab did not reach ${name}`);
  };

  const goBack = (page) => page.evaluate(() => new Promise((resolve) => {
    addEventListener('popstate', resolve, { once: true }); // called after the console's own
    history.back();
  }));

  it('a stranger signs in, adds a key, copies it, and deletes it', async () => {
    const visitor = await scene.visit(null);
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    await page.keyboard.type(server.account.apiKey);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'API Keys' }).waitFor();
    await page.getByRole('button', { name: 'Add API Key' }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Add API Key', 5);
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(ring, 'solid', 'the focus can be seen');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Add API Key' }).getByLabel('Account Administrator').waitFor();
    assert.equal(await focused(page), 'Name');
    await page.keyboard.type('typed');
    await tabTo(page, 'Account Administrator', 3);
    await page.keyboard.press('Space');
    for (let presses = 0; presses < 40; presses++) { // the focus cannot leave the dialog but to the browser itself
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), true);
    }
    await tabTo(page, 'Name');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'API key created' }).waitFor();
    await tabTo(page, 'Copy key', 6);
    await page.keyboard.press('Enter');
    await page.locator('.notice').getByText('copied').waitFor();
    assert.equal(await server.accepts(await page.evaluate(() => navigator.clipboard.readText())), true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal((await focused(page)).trim(), 'Add API Key');
    await tabTo(page, 'typed');
    await tabTo(page, 'Delete', 12);
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Delete typed?' }).waitFor();
    assert.equal((await focused(page)).trim(), 'Cancel');
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    assert.equal((await focused(page)).trim(), 'Delete');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.notice').getByText('typed is deleted.').waitFor();
    assert.deepEqual(await server.keyNames(), ['admin']);
    assert.equal((await focused(page)).trim(), 'API Keys', 'the focus is not lost with the row');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('a user of two accounts signs in and goes from one to the other and back', async () => {
    const visitor = await scene.visit(null);
    const { page, server } = visitor;
    const { createAccount: second } = await server.query('mutation { createAccount(input: { name: "Borealis Rail" }) { key account { id } } }');
    await createUser(server, 'ada@acme.example', 'correct horse battery');
    const inSecond = (query, input) => server.query(query, { input }, { key: second.key });
    const { userGroupByName: group } = await server.query('{ userGroupByName(name: "Account Administrator") { id } }', undefined, { key: second.key });
    const { createUser: made } = await inSecond('mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { name: 'Ada', email: 'ada@acme.example', userGroupIds: [group.id] });
    await inSecond('mutation ($input: SetPasswordInput!) { setPassword(input: $input) { clientMutationId } }', { userId: made.user.id, password: 'correct horse battery' });

    await visitor.goto('/console/');
    await tabTo(page, 'Use e-mail and password', 4);
    await page.keyboard.press('Enter');
    await page.getByLabel('E-mail').waitFor();
    await page.keyboard.press('Shift+Tab'); // the focus stays on the button, behind the form
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.type('ada@acme.example');
    await page.keyboard.press('Tab');
    await page.keyboard.type('correct horse battery');
    await page.keyboard.press('Enter');

    const shown = (name) => page.getByRole('main').getByRole('paragraph').getByText(name, { exact: true });
    const choose = page.getByRole('combobox', { name: 'Account' });
    const toChoice = async () => {
      for (let presses = 0; presses < 20; presses++) {
        await page.keyboard.press('Tab');
        if (await choose.evaluate((select) => select === document.activeElement)) return;
      }
      assert.fail('Tab did not reach the choice of the account');
    };
    await shown('Acme Freight').waitFor();
    await visitor.assertAccessible();
    await toChoice();
    assert.deepEqual(await choose.locator('option').allInnerTexts(), ['Acme Freight', 'Borealis Rail']);
    await page.keyboard.press('ArrowDown');
    await shown('Borealis Rail').waitFor();
    await tabTo(page, 'Users');
    await page.keyboard.press('Enter');
    await row(page, 'Ada').waitFor();
    await page.reload(); // the choice holds
    await row(page, 'Ada').waitFor();
    assert.equal(await choose.inputValue(), second.account.id);
    const tab = await visitor.newPage();
    await tab.goto(`${server.url}/console/`);
    const other = tab.getByRole('combobox', { name: 'Account' });
    await other.waitFor();
    assert.equal(await other.inputValue(), second.account.id);
    await toChoice();
    await page.keyboard.press('ArrowUp');
    await shown('Acme Freight').waitFor();
    assert.equal(await choose.inputValue(), server.account.accountId);
    await tab.reload();
    await other.waitFor();
    assert.equal(await other.inputValue(), second.account.id, 'each tab keeps its own');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('a new page takes the focus and names itself', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto('/console/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await tabTo(page, 'User Groups');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'User Groups' }).waitFor();
    await page.waitForFunction(() => document.title === 'User Groups · Latchkey'); // the heading is there a moment earlier
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql?*', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('link', { name: 'Account Administrator' }).press('Enter');
    await page.getByText('Loading the user group…').waitFor();
    await page.waitForFunction(() => document.title === 'User group · Latchkey'); // and no longer the list
    release();
    await page.waitForFunction(() => document.title === 'Account Administrator · Latchkey');
    const focused = () => page.evaluate(() => (document.activeElement.id === 'main' ? 'main' : document.activeElement.innerText).trim());
    let answer;
    const waiting = new Promise((resolve) => (answer = resolve));
    await page.unroute('**/graphql?*');
    await page.route('**/graphql?*', async (route) => {
      await waiting;
      await route.continue();
    });
    await page.goBack();
    await page.waitForFunction(() => document.title === 'User Groups · Latchkey');
    assert.ok(['User Groups', 'main'].includes(await focused()));
    answer();
    await page.getByRole('link', { name: 'Account Administrator' }).and(page.locator(':focus')).waitFor(); // one goes on where one left
    visitor.assertQuiet();
    await visitor.close();
  });

  it('the way back from a row of a long list leads to that row', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    await createKeys(server, plainNames(40));
    await visitor.goto(KEYS);
    const link = page.getByRole('link', { name: 'key 0035' });
    await link.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'key 0035' }).waitFor();
    await page.goBack();
    await link.and(page.locator(':focus')).waitFor();
    const { y } = await link.boundingBox();
    assert.ok(y > 52 && y < 800, String(y));
    // Not when the reader has begun something else meanwhile.
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'key 0035' }).waitFor();
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route('**/graphql?*', async (route) => {
      await held;
      await route.continue();
    });
    await page.goBack();
    await page.getByText('Loading API keys…').waitFor();
    const search = page.getByRole('searchbox', { name: 'Search by name' });
    await search.press('k');
    answer();
    await link.waitFor();
    await page.waitForLoadState('networkidle');
    assert.equal(await search.evaluate((field) => field === document.activeElement), true);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('a form that is being sent waits for the answer: Escape neither discards it nor loses the key that it made', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Add API Key' }).click();
    const form = page.getByRole('dialog', { name: 'Add API Key' });
    await form.getByLabel('Account Administrator').waitFor();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql?*', async (route) => {
      await held;
      await route.continue();
    });
    await page.keyboard.type('slow');
    await page.keyboard.press('Enter');
    await form.getByRole('button', { name: 'Submitting…' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('alertdialog').count(), 0, 'nothing can be discarded any more');
    release();
    const made = page.getByRole('dialog', { name: 'API key created' });
    await made.waitFor();
    assert.equal(await server.accepts(await made.getByRole('textbox').innerText()), true);
    await page.unroute('**/graphql?*');
    await page.keyboard.press('Escape');

    const removal = page.getByRole('alertdialog', { name: 'Delete slow?' });
    await row(page, 'slow').getByRole('button', { name: 'Delete' }).click();
    const escaped = new Promise((resolve) => (release = resolve));
    await page.route('**/graphql?*', async (route) => {
      await escaped;
      await route.abort();
    });
    visitor.expect(/ERR_FAILED/);
    await removal.getByRole('button', { name: 'Delete' }).click();
    await removal.getByRole('button', { name: 'Delete' }).and(page.locator('[aria-disabled=true]')).waitFor();
    await page.keyboard.press('Escape');
    release();
    await removal.getByRole('alert').getByText('The server cannot be reached').waitFor(); // it would have been said to nobody
    await page.keyboard.press('Escape');
    await removal.waitFor({ state: 'detached' });
    visitor.assertQuiet();
    await visitor.close();
  });

  it('the way back waits for the answer as well: it neither loses a new secret nor leads away later from where one went', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    await server.createKey('turned');
    await visitor.goto('/console/');
    await page.getByRole('link', { name: 'API Keys', exact: true }).click();
    await row(page, 'turned').getByRole('button', { name: 'Rotate' }).click();
    const releases = [];
    await page.route('**/graphql?*', async (route) => {
      if (/rotateApiKey|deleteApiKey/.test(route.request().postData())) await new Promise((resolve) => releases.push(resolve));
      await route.continue();
    });
    await page.getByRole('dialog').getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('button', { name: 'Submitting…' }).waitFor();
    await goBack(page);
    releases[0]();
    const made = page.getByRole('dialog', { name: 'API key rotated' });
    assert.equal(await server.accepts(await made.getByRole('textbox').innerText()), true);
    await page.keyboard.press('Escape');

    await row(page, 'turned').getByRole('link').first().click();
    await page.getByRole('heading', { level: 1, name: 'turned' }).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    const removal = page.getByRole('alertdialog', { name: 'Delete turned?' });
    await removal.getByRole('button', { name: 'Delete' }).click();
    await removal.getByRole('button', { name: 'Delete' }).and(page.locator('[aria-disabled=true]')).waitFor();
    await goBack(page);
    assert.equal(await page.getByRole('heading', { level: 1, includeHidden: true }).innerText(), 'turned');
    releases[1]();
    await page.locator('.notice').getByText('turned is deleted.').waitFor();
    await page.getByRole('heading', { level: 1, name: 'API Keys' }).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('no message covers the buttons of a dialog', async () => {
    const visitor = await scene.visit(undefined, { viewport: PHONE });
    const { page } = visitor;
    await visitor.goto(KEYS);
    await row(page, 'admin').getByRole('button', { name: 'Copy key' }).press('Enter');
    await page.locator('.notice').getByText('copied').waitFor();
    await page.getByRole('button', { name: 'Add API Key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add API Key' });
    await dialog.getByLabel('Account Administrator').waitFor();
    await dialog.getByText('Expiry, limits and metadata').press('Enter');
    await dialog.locator('.notice').getByText('copied').waitFor();
    const free = await dialog.locator('.dialog-head button, .dialog-foot button').evaluateAll((all) => all.map((button) => {
      const { x, y, width, height } = button.getBoundingClientRect();
      return button.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }));
    assert.deepEqual(free, [true, true, true]);
    await page.keyboard.press('Escape');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('nothing that is emptied or taken out of a form takes the focus with it', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Add API Key' }).click();
    await page.getByRole('dialog').getByText('Expiry, limits and metadata').press('Enter');
    await page.getByLabel('Uses', { exact: true }).focus();
    await page.keyboard.type('5');
    await page.keyboard.press('Backspace');
    assert.equal(await focused(page), 'Uses', 'the part that it is in does not close');
    await page.getByRole('button', { name: 'Add note' }).press('Enter');
    assert.equal(await focused(page), 'Name of note 1', 'where one goes on to type');
    await page.getByRole('button', { name: 'Remove note 1' }).press('Enter');
    assert.equal((await focused(page)).trim(), 'Add note');
    await page.keyboard.press('Escape'); // it is as it began: nothing is asked
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await visitor.goto(GROUPS);
    await page.getByRole('button', { name: 'Add User Group' }).click();
    await page.getByText('Other permissions of the account').press('Enter');
    const other = page.locator('details').getByRole('checkbox').first();
    await other.press('Space');
    await other.press('Space');
    assert.equal(await other.evaluate((box) => box === document.activeElement), true);
    await page.getByRole('button', { name: 'Add application permission' }).press('Enter');
    assert.equal((await focused(page)).trim(), 'On');
    await page.getByRole('button', { name: 'Remove application permission 1' }).press('Enter');
    assert.equal((await focused(page)).trim(), 'Add application permission');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('a row that changes its place keeps the focus, and one that goes hands it over', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    for (const name of ['moved', 'switched', 'taken']) await server.createKey(name);
    const heading = () => page.waitForFunction(() => document.activeElement?.matches('main h1'));
    const rename = async (from, to) => {
      await row(page, from).getByRole('button', { name: 'Edit' }).press('Enter');
      await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill(to);
      await page.keyboard.press('Enter');
    };
    await visitor.goto(KEYS);
    await rename('moved', 'a first one');
    const edit = row(page, 'a first one').getByRole('button', { name: 'Edit' });
    await edit.waitFor();
    await page.waitForLoadState('networkidle');
    assert.equal(await edit.evaluate((button) => button === document.activeElement), true);

    await page.getByLabel('State', { exact: true }).selectOption('Enabled');
    await page.waitForLoadState('networkidle');
    await row(page, 'switched').getByRole('button', { name: 'Disable' }).press('Enter');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).press('Enter');
    await row(page, 'switched').waitFor({ state: 'detached' });
    await heading();
    await page.getByLabel('State', { exact: true }).selectOption('Disabled');
    await row(page, 'switched').getByRole('button', { name: 'Enable' }).press('Enter');
    await page.getByText('No key fits the search.').waitFor();
    await heading();
    await visitor.goto(`${KEYS}?q=taken`);
    await rename('taken', 'given');
    await page.getByText('No key fits the search.').waitFor();
    await heading();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('what was refused has the focus, and what goes hands it over', async () => {
    const visitor = await scene.visit();
    visitor.expect(/ERR_FAILED/);
    const { page } = visitor;
    const at = (selector) => page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);
    await visitor.goto(KEYS);
    let down = true;
    await page.route('**/graphql?*', (route) => (down ? route.abort() : route.continue()));
    await page.getByRole('button', { name: 'Add API Key' }).click();
    const form = page.getByRole('dialog', { name: 'Add API Key' });
    const retry = form.getByRole('button', { name: 'Try again' });
    await retry.waitFor();
    await page.keyboard.type('patient');
    await form.getByRole('button', { name: 'Submit' }).press('Enter');
    await at('form > .problem');
    await retry.waitFor();
    await visitor.assertAccessible();
    await form.getByText('Expiry, limits and metadata').click();
    await form.getByLabel('Uses', { exact: true }).fill('many');
    await form.getByRole('button', { name: 'Submit' }).press('Enter');
    await at('[aria-invalid]'); // and not what is wrong with the list of groups
    down = false;
    await retry.press('Enter');
    await form.getByLabel('Account Administrator').waitFor();
    await at('dialog h2');
    assert.equal(await form.getByLabel('Name', { exact: true }).inputValue(), 'patient', 'nothing that was entered is lost');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard', exact: true }).press('Enter');

    await row(page, 'admin').getByRole('button', { name: 'Copy key' }).press('Enter');
    await page.locator('.notice').getByRole('button', { name: 'Close message' }).press('Enter');
    await at('main h1');
    down = true;
    await page.getByRole('button', { name: 'Created' }).press('Enter');
    const list = page.getByRole('main').getByRole('button', { name: 'Try again' });
    await list.waitFor();
    down = false;
    await list.press('Enter');
    await list.waitFor({ state: 'detached' });
    await at('main h1');
    visitor.assertQuiet();
    await visitor.close();
  });
});
