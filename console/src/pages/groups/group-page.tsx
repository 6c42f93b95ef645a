import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { DeleteGroup, GroupQuery, type GroupQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { PermissionTables } from '../../components/permission-tables.tsx';
import { Loaded } from '../../components/states.tsx';
import { TrailPanel } from '../../components/trail-panel.tsx';
import { useApplicationNames } from '../../hooks/use-application-names.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { useTitle } from '../../hooks/use-title.ts';
import { ACCESS_TRAIL, PageHead } from '../../layout/page-head.tsx';
import { navigate } from '../../lib/router.ts';
import { EditGroup } from './group-form.tsx';
import { GroupKeys } from './group-keys.tsx';
import { GroupMembers } from './group-members.tsx';
import { GROUPS } from './groups-page.tsx';

const TRAIL = [...ACCESS_TRAIL, { name: 'User Groups', to: GROUPS }];

export function GroupPage({ id }: { id: string }) {
  const query = useQuery(GroupQuery, { id });
  useTitle(query.data?.userGroup.name ?? 'User group');
  return (
    <>
      {query.failure && !query.data && <PageHead title="User group" trail={TRAIL} />}
      <Loaded query={query} what="the user group">
        {({ userGroup }) => <GroupView group={userGroup} reload={query.reload} />}
      </Loaded>
    </>
  );
}

function GroupView({ group, reload }: { group: GroupQueryAnswer['userGroup']; reload(): void }) {
  const may = useAbilities();
  const applicationNames = useApplicationNames();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const [changes, setChanges] = useState(0);
  const close = () => setOpen(undefined);
  const noteChange = () => setChanges((last) => last + 1);
  const changed = () => {
    noteChange();
    reload();
  };
  const remove = async () => {
    await run(DeleteGroup, { input: { userGroupId: group.id } });
    announce(<><bdi>{group.name}</bdi> is deleted.</>);
    close();
    navigate(GROUPS);
  };
  const actions = may.manageUsers && (
    <>
      <Button icon="edit" onClick={() => setOpen('edit')}>Edit</Button>
      <Button icon="trash" kind="danger" onClick={() => setOpen('delete')}>Delete</Button>
    </>
  );
  return (
    <>
      <PageHead title={group.name} trail={TRAIL} actions={actions}>{group.description && <bdi>{group.description}</bdi>}</PageHead>
      <section class="panel" aria-labelledby="permissions-title">
        <div class="panel-head"><h2 id="permissions-title">Permissions</h2></div>
        <PermissionTables groups={[group]} applicationNames={applicationNames} ofOneGroup />
      </section>
      {may.seeUsers && <GroupMembers group={group} onChanged={noteChange} />}
      {may.seeKeys && <GroupKeys id={group.id} />}
      {may.seeAudits && <TrailPanel title="Audit trail" filter={{ resourceId: group.id }} more={`/audit?resource=${encodeURIComponent(group.id)}`} about={group.id} round={changes} />}
      {open === 'edit' && <EditGroup id={group.id} onClose={close} onSaved={changed} />}
      {open === 'delete' && (
        <Confirm title={<>Delete <bdi>{group.name}</bdi>?</>} verb="Delete" danger removes onGone={() => navigate(GROUPS)} onClose={close} onConfirm={remove}>
          <p>Every key and user in <strong><bdi>{group.name}</bdi></strong> loses its permissions from now on. This cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}
