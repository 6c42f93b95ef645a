import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './support/load.mjs';

const { abilities, attribute, fieldErrors, Failure } = await load('lib/permissions.ts', 'lib/field-errors.ts', 'api/failure.ts');
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
  });
});
