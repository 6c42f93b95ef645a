// The console by keyboard alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KEYS, stage } from './support/walk.mjs';

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

  it('a new page takes the focus and names itself', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto('/console/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await tabTo(page, 'User Groups');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'User Groups' }).waitFor();
    assert.equal(await page.title(), 'User Groups · Latchkey');
    assert.ok(['User Groups', 'main'].includes((await page.evaluate(() => (document.activeElement.id === 'main' ? 'main' : document.activeElement.innerText))).trim()));
    visitor.assertQuiet();
    await visitor.close();
  });
});
