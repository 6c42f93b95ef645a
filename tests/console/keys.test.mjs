// API Keys: the list and everything that can be done with a key, in a browser against the real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGroup, createKeys, HOSTILE, plainNames } from './support/fill.mjs';
import { clipboard, hear, inspect, KEYS, REFUSED, row, stage } from './support/walk.mjs';

describe('API Keys', () => {
  const { visit } = stage(async (server) => {
    await createGroup(server, 'Billing readers', { scopes: ['invoices.read'] });
    await createGroup(server, '<b>Group</b>', { scopes: ['x.y'] });
    await createKeys(server, HOSTILE, { metadata: HOSTILE.slice(0, 3).map((value, index) => ({ key: `<i>${index}</i>`, value })) });
    await createKeys(server, plainNames(70));
  });

  it('shows names as the text they are, page by page', async () => {
    const visitor = await visit();
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.getByText(/^1–50 of 8\d keys$/).waitFor();
    const shown = new Set(await page.getByRole('rowheader').allInnerTexts());
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route('**/graphql?*', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.locator('.table[aria-busy=true]').waitFor();
    await page.getByText(/^1–50 of/).waitFor(); // what is there, and not yet what is asked for
    answer();
    await page.getByText(/^51–/).waitFor();
    await page.unroute('**/graphql?*');
    assert.match(page.url(), /page=2/);
    for (const name of await page.getByRole('rowheader').allInnerTexts()) shown.add(name);
    for (const name of ['admin', ...HOSTILE]) assert.ok(shown.has(name), name);
    await page.goBack();
    await page.getByText(/^1–50 of/).waitFor();
    await inspect(visitor, 'api-keys');
    await visitor.close();
  });

  it('finds by a part of the name and sorts by the columns, on the server', async () => {
    const visitor = await visit();
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Created' }).click();
    await page.getByRole('columnheader', { name: 'Created' }).and(page.locator('[aria-sort=ascending]')).waitFor();
    await page.getByRole('rowheader').first().filter({ hasText: 'admin' }).waitFor();
    await page.getByRole('button', { name: 'Created' }).click();
    await page.getByRole('rowheader').first().filter({ hasText: /^key 00\d\d$/ }).waitFor();
    await page.getByRole('searchbox', { name: 'Search by name' }).fill('KEY 003');
    await page.getByText('1–10 of 10 keys').waitFor();
    await visitor.goto(page.url()); // the address holds it all
    await page.getByText('1–10 of 10 keys').waitFor();
    await page.locator('th[aria-sort=descending]').getByText('Created').waitFor();
    await page.getByRole('searchbox', { name: 'Search by name' }).fill(`x ${visitor.server.account.apiKey}`);
    await hear(page, 'This is an API key itself.');
    assert.doesNotMatch(page.url(), /lk_/, 'history is no place for a secret');
    await page.getByRole('searchbox', { name: 'Search by name' }).fill('no such key');
    await page.getByText('No key fits the search.').waitFor();
    await page.getByRole('button', { name: 'Show all keys' }).click();
    await page.getByText(/^1–50 of/).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('leads back from a filter to the page one was on, and says nothing of one list that was said of another', async () => {
    const visitor = await visit();
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText(/^51–/).waitFor();
    await page.getByLabel('Show', { exact: true }).selectOption('Unused for 90 days');
    await page.getByText('No key fits the search.').waitFor();
    await page.goBack();
    await page.getByText(/^51–/).waitFor();
    assert.match(page.url(), /page=2/);

    await page.goForward();
    await page.getByText('No key fits the search.').waitFor();
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route('**/graphql?*', async (route) => ((await held) ? route.continue() : route.abort()));
    visitor.expect(/ERR_FAILED/);
    await page.getByRole('button', { name: 'Show all keys' }).press('Enter');
    await page.getByText('Loading API keys…').waitFor();
    await page.waitForFunction(() => document.activeElement.matches('main h1')); // the button is gone
    assert.equal(await page.getByText('There is no API key yet.').count(), 0);
    answer(false);
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByText('There is no API key yet.').count(), 0);
    await page.unroute('**/graphql?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/^1–50 of/).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('adds a key with all its settings, and shows it once with a button to copy it', async () => {
    const visitor = await visit();
    const { page, server } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Add API Key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add API Key' });
    await dialog.getByLabel('Name', { exact: true }).fill('courier');
    await dialog.getByRole('group', { name: 'User Groups' }).getByLabel('Billing readers').check();
    await dialog.getByText('Expiry, limits and metadata').click();
    await dialog.getByLabel('Expires').selectOption('In 30 days');
    await dialog.getByLabel('Allowed IP addresses').fill('192.0.2.0/24\n2001:db8::/32');
    await dialog.getByLabel('Uses', { exact: true }).fill('5');
    await dialog.getByLabel('In', { exact: true }).fill('10 seconds');
    await dialog.getByLabel('Uses left').fill('100');
    await dialog.getByLabel('Refilled', { exact: true }).selectOption('Each month');
    await dialog.getByLabel('Refilled to').fill('200');
    await dialog.getByRole('button', { name: 'Add note' }).click();
    await dialog.getByLabel('Name of note 1').fill('owner');
    await dialog.getByLabel('Text of note 1').fill('<b>Finance</b>');
    await inspect(visitor, 'add-api-key');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    const made = page.getByRole('dialog', { name: 'API key created' });
    await made.getByRole('button', { name: 'Copy key' }).click();
    await hear(page, 'copied');
    const secret = await clipboard(page);
    assert.match(secret, /^lk_[0-9A-Za-z]{71}$/);
    assert.equal(await made.getByRole('textbox').innerText(), secret);
    await visitor.assertAccessible();
    await made.getByRole('button', { name: 'Done' }).click();
    const { apiKeyByName: key } = await server.query(
      '{ apiKeyByName(name: "courier") { expiresAt allowedIps rateLimit { limit windowSeconds } credits { remaining refill { amount interval day } } metadata { key value } userGroups(limit: 9) { nodes { name } } } }',
    );
    const days = (key.expiresAt - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days <= 30, `expires in ${days} days`);
    assert.deepEqual({ ...key, expiresAt: 0 }, {
      expiresAt: 0, allowedIps: ['192.0.2.0/24', '2001:db8::/32'], rateLimit: { limit: 5, windowSeconds: 10 },
      credits: { remaining: 100, refill: { amount: 200, interval: 'MONTHLY', day: 1 } }, metadata: [{ key: 'owner', value: '<b>Finance</b>' }],
      userGroups: { nodes: [{ name: 'Billing readers' }] },
    });
    assert.equal(await page.evaluate((text) => document.body.innerText.includes(text), secret), false, 'the secret is still shown');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('shows what the server refuses beside the field that it is about, and loses nothing', async () => {
    const visitor = await visit();
    visitor.expect(REFUSED);
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('button', { name: 'Add API Key' }).click();
    const dialog = page.getByRole('dialog');
    const name = dialog.getByLabel('Name', { exact: true });
    await name.fill('admin');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByText('An API key already exists with the name admin').waitFor();
    assert.equal(await name.getAttribute('aria-invalid'), 'true');
    assert.match(await name.evaluate((input) => input.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).innerText).join(' ')), /already exists/);
    assert.equal(await name.evaluate((input) => input === document.activeElement), true, 'the focus is on the field');
    await visitor.assertAccessible();
    await dialog.getByText('Expiry, limits and metadata').click();
    await name.fill('refused');
    await dialog.getByLabel('Allowed IP addresses').fill('192.0.2.300');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    const addresses = dialog.getByLabel('Allowed IP addresses').and(page.locator('[aria-invalid=true]'));
    await addresses.waitFor();
    await dialog.getByText('Invalid addresses: "192.0.2.300" is no IPv4 or IPv6 address').waitFor(); // and no word of the API's allowedIps
    assert.equal(await addresses.inputValue(), '192.0.2.300');
    await dialog.getByLabel('Allowed IP addresses').fill('');
    const wrong = async (label, text) => {
      const field = dialog.getByLabel(label, { exact: true });
      await field.fill(text);
      await dialog.getByRole('button', { name: 'Submit' }).click();
      await field.and(page.locator('[aria-invalid=true]:focus')).waitFor();
      assert.equal(await dialog.locator('.error').count(), 1);
      return field;
    };
    await dialog.getByLabel('Expires').selectOption('At a date and time');
    await wrong('Date and time', '');
    await dialog.getByText('Choose a day and a time.').waitFor();
    await wrong('Date and time', '2001-01-01T00:00');
    await dialog.getByText('Invalid expiry: it must be in the future').waitFor();
    await dialog.getByLabel('Expires').selectOption('Never');
    await (await wrong('Uses', '99999999999')).fill('5');
    await (await wrong('In', 'soon')).fill('1 hour');
    await (await wrong('Uses left', '1e3')).fill('9');
    await dialog.getByLabel('Refilled', { exact: true }).selectOption('Each month');
    await (await wrong('Refilled to', '')).fill('9');
    await wrong('On day', '32');
    await visitor.assertAccessible();
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog', { name: 'Discard what you entered?' }).waitFor();
    await visitor.assertAccessible();
    await page.getByRole('button', { name: 'Keep editing' }).click();
    assert.equal(await name.inputValue(), 'refused');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Discard', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('button', { name: 'Add API Key' }).evaluate((button) => button === document.activeElement), true, 'the focus is back');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('reveals, copies, edits, rotates, disables, enables and deletes', async () => {
    const visitor = await visit();
    const { page, server } = visitor;
    const { key: secret } = await server.createKey('worked on');
    await visitor.goto(`${KEYS}?q=worked`);
    const it = row(page, 'worked on');
    await it.getByRole('button', { name: 'Reveal key' }).click();
    await page.getByText(secret).waitFor();
    await visitor.assertAccessible();
    await it.getByRole('button', { name: 'Hide key' }).click();
    await page.getByText(secret).waitFor({ state: 'detached' });
    await it.getByRole('button', { name: 'Copy key' }).click();
    await hear(page, 'copied');
    assert.equal(await clipboard(page), secret);

    await it.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit worked on' });
    await edit.getByLabel('Name', { exact: true }).fill('worked over');
    await edit.getByLabel('Billing readers').check();
    await edit.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'worked over is saved.');
    const now = row(page, 'worked over');
    await now.getByRole('link', { name: 'Billing readers' }).waitFor();

    await now.getByRole('button', { name: 'Rotate' }).click();
    const rotate = page.getByRole('dialog', { name: 'Rotate worked over' });
    await rotate.getByLabel('Works 1 hour more').check();
    await visitor.assertAccessible();
    await rotate.getByRole('button', { name: 'Submit' }).click();
    const rotated = page.getByRole('dialog', { name: 'API key rotated' });
    const next = await rotated.getByRole('textbox').innerText();
    await rotated.getByRole('button', { name: 'Done' }).click();
    assert.notEqual(next, secret);
    assert.deepEqual([await server.accepts(secret), await server.accepts(next)], [true, true]);
    await now.getByRole('button', { name: 'Rotate' }).click();
    await page.getByLabel('Stops now').check();
    await page.getByRole('button', { name: 'Submit' }).click();
    const last = await rotated.getByRole('textbox').innerText();
    await rotated.getByRole('button', { name: 'Done' }).click();
    assert.deepEqual([await server.accepts(secret), await server.accepts(next), await server.accepts(last)], [false, false, true]);

    await now.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('alertdialog', { name: 'Disable worked over?' }).getByRole('button', { name: 'Disable' }).click();
    await now.getByText('Disabled').waitFor();
    assert.equal(await server.accepts(last), false);
    await now.getByRole('button', { name: 'Enable' }).click();
    await now.getByText('Enabled').waitFor();
    assert.equal(await server.accepts(last), true);

    await now.getByRole('button', { name: 'Delete' }).click();
    const sure = page.getByRole('alertdialog', { name: 'Delete worked over?' });
    assert.match(await sure.innerText(), /worked over/);
    assert.equal(await sure.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === document.activeElement), true);
    await visitor.assertAccessible();
    await sure.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No key fits the search.').waitFor();
    assert.equal(await server.accepts(last), false);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('of long names leave room on a narrow screen for what can be done with them', async () => {
    const visitor = await visit(undefined, { viewport: { width: 320, height: 640 } });
    const { page, server } = visitor;
    const long = 'W'.repeat(255);
    await createKeys(server, [long], { userGroupIds: [server.account.userGroupId, await createGroup(server, long, { scopes: ['a.b'] })] });
    await visitor.goto(`${KEYS}?q=WWW`);
    await row(page, long).waitFor();
    const wide = await page.locator('main *').evaluateAll((all) => all.filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth && getComputedStyle(one).overflowX !== 'hidden').map((one) => `${one.tagName} ${one.className}`));
    assert.deepEqual(wide, []);
    for (const [deed, role] of [['Edit', 'dialog'], ['Delete', 'alertdialog']]) {
      await row(page, long).getByRole('button', { name: deed }).click();
      const dialog = page.getByRole(role, { name: `${deed} ${long}` });
      await dialog.waitFor();
      const { height } = await dialog.locator('.dialog-body').boundingBox();
      assert.ok(height > 300, `${deed}: ${height}`);
      await page.keyboard.press('Escape');
    }
    await page.setViewportSize({ width: 320, height: 256 }); // a window of 1280 by 1024 at 400 %
    for (const [deed, role] of [['Edit', 'dialog'], ['Rotate', 'dialog'], ['Delete', 'alertdialog']]) {
      await row(page, long).getByRole('button', { name: deed }).click();
      const dialog = page.getByRole(role, { name: `${deed} ${long}` });
      await dialog.waitFor();
      const room = await dialog.evaluate((one) => {
        const body = one.querySelector('.dialog-body').getBoundingClientRect();
        let around = one.querySelector('.dialog-body');
        while (around.scrollHeight <= around.clientHeight) around = around.parentElement;
        return Math.min(body.height, around.clientHeight);
      });
      assert.ok(room > 200, `${deed}: ${room}`);
      await dialog.getByRole('button', { name: deed === 'Delete' ? 'Delete' : 'Submit' }).focus();
      await page.keyboard.press('Escape');
    }
    await page.setViewportSize({ width: 320, height: 640 });
    await visitor.goto(KEYS);
    const pager = await page.getByRole('navigation', { name: 'Pages of keys' }).evaluate((one) => one.scrollWidth <= one.clientWidth);
    assert.equal(pager, true);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('are shown where the browser does not let the page copy, and revealed once', async () => {
    const visitor = await visit(undefined, { permissions: [] });
    const { page } = visitor;
    let revealed = 0;
    page.on('request', (request) => (revealed += request.postData()?.includes('revealApiKey') ? 1 : 0));
    await visitor.goto(`${KEYS}?q=key+0009`);
    await page.evaluate(() => {
      const refuse = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
      Object.assign(navigator.clipboard, { write: refuse, writeText: refuse });
      document.execCommand = () => false;
    });
    await row(page, 'key 0009').getByRole('button', { name: 'Copy key' }).press('Enter');
    await hear(page, 'This browser does not let the page copy: select the text and copy it.');
    assert.match(await page.getByRole('textbox', { name: 'The key key 0009' }).innerText(), /^lk_/);
    await page.waitForLoadState('networkidle');
    assert.equal(revealed, 1, 'each one is an entry of the audit log');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('draw over nothing but their own row, however many marks are piled up in a name', async () => {
    const visitor = await visit();
    const { page, server } = visitor;
    const { uuid } = await server.createKey('piled up: a');
    await visitor.goto(`${KEYS}?q=piled`);
    const head = async () => (await page.screenshot({ clip: await page.locator('thead').boundingBox() })).toString('base64');
    const before = await head();
    await server.query('mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }', { input: { accountId: server.account.accountId, uuid, name: `piled up: a${'\u0301'.repeat(100)}` } });
    await visitor.goto(`${KEYS}?q=piled`);
    assert.equal(await head(), before, 'the headers above it');
    const link = page.getByRole('link', { name: /^piled up/ });
    await link.focus();
    const { x, y, width } = await link.boundingBox();
    const ring = (at) => page.screenshot({ clip: { x: x + width / 2, y: at, width: 1, height: 1 } }).then((pixel) => pixel.toString('base64'));
    assert.equal(await ring(y - 3), await ring(y + (await link.boundingBox()).height + 2), 'what shows the focus is whole');
    await page.setViewportSize({ width: 375, height: 740 }); // where the first button stands out to the left
    await page.getByRole('button', { name: 'Reveal key' }).focus();
    const button = await page.getByRole('button', { name: 'Reveal key' }).boundingBox();
    const side = (at) => page.screenshot({ clip: { x: at, y: button.y + button.height / 2, width: 1, height: 1 } }).then((pixel) => pixel.toString('base64'));
    assert.equal(await side(button.x - 3), await side(button.x + button.width + 2), 'and on a phone');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('are on paper a table of dark letters, without what can be pressed', async () => {
    const visitor = await visit(undefined, { colorScheme: 'dark', viewport: { width: 718, height: 1000 } }); // A4
    const { page } = visitor;
    await visitor.goto(`${KEYS}?q=key+000`);
    await row(page, 'key 0001').waitFor();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(await page.locator('button:visible:not(th > button), input:visible, select:visible').count(), 0);
    assert.equal(await page.getByRole('columnheader', { name: 'Last used' }).isVisible(), true, 'the headers of a table, not cards');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 718);
    const colours = await page.evaluate(() => [document.querySelector('h1'), document.body].map((one, index) => getComputedStyle(one)[index === 0 ? 'color' : 'backgroundColor']));
    const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3;
    assert.ok(light(colours[0]) < 80 && light(colours[1]) > 200, colours.join(' on '));
    visitor.assertQuiet();
    await visitor.close();
  });

  it('are revealed and copied once for each press that found the button free, however slow the server is', async () => {
    const visitor = await visit();
    const { page } = visitor;
    const answers = [];
    await page.route('**/graphql?*', async (route) => {
      if (route.request().postData().includes('revealApiKey')) await new Promise((resolve) => answers.push(resolve));
      await route.continue();
    });
    await visitor.goto(`${KEYS}?q=key+001`);
    const button = (name, key) => row(page, key).getByRole('button', { name });
    const isBusy = (found) => found.and(page.locator('[aria-disabled=true]')).waitFor();
    await button('Copy key', 'key 0010').press('Enter');
    await isBusy(button('Copy key', 'key 0010'));
    await button('Copy key', 'key 0010').press('Enter');
    await button('Reveal key', 'key 0011').press('Enter');
    await button('Reveal key', 'key 0012').press('Enter');
    await isBusy(button('Reveal key', 'key 0012'));
    answers[1]();
    await button('Hide key', 'key 0011').waitFor();
    await isBusy(button('Reveal key', 'key 0012'));
    await button('Reveal key', 'key 0012').press('Enter');
    answers[0]();
    await hear(page, 'The key key 0010 is copied.');
    answers[2]();
    await button('Hide key', 'key 0012').waitFor();
    assert.equal(answers.length, 3, 'each one is an entry of the audit log');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('say what is done to a name that runs from right to left in words that do not', async () => {
    const visitor = await visit();
    const { page } = visitor;
    const name = HOSTILE.find((one) => one.startsWith('\u202e'));
    const ends = (place) => place.evaluate((element) => { // whether the last sign is the rightmost
      const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      let last;
      while (texts.nextNode()) last = texts.currentNode;
      const range = document.createRange();
      range.setStart(element, 0);
      range.setEnd(last, last.length - 1);
      const before = range.getBoundingClientRect().right;
      range.setStart(last, last.length - 1);
      range.setEnd(last, last.length);
      return range.getBoundingClientRect().left >= before - 1;
    });
    const open = name.replace('\u202c', ''); // nothing in it ends what it begins
    await createKeys(visitor.server, [open]);
    await visitor.goto(`${KEYS}?q=after+a+right`);
    await row(page, open).getByRole('button', { name: 'Disable' }).click();
    const dialog = page.getByRole('alertdialog');
    assert.equal(await ends(dialog.getByRole('heading')), true);
    await dialog.getByRole('button', { name: 'Disable' }).click();
    assert.equal(await ends(page.locator('.notice > span')), true);
    visitor.assertQuiet();
    await visitor.close();
  });
});

describe('a key that changes while it is looked at', () => {
  const scene = stage();
  const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }';
  const change = (key, members) => scene.server.query(UPDATE, { input: { accountId: scene.server.account.accountId, uuid: key.uuid, ...members } });
  const read = async ({ uuid }) => (await scene.server.query('query ($id: String!) { apiKey(apiKeyId: $id) { name enabled credits { remaining refill { amount } } } }', { id: uuid })).apiKey;

  it('keeps a rename by somebody else when it is disabled and enabled', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    const key = await scene.server.createKey('old name');
    await visitor.goto(`${KEYS}?q=name`);
    const disable = row(page, 'old name').getByRole('button', { name: 'Disable' });
    await disable.waitFor();
    await change(key, { name: 'new name' });
    await disable.click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
    await hear(page, 'new name is disabled.');
    assert.deepEqual(await read(key), { name: 'new name', enabled: false, credits: null });
    const enable = row(page, 'new name').getByRole('button', { name: 'Enable' });
    await enable.waitFor();
    await change(key, { name: 'newest name' });
    await enable.click();
    await hear(page, 'newest name is enabled.');
    assert.deepEqual(await read(key), { name: 'newest name', enabled: true, credits: null });
    visitor.assertQuiet();
    await visitor.close();
  });

  it('keeps a rename, and the credits that were used meanwhile, when its refill is edited', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    const key = await scene.server.createKey('refilled');
    await change(key, { name: 'refilled', credits: { remaining: 100, refill: { amount: 100, interval: 'DAILY' } } });
    await visitor.goto(`${KEYS}?q=refilled`);
    await row(page, 'refilled').getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit refilled' });
    await edit.getByLabel('Refilled to').fill('50');
    await change(key, { name: 'refilled otherwise', credits: { remaining: 7, refill: { amount: 100, interval: 'DAILY' } } });
    await edit.getByRole('button', { name: 'Submit' }).click();
    await hear(page, 'refilled otherwise is saved.');
    assert.deepEqual(await read(key), { name: 'refilled otherwise', enabled: true, credits: { remaining: 7, refill: { amount: 50 } } });
    visitor.assertQuiet();
    await visitor.close();
  });
});

describe("a key's page", () => {
  const scene = stage(async (server) => {
    const billing = await createGroup(server, 'Billing', { scopes: ['invoices.read', 'invoices.write'] });
    const audit = await createGroup(server, 'Auditors', { scopes: ['invoices.read'], accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] } });
    const { key } = await server.createKey('<b>seen</b>', [billing, audit]);
    for (const require of ['invoices.read', 'invoices.read', 'nothing.else']) {
      await server.request({ method: 'POST', path: '/v1/keys:verify', headers: { 'x-api-key': server.account.apiKey, 'content-type': 'application/json' }, body: JSON.stringify({ key, require }) });
    }
  });

  it('shows its permissions with the groups that give them, its use by outcome, and its audit trail', async () => {
    const visitor = await scene.visit();
    const { page } = visitor;
    await visitor.goto(KEYS);
    await page.getByRole('link', { name: '<b>seen</b>' }).click();
    await page.getByRole('heading', { level: 1, name: '<b>seen</b>' }).waitFor();
    const from = (permission) => row(page, permission).getByRole('link').allInnerTexts();
    await row(page, 'invoices.read').waitFor();
    assert.deepEqual([await from('invoices.read'), await from('invoices.write')], [['Auditors', 'Billing'], ['Billing']]);
    assert.deepEqual(await page.getByRole('row').filter({ hasText: 'View audits' }).getByRole('link').allInnerTexts(), ['Auditors']);
    // Counts reach the database every few seconds.
    const chart = page.getByRole('img', { name: /Verifications, 24 hours: 3 in all\. Valid 2, Not permitted 1/ });
    for (let tries = 0; tries < 20 && !(await chart.isVisible()); tries++) {
      await page.waitForTimeout(500);
      await page.getByRole('button', { name: '7 days' }).click();
      await page.getByRole('button', { name: '24 hours' }).click();
      await chart.waitFor({ timeout: 1000 }).catch(() => {});
    }
    await chart.waitFor();
    await page.getByText('Show as a table').click();
    await page.getByRole('region', { name: /as a table/ }).getByRole('columnheader', { name: 'Not permitted' }).waitFor();
    for (const span of ['7 days', '30 days']) {
      await page.getByRole('button', { name: span }).click();
      await page.getByRole('img', { name: new RegExp(`${span}: 3 in all`) }).waitFor();
    }
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route('**/graphql?*', async (route) => ((await held) ? route.continue() : route.abort()));
    visitor.expect(/ERR_FAILED/);
    await page.getByRole('button', { name: '7 days' }).click();
    await page.locator('.usage[aria-busy=true]').getByRole('img', { name: /30 days: 3 in all/ }).waitFor(); // those numbers are not of 7 days
    answer(false);
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByRole('img', { name: /Verifications/ }).count(), 0);
    await page.unroute('**/graphql?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('img', { name: /7 days: 3 in all/ }).waitFor();
    const trail = page.getByRole('table', { name: 'Audit trail' });
    await trail.getByRole('button', { name: 'Show changes' }).last().click();
    await page.getByRole('group', { name: /What changed of/ }).getByText('name:').first().waitFor();
    await inspect(visitor, 'api-key');
    await visitor.close();
  });

  it('has in its trail what is done on the page, and of what was done to many keys at once only its own part', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const query = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }';
    const requests = ['one of two', 'two of two'].map((name) => ({ query, variables: { input: { accountId: server.account.accountId, userGroupIds: [server.account.userGroupId], name } } }));
    const answer = await server.request({ method: 'POST', path: '/graphql', headers: { 'content-type': 'application/json', 'x-api-key': server.account.apiKey }, body: JSON.stringify(requests) });
    const [{ data }] = JSON.parse(answer.text);
    await visitor.goto(`${KEYS}/${data.createApiKey.apiKey.id}`);
    const trail = page.getByRole('table', { name: 'Audit trail' });
    await trail.waitFor();
    assert.deepEqual((await trail.getByRole('rowheader').allInnerTexts()).map((text) => text.trim()), ['Created']);
    await trail.getByRole('button', { name: 'Show changes' }).click();
    await page.getByRole('group', { name: 'What changed of one of two' }).waitFor();
    assert.equal(await page.getByRole('group', { name: /What changed of/ }).count(), 1);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('renamed');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'renamed' }).waitFor();
    await trail.getByRole('rowheader').getByText('Changed').waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });

  it('never says of what has happened that it is to come, when the clock of the browser is behind', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const { uuid } = await server.createKey('behind');
    const UPDATE = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { expiresAt } } }';
    await server.query(UPDATE, { input: { accountId: server.account.accountId, uuid, name: 'behind', expiresAt: Date.now() + 26 * 3600000 } });
    await page.clock.install({ time: Date.now() - 3600000 });
    await visitor.goto(`${KEYS}/${uuid}`);
    const said = (term) => page.locator('dt', { hasText: term }).locator('xpath=following-sibling::dd').first().locator('time');
    assert.equal(await said('Changed').innerText(), 'just now');
    assert.equal(await said('Created').getAttribute('title'), 'just now');
    assert.equal(await said('Expires').getAttribute('title'), 'in 1 day');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('has its times in English whatever the browser speaks, and in the reader\'s English where there is one', async () => {
    for (const [locale, year] of [['th-TH', /^\d{1,2} \w{3} 20\d\d, /], ['fa-IR', /^\d{1,2} \w{3} 20\d\d, /], ['en-US', /^\w{3} \d{1,2}, 20\d\d, /]]) {
      const visitor = await scene.visit(undefined, { locale });
      const { page } = visitor;
      await visitor.goto(KEYS);
      await page.getByRole('link', { name: 'admin' }).first().click();
      assert.match(await page.locator('dt', { hasText: 'Created' }).locator('xpath=following-sibling::dd').locator('time').innerText(), year);
      assert.match(await page.locator('dt', { hasText: 'Changed' }).locator('xpath=following-sibling::dd').locator('time').innerText(), /^(just now|\d+ min)/);
      visitor.assertQuiet();
      await visitor.close();
    }
  });

  it('says when its secret is easy to guess, until it is rotated', async () => {
    const visitor = await scene.visit();
    const { page, server } = visitor;
    const keys = [{ name: 'brought along', key: 'secret-of-the-old-server' }];
    const { importApiKeys } = await server.query('mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid } } }', { input: { accountId: server.account.accountId, keys } });
    await visitor.goto(`${KEYS}/${importApiKeys.results[0].uuid}`);
    await page.getByText('easy to guess: rotate it').waitFor();
    await visitor.assertAccessible();
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('easy to guess: rotate it').waitFor({ state: 'detached' });
    visitor.assertQuiet();
    await visitor.close();
  });

  it('says so when the key is not there', async () => {
    const visitor = await scene.visit();
    visitor.expect(REFUSED);
    await visitor.goto(`${KEYS}/AAAAAAAAAAAAAAAAAAAAAA`);
    await visitor.page.getByRole('alert').getByText('API key does not exist').waitFor();
    await visitor.close();
  });
});
