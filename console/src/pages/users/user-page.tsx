import { UserQuery, type UserQueryAnswer } from '../../api/generated.ts';
import { Badge } from '../../components/badge.tsx';
import { GroupLinks } from '../../components/group-links.tsx';
import { PermissionTables } from '../../components/permission-tables.tsx';
import { Loaded } from '../../components/states.tsx';
import { TrailPanel } from '../../components/trail-panel.tsx';
import { useApplicationNames } from '../../hooks/use-application-names.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities, useWho } from '../../hooks/use-session.ts';
import { useTitle } from '../../hooks/use-title.ts';
import { ACCESS_TRAIL, PageHead } from '../../layout/page-head.tsx';
import { navigate } from '../../lib/router.ts';
import { useUserActions } from './user-actions.tsx';

const LIST = '/security/access/users';
const TRAIL = [...ACCESS_TRAIL, { name: 'Users', to: LIST }];

export function UserPage({ id }: { id: string }) {
  const query = useQuery(UserQuery, { id });
  useTitle(query.data?.user.name ?? 'User');
  return (
    <>
      {query.failure && !query.data && <PageHead title="User" trail={TRAIL} />}
      <Loaded query={query} what="the user">
        {({ user }) => <UserView user={user} reload={query.reload} />}
      </Loaded>
    </>
  );
}

function UserView({ user, reload }: { user: UserQueryAnswer['user']; reload(): void }) {
  const may = useAbilities();
  const own = useWho().viewer.user?.id === user.id;
  const actions = useUserActions(reload, () => navigate(LIST));
  const applicationNames = useApplicationNames();
  return (
    <>
      <PageHead title={user.name} trail={TRAIL} actions={may.manageUsers || own ? actions.buttons(user, 'user-name') : undefined} />
      <span id="user-name" hidden>{user.name}</span>
      <dl class="details panel">
        <div><dt>State</dt><dd>{user.isUserLocked ? <><Badge kind="bad">Locked</Badge>after too many wrong passwords</> : <Badge kind="good">Active</Badge>}</dd></div>
        <div><dt>E-mail</dt><dd><bdi>{user.email}</bdi></dd></div>
        <div><dt>Id</dt><dd><code>{user.id}</code></dd></div>
        <div><dt>User Groups</dt><dd><GroupLinks groups={user.allGroups.nodes} total={user.allGroups.pageInfo.total} /></dd></div>
        {user.externalUserId && <div><dt>External id</dt><dd><code>{user.externalUserId}</code></dd></div>}
        {user.isImportedFromIdentityProvider && <div><dt>Origin</dt><dd>Identity provider</dd></div>}
      </dl>
      <section class="panel" aria-labelledby="permissions-title">
        <div class="panel-head"><h2 id="permissions-title">Effective permissions</h2></div>
        <PermissionTables groups={user.allGroups.nodes} applicationNames={applicationNames} />
      </section>
      {may.seeAudits && <TrailPanel title="What the user did" filter={{ actorId: user.id }} more={`/audit?actor=${encodeURIComponent(user.id)}`} />}
      {actions.dialogs}
    </>
  );
}
