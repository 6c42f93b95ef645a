import { fieldFailure } from '../api/failure.ts';
import type { AccountPermissionType, Actions, AppPermissionType, ApplicationPermissionInput, CreateUserGroupInput, Permissions, PermissionsParts, UpdateUserGroupInput } from '../api/generated.ts';
import { THINGS } from './app-permission-text.ts';
import { mergeList, mergeWords, wordsIn } from './merge.ts';
import type { AppPermission } from './permissions.ts';

export type GroupField = 'name' | 'description' | 'users' | 'account' | 'apps' | 'scopes';

/** What a user group's form holds while it is filled in. */
export interface GroupDraft {
  readonly name: string;
  readonly description: string;
  readonly account: readonly AccountPermissionType[];
  readonly scopes: string;
  readonly apps: readonly ApplicationPermissionInput[];
}

export const NEW_GROUP: GroupDraft = { name: '', description: '', account: [], scopes: '', apps: [] };

interface EditedGroup {
  readonly name: string;
  readonly description: string | null;
  readonly permissions: PermissionsParts;
}

export function groupDraftOf(group: EditedGroup): GroupDraft {
  return {
    name: group.name,
    description: group.description ?? '',
    account: group.permissions.accountPermissions.accountPermissionTypes,
    scopes: group.permissions.scopes.join('\n'),
    apps: group.permissions.appPermissions.map(appInput),
  };
}

/** An answer's application permission as an input: without what is null or empty, which would say something in an input. */
function appInput(permission: AppPermission): ApplicationPermissionInput {
  return { ...withoutEmpty(permission), actions: permission.actions } as ApplicationPermissionInput;
}

function withoutEmpty(value: object): object {
  const members = Object.entries(value).map(([name, member]) => [name, isGroup(member) ? withoutEmpty(member) : (member as unknown)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== null && !(Array.isArray(member) && member.length === 0)));
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws a Failure where what the server would say is for programmers, and does not say which of them it is about. */
export function permissionsOf(draft: GroupDraft): Permissions {
  for (const [index, permission] of draft.apps.entries()) {
    const lacking = lacks(permission);
    if (lacking) throw fieldFailure<GroupField>('apps', `${lacking}, in number ${index + 1}.`);
  }
  return {
    accountPermissions: { accountPermissionTypes: draft.account },
    appPermissions: draft.apps,
    scopes: wordsIn(draft.scopes),
  };
}

/** What must be chosen yet for a permission on applications to say something. */
function lacks({ permissionType, applications, actions, ...filters }: ApplicationPermissionInput): string | undefined {
  const all = applications.filterType === 'ALL';
  if (!all && (applications.appIds ?? []).length === 0) return 'Choose applications, or all of them';
  if (actions.length === 0) return 'Choose what it allows';
  const narrowed = Object.values(filters).flatMap((filter) => Object.entries(filter ?? {})).filter(([, by]) => by !== null && by.length > 0);
  if (permissionType !== 'ALL' && narrowed.length === 0) return `Choose which ${THINGS[permissionType].toLowerCase()}`;
  if (all && narrowed.some(([member]) => member.endsWith('Ids'))) return 'Choose the applications that the ids are of';
  return undefined;
}

export function createGroupInput(draft: GroupDraft, userIds: readonly string[]): CreateUserGroupInput {
  return { name: draft.name, permissions: permissionsOf(draft), ...(draft.description === '' ? {} : { description: draft.description }), ...(userIds.length > 0 ? { userIds } : {}) };
}

/** What the form changed, on top of the group as it is now: what others gave or took since the form began with `before` stays given and taken. */
export function rebaseGroup(draft: GroupDraft, before: GroupDraft, now: GroupDraft): GroupDraft {
  return {
    name: draft.name === before.name ? now.name : draft.name,
    description: draft.description === before.description ? now.description : draft.description,
    account: mergeList(draft.account, before.account, now.account),
    scopes: draft.scopes === before.scopes ? now.scopes : mergeWords(draft.scopes, before.scopes, now.scopes),
    apps: mergeList(draft.apps, before.apps, now.apps),
  };
}

/** What differs from the draft that the form began with: the rest stays as it is on the server. */
export function updateGroupInput(draft: GroupDraft, before: GroupDraft, userGroupId: string): UpdateUserGroupInput {
  const changed = (...fields: (keyof GroupDraft)[]) => fields.some((field) => JSON.stringify(draft[field]) !== JSON.stringify(before[field]));
  return {
    userGroupId,
    ...(changed('name') ? { name: draft.name } : {}),
    ...(changed('description') ? { description: draft.description } : {}),
    ...(changed('account', 'scopes', 'apps') ? { permissions: permissionsOf(draft) } : {}),
  };
}

const CRUD: readonly Actions[] = ['CREATE', 'READ', 'UPDATE', 'DELETE'];

/** The actions that the server takes for each type. */
export const ACTIONS: Readonly<Record<AppPermissionType, readonly Actions[]>> = {
  ALL: [...CRUD, 'EXECUTE', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE', 'ROLLBACK_WORKFLOW', 'ABORT_WORKFLOW'],
  ENV: CRUD,
  SERVICE: CRUD,
  WORKFLOW: CRUD,
  PIPELINE: CRUD,
  PROVISIONER: CRUD,
  TEMPLATE: CRUD,
  DEPLOYMENT: ['READ', 'EXECUTE', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE', 'ROLLBACK_WORKFLOW', 'ABORT_WORKFLOW'],
};

/** The kinds of things that a type can be narrowed to, and the member of the input that holds them. */
export const KINDS = {
  ENV: { member: 'environments', choices: ['PRODUCTION_ENVIRONMENTS', 'NON_PRODUCTION_ENVIRONMENTS'] },
  DEPLOYMENT: { member: 'deployments', choices: ['PRODUCTION_ENVIRONMENTS', 'NON_PRODUCTION_ENVIRONMENTS'] },
  WORKFLOW: { member: 'workflows', choices: ['PRODUCTION_WORKFLOWS', 'NON_PRODUCTION_WORKFLOWS', 'WORKFLOW_TEMPLATES', 'ALL_WORKFLOWS'] },
  PIPELINE: { member: 'pipelines', choices: ['PRODUCTION_PIPELINES', 'NON_PRODUCTION_PIPELINES', 'ALL_PIPELINES'] },
} as const;

export type NarrowType = keyof typeof KINDS;

export function isNarrow(type: AppPermissionType): type is NarrowType {
  return type in KINDS;
}

/** A permission of another type: the same applications, the actions that the new type also takes, and its widest filter. */
export function withType(permission: ApplicationPermissionInput, permissionType: AppPermissionType): ApplicationPermissionInput {
  const actions = permission.actions.filter((one) => one !== null && ACTIONS[permissionType].includes(one));
  const base = { permissionType, applications: permission.applications, actions: actions.length > 0 ? actions : ['READ' as const] };
  if (permissionType === 'SERVICE') return { ...base, services: { filterType: 'ALL' } };
  if (permissionType === 'PROVISIONER') return { ...base, provisioners: { filterType: 'ALL' } };
  if (permissionType === 'TEMPLATE') return { ...base, templates: { filterType: 'ALL' } };
  if (!isNarrow(permissionType)) return base;
  const { member, choices } = KINDS[permissionType];
  const widest = choices.find((one) => one.startsWith('ALL_'));
  return { ...base, [member]: { filterTypes: widest ? [widest] : choices } };
}

export const NEW_APP_PERMISSION: ApplicationPermissionInput = { permissionType: 'ALL', applications: { filterType: 'ALL' }, actions: ['READ'] };
