// The API Explorer in a browser: both credentials, the schema's documentation, no complaint, nothing kept.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server } from '../api/support/server.mjs';
import { openBrowser, PHONE, Visitor } from './support/browser.mjs';
import { HOSTILE, createKeys } from './support/fill.mjs';
import { endSession, REFUSED } from './support/walk.mjs';

describe('the API Explorer', () => {
  let server;
  let browser;
  let visitor;
  before(async () => {
    server = await Server.fresh();
    browser = await openBrowser();
    await createKeys(server, HOSTILE);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Runs what the editor holds; before the editor has come up there is nothing to run. */
  const run = async (page) => {
    await page.getByRole('region', { name: 'Query Editor' }).locator('.CodeMirror-line', { hasText: /\S/ }).first().waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
  };
  const answer = (page) => page.locator('.graphiql-response .CodeMirror-code');
  const write = async (page, text) => {
    await page.getByRole('region', { name: 'Query Editor' }).locator('.CodeMirror').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText(text);
  };

  it('acts as the session that is signed in', async () => {
    visitor = await Visitor.open(browser, server);
    const { page } = visitor;
    await visitor.signIn();
    await visitor.goto('/explorer');
    assert.match(await page.title(), /API Explorer/);
    assert.equal(await page.getByRole('radio', { name: /Signed-in session \(admin\)/ }).isChecked(), true);
    await page.locator('bdi').getByText('admin', { exact: true }).waitFor(); // and one that runs from right to left turns nothing around
    await run(page);
    await page.waitForFunction((id) => document.querySelector('.graphiql-response')?.textContent.includes(id), server.account.accountId);
    assert.match(await answer(page).innerText(), /"name": "admin"/);
    await write(page, 'query WhoAmI { apiKeys(limit: 100) { nodes { name } } }');
    await run(page);
    await page.waitForFunction(() => document.querySelector('.graphiql-response')?.textContent.includes('<script>window.pwned'));
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    visitor.assertQuiet();
  });

  it('shows the documentation of the schema', async () => {
    const { page } = visitor;
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByRole('link', { name: 'Mutation', exact: true }).click();
    await page.getByRole('link', { name: 'createApiKey', exact: true }).click();
    await page.getByText('CreateApiKeyInput!').first().waitFor();
    visitor.assertQuiet();
  });

  it('breaks no accessibility rule and no policy, its menus and dialogs open', async () => {
    const { page } = visitor;
    await visitor.assertAccessible();
    await visitor.screenshot('explorer');
    for (const name of ['Open short keys dialog', 'Open settings dialog']) {
      await page.getByRole('button', { name }).click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    visitor.assertQuiet();
  });

  it('lets the keyboard into its editors and out again', async () => {
    const { page } = visitor;
    const editor = page.getByRole('textbox', { name: 'Query', exact: true });
    const text = () => page.locator('.graphiql-query-editor .CodeMirror-code').innerText();
    await editor.focus();
    const before = await text();
    await page.keyboard.press('Tab');
    assert.equal(await editor.evaluate((area) => area === document.activeElement), false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid', 'the focus can be seen');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await editor.evaluate((area) => area === document.activeElement), true);
    await page.keyboard.press('Shift+Tab');
    assert.equal(await editor.evaluate((area) => area === document.activeElement), false);
    assert.equal(await text(), before);
    visitor.assertQuiet();
  });

  it('leads back to the console', async () => {
    assert.equal(await visitor.page.getByRole('link', { name: 'Console', exact: true }).getAttribute('href'), '/console/');
    await visitor.close();
  });

  it('acts as a pasted key, which it keeps nowhere', async () => {
    visitor = await Visitor.open(browser, server);
    const { page } = visitor;
    const { key, uuid } = await server.createKey('pasted');
    await visitor.goto('/explorer');
    await page.getByText('Nobody is signed in.').waitFor();
    await visitor.assertAccessible();
    await page.getByLabel('API key', { exact: true }).and(page.getByPlaceholder('lk_…')).fill(key);
    await page.getByRole('button', { name: 'Use key' }).click();
    await run(page);
    await page.waitForFunction((id) => document.querySelector('.graphiql-response')?.textContent.includes(id), uuid);
    const kept = await page.evaluate(() => {
      const items = (storage) => Array.from({ length: storage.length }, (_, index) => [storage.key(index), storage.getItem(storage.key(index))]); // Object.entries shows no item "key"
      return JSON.stringify([items(localStorage), items(sessionStorage), document.cookie, location.href]);
    });
    assert.equal(kept.includes(key), false, kept);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.deepEqual(await visitor.context.cookies(), []);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('sends no cookie when it acts as a key', async () => {
    visitor = await Visitor.open(browser, server);
    const { page } = visitor;
    const { key, uuid } = await server.createKey('beside a session');
    await visitor.signIn();
    await visitor.goto('/explorer');
    await page.getByRole('radio', { name: 'API key' }).check();
    await page.getByPlaceholder('lk_…').fill(key);
    const sent = page.waitForRequest((request) => request.url().includes('/graphql'));
    await page.getByRole('button', { name: 'Use key' }).click();
    assert.equal((await (await sent).allHeaders()).cookie, undefined);
    await run(page);
    await page.waitForFunction((id) => document.querySelector('.graphiql-response')?.textContent.includes(id), uuid);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('keeps what was written, headers too, when it acts as another, and says what is so of who is signed in', async () => {
    visitor = await Visitor.open(browser, server);
    const { page } = visitor;
    await visitor.signIn();
    visitor.expect(/status of 503/);
    await page.route('**/console/session', (route) => route.fulfill({ status: 503, body: '' }));
    await visitor.goto('/explorer');
    await page.getByRole('alert').getByText('The server did not say whether you are signed in: it answered 503.').waitFor();
    assert.equal(await page.getByText('Nobody is signed in').count(), 0);
    await visitor.assertAccessible();
    await page.unroute('**/console/session');
    await page.getByRole('button', { name: 'Try again' }).click();
    const editor = page.getByRole('textbox', { name: 'Query', exact: true });
    await editor.waitFor();
    await write(page, 'query Written { viewer { account { id } } }');
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.getByRole('textbox', { name: 'Headers', exact: true }).focus();
    await page.keyboard.insertText('{"x-written": "too"}');
    await page.getByRole('radio', { name: 'API key' }).check();
    await page.getByText('Paste an API key above and press Use key.', { exact: true }).waitFor();
    await page.getByRole('radio', { name: /Signed-in session/ }).check();
    await page.locator('.graphiql-query-editor .CodeMirror-code').getByText('Written').waitFor();
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.locator('.graphiql-editor-tool .CodeMirror-code').getByText('"x-written"').waitFor();
    assert.equal(await page.getByRole('tab', { name: 'Written' }).count(), 0, 'it is not a second tab beside an older one');
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('acts as whom it names, also when another signs in on another tab', async () => {
    visitor = await Visitor.open(browser, server);
    visitor.expect(REFUSED);
    const { page } = visitor;
    const [{ key: next }, { key: pasted, uuid }] = [await server.createKey('next one'), await server.createKey('pasted beside')];
    await visitor.signIn();
    await visitor.goto('/explorer');
    await page.getByRole('textbox', { name: 'Query', exact: true }).waitFor();
    await write(page, 'query Written { viewer { apiKey { name } } }');
    const tab = await visitor.newPage();
    await tab.goto(`${server.url}/console/`);
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Nobody is signed in.').waitFor();
    const signIn = async (key) => {
      await tab.getByLabel('API key').fill(key);
      await tab.keyboard.press('Enter');
      await tab.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      await page.bringToFront();
    };
    await signIn(next);
    await page.getByRole('radio', { name: 'Signed-in session (next one)' }).check();
    await run(page);
    await answer(page).getByText('"next one"').waitFor();
    await page.locator('.graphiql-query-editor .CodeMirror-code').getByText('Written').waitFor();
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await signIn(server.account.apiKey);
    await page.getByRole('radio', { name: 'Signed-in session (admin)' }).check();
    await run(page);
    await answer(page).getByText('"admin"').waitFor();

    await page.getByRole('radio', { name: 'API key' }).check();
    await page.getByPlaceholder('lk_…').fill(pasted);
    await page.getByRole('button', { name: 'Use key' }).click();
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('radio', { name: /Signed-in session/ }).waitFor({ state: 'detached' });
    await page.locator('.graphiql-query-editor .CodeMirror-code').getByText('Written').waitFor();
    await write(page, 'query Written { viewer { apiKey { id } } }');
    await run(page);
    await answer(page).getByText(`"${uuid}"`).waitFor(); // who acts as a key still does
    visitor.assertQuiet();
    await visitor.close();
  });

  it('has room on a phone for variables and headers, too', async () => {
    const phone = await Visitor.open(browser, server, { viewport: PHONE });
    const { page } = phone;
    await phone.signIn();
    await phone.goto('/explorer');
    await write(page, 'query ($n: Int!) { apiKeys(limit: $n) { nodes { name } } }');
    for (const [tab, text] of [['Variables', '{"n": 1}'], ['Headers', '{"x-note": "n"}']]) {
      await page.getByRole('button', { name: tab, exact: true }).click();
      const editor = page.locator('.graphiql-editor-tool .CodeMirror:visible');
      const { height } = await editor.boundingBox();
      assert.ok(height > 50, `${tab}: ${height}`);
      await editor.click();
      await page.keyboard.insertText(text);
    }
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.waitForFunction(() => /"nodes"/.test(document.querySelector('.graphiql-response')?.textContent));
    await phone.assertFits();
    phone.assertQuiet();
    await phone.close();
  });

  it('says in words that a key is none, and that no answer came', async () => {
    visitor = await Visitor.open(browser, server);
    const { page } = visitor;
    await visitor.signIn();
    await visitor.goto('/explorer');
    await page.getByRole('radio', { name: 'API key' }).check();
    const field = page.getByPlaceholder('lk_…');
    await field.fill('ключ 🔑');
    await field.press('Enter');
    await page.getByRole('status').getByText('This is no key').waitFor();
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await visitor.assertAccessible();
    await page.getByRole('radio', { name: /Signed-in session/ }).check();
    await page.getByRole('region', { name: 'Query Editor' }).locator('.CodeMirror-line', { hasText: /\S/ }).first().waitFor();
    visitor.expect(/ERR_FAILED/, REFUSED);
    await endSession(visitor);
    await run(page);
    await page.waitForFunction(() => document.querySelector('.graphiql-response')?.textContent.includes('Your session has ended.'));
    await page.route('**/graphql?*', (route) => route.abort());
    await run(page);
    await page.waitForFunction(() => document.querySelector('.graphiql-response')?.textContent.includes('No answer came'));
    assert.doesNotMatch(await answer(page).innerText(), /stack|assets/, 'no trace of the script');
    visitor.assertQuiet();
    await visitor.close();
  });
});
