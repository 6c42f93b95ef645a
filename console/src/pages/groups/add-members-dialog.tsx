import { useState } from 'preact/hooks';
import { oneFailure } from '../../api/failure.ts';
import { announce } from '../../components/announcer.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { UsersField } from '../../components/users-field.tsx';
import { useSubmit } from '../../hooks/use-submit.ts';
import { count } from '../../lib/format.ts';

interface AddMembersDialogProps {
  group: { readonly name: string };
  /** Ids of the users who are in it. */
  present: readonly string[];
  onClose(): void;
  onChanged(): void;
  add(userId: string): Promise<void>;
}

export function AddMembersDialog({ group, present, onClose, onChanged, add }: AddMembersDialogProps) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const sending = useSubmit(async () => {
    if (chosen.length === 0) throw oneFailure('Choose at least one user.', 'BAD_USER_INPUT');
    let waiting = chosen;
    try {
      for (const id of chosen) {
        await add(id);
        waiting = waiting.filter((one) => one !== id);
      }
    } finally {
      setChosen(waiting); // who is refused stays chosen; who is in is not tried again
      if (waiting.length < chosen.length) onChanged();
    }
    announce(<>{count(chosen.length, 'user')} added to <bdi>{group.name}</bdi>.</>);
    onClose();
  });
  return (
    <FormDialog title={<>Add members to <bdi>{group.name}</bdi></>} sending={sending} problems={[]} dirty={chosen.length > 0} onClose={onClose}>
      <UsersField without={present} chosen={chosen} onChange={setChosen} error={sending.failure?.message} />
    </FormDialog>
  );
}
