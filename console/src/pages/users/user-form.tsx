import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { CreateUserMutation, UpdateUserMutation, UserQuery, type UserQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { TextField } from '../../components/field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { GroupsField } from '../../components/groups-field.tsx';
import { useSubmit } from '../../hooks/use-submit.ts';
import { fieldErrors, type FieldRules } from '../../lib/field-errors.ts';
import { mergeList } from '../../lib/merge.ts';

type UserField = 'name' | 'email' | 'external' | 'groups';

const RULES: FieldRules<UserField> = [
  [/^Invalid email|^A user already exists with the email/, 'email'],
  [/^Invalid externalUserId/, 'external', 'Invalid external id'],
  [/^No User Group exists|^Too many User Groups|^User not authorized: the user groups hold/, 'groups'],
  [/^Invalid user name/, 'name'],
];

interface UserDraft {
  readonly name: string;
  readonly email: string;
  readonly external: string;
  readonly groupIds: readonly string[];
}

interface UserFormProps {
  /** The user to change; absent for a new one. */
  user?: UserQueryAnswer['user'];
  onClose(): void;
  onSaved(): void;
}

const NEW_USER: UserDraft = { name: '', email: '', external: '', groupIds: [] };

function draftOf(user: UserQueryAnswer['user']): UserDraft {
  return { name: user.name, email: user.email, external: user.externalUserId ?? '', groupIds: user.allGroups.nodes.map((group) => group.id) };
}

/** Sends what the form changed since it began with `before`. The groups go as a whole: those that others gave or took meanwhile stay given and taken. */
async function update(id: string, draft: UserDraft, before: UserDraft) {
  const now = draftOf((await run(UserQuery, { id })).user);
  const changed = (field: keyof UserDraft) => JSON.stringify(draft[field]) !== JSON.stringify(before[field]);
  await run(UpdateUserMutation, {
    input: {
      id,
      ...(changed('name') ? { name: draft.name } : {}),
      ...(changed('external') ? { externalUserId: draft.external === '' ? null : draft.external } : {}),
      ...(changed('groupIds') ? { userGroupIds: mergeList(draft.groupIds, before.groupIds, now.groupIds) } : {}),
    },
  });
}

export function UserForm({ user, onClose, onSaved }: UserFormProps) {
  const [before] = useState(() => (user ? draftOf(user) : NEW_USER));
  const [draft, setDraft] = useState(before);
  const set = (part: Partial<UserDraft>) => setDraft({ ...draft, ...part });
  const sending = useSubmit(async () => {
    if (user) {
      await update(user.id, draft, before);
    } else {
      const externalUserId = draft.external === '' ? {} : { externalUserId: draft.external };
      await run(CreateUserMutation, { input: { name: draft.name, email: draft.email.trim(), userGroupIds: draft.groupIds, ...externalUserId } });
    }
    announce(<><bdi>{draft.name}</bdi> is saved.</>);
    onClose();
    onSaved();
  });
  const { fields, form } = fieldErrors(sending.failure, RULES);
  const dirty = JSON.stringify(draft) !== JSON.stringify(before);
  return (
    <FormDialog title={user ? <>Edit <bdi>{user.name}</bdi></> : 'Add User'} sending={sending} problems={form} dirty={dirty} onClose={onClose}>
      <TextField label="Name" value={draft.name} onInput={(name) => set({ name })} error={fields.name} required />
      {!user && <TextField label="E-mail" type="email" value={draft.email} onInput={(email) => set({ email })} error={fields.email} required />}
      <GroupsField chosen={draft.groupIds} onChange={(groupIds) => set({ groupIds })} error={fields.groups} hint="The user may do what the user groups may do." />
      <TextField label="External id" value={draft.external} onInput={(external) => set({ external })} error={fields.external} hint="By which another system knows the user. May be empty." />
      {!user && <p class="muted">A new user has no password yet. Set one with “Set password” once the user is there.</p>}
    </FormDialog>
  );
}
