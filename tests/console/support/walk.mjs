// What the walks through the console share.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Server } from '../../api/support/server.mjs';
import { openBrowser, Visitor } from './browser.mjs';

export const KEYS = '/console/security/access/api-keys';
export const GROUPS = '/console/security/access/user-groups';
export const USERS = '/console/security/access/users';

/** A server and a browser for a suite: {server, visit()}. `fill` puts data into the server before anyone looks. */
export function stage(fill = async () => {}) {
  const stage = { visitors: [] };
  before(async () => {
    stage.server = await Server.fresh({ initArgs: ['--account-name', 'Acme Freight'] });
    await fill(stage.server);
    stage.browser = await openBrowser();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.server?.stop();
  });
  /** A visitor who is signed in, with the admin's key unless told otherwise, and may use the clipboard. */
  stage.visit = async (credentials, options = {}) => {
    const visitor = await Visitor.open(stage.browser, stage.server, { permissions: ['clipboard-read', 'clipboard-write'], ...options });
    if (credentials !== null) await visitor.signIn(credentials);
    return visitor;
  };
  return stage;
}

/** The row whose name is this, on a page or in a table. */
export function row(place, name) {
  const page = place.page?.() ?? place;
  return place.getByRole('row').filter({ has: page.locator('th').getByText(name, { exact: true }) });
}

/** Waits until the page says this in its live region, and closes the message. */
export async function hear(page, words) {
  const message = page.locator('.notice').filter({ hasText: words }).first();
  await message.waitFor();
  await message.getByRole('button', { name: 'Close message' }).click();
}

export function clipboard(page) {
  return page.evaluate(() => navigator.clipboard.readText());
}

/** What is wrong with a page as it is: rules of accessibility in both themes, complaints of the browser, width on a phone. */
export async function inspect(visitor, name) {
  await visitor.assertAccessible();
  await visitor.assertFits();
  await visitor.screenshot(name);
  assert.equal(await visitor.page.evaluate(() => window.pwned), undefined);
  visitor.assertQuiet();
}

/** Makes requests fail as if the session had ended, from now on, by ending it. */
export async function endSession(visitor) {
  const answer = await visitor.context.request.delete('/console/session', { headers: { 'X-Latchkey-Console': '1' } });
  assert.equal(answer.status(), 204);
}

/** The browser writes down each refused request; these are meant to be refused. */
export const REFUSED = /^Failed to load resource: the server responded with a status of (400|401|403|404|409)/;
