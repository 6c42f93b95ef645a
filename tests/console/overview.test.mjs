// The overview in a browser against the real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DESKTOP, PHONE } from './support/browser.mjs';
import { sleep } from '../api/support/server.mjs';
import { createKeys, HOSTILE } from './support/fill.mjs';
import { inspect, KEYS, row, stage } from './support/walk.mjs';

describe('the overview', () => {
  const scene = stage(async (server) => {
    const soon = Date.now() + 12 * 86_400_000;
    const [made] = await createKeys(server, ['soon over', ...HOSTILE.slice(0, 2)], { expiresAt: soon });
    await createKeys(server, ['soon over, switched off'], { expiresAt: soon, enabled: false });
    await createKeys(server, ['much later'], { expiresAt: Date.now() + 60 * 86_400_000 });
    await createKeys(server, ['over already'], { expiresAt: Date.now() + 500 });
    await sleep(500);
    await server.request({ method: 'POST', path: '/v1/keys:verify', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify({ key: made.key }) });
  });

  it('shows verifications by outcome, keys that expire or are not used, and what changed', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    const chart = page.getByRole('img', { name: /Verifications, 24 hours: 1 in all\. Valid 1/ });
    for (let tries = 0; tries < 20 && !(await chart.isVisible()); tries++) {
      await visitor.goto('/console/'); // counts reach the database every few seconds
      await chart.waitFor({ timeout: 1000 }).catch(() => {});
    }
    await chart.waitFor();
    const expiring = page.getByRole('table', { name: 'Keys expiring in 30 days' });
    await row(expiring, 'soon over').getByText('in 11 days').or(row(expiring, 'soon over').getByText('in 12 days')).waitFor();
    await row(expiring, HOSTILE[0]).waitFor();
    await page.getByText('Every key was used in the last 90 days, or is younger.').waitFor();
    await page.getByRole('table', { name: 'Recent changes' }).getByText('much later').waitFor();
    await inspect(visitor, 'overview');
    await visitor.page.setViewportSize(PHONE);
    await page.route('**/graphql?*', async (route) => { // with as many as need the widest labels
      const answer = await route.fetch();
      const json = await answer.json();
      for (const bucket of json.data.account?.usage ?? []) bucket.valid = bucket.total *= 300_000;
      await route.fulfill({ response: answer, json });
    });
    await page.emulateMedia({ forcedColors: 'active' });
    const ground = async (name) => {
      const { x, y } = await page.getByRole('button', { name }).boundingBox();
      return (await page.screenshot({ clip: { x: x + 6, y: y + 6, width: 2, height: 2 } })).toString('base64');
    };
    assert.notEqual(await ground('24 hours'), await ground('7 days'), 'what is chosen can be seen also in colours of the reader');
    await page.emulateMedia({ forcedColors: 'none' });
    for (const span of ['30 days', '7 days', '24 hours']) {
      await page.getByRole('button', { name: span }).click();
      await page.getByRole('img', { name: new RegExp(`${span}: 300,000 in all`) }).waitFor();
      const cut = await page.locator('.chart svg:not(.swatch)').evaluate((svg) => {
        const { width, height } = svg.viewBox.baseVal;
        return [...svg.querySelectorAll('text')].filter((text) => {
          const box = text.getBBox();
          return box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height;
        }).map((text) => text.textContent);
      });
      assert.deepEqual(cut, [], `cut off at an edge, ${span}`);
    }
    await page.unroute('**/graphql?*');
    await visitor.page.setViewportSize(DESKTOP);
    await page.getByRole('link', { name: 'See all 3 keys in API Keys' }).click();
    await page.getByText('1–3 of 3 keys').waitFor();
    if (!page.url().includes(`${KEYS}?show=expiring`)) throw new Error(page.url());
    // The list says by which conditions it is that, and shows more without one of them.
    assert.equal(await page.getByLabel('Show', { exact: true }).inputValue(), 'expiring');
    assert.equal(await page.getByLabel('State', { exact: true }).inputValue(), 'enabled');
    await page.getByLabel('State', { exact: true }).selectOption('Any state');
    await page.getByText('1–4 of 4 keys').waitFor();
    await row(page, 'soon over, switched off').getByText('Disabled', { exact: true }).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('names a day of its chart by the day in UTC that it is, on the axis as in the table', async () => {
    const visitor = await scene.visit(undefined, { timezoneId: 'America/Los_Angeles' });
    const { page } = visitor;
    await visitor.goto('/console/');
    await page.getByRole('button', { name: '30 days' }).click();
    await page.getByRole('img', { name: /30 days: 1 in all/ }).waitFor();
    await page.getByText('Show as a table').click();
    const [first] = await page.locator('.chart-table tbody th').allInnerTexts();
    const axis = await page.locator('.chart svg > text').allTextContents();
    assert.equal(axis[0], first.replace(/ \d{4}$/, ''));
    visitor.assertQuiet();
    await visitor.close();
  });

  it('and all that asks for a time go by the clock of the server, when that of the browser is wrong', async () => {
    const { server } = scene;
    await server.request({ method: 'POST', path: '/v1/keys:verify', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify({ key: server.account.apiKey }) });
    await createKeys(server, ['half an hour more'], { expiresAt: Date.now() + 1_800_000 });
    await createKeys(server, ['half an hour less'], { expiresAt: Date.now() + 300 });
    await sleep(300);
    for (const wrong of [3_600_000, -3_600_000]) {
      const visitor = await scene.visit();
      const { page } = visitor;
      await page.clock.install({ time: Date.now() + wrong });
      const usage = page.waitForRequest((request) => request.postData()?.includes('AccountUsageQuery') === true);
      await visitor.goto('/console/');
      const { from, to } = JSON.parse((await usage).postData()).variables;
      assert.ok(from < Date.now() && Date.now() <= to && to - Date.now() <= 3_600_000, `${wrong}: this hour is the last of the chart`);
      await visitor.goto('/console/audit?time=1h');
      await page.getByRole('row').filter({ hasText: 'half an hour less' }).waitFor();
      await visitor.goto(`${KEYS}?q=half`);
      await row(page, 'half an hour more').getByText('Enabled').waitFor();
      await row(page, 'half an hour less').getByText('Expired').waitFor();
      visitor.assertQuiet();
      await visitor.close();
    }
  });
});
