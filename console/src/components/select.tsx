import type { Choice } from './field.tsx';

/** A choice in a toolbar; its name is heard and not seen, because its first choice says it. */
export function Select({ label, value, choices, onChange }: { label: string; value: string; choices: readonly Choice<string>[]; onChange(value: string): void }) {
  return (
    <select class="toolbar-select" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
    </select>
  );
}
