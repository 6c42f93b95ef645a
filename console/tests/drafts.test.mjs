import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './support/load.mjs';

process.env.TZ = 'Europe/Berlin';
const { NEW_KEY, draftOf, createInput, updateInput, rebase, sameDraft, groupDraftOf, rebaseGroup, updateGroupInput, permissionsOf, withType, changeQuery, readQuery, pageOf, auditFilter } =
  await load('lib/key-draft.ts', 'lib/group-draft.ts', 'lib/page-query.ts', 'lib/audit-filter.ts');
const NOW = Date.UTC(2026, 10, 25, 12, 0, 30);
const key = {
  id: 'K', name: 'billing', enabled: true, expiresAt: NOW, allowedIps: ['192.0.2.0/24'], rateLimit: { limit: 5, windowSeconds: 90 },
  credits: { remaining: 7, refill: { amount: 10, interval: 'WEEKLY', day: 3, nextAt: NOW } }, metadata: [{ key: 'owner', value: 'x' }], allGroups: { nodes: [{ id: 'G', name: 'g' }] },
};

/** For assert.throws: what a draft says of which field. */
const refusal = (field, sentence) => ({ errors: [one] }) => {
  assert.deepEqual([one.field, sentence.test(one.message)], [field, true], one.message);
  return true;
};

describe('the form of a key', () => {
  it('that only has a name sends only the name', () => {
    assert.deepEqual(createInput({ ...NEW_KEY, name: 'a' }, 'A', NOW), { accountId: 'A', name: 'a' });
  });

  it('sends all that is filled in', () => {
    const draft = { ...NEW_KEY, name: 'a', groupIds: ['G'], expiry: '7', allowedIps: '192.0.2.7,\n 2001:db8::/32', rateLimit: '5', rateWindow: '10 s', credits: '3', refill: 'DAILY', refillAmount: '9', metadata: [{ key: 'k', value: 'v' }, { key: '', value: '' }] };
    assert.deepEqual(createInput(draft, 'A', NOW), {
      accountId: 'A', name: 'a', userGroupIds: ['G'], expiresAt: NOW + 7 * 86_400_000, allowedIps: ['192.0.2.7', '2001:db8::/32'], rateLimit: { limit: 5, windowSeconds: 10 },
      credits: { remaining: 3, refill: { amount: 9, interval: 'DAILY' } }, metadata: [{ key: 'k', value: 'v' }],
    });
  });

  it('changes nothing that was not touched: not even the seconds of the expiry', () => {
    const before = draftOf(key);
    assert.ok(sameDraft(before, draftOf(structuredClone(key))));
    assert.deepEqual(updateInput({ ...before, name: 'new' }, before, 'A', 'K', NOW), { accountId: 'A', uuid: 'K', name: 'new' });
    assert.deepEqual(updateInput({ ...before, refillDay: '5' }, before, 'A', 'K', NOW).credits, { remaining: 7, refill: { amount: 10, interval: 'WEEKLY', day: 5 } });
  });

  it('puts nothing back that others changed or uses took since it was opened', () => {
    const before = draftOf(key);
    const now = draftOf({ ...key, name: 'renamed', credits: { ...key.credits, remaining: 2 }, rateLimit: null });
    const send = (part) => updateInput(rebase({ ...before, ...part }, before, now), now, 'A', 'K', NOW);
    assert.deepEqual(send({}), { accountId: 'A', uuid: 'K', name: 'renamed' });
    assert.deepEqual(send({ refillAmount: '20' }), { accountId: 'A', uuid: 'K', name: 'renamed', credits: { remaining: 2, refill: { amount: 20, interval: 'WEEKLY', day: 3 } } });
    assert.deepEqual(send({ credits: '9', name: 'mine' }), { accountId: 'A', uuid: 'K', name: 'mine', credits: { remaining: 9, refill: { amount: 10, interval: 'WEEKLY', day: 3 } } });
  });

  it('adds to lists and takes from them, and leaves in them what others added or took', () => {
    const before = draftOf(key);
    const now = draftOf({ ...key, allGroups: { nodes: [{ id: 'H', name: 'h' }] }, allowedIps: ['198.51.100.7'] });
    const send = (part) => updateInput(rebase({ ...before, ...part }, before, now), now, 'A', 'K', NOW);
    assert.deepEqual(send({}), { accountId: 'A', uuid: 'K', name: 'billing' });
    assert.deepEqual(send({ groupIds: ['G', 'I'] }).userGroupIds, ['H', 'I'], 'G was taken by another, and H given');
    assert.deepEqual(send({ allowedIps: '192.0.2.0/24, 192.0.2.7' }).allowedIps, ['198.51.100.7', '192.0.2.7']);
    assert.equal('allowedIps' in send({ allowedIps: '' }), false, 'the address that was taken is gone already');
  });

  it('sends fields that say nothing without each other together, whatever others did to one of them', () => {
    const before = draftOf(key);
    const now = draftOf({ ...key, expiresAt: null, rateLimit: null, credits: null });
    const send = (part) => updateInput(rebase({ ...before, ...part }, before, now), now, 'A', 'K', NOW);
    assert.equal(send({ expiryDate: '2026-12-24T12:00' }).expiresAt, Date.UTC(2026, 11, 24, 11));
    assert.deepEqual(send({ rateWindow: '1 hour' }).rateLimit, { limit: 5, windowSeconds: 3600 });
    assert.deepEqual(send({ refillAmount: '20' }).credits, { remaining: 7, refill: { amount: 20, interval: 'WEEKLY', day: 3 } });
    const refilled = draftOf({ ...key, credits: { remaining: 7, refill: { amount: 10, interval: 'DAILY', day: null, nextAt: NOW } } });
    assert.equal(updateInput(rebase({ ...before, credits: '', refill: 'never' }, before, refilled), refilled, 'A', 'K', NOW).credits, null);
  });

  it('empties what was emptied', () => {
    const before = draftOf(key);
    const emptied = { ...before, groupIds: [], expiry: 'never', allowedIps: '', rateLimit: '', credits: '', refill: 'never', metadata: [] };
    assert.deepEqual(updateInput(emptied, before, 'A', 'K', NOW), { accountId: 'A', uuid: 'K', name: 'billing', userGroupIds: [], expiresAt: null, allowedIps: [], rateLimit: null, credits: null, metadata: [] });
  });

  it('names the field that holds what cannot be sent', () => {
    const refuse = (part, field, sentence) => assert.throws(() => createInput({ ...NEW_KEY, name: 'a', ...part }, 'A', NOW), refusal(field, sentence));
    refuse({ expiry: 'date', expiryDate: '' }, 'expiry', /^Choose a day and a time/);
    for (const uses of ['many', '0', '-1', '1.5', '1e3', '0x10', '1,000', '99999999999']) refuse({ rateLimit: uses }, 'rate', /whole number from 1 to 1,000,000,000/);
    for (const time of ['often', '', '32 days']) refuse({ rateLimit: '5', rateWindow: time }, 'window', /1 hour; the longest is 31 days/);
    refuse({ rateWindow: '1 hour' }, 'rate', /^Say how many uses/);
    refuse({ credits: '1.5' }, 'credits', /whole number from 0/);
    refuse({ credits: '1', refill: 'DAILY', refillAmount: '-1' }, 'amount', /whole number from 0/);
    for (const day of ['', '0', '32', '99999999999']) refuse({ credits: '1', refill: 'MONTHLY', refillAmount: '1', refillDay: day }, 'day', /from 1 to 31/);
    refuse({ refill: 'DAILY' }, 'credits', /^Say how many uses/);
    refuse({ credits: '1', refill: 'DAILY', refillAmount: '' }, 'amount', /whole number/);
    const before = draftOf(key);
    assert.equal(updateInput({ ...before, rateLimit: '' }, before, 'A', 'K', NOW).rateLimit, null, 'a time that was there says nothing once the uses are emptied');
  });
});

describe('the form of a user group', () => {
  const permission = { permissionType: 'ENV', applications: { filterType: null, appIds: ['P'] }, actions: ['READ'], services: null, environments: { filterTypes: [], envIds: ['E'] } };
  const group = { name: 'g', description: null, permissions: { accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] }, scopes: ['a.b'], appPermissions: [permission] } };

  it('gives permissions back as they came, without what is null', () => {
    const before = groupDraftOf(group);
    assert.deepEqual(updateGroupInput({ ...before, scopes: 'a.b c.d' }, before, 'G'), {
      userGroupId: 'G',
      permissions: {
        accountPermissions: { accountPermissionTypes: ['VIEW_AUDITS'] }, scopes: ['a.b', 'c.d'],
        appPermissions: [{ permissionType: 'ENV', applications: { appIds: ['P'] }, actions: ['READ'], environments: { envIds: ['E'] } }],
      },
    });
  });

  it('leaves what was not touched', () => {
    const before = groupDraftOf(group);
    assert.deepEqual(updateGroupInput({ ...before, description: 'd' }, before, 'G'), { userGroupId: 'G', description: 'd' });
  });

  it('leaves given what others gave since it was opened, and taken what they took', () => {
    const before = groupDraftOf(group);
    const now = groupDraftOf({ ...group, description: 'theirs', permissions: { accountPermissions: { accountPermissionTypes: ['MANAGE_API_KEYS'] }, scopes: ['x.y'], appPermissions: [] } });
    const send = (part) => updateGroupInput(rebaseGroup({ ...before, ...part }, before, now), now, 'G');
    assert.deepEqual(send({}), { userGroupId: 'G' });
    assert.deepEqual(send({ name: 'mine', scopes: 'a.b\nc.d' }), {
      userGroupId: 'G', name: 'mine',
      permissions: { accountPermissions: { accountPermissionTypes: ['MANAGE_API_KEYS'] }, appPermissions: [], scopes: ['x.y', 'c.d'] },
    });
    assert.deepEqual(send({ account: [...before.account, 'READ_USERS_AND_GROUPS'] }).permissions.accountPermissions.accountPermissionTypes, ['MANAGE_API_KEYS', 'READ_USERS_AND_GROUPS']);
  });

  it('gives a permission that becomes one of another type what that type takes', () => {
    const all = { permissionType: 'ALL', applications: { filterType: 'ALL' }, actions: ['CREATE', 'EXECUTE_PIPELINE'] };
    assert.deepEqual(withType(all, 'WORKFLOW'), { ...all, permissionType: 'WORKFLOW', actions: ['CREATE'], workflows: { filterTypes: ['ALL_WORKFLOWS'] } });
    assert.deepEqual(withType(all, 'DEPLOYMENT').actions, ['EXECUTE_PIPELINE']);
    assert.deepEqual(withType({ ...all, actions: ['CREATE'] }, 'DEPLOYMENT').actions, ['READ']);
    assert.deepEqual(withType(withType(all, 'WORKFLOW'), 'SERVICE'), { ...all, permissionType: 'SERVICE', actions: ['CREATE'], services: { filterType: 'ALL' } });
    assert.deepEqual(withType(all, 'TEMPLATE'), { ...all, permissionType: 'TEMPLATE', actions: ['CREATE'], templates: { filterType: 'ALL' } });
  });

  it('says which application permission allows nothing, or is in none', () => {
    const all = { permissionType: 'ALL', applications: { filterType: 'ALL' }, actions: ['READ'] };
    const refuse = (apps, sentence) => assert.throws(() => permissionsOf({ account: [], scopes: '', apps }), refusal('apps', sentence));
    refuse([all, { ...all, applications: { appIds: [] } }], /^Choose applications, or all of them, in number 2/);
    refuse([{ ...all, actions: [] }], /^Choose what it allows, in number 1/);
    const [pipelines, services] = [{ ...all, permissionType: 'PIPELINE', pipelines: {} }, withType(all, 'SERVICE')];
    refuse([all, services, { ...pipelines, pipelines: { filterTypes: [], envIds: null } }], /^Choose which pipelines, in number 3/);
    refuse([{ ...pipelines, pipelines: { filterTypes: ['ALL_PIPELINES'], pipelineIds: ['x'] } }], /^Choose the applications that the ids are of, in number 1/);
    refuse([{ ...services, services: { serviceIds: ['x'] } }], /^Choose the applications that the ids are of, in number 1/);
    const some = { ...all, applications: { appIds: ['A'] } };
    const good = [all, some, services, withType(all, 'ENV'), { ...some, permissionType: 'PIPELINE', pipelines: { pipelineIds: ['x'] } }];
    assert.equal(permissionsOf({ account: [], scopes: '', apps: good }).appPermissions.length, good.length);
  });
});

describe('the address of a list', () => {
  it('keeps what is chosen, leaves out what is empty, and begins anew when anything but the page changes', () => {
    const now = readQuery('?q=a%26b&page=7&state=');
    assert.equal(now.q, 'a&b');
    assert.equal(changeQuery(now, { page: '8' }), '?q=a%26b&page=8');
    assert.equal(changeQuery(now, { state: 'enabled' }), '?q=a%26b&state=enabled');
    assert.equal(changeQuery(now, { q: '' }), '');
    assert.deepEqual(['7', '0', '-1', 'x', '1.5', '99999999999', undefined].map((page) => pageOf(page === undefined ? {} : { page })), [7, 1, 1, 1, 1, 1, 1]);
  });

  it('says which audit entries are wanted, without what makes no sense', () => {
    assert.deepEqual(auditFilter({}, NOW), {});
    assert.deepEqual(auditFilter({ time: '24h', actor: ' U ', type: 'USER' }, NOW), { time: { specific: { from: NOW - 86_400_000 } }, actorId: 'U', resourceType: 'USER' });
    assert.deepEqual(auditFilter({ time: 'range', from: '2026-11-25T13:00', to: 'x' }, NOW), { time: { specific: { from: Date.UTC(2026, 10, 25, 12) } } });
    assert.deepEqual(auditFilter({ time: 'nonsense', from: '2026-11-25T13:00', type: 'NONSENSE', operation: 'delete' }, NOW), {});
    assert.deepEqual(auditFilter({ type: 'API_KEY', operation: 'DELETE' }, NOW), { resourceType: 'API_KEY', operationType: 'DELETE' });
  });
});
