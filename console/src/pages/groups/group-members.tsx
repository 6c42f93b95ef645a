import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { AddMember, RemoveMember, type GroupQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { Empty } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { useAbilities } from '../../hooks/use-session.ts';
import { BASE } from '../../lib/router.ts';
import { AddMembersDialog } from './add-members-dialog.tsx';

type Group = GroupQueryAnswer['userGroup'];
type Users = NonNullable<Group['users']>;
type Member = Users['nodes'][number];

/** The users of a group. */
export function GroupMembers({ group, users, reload }: { group: Group; users: Users; reload(): void }) {
  const may = useAbilities();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Member>();
  const all: readonly (Column<Member> | false)[] = [
    { key: 'name', header: 'Name', kind: 'name', cell: (user) => <a id={`member-${user.id}`} href={`${BASE}/security/access/users/${user.id}`}><bdi>{user.name}</bdi></a> },
    { key: 'email', header: 'E-mail', cell: (user) => <bdi>{user.email}</bdi> },
    may.manageUsers && {
      key: 'actions', header: 'Actions', kind: 'actions',
      cell: (user) => <IconButton label="Remove from group" icon="close" describedBy={`member-${user.id}`} onClick={() => setRemoving(user)} />,
    },
  ];
  const remove = async (user: Member) => {
    try {
      await run(RemoveMember, { input: { userGroupId: group.id, userId: user.id } });
    } catch (thrown) {
      reload(); // the list may be older than what another has done
      throw thrown;
    }
    announce(<><bdi>{user.name}</bdi> is no longer in <bdi>{group.name}</bdi>.</>);
    setRemoving(undefined);
    reload();
  };
  return (
    <>
      <section class="panel" aria-labelledby="members-title">
        <div class="panel-head">
          <h2 id="members-title">Members</h2>
          {may.manageUsers && <Button icon="add" onClick={() => setAdding(true)}>Add members</Button>}
        </div>
        {users.nodes.length === 0 ? <Empty>No user is in this group.</Empty> : (
          <Table caption="Members" columns={all.filter((one) => one !== false)} rows={users.nodes} rowKey={(user) => user.id} />
        )}
        {users.pageInfo.total > users.nodes.length && <p class="panel-more muted">The first {users.nodes.length} of {users.pageInfo.total}.</p>}
      </section>
      {adding && (
        <AddMembersDialog
          group={group} present={users.nodes.map((user) => user.id)} onClose={() => setAdding(false)} onChanged={reload}
          add={async (userId) => void (await run(AddMember, { input: { userGroupId: group.id, userId } }))}
        />
      )}
      {removing && (
        <Confirm title={<>Remove <bdi>{removing.name}</bdi>?</>} verb="Remove" danger removes onClose={() => setRemoving(undefined)} onConfirm={() => remove(removing)}>
          <p><strong><bdi>{removing.name}</bdi></strong> loses the permissions of <bdi>{group.name}</bdi> from now on.</p>
        </Confirm>
      )}
    </>
  );
}
