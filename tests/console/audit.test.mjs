// The audit log in a browser against the real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeys, createUser, HOSTILE } from './support/fill.mjs';
import { inspect, KEYS, stage } from './support/walk.mjs';

const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }';

describe('Audit', () => {
  let uuid;
  const scene = stage(async (server) => {
    await createUser(server, 'ada@acme.example', 'correct horse battery', { name: 'Ada' });
    await createKeys(server, HOSTILE);
    ({ uuid } = await server.createKey('before'));
    await server.query(UPDATE, { input: { accountId: server.account.accountId, uuid, name: 'after', metadata: [{ key: '<i>k</i>', value: '<script>window.pwned = 9</script>' }] } });
    const keys = [{ name: 'from elsewhere', key: 'from-elsewhere-4711-8842' }];
    await server.query('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid } } }', { input: { accountId: server.account.accountId, keys } });
    assert.equal((await server.request({ method: 'GET', path: '/v1/backup', headers: { 'x-api-key': server.account.apiKey } })).status, 200);
  });

  it('shows who changed what, and the lines that went and came', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto('/console/audit');
    const first = page.getByRole('row').filter({ hasText: 'Changed API key after' });
    await first.waitFor();
    await first.getByRole('link', { name: 'admin' }).waitFor();
    assert.match(await first.locator('time').getAttribute('title'), /\d{4}.*\d\d:\d\d:\d\d/);
    await first.getByRole('button', { name: 'Show changes' }).click();
    const difference = page.getByRole('group', { name: 'What changed of after' });
    await difference.waitFor();
    const lines = await difference.locator('.diff-line:not(.same)').allInnerTexts();
    const texts = lines.map((line) => line.replaceAll('\n', ' ').trim());
    assert.ok(texts.some((line) => /^-\s*Removed:\s*name: before$/.test(line)), texts.join('|'));
    assert.ok(texts.some((line) => /^\+\s*Added:\s*name: after$/.test(line)), texts.join('|'));
    assert.match(await difference.innerText(), /<script>window\.pwned = 9<\/script>/);
    await inspect(visitor, 'audit');
    const broken = await page.locator('.actor bdi, td[data-label=From] code').evaluateAll((all) => all.map((one) => {
      const text = document.createRange();
      text.selectNodeContents(one.firstChild);
      return text.getClientRects().length;
    }));
    assert.ok(broken.length > 9 && broken.every((count) => count === 1), `no long name beside them breaks a short name or an address: ${broken}`);
    await visitor.close();
  });

  it('shows of one of many that one request made what was done to that one', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const keys = Array.from({ length: 130 }, (_, index) => ({ name: `imported ${String(index).padStart(3, '0')}`, key: `imported-key-of-another-system-${index}`, userGroupIds: [server.account.userGroupId] }));
    const { importApiKeys } = await server.query('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid } } }', { input: { accountId: server.account.accountId, keys } });
    for (const [number, did] of [[0, 'Imported'], [129, 'One of many changes']]) {
      await visitor.goto(`${KEYS}/${importApiKeys.results[number].uuid}`);
      const trail = page.getByRole('table', { name: 'Audit trail' });
      await trail.getByRole('rowheader').getByText(did, { exact: true }).waitFor();
      await trail.getByRole('button', { name: 'Show changes' }).click();
      await page.getByRole('group', { name: /What changed of/ }).getByText(`name: ${keys[number].name}`).waitFor();
    }
    await visitor.goto('/console/audit');
    await page.getByRole('row').filter({ hasText: 'imported 000' }).getByRole('button', { name: 'Show changes' }).click();
    await page.getByText('These are the first 100 of 130 changes.').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is filtered by time, actor and resource, also by its address', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto('/console/audit');
    const total = () => page.getByText(/of \d+ entries$/).innerText();
    await page.getByLabel('Resource', { exact: true }).selectOption('User');
    await page.getByText(/^1–2 of 2 entries$/).waitFor();
    await page.getByLabel('Operation').selectOption('Delete');
    await page.getByText('No entry fits.').waitFor();
    await page.getByRole('button', { name: 'Show all entries' }).click();
    await page.getByText(/^1–\d+ of \d+ entries$/).waitFor();
    const all = await total();
    assert.notEqual(all, '1–2 of 2 entries');
    await page.getByLabel('Actor').selectOption('Ada');
    await page.getByText('No entry fits.').waitFor();
    await page.getByLabel('Actor').selectOption('admin');
    await page.getByText(/entries$/).waitFor();
    assert.match(page.url(), new RegExp(`actor=${scene.server.account.apiKeyId}`));
    await page.getByLabel('Operation').selectOption('Import');
    await page.getByRole('rowheader').filter({ hasText: 'Imported API key from elsewhere' }).waitFor();
    await page.getByRole('rowheader').filter({ hasNotText: 'Imported' }).first().waitFor({ state: 'detached' });
    await page.getByLabel('Operation').selectOption('Any operation');
    await page.getByLabel('Resource', { exact: true }).selectOption('Server');
    await page.getByRole('rowheader').getByText('Backed up').waitFor();
    await page.getByLabel('Resource', { exact: true }).selectOption('Any resource');
    await page.getByLabel('Resource id').fill(uuid);
    await page.getByText('1–2 of 2 entries').waitFor();
    await page.getByRole('button', { name: 'Show changes' }).first().waitFor();
    await visitor.goto('/console/audit?time=1h');
    await page.getByText(all).waitFor();
    await visitor.goto('/console/audit?time=range&to=2001-01-01T00:00');
    await page.getByText('No entry fits.').waitFor();
    await inspect(visitor, 'audit-empty');
    await visitor.goto('/console/audit?time=range&from=2002-01-01T00:00&to=2001-01-01T00:00');
    await page.getByText('No entry fits: “Until” is before “From”.').waitFor();
    const steps = await page.evaluate(() => history.length);
    await page.getByLabel('From').fill('1999-01-01T00:00');
    await page.getByText('No entry fits.', { exact: true }).waitFor();
    assert.equal(await page.evaluate(() => history.length), steps, 'each digit that is typed would be a step');
    await visitor.close();
  });
});
