import type { Choice } from './field.tsx';

/** A choice in a toolbar; its name is heard and not seen, because its first choice says it. What is no choice, such as nonsense in the address, is the first. */
export function Select({ label, value, choices, onChange }: { label: string; value: string; choices: readonly Choice<string>[]; onChange(value: string): void }) {
  return (
    <select class="toolbar-select" aria-label={label} value={choices.some((choice) => choice.value === value) ? value : choices[0]?.value} onChange={(event) => onChange(event.currentTarget.value)}>
      {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
    </select>
  );
}
