import type { AccountPermissionType, PermissionsParts } from '../api/generated.ts';

export type AppPermission = PermissionsParts['appPermissions'][number];

const BROAD: AccountPermissionType = 'MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS';
const COVERED_BY_BROAD: readonly AccountPermissionType[] = [
  'MANAGE_API_KEYS', 'MANAGE_USERS_AND_GROUPS', 'READ_USERS_AND_GROUPS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS',
];

/** What a reader of the console may see and do, from the permissions of the credential. The server decides; this hides what it would refuse. */
export interface Abilities {
  readonly seeKeys: boolean;
  readonly manageKeys: boolean;
  readonly seeGroups: boolean;
  readonly seeUsers: boolean;
  readonly manageUsers: boolean;
  readonly seeApplications: boolean;
  readonly manageApplications: boolean;
  readonly seeAudits: boolean;
}

export function abilities(permissions: PermissionsParts): Abilities {
  const held = expand(permissions.accountPermissions.accountPermissionTypes);
  const any = (...wanted: AccountPermissionType[]) => wanted.some((one) => held.has(one));
  return {
    seeKeys: any('MANAGE_API_KEYS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS'),
    manageKeys: any('MANAGE_API_KEYS'),
    seeGroups: any('READ_USERS_AND_GROUPS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS', 'MANAGE_API_KEYS'),
    seeUsers: any('READ_USERS_AND_GROUPS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS'),
    manageUsers: any('MANAGE_USERS_AND_GROUPS'),
    seeApplications: any('CREATE_AND_DELETE_APPLICATION', 'READ_USERS_AND_GROUPS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS', 'MANAGE_API_KEYS')
      || permissions.appPermissions.some((one) => one.actions.includes('READ')),
    manageApplications: any('CREATE_AND_DELETE_APPLICATION'),
    seeAudits: any('VIEW_AUDITS'),
  };
}

/** The account permissions and those that the broad one covers. */
export function expand(types: readonly AccountPermissionType[]): ReadonlySet<AccountPermissionType> {
  return new Set(types.includes(BROAD) ? [...types, ...COVERED_BY_BROAD] : types);
}

export interface GroupPart {
  readonly id: string;
  readonly name: string;
  readonly permissions: PermissionsParts;
}

export interface Attributed<T> {
  readonly what: T;
  /** The groups that give it, in the order they came. */
  readonly from: readonly GroupPart[];
}

export interface Attribution {
  readonly account: readonly Attributed<AccountPermissionType>[];
  readonly scopes: readonly Attributed<string>[];
  readonly apps: readonly Attributed<AppPermission>[];
}

/** Everything that the groups give together, and which of them gives each. */
export function attribute(groups: readonly GroupPart[]): Attribution {
  return {
    account: gather(groups, (group) => group.permissions.accountPermissions.accountPermissionTypes, String),
    scopes: gather(groups, (group) => group.permissions.scopes, String),
    apps: gather(groups, (group) => group.permissions.appPermissions, (one) => JSON.stringify(one)),
  };
}

function gather<T>(groups: readonly GroupPart[], list: (group: GroupPart) => readonly T[], key: (one: T) => string): readonly Attributed<T>[] {
  const found = new Map<string, { what: T; from: GroupPart[] }>();
  for (const group of groups) {
    for (const what of list(group)) {
      const known = found.get(key(what));
      if (known) known.from.push(group);
      else found.set(key(what), { what, from: [group] });
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}
