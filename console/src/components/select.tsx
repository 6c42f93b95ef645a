import type { Choice } from './field.tsx';

interface SelectProps {
  label: string;
  value: string;
  choices: readonly Choice<string>[];
  /** Said after the choices: why there are no others. */
  note?: string | undefined;
  onChange(value: string): void;
}

/** A choice in a toolbar; its name is heard and not seen, because its first choice says it. What is no choice, such as nonsense in the address, is the first. */
export function Select({ label, value, choices, note, onChange }: SelectProps) {
  return (
    <select class="toolbar-select" aria-label={label} value={choices.some((choice) => choice.value === value) ? value : choices[0]?.value} onChange={(event) => onChange(event.currentTarget.value)}>
      {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
      {note !== undefined && <option disabled>{note}</option>}
    </select>
  );
}
