import { Button, IconButton } from '../../components/button.tsx';
import { FieldGroup } from '../../components/field.tsx';
import { useRows } from '../../hooks/use-rows.ts';
import type { KeyDraft } from '../../lib/key-draft.ts';

type Rows = KeyDraft['metadata'];

/** Notes on a key: a name and a text each. */
export function MetadataFields({ rows, onChange, error }: { rows: Rows; onChange(rows: Rows): void; error: string | undefined }) {
  const { keys, addButton, taken } = useRows(rows.length);
  const remove = (index: number) => {
    taken(index);
    onChange(rows.filter((_, at) => at !== index));
  };
  const change = (index: number, part: Partial<Rows[number]>) => onChange(rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  return (
    <FieldGroup label="Metadata" error={error} hint="Notes for those who look after the key. Services that verify it get them too.">
      {rows.map((row, index) => (
        <div class="metadata-row" key={keys[index]}>
          <input aria-label={`Name of note ${index + 1}`} placeholder="owner" value={row.key} onInput={(event) => change(index, { key: event.currentTarget.value })} />
          <input aria-label={`Text of note ${index + 1}`} placeholder="finance@example.com" value={row.value} onInput={(event) => change(index, { value: event.currentTarget.value })} />
          <IconButton label={`Remove note ${index + 1}`} icon="trash" onClick={() => remove(index)} />
        </div>
      ))}
      <Button kind="quiet" icon="add" buttonRef={addButton} onClick={() => onChange([...rows, { key: '', value: '' }])}>Add note</Button>
    </FieldGroup>
  );
}
