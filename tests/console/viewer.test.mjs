// A credential that may only look sees nothing that it cannot use, and is refused it anyway.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGroup, createKeys, createUser, createViewer } from './support/fill.mjs';
import { GROUPS, hear, inspect, KEYS, REFUSED, row, stage, USERS } from './support/walk.mjs';

describe('a key that may only look', () => {
  let viewer;
  let nothing;
  const scene = stage(async (server) => {
    viewer = await createViewer(server);
    nothing = await server.createKey('nothing', [await createGroup(server, 'Nothing', { scopes: ['a.b'] })]);
    await createKeys(server, ['one', 'two']);
    await createUser(server, 'ada@acme.example', 'correct horse battery', { name: 'Ada' });
  });
  const CHANGES = /^(Add|Edit|Delete|Rotate|Reveal|Copy key|Enable|Disable|Set password|Remove|Submit)/;

  it('sees the lists and pages, and no control that changes anything', async () => {
    const visitor = await scene.visit({ apiKey: viewer.key });
    const { page } = visitor;
    for (const [target, link] of [[KEYS, 'one'], [GROUPS, 'Account Administrator'], [USERS, 'Ada'], ['/console/applications'], ['/console/audit'], ['/console/']]) {
      await visitor.goto(target);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(await page.getByRole('button', { name: CHANGES }).count(), 0, target);
      await inspect(visitor, `viewer-${target.split('/').pop() || 'overview'}`);
      if (!link) continue;
      await page.getByRole('link', { name: link, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: link }).waitFor();
      await page.waitForLoadState('networkidle');
      assert.equal(await page.getByRole('button', { name: CHANGES }).count(), 0, `${target} ${link}`);
    }
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is refused by the server what the console does not offer', async () => {
    const visitor = await scene.visit({ apiKey: viewer.key });
    const { server } = scene;
    const [{ id }] = (await server.query('{ apiKeys(limit: 9, filters: [{nameContains: "one"}]) { nodes { id } } }')).apiKeys.nodes;
    const ask = async (query) => {
      const answer = await visitor.context.request.post(`/graphql?accountId=${server.account.accountId}`, { data: { query }, headers: { 'X-Latchkey-Console': '1' } });
      return (await answer.json()).errors?.[0]?.extensions.code;
    };
    for (const field of ['revealApiKey', 'deleteApiKey']) {
      assert.equal(await ask(`mutation { ${field}(input: {accountId: "${server.account.accountId}", uuid: "${id}"}) { clientMutationId } }`), 'FORBIDDEN');
    }
    await visitor.close();
  });

  it('that may see the audit log only is not told that those are gone whom it may not see', async () => {
    const { server } = scene;
    const auditor = await server.createKey('auditor', [await createGroup(server, 'Auditors', { accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] } })]);
    const ada = await scene.visit({ email: 'ada@acme.example', password: 'correct horse battery' });
    await ada.close();
    const visitor = await scene.visit({ apiKey: auditor.key });
    await visitor.goto('/console/audit');
    await visitor.page.getByRole('row').filter({ hasText: 'Signed in with user ada@acme.example' }).getByText('A user', { exact: true }).waitFor();
    assert.equal(await visitor.page.getByText('gone').count(), 0);
    // Nor led to a page that is not for it.
    await visitor.page.getByRole('row').filter({ hasText: 'Signed in with API key auditor' }).locator('.actor').getByText('auditor', { exact: true }).waitFor();
    assert.equal(await visitor.page.getByRole('table').getByRole('link').count(), 0);
    visitor.assertQuiet();
    await visitor.close();
  });

  it('that may see nothing is shown nothing but the way out', async () => {
    const visitor = await scene.visit({ apiKey: nothing.key });
    const { page } = visitor;
    await visitor.goto('/console/');
    await page.getByText('This credential may see neither keys nor the audit log.').waitFor();
    assert.deepEqual(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts(), ['Overview', 'API Explorer']);
    await inspect(visitor, 'viewer-of-nothing');
    await visitor.goto(KEYS);
    await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
    await inspect(visitor, 'no-such-page');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });
});

describe('a key that holds less than others', () => {
  let manager;
  const scene = stage(async (server) => {
    const types = ['MANAGE_API_KEYS', 'MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS', 'VIEW_AUDITS'];
    const group = await createGroup(server, 'Managers', { accountPermissions: { accountPermissionTypes: types }, scopes: ['invoices.*'] });
    manager = await server.createKey('manager', [group]);
    const readers = await createGroup(server, 'Readers', { scopes: ['invoices.read'] });
    const members = { userGroupIds: [readers], enabled: false };
    await createKeys(server, ['less'], members);
    await createKeys(server, ['more'], { ...members, userGroupIds: [await createGroup(server, 'Dispatch', { scopes: ['parcels.*'] }), readers] });
    await createKeys(server, ['more, enabled']);
    await createUser(server, 'ada@acme.example', 'correct horse battery', { name: 'Ada' });
    await createUser(server, 'mo@acme.example', 'correct horse battery', { name: 'Mo', userGroupIds: [readers] });
  });
  const WHY = 'This key holds more than you do: the scope parcels.*.';
  const described = (button) => button.evaluate((one) => one.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).textContent).join(' '));

  it('is told beforehand, and why, that it may not hand them out', async () => {
    const visitor = await scene.visit({ apiKey: manager.key });
    const { page } = visitor;
    const sent = [];
    page.on('request', (request) => sent.push(request.postData() ?? ''));
    await visitor.goto(KEYS);
    await row(page, 'more').waitFor();
    await inspect(visitor, 'keys-that-hold-more');
    const check = async (place) => {
      for (const name of ['Reveal key', 'Copy key', 'Rotate', 'Enable']) {
        const button = place.getByRole('button', { name });
        assert.equal(await button.getAttribute('aria-disabled'), 'true', name);
        assert.equal(await described(button), `more ${WHY}`);
        await button.press('Enter');
        await button.press('Enter');
        await page.locator('.notice').first().waitFor();
        assert.equal(await page.locator('.notice').count(), 1, 'it is said once, however often one tries');
        await hear(page, WHY);
        assert.equal(await page.getByRole('dialog').count(), 0);
      }
      assert.equal(await place.getByRole('button', { name: 'Delete' }).getAttribute('aria-disabled'), 'false');
      await place.getByRole('button', { name: 'Edit' }).click();
      await page.getByRole('dialog').getByText(`${WHY} What limits it can be made narrower, and not wider.`).waitFor();
      await page.keyboard.press('Escape');
    };
    await check(row(page, 'more'));
    const ring = async (name) => {
      const button = row(page, 'more').getByRole('button', { name });
      await button.focus();
      const { x, y, height } = await button.boundingBox();
      return (await page.screenshot({ clip: { x: x - 3, y: y + height / 2, width: 1, height: 1 } })).toString('base64');
    };
    assert.equal(await ring('Rotate'), await ring('Edit'), 'the focus can be seen on either');
    await row(page, 'more, enabled').getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('alertdialog').getByText('you cannot enable it again yourself').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'more', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'more' }).waitFor();
    await check(page.locator('.page-actions'));
    assert.equal(sent.some((text) => /revealApiKey|rotateApiKey|updateApiKey/.test(text)), false);

    await visitor.goto(KEYS);
    const less = row(page, 'less');
    await less.getByRole('button', { name: 'Enable' }).click();
    await hear(page, 'less is enabled.');
    await less.getByRole('button', { name: 'Reveal key' }).click();
    await less.getByRole('button', { name: 'Hide key' }).waitFor();
    await less.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor();
    assert.equal(await page.getByRole('dialog').getByText('holds more').count(), 0);
    await page.keyboard.press('Escape');
    await less.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('alertdialog').getByText('until it is enabled again').waitFor();
    assert.equal(await page.getByRole('alertdialog').getByText('yourself').count(), 0);
    visitor.assertQuiet();
    await visitor.close();

    const admin = await scene.visit();
    const asked = [];
    admin.page.on('request', (request) => asked.push(request.postData() ?? ''));
    await admin.goto(KEYS);
    await row(admin.page, 'more').waitFor();
    assert.equal(await admin.page.locator('.row-actions [aria-disabled=true]').count(), 0);
    assert.equal(asked.some((text) => text.includes('KeyHoldingsQuery')), false, 'whoever holds all there is need not know');
    admin.assertQuiet();
    await admin.close();
  });

  it('is offered all while it is not known what they hold, and told by the server', async () => {
    const visitor = await scene.visit({ apiKey: manager.key });
    visitor.expect(REFUSED, /ERR_FAILED/);
    const { page } = visitor;
    await page.route('**/graphql?*', (route) => (route.request().postData().includes('KeyHoldingsQuery') ? route.abort() : route.continue()));
    await visitor.goto(KEYS);
    await row(page, 'more').getByRole('button', { name: 'Reveal key' }).click();
    await hear(page, 'the user groups hold more than the caller holds (parcels.*)');
    visitor.assertQuiet();
    await visitor.close();
  });

  it('is told so of user groups and of users, too', async () => {
    const visitor = await scene.visit({ apiKey: manager.key });
    const { page } = visitor;
    await visitor.goto(GROUPS);
    await page.getByRole('link', { name: 'Dispatch' }).click();
    await page.getByText('Nobody can be added by you: this group holds more than you do, the scope parcels.*.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Add members' }).count(), 0);
    await page.goBack();
    await page.getByRole('link', { name: 'Readers' }).click();
    await page.getByRole('button', { name: 'Add members' }).waitFor();
    await visitor.goto(USERS);
    await row(page, 'Ada').getByRole('button', { name: 'Set password' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set the password of Ada' });
    await dialog.getByText('It is not for you to set: this user holds more than you do, “Create and delete application”.').waitFor();
    await visitor.assertAccessible();
    await page.keyboard.press('Escape');
    await row(page, 'Mo').getByRole('button', { name: 'Set password' }).click();
    await page.getByRole('dialog', { name: 'Set the password of Mo' }).getByLabel('New password', { exact: true }).waitFor();
    visitor.assertQuiet();
    await visitor.close();
  });
});
