import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { ApplicationNamesQuery, CreateGroup, GroupQuery, UpdateGroup, type GroupQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextArea, TextField } from '../../components/field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { Loaded } from '../../components/states.tsx';
import { UsersField } from '../../components/users-field.tsx';
import { useAll } from '../../hooks/use-all.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { useSubmit } from '../../hooks/use-submit.ts';
import { THINGS } from '../../lib/app-permission-text.ts';
import { fieldErrors, type FieldRules } from '../../lib/field-errors.ts';
import { createGroupInput, groupDraftOf, NEW_GROUP, rebaseGroup, updateGroupInput, type GroupDraft, type GroupField } from '../../lib/group-draft.ts';
import { AccountPermissionFields } from './account-permission-fields.tsx';
import { AppPermissionFields } from './app-permission-fields.tsx';

const RULES: FieldRules<GroupField> = [
  [/^Invalid user group name|^A user group already exists with the name/, 'name'],
  [/^Invalid description/, 'description'],
  [/^User does not exist|^Too many User Groups/, 'users'],
  [/^Invalid scope|^Too many scopes/, 'scopes'],
  [/^Too many (application permissions|permissions: the ids and scopes)/, 'apps'],
  ...Object.entries(THINGS).flatMap(([type, things]): FieldRules<GroupField> => [
    [new RegExp(`^Invalid ${type} permission`), 'apps', `Invalid permission on ${things.toLowerCase()}`],
    [new RegExp(`(more than the caller holds) \\(${type}\\)$`), 'apps', `$1 (${things.toLowerCase()} in applications)`],
  ]),
  [/can be set only together|more than the caller holds \(“/, 'account'],
  [/more than the caller holds \(/, 'scopes'],
];

interface GroupFormProps {
  /** The group to change; absent for a new one. */
  group?: GroupQueryAnswer['userGroup'];
  onClose(): void;
  onSaved(id: string): void;
}

/** Changes a group, from what the server has of it at this moment. */
export function EditGroup({ id, onClose, onSaved }: Omit<GroupFormProps, 'group'> & { id: string }) {
  const query = useQuery(GroupQuery, { id });
  if (query.data) return <GroupForm group={query.data.userGroup} onClose={onClose} onSaved={onSaved} />;
  return <Dialog title="Edit user group" onClose={onClose}><Loaded query={query} what="the user group">{() => null}</Loaded></Dialog>;
}

async function update(id: string, draft: GroupDraft, before: GroupDraft) {
  const now = groupDraftOf((await run(GroupQuery, { id })).userGroup);
  return (await run(UpdateGroup, { input: updateGroupInput(rebaseGroup(draft, before, now), now, id) })).updateUserGroup.userGroup;
}

/** A user group's form: what it is called, who is in it and what it may do. Members of a group that exists are changed on its page. */
export function GroupForm({ group, onClose, onSaved }: GroupFormProps) {
  const may = useAbilities();
  const [before] = useState(() => (group ? groupDraftOf(group) : NEW_GROUP));
  const [draft, setDraft] = useState(before);
  const [userIds, setUserIds] = useState<readonly string[]>([]);
  const applications = useAll(ApplicationNamesQuery, (page) => page, (answer) => answer.applications);
  const sending = useSubmit(async () => {
    const saved = group
      ? await update(group.id, draft, before)
      : (await run(CreateGroup, { input: createGroupInput(draft, userIds) })).createUserGroup.userGroup;
    announce(<><bdi>{saved.name}</bdi> is saved.</>);
    onClose();
    onSaved(saved.id);
  });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const { fields, form } = fieldErrors(sending.failure, RULES);
  const dirty = JSON.stringify(draft) !== JSON.stringify(before) || userIds.length > 0;
  return (
    <FormDialog title={group ? <>Edit <bdi>{group.name}</bdi></> : 'Add User Group'} sending={sending} problems={form} dirty={dirty} onClose={onClose} wide>
      <TextField label="Name" value={draft.name} onInput={(name) => set({ name })} error={fields.name} required />
      <TextArea label="Description" rows={2} value={draft.description} onInput={(description) => set({ description })} error={fields.description} />
      {!group && may.seeUsers && <UsersField chosen={userIds} onChange={setUserIds} error={fields.users} />}
      <AccountPermissionFields chosen={draft.account} onChange={(account) => set({ account })} error={fields.account} />
      <TextArea
        label="Scopes" rows={3} value={draft.scopes} onInput={(scopes) => set({ scopes })} error={fields.scopes} mono
        hint="Names of your own, one a line, such as invoices.read. invoices.* covers all that begin with invoices., and * covers all."
      />
      <AppPermissionFields permissions={draft.apps} onChange={(apps) => set({ apps })} error={fields.apps} applications={applications} />
    </FormDialog>
  );
}
