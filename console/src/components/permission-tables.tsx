import type { AccountPermissionType } from '../api/generated.ts';
import { appPermissionText } from '../lib/app-permission-text.ts';
import { words } from '../lib/format.ts';
import { permissionText } from '../lib/permission-words.ts';
import { attribute, type AppPermission, type Attributed, type GroupPart } from '../lib/permissions.ts';
import { GroupLinks } from './group-links.tsx';
import { Empty } from './states.tsx';
import { Table, type Column } from './table.tsx';

interface PermissionTablesProps {
  groups: readonly GroupPart[];
  /** Names of applications by their ids. */
  applicationNames: ReadonlyMap<string, string>;
  /** Without the groups that give each, on the page of one group. */
  ofOneGroup?: boolean;
}

/** Everything that user groups let a key or user do, and which of them gives each. */
export function PermissionTables({ groups, applicationNames, ofOneGroup = false }: PermissionTablesProps) {
  const { account, scopes, apps } = attribute(groups);
  if (account.length + scopes.length + apps.length === 0) return <Empty>No permissions.</Empty>;
  return (
    <>
      {account.length > 0 && (
        <Table
          caption="Account permissions" rows={account} rowKey={(one) => one.what}
          columns={columns<AccountPermissionType>('Account permission', ofOneGroup, (one) => <><span>{words(one.what)}</span><span class="hint">{permissionText(one.what)}</span></>)}
        />
      )}
      {scopes.length > 0 && (
        <Table caption="Scopes" rows={scopes} rowKey={(one) => one.what} columns={columns<string>('Scope', ofOneGroup, (one) => <code><bdi>{one.what}</bdi></code>)} />
      )}
      {apps.length > 0 && (
        <Table
          caption="Application permissions" rows={apps} rowKey={(one) => JSON.stringify(one.what)}
          columns={columns<AppPermission>('Application permission', ofOneGroup, (one) => <AppPermissionLines {...appPermissionText(one.what, applicationNames)} />)}
        />
      )}
    </>
  );
}

function AppPermissionLines({ what, where, actions }: ReturnType<typeof appPermissionText>) {
  return <><span><bdi>{what}</bdi> <span class="muted">in</span> <bdi>{where}</bdi></span><span class="hint">{actions}</span></>;
}

function columns<T>(header: string, ofOneGroup: boolean, cell: Column<Attributed<T>>['cell']): readonly Column<Attributed<T>>[] {
  const what: Column<Attributed<T>> = { key: 'what', header, kind: 'name', cell };
  if (ofOneGroup) return [what];
  return [what, { key: 'from', header: 'From user group', cell: (one) => <GroupLinks groups={one.from} total={one.from.length} /> }];
}
