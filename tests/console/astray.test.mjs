// What the console does with addresses of what is not there, and with nonsense in them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeys, plainNames } from './support/fill.mjs';
import { GROUPS, inspect, KEYS, row, stage, USERS } from './support/walk.mjs';

const NOWHERE = 'AAAAAAAAAAAAAAAAAAAAAA';

describe('someone who went astray', () => {
  const scene = stage((server) => createKeys(server, plainNames(60)));

  it('is told where they are, when it is no more there', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    for (const [list, title] of [[KEYS, 'API key'], [GROUPS, 'User group'], [USERS, 'User']]) {
      await visitor.goto(`${list}/${NOWHERE}`);
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
      await page.getByRole('alert').waitFor();
      assert.equal(await page.title(), `${title} · Latchkey`);
      await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').waitFor();
      await visitor.assertAccessible();
    }
    await page.getByRole('link', { name: 'API Keys', exact: true }).click();
    await page.getByRole('link', { name: 'key 0001' }).click();
    await page.getByRole('heading', { level: 1, name: 'key 0001' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('h1, main'));
    visitor.assertQuiet();
    await visitor.close();
  });

  it('finds the way back from a filter that makes no sense', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(`${KEYS}?group=${NOWHERE}&state=nonsense`);
    await page.getByText('No key fits the search.').waitFor();
    await page.getByRole('button', { name: 'Show all keys' }).waitFor();
    await visitor.goto(`${KEYS}?group=nonsense&state=nonsense&show=nonsense&sort=nonsense&page=0`);
    await page.getByRole('alert').waitFor();
    const choices = await page.getByRole('search').getByRole('combobox').evaluateAll((all) => all.map((one) => one.selectedOptions[0]?.label));
    assert.deepEqual(choices.slice(0, 3), ['All keys', 'Any state', 'nonsense']);
    await inspect(visitor, 'astray');
    await page.getByRole('button', { name: 'Show all keys' }).click();
    await page.getByText('1–50 of 61 keys').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is told when it is not Latchkey that answers', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await page.route('**/graphql?*', (route) => route.fulfill({ contentType: 'text/html', body: '<p>Sign in to this network</p>' }));
    await visitor.goto(KEYS);
    await page.getByRole('alert').getByText('It was not Latchkey that answered').waitFor();
    await page.unroute('**/graphql?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('1–50 of 61 keys').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is led up to what went wrong, when the page does not come that they asked for at the end of a list', async () => {
    const visitor = await scene.visit();
    visitor.expect(/503/);
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.route('**/graphql?*', (route) => route.fulfill({ status: 503, contentType: 'text/html', body: '<p>Try later</p>' }));
    await page.getByRole('button', { name: 'Next page' }).press('Enter');
    const alert = page.getByRole('alert').filter({ hasText: 'The server answered 503' });
    await alert.and(page.locator(':focus')).waitFor();
    const { y } = await alert.boundingBox();
    assert.ok(y >= 52 && y < 700, `below what stays at the top, and to be seen: ${y}`);
    await page.getByText(/^1–50 of/).waitFor();
    await page.keyboard.press('Tab');
    const again = page.getByRole('button', { name: 'Try again' });
    const asked = page.waitForRequest('**/graphql?*');
    await page.keyboard.press('Enter');
    await asked;
    await page.waitForLoadState('networkidle');
    assert.equal(await again.evaluate((button) => button === document.activeElement), true, 'it stays on the button that is pressed');
    await page.unroute('**/graphql?*');
    await page.keyboard.press('Enter');
    await page.getByText(/^51–/).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is told that there is nothing to choose from because it did not come', async () => {
    const visitor = await scene.visit();
    visitor.expect(/ERR_FAILED/);
    const { page } = visitor;
    await page.route('**/graphql?*', (route) => (/GroupNamesQuery|UserNamesQuery/.test(route.request().postData()) ? route.abort() : route.continue()));
    await visitor.goto(KEYS);
    assert.deepEqual(await page.getByLabel('User group').locator('option').allInnerTexts(), ['Any user group', 'The user groups could not be loaded.']);
    await visitor.goto('/console/audit');
    const options = await page.getByLabel('Actor').locator('option').allInnerTexts();
    assert.deepEqual(options.slice(0, 3), ['Anyone', 'The users could not be loaded.', 'admin']);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('in a page that is older than the server is told to load it anew, and sees nothing of that in any other', async () => {
    const visitor = await scene.visit();
    visitor.expect(/404/);
    const { page } = visitor;
    for (const target of [KEYS, '/explorer']) {
      await page.route('**/console/assets/*', (route) => route.fulfill({ status: 404, contentType: 'application/json', body: '{}' }));
      await visitor.goto(target);
      await page.getByText('If this stays, load the page anew').waitFor();
      await page.unroute('**/console/assets/*');
      await visitor.goto(target);
      assert.equal(await page.getByText('If this stays').count(), 0);
    }
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/console/assets/*.js', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${scene.server.url}${KEYS}`, { waitUntil: 'commit' });
    const early = page.getByText('If this stays');
    await early.waitFor({ state: 'attached' });
    assert.equal(await early.isVisible(), false, 'not at once');
    release();
    await page.getByText('1–50 of 61 keys').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is not led on by a page number that is none', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(KEYS);
    const field = page.getByLabel('Page', { exact: true });
    for (const [typed, kept, range] of [['999', '2', /^51–61 /], ['999', '2', /^51–61 /], ['', '2', /^51–61 /], ['-1', '2', /^51–61 /], ['abc', '2', /^51–61 /], ['0', '1', /^1–50 /]]) {
      await field.fill(typed);
      await field.press('Enter');
      await page.getByText(range).waitFor();
      await page.waitForFunction(([id, value]) => document.getElementById(id).value === value, [await field.getAttribute('id'), kept]);
    }
    visitor.assertQuiet();
    await visitor.close();
  });

  it('closes the menu of a narrow window with Escape, and by choosing the page that is shown', async () => {
    const visitor = await scene.visit(undefined, { viewport: { width: 360, height: 740 } });
    const { page } = visitor;
    await visitor.goto(KEYS);
    const menu = page.getByRole('button', { name: 'Menu' });
    await menu.press('Enter');
    await page.getByRole('link', { name: 'Users' }).press('Escape');
    assert.equal(await menu.getAttribute('aria-expanded'), 'false');
    assert.equal(await menu.evaluate((button) => button === document.activeElement), true);
    await page.getByLabel('State', { exact: true }).selectOption('Disabled');
    await menu.press('Enter');
    await page.getByRole('link', { name: 'API Keys', exact: true }).press('Enter'); // the page that is shown, without the filter
    await page.getByText('1–50 of 61 keys').waitFor();
    assert.equal(await menu.getAttribute('aria-expanded'), 'false');
    assert.equal(await page.evaluate(() => document.activeElement.matches('main h1')), true);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('says in that menu who is signed in, to which account', async () => {
    const visitor = await scene.visit(undefined, { viewport: { width: 360, height: 740 } });
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    const who = page.locator('.actor:visible', { hasText: 'Signed in with the API key' });
    assert.equal(await who.count(), 0);
    await page.getByRole('button', { name: 'Menu' }).press('Enter');
    await who.getByText('admin', { exact: true }).waitFor();
    await page.locator('.side').getByText(server.account.accountName, { exact: true }).waitFor();
    await visitor.assertAccessible();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('does not find in the list what the server said is gone', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const { uuid } = await server.createKey('a key that another deletes');
    await visitor.goto(KEYS);
    await row(page, 'a key that another deletes').getByRole('button', { name: 'Delete' }).click();
    await server.query('mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }', { input: { accountId: server.account.accountId, uuid } });
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('alert').getByText('API key does not exist').waitFor();
    await page.keyboard.press('Escape');
    await row(page, 'a key that another deletes').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.matches('h1')), true);
    visitor.assertQuiet();
    await visitor.close();
  });
});
