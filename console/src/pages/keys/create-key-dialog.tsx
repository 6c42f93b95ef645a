import { useState } from 'preact/hooks';
import { accountId, run } from '../../api/client.ts';
import { CreateKey } from '../../api/generated.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { useForgetting } from '../../hooks/use-forgetting.ts';
import { useSubmit } from '../../hooks/use-submit.ts';
import { serverNow } from '../../lib/clock.ts';
import { fieldErrors } from '../../lib/field-errors.ts';
import { createInput, NEW_KEY, sameDraft } from '../../lib/key-draft.ts';
import { KEY_FIELD_RULES, KeyForm } from './key-form.tsx';
import { KeySecret } from './key-secret.tsx';

export function CreateKeyDialog({ onClose, onCreated }: { onClose(): void; onCreated(): void }) {
  const [draft, setDraft] = useState(NEW_KEY);
  const [made, setMade] = useState<{ name: string; secret: string }>();
  const sending = useSubmit(async () => {
    const { createApiKey } = await run(CreateKey, { input: createInput(draft, accountId(), serverNow()) });
    setMade({ name: createApiKey.apiKey.name, secret: createApiKey.key });
    onCreated();
  });
  useForgetting(() => made && onClose());
  if (made) {
    return (
      <Dialog title="API key created" onClose={onClose} actions={<Button onClick={onClose}>Done</Button>}>
        <KeySecret name={made.name} secret={made.secret} />
      </Dialog>
    );
  }
  const errors = fieldErrors(sending.failure, KEY_FIELD_RULES);
  return (
    <FormDialog title="Add API Key" sending={sending} problems={errors.form} dirty={!sameDraft(draft, NEW_KEY)} onClose={onClose}>
      <KeyForm draft={draft} onChange={setDraft} errors={errors} />
    </FormDialog>
  );
}
