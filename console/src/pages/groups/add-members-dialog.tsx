import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { oneFailure } from '../../api/failure.ts';
import { AddMember, GroupMembersQuery } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { UsersField } from '../../components/users-field.tsx';
import { useAll } from '../../hooks/use-all.ts';
import { useSubmit } from '../../hooks/use-submit.ts';
import { count } from '../../lib/format.ts';

interface AddMembersDialogProps {
  group: { readonly id: string; readonly name: string };
  onClose(): void;
  onChanged(): void;
}

export function AddMembersDialog({ group, onClose, onChanged }: AddMembersDialogProps) {
  const members = useAll(GroupMembersQuery, (page) => ({ id: group.id, ...page }), ({ userGroup }) => userGroup.users);
  const [ticked, setTicked] = useState<readonly string[]>([]);
  const chosen = ticked.filter((id) => !members.items?.some((one) => one.id === id)); // others may have put some of them in meanwhile
  const sending = useSubmit(async () => {
    if (chosen.length === 0) throw oneFailure('Choose at least one user.', 'BAD_USER_INPUT');
    let waiting = chosen;
    try {
      for (const userId of chosen) {
        await run(AddMember, { input: { userGroupId: group.id, userId } });
        waiting = waiting.filter((one) => one !== userId);
      }
    } catch (thrown) {
      members.retry();
      throw thrown;
    } finally {
      setTicked(waiting); // who is refused stays chosen; who is in is not tried again
      if (waiting.length < chosen.length) onChanged();
    }
    announce(<>{count(chosen.length, 'user')} added to <bdi>{group.name}</bdi>.</>);
    onClose();
  });
  return (
    <FormDialog title={<>Add members to <bdi>{group.name}</bdi></>} sending={sending} problems={[]} dirty={chosen.length > 0} onClose={onClose}>
      <UsersField without={members} chosen={chosen} onChange={setTicked} error={sending.failure?.message} />
    </FormDialog>
  );
}
