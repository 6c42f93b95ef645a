import { AccountPermissionTypeText, type AccountPermissionType, type Actions, type PermissionsParts } from '../api/generated.ts';
import { THINGS } from './app-permission-text.ts';
import { words } from './format.ts';
import { expand, type AppPermission } from './permissions.ts';

/**
 * The server's grant rule: nobody hands out more than they hold. What one who holds `held` lacks of all that `wanted` have together, in words, or undefined when it is
 * nothing. The server decides; this says beforehand what it would refuse, and why.
 */
export function lacking(held: PermissionsParts, wanted: readonly PermissionsParts[]): string | undefined {
  const account = expand(held.accountPermissions.accountPermissionTypes);
  const scopes = new Set(held.scopes);
  const wide = held.scopes.filter((one) => one.endsWith('*'));
  for (const { accountPermissions, scopes: wantedScopes, appPermissions } of wanted) {
    const type = accountPermissions.accountPermissionTypes.find((one) => !account.has(one));
    if (type !== undefined) return `“${words(type)}”`;
    const scope = wantedScopes.find((one) => !scopes.has(one) && !wide.some((by) => covers(by, one)));
    if (scope !== undefined) return `the scope ${scope}`;
    const app = appPermissions.find((one) => !isReached(held.appPermissions, one));
    if (app) return `${THINGS[app.permissionType].toLowerCase()} in applications`;
  }
  return undefined;
}

/** No wildcard covers it: it makes an operator. */
const OPERATOR = 'latchkey.operator';

function covers(wide: string, scope: string): boolean {
  return scope !== OPERATOR && scope.length >= wide.length && scope.startsWith(wide.slice(0, -1));
}

/** Who may do all of these on everything may give the other actions, too. */
const ADMINISTRATOR: readonly Actions[] = ['CREATE', 'READ', 'UPDATE', 'DELETE', 'EXECUTE_WORKFLOW', 'EXECUTE_PIPELINE'];

/** Whether nobody can have what one who holds this lacks. */
export function holdsAll({ accountPermissions, scopes, appPermissions }: PermissionsParts): boolean {
  const account = expand(accountPermissions.accountPermissionTypes);
  return (Object.keys(AccountPermissionTypeText) as AccountPermissionType[]).every((one) => account.has(one)) && scopes.includes('*') && scopes.includes(OPERATOR)
    && appPermissions.some((one) => one.applications.filterType === 'ALL' && givesAll(one));
}

function givesAll({ permissionType, actions }: AppPermission): boolean {
  return permissionType === 'ALL' && ADMINISTRATOR.every((action) => actions.includes(action));
}

function isReached(held: readonly AppPermission[], wanted: AppPermission): boolean {
  const missing = new Set(wanted.actions);
  for (const one of held) {
    if (!isWithin(wanted, one)) continue;
    if (givesAll(one)) return true;
    for (const action of one.actions) missing.delete(action);
  }
  return missing.size === 0;
}

/** Filters of which each set, wholly held, is everything of its type: the word for all, or both kinds of environment. */
const EVERYTHING: readonly (readonly string[])[] = [['ALL'], ['ALL_WORKFLOWS'], ['ALL_PIPELINES'], ['PRODUCTION_ENVIRONMENTS', 'NON_PRODUCTION_ENVIRONMENTS']];

/** Whether what `wanted` is about is among what `held` is about. */
function isWithin(wanted: AppPermission, held: AppPermission): boolean {
  if (held.applications.filterType !== 'ALL' && (wanted.applications.filterType === 'ALL' || !hasAll(held.applications.appIds, wanted.applications.appIds))) return false;
  if (held.permissionType === 'ALL') return true;
  if (held.permissionType !== wanted.permissionType) return false;
  const [by, want] = [narrowing(held), narrowing(wanted)];
  return EVERYTHING.some((all) => hasAll(by.get('filterTypes'), all)) || [...want].every(([member, list]) => hasAll(by.get(member), list));
}

type Texts = readonly (string | null)[];

/** What a permission is narrowed to: the lists of its own filter, by their names; of several filters only its own has any. */
function narrowing({ permissionType, applications, actions, ...filters }: AppPermission): ReadonlyMap<string, Texts> {
  const members = Object.values(filters).flatMap((filter) => (filter ? Object.entries(filter as Readonly<Record<string, string | Texts | null>>) : []));
  return new Map(members.filter(([, by]) => by !== null).map(([name, by]) => (name === 'filterType' ? ['filterTypes', [by as string]] : [name, by as Texts])));
}

function hasAll(list: Texts | null | undefined, wanted: Texts | null | undefined): boolean {
  const known = new Set(list ?? []);
  return (wanted ?? []).every((one) => known.has(one));
}
