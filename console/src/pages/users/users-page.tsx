import { useState } from 'preact/hooks';
import { UserByEmailQuery, UserByNameQuery, UsersQuery, type UserRow } from '../../api/generated.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { GroupLinks } from '../../components/group-links.tsx';
import { Pager } from '../../components/pager.tsx';
import { Problem } from '../../components/problem.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { usePageQuery } from '../../hooks/use-page-query.ts';
import { usePages } from '../../hooks/use-pages.ts';
import { useQuery, type QueryState } from '../../hooks/use-query.ts';
import { useAbilities, useWho } from '../../hooks/use-session.ts';
import { ACCESS_TRAIL, PageHead } from '../../layout/page-head.tsx';
import { pageOf } from '../../lib/page-query.ts';
import { BASE } from '../../lib/router.ts';
import { useUserActions, type UserActions } from './user-actions.tsx';
import { UserForm } from './user-form.tsx';

const SIZE = 50;

export function UsersPage() {
  const may = useAbilities();
  const own = useWho().viewer.user !== null;
  const [adding, setAdding] = useState(false);
  const [query, change] = usePageQuery();
  const wanted = (query['q'] ?? '').trim(); // no name or address begins or ends with a space
  const users = useQuery(UsersQuery, wanted === '' ? { limit: SIZE, offset: (pageOf(query) - 1) * SIZE } : undefined);
  const byEmail = useQuery(UserByEmailQuery, wanted.includes('@') ? { email: wanted } : undefined);
  const byName = useQuery(UserByNameQuery, wanted !== '' && !wanted.includes('@') ? { name: wanted } : undefined);
  const found = wanted.includes('@') ? byEmail : byName;
  const pages = usePages(SIZE, users, (data) => data.users.pageInfo.total);
  const reload = () => (wanted === '' ? users : found).reload();
  const actions = useUserActions(reload, () => (wanted === '' ? users.reload() : change({ q: '' })));
  const columns = columnsOf(may.manageUsers || own, actions);
  const add = may.manageUsers && <Button kind="primary" icon="add" onClick={() => setAdding(true)}>Add User</Button>;
  return (
    <>
      <PageHead title="Users" trail={ACCESS_TRAIL} actions={add}>People. They may do what their user groups may do.</PageHead>
      <div class="toolbar" role="search" aria-label="Users">
        <SearchField label="Find by e-mail or full name" value={query['q'] ?? ''} onSearch={(q) => change({ q }, { replace: true })} />
      </div>
      {wanted === '' ? (
        <Loaded query={users} what="users">
          {({ users: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>There is no user yet.</Empty> : (
            <>
              <Table caption="Users" columns={columns} rows={nodes} rowKey={(user) => user.id} busy={users.loading} />
              <Pager {...pages} total={pageInfo.total} what="users" />
            </>
          )}
        </Loaded>
      ) : (
        <Found query={found} user={wanted.includes('@') ? byEmail.data?.userByEmail : byName.data?.userByName} columns={columns} />
      )}
      {adding && <UserForm onClose={() => setAdding(false)} onSaved={reload} />}
      {actions.dialogs}
    </>
  );
}

function Found({ query: { failure, loading, reload }, user, columns }: { query: QueryState<unknown>; user: UserRow | undefined; columns: readonly Column<UserRow>[] }) {
  if (failure && failure.code !== 'NOT_FOUND') return <Problem failure={failure} onRetry={reload} />;
  if (user && !failure) return <Table caption="Users" columns={columns} rows={[user]} rowKey={(one) => one.id} busy={loading} />;
  return <p class="empty" role="status">{loading ? 'Looking…' : 'No user has this e-mail address or full name.'}</p>;
}

function columnsOf(act: boolean, actions: UserActions): readonly Column<UserRow>[] {
  const all: readonly (Column<UserRow> | false)[] = [
    { key: 'name', header: 'Name', kind: 'name', cell: (user) => <a id={`user-${user.id}`} href={`${BASE}/security/access/users/${user.id}`}><bdi>{user.name}</bdi></a> },
    { key: 'email', header: 'E-mail', cell: (user) => <bdi>{user.email}</bdi> },
    { key: 'groups', header: 'User Groups', cell: (user) => <GroupLinks groups={user.shownGroups.nodes} total={user.shownGroups.pageInfo.total} /> },
    { key: 'state', header: 'State', cell: (user) => (user.isUserLocked ? <Badge kind="bad">Locked</Badge> : <Badge kind="good">Active</Badge>) },
    act && { key: 'actions', header: 'Actions', kind: 'actions', cell: (user) => actions.buttons(user, `user-${user.id}`) },
  ];
  return all.filter((one) => one !== false);
}
