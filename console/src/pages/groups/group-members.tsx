import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { GroupMembersQuery, RemoveMember, type GroupMembersQueryAnswer, type GroupQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { Pager } from '../../components/pager.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { usePageQuery } from '../../hooks/use-page-query.ts';
import { usePages } from '../../hooks/use-pages.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities, useWho } from '../../hooks/use-session.ts';
import { lacking } from '../../lib/grant-rule.ts';
import { pageOf } from '../../lib/page-query.ts';
import { BASE } from '../../lib/router.ts';
import { AddMembersDialog } from './add-members-dialog.tsx';

const SIZE = 50;
type Member = GroupMembersQueryAnswer['userGroup']['users']['nodes'][number];

/** The users of a group. */
export function GroupMembers({ group, onChanged }: { group: GroupQueryAnswer['userGroup']; onChanged(): void }) {
  const may = useAbilities();
  const lack = lacking(useWho().viewer.permissions, [group.permissions]);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Member>();
  const [query] = usePageQuery();
  const members = useQuery(GroupMembersQuery, { id: group.id, limit: SIZE, offset: (pageOf(query) - 1) * SIZE });
  const pages = usePages(SIZE, members, (data) => data.userGroup.users.pageInfo.total);
  const changed = () => {
    members.reload();
    onChanged();
  };
  const remove = async (user: Member) => {
    try {
      await run(RemoveMember, { input: { userGroupId: group.id, userId: user.id } });
    } catch (thrown) {
      members.reload(); // the list may be older than what another has done
      throw thrown;
    }
    announce(<><bdi>{user.name}</bdi> is no longer in <bdi>{group.name}</bdi>.</>);
    setRemoving(undefined);
    changed();
  };
  return (
    <>
      <section class="panel" aria-labelledby="members-title">
        <div class="panel-head">
          <h2 id="members-title">Members</h2>
          {may.manageUsers && lack === undefined && <Button icon="add" onClick={() => setAdding(true)}>Add members</Button>}
          {may.manageUsers && lack !== undefined && <p class="muted">Nobody can be added by you: this group holds more than you do, {lack}.</p>}
        </div>
        <Loaded query={members} what="members">
          {({ userGroup: { users: { nodes, pageInfo } } }) => nodes.length === 0 ? <Empty>No user is in this group.</Empty> : (
            <>
              <Table caption="Members" columns={columns(may.manageUsers, setRemoving)} rows={nodes} rowKey={(user) => user.id} busy={members.loading} />
              <Pager {...pages} total={pageInfo.total} what="members" />
            </>
          )}
        </Loaded>
      </section>
      {adding && <AddMembersDialog group={group} onClose={() => setAdding(false)} onChanged={changed} />}
      {removing && (
        <Confirm title={<>Remove <bdi>{removing.name}</bdi>?</>} verb="Remove" danger removes onClose={() => setRemoving(undefined)} onConfirm={() => remove(removing)}>
          <p><strong><bdi>{removing.name}</bdi></strong> loses the permissions of <bdi>{group.name}</bdi> from now on.</p>
        </Confirm>
      )}
    </>
  );
}

function columns(manage: boolean, onRemove: (user: Member) => void): readonly Column<Member>[] {
  const shown: Column<Member>[] = [
    { key: 'name', header: 'Name', kind: 'name', cell: (user) => <a id={`member-${user.id}`} href={`${BASE}/security/access/users/${user.id}`}><bdi>{user.name}</bdi></a> },
    { key: 'email', header: 'E-mail', cell: (user) => <bdi>{user.email}</bdi> },
  ];
  if (manage) {
    shown.push({
      key: 'actions', header: 'Actions', kind: 'actions',
      cell: (user) => <IconButton label="Remove from group" icon="close" describedBy={`member-${user.id}`} onClick={() => onRemove(user)} />,
    });
  }
  return shown;
}
