// Makes docs/screenshots: pictures of the main pages with example data. Run it after a build: node tests/console/screenshots.mjs
// Moments and counts are spread over the past in the browser only; the server's own are all of a minute ago.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Server } from '../api/support/server.mjs';
import { openBrowser, Visitor } from './support/browser.mjs';
import { createGroup, createUser } from './support/fill.mjs';
import { GROUPS, KEYS } from './support/walk.mjs';

const DAY = 86_400_000;
const OUT = path.join(ROOT, 'docs/screenshots');
const MOST_BYTES = 100 * 1024;

let seed = 11;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

async function fill(server) {
  const create = (input) => server.query('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }', { input: { accountId: server.account.accountId, ...input } });
  const billing = await createGroup(server, 'Billing readers', { scopes: ['invoices.read', 'customers.read'] });
  const dispatch = await createGroup(server, 'Dispatch', { scopes: ['parcels.*', 'routes.read'], accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] } });
  const partners = await createGroup(server, 'Partners', { scopes: ['tracking.read'] });
  await createUser(server, 'mei.tanaka@acme.example', 'correct horse battery', { name: 'Mei Tanaka' });
  await createUser(server, 'jonas.weil@acme.example', 'correct horse battery', { name: 'Jonas Weil', userGroupIds: [dispatch] });
  const keys = [
    ['billing-export', [billing], { expiresAt: Date.now() + 9 * DAY, metadata: [{ key: 'owner', value: 'finance@acme.example' }] }],
    ['ci-deploy', [await server.groupId('Production Support')], { expiresAt: Date.now() + 21 * DAY }],
    ['courier-app', [dispatch], { rateLimit: { limit: 600, windowSeconds: 60 } }],
    ['data-warehouse', [billing, dispatch], { allowedIps: ['192.0.2.0/24', '2001:db8::/32'], rateLimit: { limit: 100, windowSeconds: 10 }, metadata: [{ key: 'team', value: 'Analytics' }, { key: 'ticket', value: 'OPS-2214' }] }],
    ['dispatch-board', [dispatch], {}],
    ['nightly-report', [billing], { expiresAt: Date.now() + 200 * DAY }],
    ['parcel-scanner', [dispatch], { credits: { remaining: 8120, refill: { amount: 10000, interval: 'MONTHLY' } } }],
    ['partner-aurora', [partners], {}],
    ['partner-borealis', [partners], { enabled: false }],
    ['staging-smoke', [await server.groupId('Non-Production Support')], {}],
  ];
  for (const [name, userGroupIds, members] of keys) await create({ name, userGroupIds, ...members });
  const { apiKeyByName } = await server.query('{ apiKeyByName(name: "data-warehouse") { id } }');
  const change = { accountId: server.account.accountId, uuid: apiKeyByName.id, name: 'data-warehouse', rateLimit: { limit: 250, windowSeconds: 10 }, userGroupIds: [billing] };
  await server.query('mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { uuid } }', { input: change });
}

/** A day's traffic: busy by day, quiet by night. */
function bucket(start) {
  const hour = new Date(start).getHours();
  const valid = Math.round((900 + 5200 * Math.max(0, Math.sin(((hour - 5) / 15) * Math.PI))) * (0.85 + random() * 0.3));
  const parts = { valid, disabled: 0, expired: Math.round(random() * 60), ipNotAllowed: 0, insufficientPermissions: Math.round(random() * 240), rateLimited: hour === 11 ? 900 : 0, usageExceeded: 0 };
  return { start, ...parts, total: Object.values(parts).reduce((sum, one) => sum + one, 0) };
}

function spread(value, index = 0) {
  if (Array.isArray(value)) return value.map(spread);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    if (name === 'usage') return [name, member.map(({ start }) => bucket(start))];
    if (name === 'triggeredAt') return [name, member - index * 47 * 60_000];
    if (name === 'createdAt') return [name, member - Math.round((20 + random() * 300) * DAY)];
    if (name === 'updatedAt') return [name, member - 3 * DAY];
    if (name === 'lastUsedAt') return [name, random() < 0.2 ? null : Date.now() - Math.round(random() ** 4 * 20 * DAY)];
    return [name, spread(member)];
  });
  return Object.fromEntries(members);
}

const server = await Server.fresh({ initArgs: ['--account-name', 'Acme Freight'] });
await fill(server);
const browser = await openBrowser();
fs.mkdirSync(OUT, { recursive: true });

/** A picture as WebP, which is a third as large as PNG. The browser is the encoder. */
async function toWebp(png) {
  const page = await browser.newPage();
  const address = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.9);
  }, `data:image/png;base64,${png.toString('base64')}`);
  await page.close();
  return Buffer.from(address.split(',')[1], 'base64');
}

async function picture(name, options, target, work = async () => {}) {
  const visitor = await Visitor.open(browser, server, options);
  const { page } = visitor;
  await page.route('**/graphql?*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: spread(await answer.json()) });
  });
  await visitor.signIn();
  await visitor.goto(target);
  await work(page);
  await page.waitForLoadState('networkidle');
  const file = path.join(OUT, `${name}.webp`);
  fs.writeFileSync(file, await toWebp(await page.screenshot()));
  const { size } = fs.statSync(file);
  if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes; at most ${MOST_BYTES} are wanted`);
  console.log(`${path.relative(ROOT, file)}: ${Math.round(size / 1024)} KiB`);
  await visitor.close();
}

const open = (name) => async (page) => {
  await page.getByRole('link', { name, exact: true }).first().click();
  await page.getByRole('table', { name: 'Audit trail' }).waitFor();
};
try {
  // First, while nobody has signed in but for this picture.
  await picture('audit', {}, '/console/audit', (page) => page.getByRole('button', { name: 'Show changes' }).nth(1).click());
  await picture('overview', {}, '/console/');
  await picture('overview-dark', { colorScheme: 'dark' }, '/console/');
  await picture('api-keys', {}, KEYS);
  await picture('api-keys-phone', { viewport: { width: 375, height: 740 }, colorScheme: 'dark' }, KEYS);
  await picture('api-key', {}, KEYS, open('data-warehouse'));
  await picture('add-api-key', {}, KEYS, (page) => page.getByRole('button', { name: 'Add API Key' }).click());
  await picture('user-group', {}, GROUPS, open('Dispatch'));
} finally {
  await browser.close();
  await server.stop();
}
