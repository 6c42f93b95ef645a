import { useState } from 'preact/hooks';
import { run } from '../../api/client.ts';
import { CreateApplicationMutation, UpdateApplicationMutation } from '../../api/generated.ts';
import { announce } from '../../components/announcer.tsx';
import { TextArea, TextField } from '../../components/field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { useSubmit } from '../../hooks/use-submit.ts';
import { fieldErrors, type FieldRules } from '../../lib/field-errors.ts';

const RULES: FieldRules<'name' | 'description'> = [
  [/^Invalid application name|^Duplicate name/, 'name'],
  [/^Invalid description/, 'description'],
];

interface ApplicationFormProps {
  /** The application to change; absent for a new one. */
  application?: { readonly id: string; readonly name: string; readonly description: string | null };
  onClose(): void;
  onSaved(): void;
}

export function ApplicationForm({ application, onClose, onSaved }: ApplicationFormProps) {
  const [name, setName] = useState(application?.name ?? '');
  const [description, setDescription] = useState(application?.description ?? '');
  const changed = { name: name !== (application?.name ?? ''), description: description !== (application?.description ?? '') };
  const sending = useSubmit(async () => {
    const about = changed.description ? { description: description === '' ? null : description } : {};
    if (application) await run(UpdateApplicationMutation, { input: { applicationId: application.id, ...(changed.name ? { name } : {}), ...about } });
    else await run(CreateApplicationMutation, { input: { name, ...about } });
    announce(<><bdi>{name}</bdi> is saved.</>);
    onClose();
    onSaved();
  });
  const { fields, form } = fieldErrors(sending.failure, RULES);
  return (
    <FormDialog title={application ? <>Edit <bdi>{application.name}</bdi></> : 'Add Application'} sending={sending} problems={form} dirty={changed.name || changed.description} onClose={onClose}>
      <TextField label="Name" value={name} onInput={setName} error={fields.name} required />
      <TextArea label="Description" value={description} onInput={setDescription} error={fields.description} />
    </FormDialog>
  );
}
