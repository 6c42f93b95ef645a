import { useState } from 'preact/hooks';
import { accountId, run } from '../../api/client.ts';
import { KeySettingsQuery, UpdateKey, type KeySettingsQueryAnswer } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { Loaded } from '../../components/states.tsx';
import { useQuery } from '../../hooks/use-query.ts';
import { useWho } from '../../hooks/use-session.ts';
import { useSubmit } from '../../hooks/use-submit.ts';
import { serverNow } from '../../lib/clock.ts';
import { fieldErrors } from '../../lib/field-errors.ts';
import { lacking } from '../../lib/grant-rule.ts';
import { draftOf, rebase, sameDraft, updateInput } from '../../lib/key-draft.ts';
import { KEY_FIELD_RULES, KeyForm } from './key-form.tsx';

interface EditKeyDialogProps {
  id: string;
  onClose(): void;
  onSaved(): void;
}

/** Changes a key, from what the server has of it at this moment. */
export function EditKeyDialog({ id, onClose, onSaved }: EditKeyDialogProps) {
  const query = useQuery(KeySettingsQuery, { id });
  if (query.data) return <EditForm apiKey={query.data.apiKey} onClose={onClose} onSaved={onSaved} />;
  return <Dialog title="Edit API key" onClose={onClose}><Loaded query={query} what="the key">{() => null}</Loaded></Dialog>;
}

function EditForm({ apiKey, onClose, onSaved }: Omit<EditKeyDialogProps, 'id'> & { apiKey: KeySettingsQueryAnswer['apiKey'] }) {
  const [before] = useState(() => draftOf(apiKey));
  const [draft, setDraft] = useState(before);
  const lack = lacking(useWho().viewer.permissions, [apiKey.permissions]);
  const sending = useSubmit(async () => {
    const now = draftOf((await run(KeySettingsQuery, { id: apiKey.id })).apiKey);
    const wanted = rebase(draft, before, now);
    await run(UpdateKey, { input: updateInput(wanted, now, accountId(), apiKey.id, serverNow()) });
    announce(<><bdi>{wanted.name}</bdi> is saved.</>);
    onSaved();
    onClose();
  });
  const errors = fieldErrors(sending.failure, KEY_FIELD_RULES);
  return (
    <FormDialog title={<>Edit <bdi>{apiKey.name}</bdi></>} sending={sending} problems={errors.form} dirty={!sameDraft(draft, before)} onClose={onClose}>
      {lack !== undefined && <p class="muted">This key holds more than you do: {lack}. What limits it can be made narrower, and not wider.</p>}
      <KeyForm draft={draft} onChange={setDraft} errors={errors} />
    </FormDialog>
  );
}
