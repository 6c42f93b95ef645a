// A credential that may only look sees nothing that it cannot use, and is refused it anyway.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGroup, createKeys, createUser, createViewer } from './support/fill.mjs';
import { GROUPS, inspect, KEYS, stage, USERS } from './support/walk.mjs';

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
