import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { fieldFailure } from '../../api/failure.ts';
import { SetPasswordMutation, UserQuery } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { Loaded } from '../../components/states.tsx';
import { useQuery } from '../../hooks/use-query.ts';
import { useWho } from '../../hooks/use-session.ts';
import { useSubmit } from '../../hooks/use-submit.ts';
import { lacking } from '../../lib/grant-rule.ts';
import { fieldErrors, type FieldRules } from '../../lib/field-errors.ts';

type PasswordField = 'current' | 'password' | 'again';

const RULES: FieldRules<PasswordField> = [
  [/^User not authorized: currentPassword is not the user's password$/, 'current', 'This is not your password.'],
  [/^Invalid password/, 'password'],
];

interface PasswordDialogProps {
  user: { readonly id: string; readonly name: string };
  onClose(): void;
}

/** Sets a user's password. One's own needs the current one; another's nobody may set who holds less: it lets one sign in as that user. */
export function PasswordDialog({ user, onClose }: PasswordDialogProps) {
  const { viewer } = useWho();
  const own = viewer.user?.id === user.id;
  const query = useQuery(UserQuery, own ? undefined : { id: user.id });
  const lack = query.data && lacking(viewer.permissions, query.data.user.allGroups.nodes.map((group) => group.permissions));
  if (own || query.data && lack === undefined) return <PasswordForm user={user} own={own} onClose={onClose} />;
  return (
    <Dialog title={<>Set the password of <bdi>{user.name}</bdi></>} onClose={onClose}>
      <Loaded query={query} what="the user">{() => <p>It is not for you to set: this user holds more than you do, {lack}.</p>}</Loaded>
    </Dialog>
  );
}

function PasswordForm({ user, own, onClose }: PasswordDialogProps & { own: boolean }) {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const sending = useSubmit(async () => {
    if (password !== again) throw fieldFailure<PasswordField>('again', 'Write the same password twice.');
    await run(SetPasswordMutation, { input: { userId: user.id, password, ...(own ? { currentPassword: current } : {}) } });
    announce(<>The password of <bdi>{user.name}</bdi> is set.</>);
    onClose();
  });
  const { fields, form } = fieldErrors(sending.failure, RULES);
  return (
    <FormDialog title={own ? 'Change your password' : <>Set the password of <bdi>{user.name}</bdi></>} sending={sending} problems={form} dirty={password !== '' || current !== ''} onClose={onClose}>
      {own && <TextField label="Current password" type="password" autocomplete="current-password" value={current} onInput={setCurrent} error={fields.current} required />}
      <TextField
        label="New password" type="password" autocomplete="new-password" value={password} onInput={setPassword} error={fields.password} required
        hint="At least 8 characters. Other sessions of the user end."
      />
      <TextField label="New password again" type="password" autocomplete="new-password" value={again} onInput={setAgain} error={fields.again} required />
    </FormDialog>
  );
}
