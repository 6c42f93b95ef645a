import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { DeleteUserMutation, UserQuery, type UserRow } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { IconButton } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Loaded } from '../../components/states.tsx';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities, useWho } from '../../hooks/use-session.ts';
import { PasswordDialog } from './password-dialog.tsx';
import { UserForm } from './user-form.tsx';

export interface UserActions {
  /** The buttons of one user; `describedBy` is the id of the name on the page. */
  buttons(user: UserRow, describedBy: string): ComponentChildren;
  readonly dialogs: ComponentChildren;
}

/** What can be done with a user who exists. */
export function useUserActions(onChanged: () => void, onDeleted: () => void): UserActions {
  const may = useAbilities();
  const { viewer, accounts } = useWho();
  const own = viewer.user?.id;
  const [open, setOpen] = useState<{ readonly what: 'edit' | 'password' | 'delete'; readonly user: UserRow }>();
  const close = () => setOpen(undefined);
  const remove = async (user: UserRow) => {
    await run(DeleteUserMutation, { input: { id: user.id } });
    announce(<><bdi>{user.name}</bdi> is deleted.</>);
    close();
    onDeleted();
  };
  return {
    buttons: (user, describedBy) => (
      <div class="row-actions">
        {may.manageUsers && <IconButton label="Edit" icon="edit" describedBy={describedBy} onClick={() => setOpen({ what: 'edit', user })} />}
        {(may.manageUsers || user.id === own) && <IconButton label="Set password" icon="lock" describedBy={describedBy} onClick={() => setOpen({ what: 'password', user })} />}
        {may.manageUsers && <IconButton label="Delete" icon="trash" kind="danger" describedBy={describedBy} onClick={() => setOpen({ what: 'delete', user })} />}
      </div>
    ),
    dialogs: open && (
      <>
        {open.what === 'edit' && <EditUser id={open.user.id} onClose={close} onSaved={onChanged} />}
        {open.what === 'password' && <PasswordDialog user={open.user} onClose={close} />}
        {open.what === 'delete' && (
          <Confirm title={<>Delete <bdi>{open.user.name}</bdi>?</>} verb="Delete" danger removes onGone={onDeleted} onClose={close} onConfirm={() => remove(open.user)}>
            <p><strong><bdi>{open.user.name}</bdi></strong> (<bdi>{open.user.email}</bdi>) can no longer sign in, and open sessions end. This cannot be undone.</p>
            {open.user.id === own && <p>This is you: your session{accounts.length > 1 && ' in this account'} ends too.</p>}
          </Confirm>
        )}
      </>
    ),
  };
}

function EditUser({ id, onClose, onSaved }: { id: string; onClose(): void; onSaved(): void }) {
  const query = useQuery(UserQuery, { id });
  if (query.data) return <UserForm user={query.data.user} onClose={onClose} onSaved={onSaved} />;
  return <Dialog title="Edit user" onClose={onClose}><Loaded query={query} what="the user">{() => null}</Loaded></Dialog>;
}
