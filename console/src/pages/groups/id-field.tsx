import { useState } from 'preact/hooks';
import { TextField } from '../../components/field.tsx';
import { wordsIn } from '../../lib/merge.ts';

interface IdFieldProps {
  label: string;
  ids: readonly (string | null)[];
  /** What no id means. */
  empty: string;
  onChange(ids: readonly string[]): void;
}

/** Any number of ids, as text. */
export function IdField({ label, ids, empty, onChange }: IdFieldProps) {
  const [text, setText] = useState(ids.join(' ')); // what is typed, with the space after which the next id comes
  const change = (next: string) => {
    setText(next);
    onChange(wordsIn(next));
  };
  return <TextField label={label} value={text} mono hint={`Separated by spaces. Empty: ${empty}.`} onInput={change} />;
}
