import { useState } from 'preact/hooks';
import { GroupsQuery, type GroupsQueryAnswer } from '../../api/generated.ts';
import { Button } from '../../components/button.tsx';
import { Pager } from '../../components/pager.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { usePageQuery } from '../../hooks/use-page-query.ts';
import { usePages } from '../../hooks/use-pages.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { ACCESS_TRAIL, PageHead } from '../../layout/page-head.tsx';
import { count, number } from '../../lib/format.ts';
import { pageOf } from '../../lib/page-query.ts';
import { BASE, navigate } from '../../lib/router.ts';
import { GroupForm } from './group-form.tsx';

const SIZE = 50;
export const GROUPS = '/security/access/user-groups';
type Group = GroupsQueryAnswer['userGroups']['nodes'][number];

export function GroupsPage() {
  const may = useAbilities();
  const [adding, setAdding] = useState(false);
  const [query] = usePageQuery();
  const groups = useQuery(GroupsQuery, { limit: SIZE, offset: (pageOf(query) - 1) * SIZE, users: may.seeUsers });
  const pages = usePages(SIZE, groups, (data) => data.userGroups.pageInfo.total);
  const add = may.manageUsers && <Button kind="primary" icon="add" onClick={() => setAdding(true)}>Add User Group</Button>;
  return (
    <>
      <PageHead title="User Groups" trail={ACCESS_TRAIL} actions={add}>Permissions under a name. Keys and users have them by being in the group.</PageHead>
      <Loaded query={groups} what="user groups">
        {({ userGroups: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>There is no user group yet.</Empty> : (
          <>
            <Table caption="User groups" columns={columns(may.seeUsers)} rows={nodes} rowKey={(group) => group.id} busy={groups.loading} />
            <Pager {...pages} total={pageInfo.total} what="user groups" />
          </>
        )}
      </Loaded>
      {adding && <GroupForm onClose={() => setAdding(false)} onSaved={(id) => navigate(`${GROUPS}/${id}`)} />}
    </>
  );
}

function columns(users: boolean): readonly Column<Group>[] {
  const all: readonly (Column<Group> | false)[] = [
    {
      key: 'name', header: 'Name', kind: 'name',
      cell: (group) => (
        <>
          <a href={`${BASE}${GROUPS}/${group.id}`}><bdi>{group.name}</bdi></a>
          {group.description && <span class="hint"><bdi>{group.description}</bdi></span>}
        </>
      ),
    },
    users && { key: 'users', header: 'Users', kind: 'number', cell: (group) => number(group.users?.pageInfo.total ?? 0) },
    { key: 'permissions', header: 'Permissions', cell: (group) => summary(group) },
  ];
  return all.filter((one) => one !== false);
}

function summary({ permissions }: Group) {
  const account = permissions.accountPermissions.accountPermissionTypes.length;
  const parts = [
    account > 0 && count(account, 'account permission'),
    permissions.scopes.length > 0 && count(permissions.scopes.length, 'scope'),
    permissions.appPermissions.length > 0 && count(permissions.appPermissions.length, 'application permission'),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : <span class="muted">None</span>;
}
