import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './support/load.mjs';

const { abilities, attribute, lacking, holdsAll, AccountPermissionTypeText, fieldErrors, fieldFailure, Failure, errorsOf, inWords, permissionText } =
  await load('lib/permissions.ts', 'lib/grant-rule.ts', 'lib/field-errors.ts', 'api/failure.ts', 'lib/permission-words.ts', 'api/generated.ts');
const permissions = (account = [], scopes = [], appPermissions = []) => ({ accountPermissions: { accountPermissionTypes: account }, scopes, appPermissions });

describe('what a credential may do in the console', () => {
  const may = (...account) => Object.entries(abilities(permissions(account))).filter(([, yes]) => yes).map(([name]) => name).sort();

  it('follows its account permissions', () => {
    assert.deepEqual(may(), []);
    assert.deepEqual(may('VIEW_AUDITS'), ['seeAudits']);
    assert.deepEqual(may('VIEW_USER_AND_USER_GROUPS_AND_API_KEYS'), ['seeApplications', 'seeGroups', 'seeKeys', 'seeUsers']);
    assert.deepEqual(may('MANAGE_API_KEYS'), ['manageKeys', 'seeApplications', 'seeGroups', 'seeKeys']);
    assert.deepEqual(may('CREATE_AND_DELETE_APPLICATION'), ['manageApplications', 'seeApplications']);
  });

  it('takes the broad permission for those that it covers', () => {
    assert.deepEqual(may('MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS'), ['manageKeys', 'manageUsers', 'seeApplications', 'seeGroups', 'seeKeys', 'seeUsers']);
  });
});

describe('what one lacks of what another has', () => {
  const app = (permissionType, actions, where, filter = {}) => ({ permissionType, actions, applications: { filterType: null, appIds: null, ...where }, ...filter });
  const lack = (held, ...wanted) => lacking(permissions(...held), wanted.map((one) => permissions(...one)));
  const apps = (held, wanted) => lack([[], [], held], [[], [], [wanted]]);
  const ALL = { filterType: 'ALL' };

  it('is nothing where all of it is held, by itself or by what covers it', () => {
    assert.equal(lack([]), undefined);
    assert.equal(lack([['MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS', 'VIEW_AUDITS'], ['invoices.*', 'a']], [['MANAGE_API_KEYS'], ['invoices.read', 'invoices.x.*']], [['VIEW_AUDITS'], ['a']]), undefined);
    assert.equal(lack([[], ['*']], [[], ['invoices.*', '*']]), undefined);
  });

  it('is named in words', () => {
    assert.equal(lack([['VIEW_AUDITS']], [['VIEW_AUDITS']], [['MANAGE_API_KEYS']]), '“Manage API keys”');
    assert.equal(lack([[], ['invoices.*']], [[], ['invoices.read', 'invoice', 'x']]), 'the scope invoice');
    assert.equal(lack([[], ['invoices.*']], [[], ['invoices.']]), 'the scope invoices.');
    assert.equal(lack([[], ['*', 'latchkey.*']], [[], ['latchkey.operator']]), 'the scope latchkey.operator');
    assert.equal(apps([], app('TEMPLATE', ['READ'], ALL, { templates: ALL })), 'templates in applications');
  });

  it('in applications is measured by where, what and which actions', () => {
    const everything = app('ALL', ['CREATE', 'READ', 'UPDATE', 'DELETE', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE'], ALL);
    const env = (filterTypes, envIds, where = ALL) => app('ENV', ['READ'], where, { environments: { filterTypes, envIds }, templates: null });
    const both = ['PRODUCTION_ENVIRONMENTS', 'NON_PRODUCTION_ENVIRONMENTS'];
    const good = [
      [[everything], app('DEPLOYMENT', ['EXECUTE', 'ROLLBACK_WORKFLOW'], { appIds: ['A'] }, { deployments: { filterTypes: both, envIds: null } })],
      [[app('ALL', ['READ'], { appIds: ['A', 'B'] })], env(null, ['e'], { appIds: ['B'] })],
      [[app('SERVICE', ['READ'], ALL, { services: ALL }), app('SERVICE', ['UPDATE'], ALL, { services: ALL })], app('SERVICE', ['READ', 'UPDATE'], { appIds: ['A'] }, { services: { filterType: null, serviceIds: ['s'] } })],
      [[env(both, null, { appIds: ['A'] })], env(null, ['e'], { appIds: ['A'] })],
      [[env([both[0]], ['e', 'f'])], env([both[0]], ['e'])],
    ];
    const bad = [
      [[app('ALL', ['READ'], ALL)], env(both, null), { actions: ['UPDATE'] }],
      [[env(both, null, { appIds: ['A'] })], env(both, null)],
      [[env(both, null, { appIds: ['A'] })], env(both, null, { appIds: ['A', 'B'] })],
      [[env([both[0]], null)], env(both, null)],
      [[env([both[0]], ['e'])], env(null, ['f'])],
      [[app('SERVICE', ['READ'], ALL, { services: ALL })], env(both, null)],
      [[app('TEMPLATE', ['READ'], { appIds: ['A'] }, { templates: { filterType: null, templateIds: ['t'] } })], app('TEMPLATE', ['READ'], { appIds: ['A'] }, { templates: ALL })],
    ];
    for (const [held, wanted] of good) assert.equal(apps(held, wanted), undefined, JSON.stringify([held, wanted]));
    for (const [held, wanted, other] of bad) assert.match(apps(held, { ...wanted, ...other }) ?? '', / in applications$/, JSON.stringify([held, wanted]));
  });
});

describe('one who lacks nothing', () => {
  it('holds all there is', () => {
    const everything = { permissionType: 'ALL', actions: ['CREATE', 'READ', 'UPDATE', 'DELETE', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE'], applications: { filterType: 'ALL' } };
    const all = [Object.keys(AccountPermissionTypeText), ['*', 'latchkey.operator'], [everything]];
    assert.equal(holdsAll(permissions(...all)), true);
    const less = [[all[0].slice(1), all[1], all[2]], [all[0], ['*'], all[2]], [all[0], ['latchkey.operator', 'a.*'], all[2]], [all[0], all[1], []], [all[0], all[1], [{ ...everything, actions: ['READ'] }]]];
    for (const one of less) assert.equal(holdsAll(permissions(...one)), false);
  });
});

describe('where permissions come from', () => {
  it('is every group that gives them, each permission once', () => {
    const app = { permissionType: 'ALL', actions: ['READ'] };
    const groups = [
      { id: '1', name: 'one', permissions: permissions(['VIEW_AUDITS', 'MANAGE_API_KEYS'], ['b.read'], [app]) },
      { id: '2', name: 'two', permissions: permissions(['VIEW_AUDITS'], ['a.*', 'b.read'], [{ ...app }, { ...app, actions: ['UPDATE'] }]) },
    ];
    const { account, scopes, apps } = attribute(groups);
    const names = (list) => list.map(({ what, from }) => [typeof what === 'string' ? what : what.actions[0], ...from.map((group) => group.name)].join(' '));
    assert.deepEqual(names(account), ['MANAGE_API_KEYS one', 'VIEW_AUDITS one two']);
    assert.deepEqual(names(scopes), ['a.* two', 'b.read one two']);
    assert.deepEqual(names(apps).sort(), ['READ one two', 'UPDATE two']);
  });
});

describe('what the server says', () => {
  it('goes to the field that it is about, and what fits none to the form', () => {
    const failure = new Failure(['Invalid metadata: too long', 'An API key already exists with the name x', 'The disk is full', 'Too much metadata'].map((message) => ({ message, code: 'X', path: [] })));
    const { fields, form } = fieldErrors(failure, [[/metadata/, 'metadata'], [/the name/, 'name']]);
    assert.deepEqual(fields, { metadata: 'Invalid metadata: too long Too much metadata', name: 'An API key already exists with the name x' });
    assert.deepEqual(form, ['The disk is full']);
    assert.deepEqual(fieldErrors(undefined, []), { fields: {}, form: [] });
    assert.deepEqual(fieldErrors(fieldFailure('uses', 'metadata are no uses'), [[/metadata/, 'metadata']]).fields, { uses: 'metadata are no uses' });
  });

  it('is said with other words where it names a field as the API does', () => {
    const failure = new Failure([{ message: 'Too many allowedIps: 101', code: 'X', path: [] }]);
    assert.deepEqual(fieldErrors(failure, [[/^(Invalid|Too many) allowedIps/, 'ips', '$1 addresses']]).fields, { ips: 'Too many addresses: 101' });
  });

  it('names permissions as the console does, and leaves alone what a person wrote', () => {
    assert.equal(inWords('User not authorized: MANAGE_API_KEYS is required'), 'User not authorized: “Manage API keys” is required');
    assert.equal(inWords('MANAGE_USERS_AND_GROUPS can be set only together with READ_USERS_AND_GROUPS'), '“Manage users and groups” can be set only together with “Read users and groups”');
    assert.match(inWords('This would leave the account without a credential that can manage API keys: give MANAGE_API_KEYS to another one first'), /: give “Manage API keys” to another one first$/);
    const holds = 'User not authorized: the user groups hold more than the caller holds';
    assert.equal(inWords(`${holds} (VIEW_AUDITS)`), `${holds} (“View audits”)`);
    for (const message of [`${holds} (SOME_SCOPE)`, `${holds} (a.VIEW_AUDITS)`, 'An API key already exists with the name VIEW_AUDITS', 'User not authorized: the scope VIEW_AUDITS is required']) assert.equal(inWords(message), message);
    assert.equal(permissionText('MANAGE_USERS_AND_GROUPS'), 'Manage users and user groups. Only together with “Read users and groups”.');
    assert.equal(errorsOf({ errors: [{ message: 'User not authorized: VIEW_AUDITS is required' }] }, 200)[0].message, 'User not authorized: “View audits” is required');
  });

  it('is an answer only where it is JSON, or there is nothing to say', () => {
    assert.deepEqual([errorsOf({ data: {} }, 200), errorsOf(undefined, 204)], [[], []]);
    assert.match(errorsOf(undefined, 200)[0].message, /^It was not Latchkey that answered/);
    assert.match(errorsOf(undefined, 502)[0].message, /^The server answered 502/);
  });
});
