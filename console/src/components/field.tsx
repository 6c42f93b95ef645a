import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FrameProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
}

interface Wiring {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

/** A label, its field, what helps to fill it in, and what the server said about it. */
function Frame({ label, hint, error, children }: FrameProps & { children(wiring: Wiring): ComponentChildren }) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': describedBy || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && <div class="hint" id={`${id}-hint`}>{hint}</div>}
      {error && <div class="error" id={`${id}-error`}>{error}</div>}
    </div>
  );
}

interface TextProps extends FrameProps {
  value: string;
  onInput(value: string): void;
  type?: 'text' | 'password' | 'email' | 'datetime-local';
  required?: boolean;
  autocomplete?: string;
  placeholder?: string;
  mono?: boolean;
  autofocus?: boolean;
}

export function TextField({ label, hint, error, value, onInput, type = 'text', required, autocomplete = 'off', placeholder, mono, autofocus }: TextProps) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wiring) => (
        <input
          {...wiring} type={type} value={value} required={required} autocomplete={autocomplete} placeholder={placeholder} class={mono ? 'mono' : undefined}
          spellcheck={false} data-autofocus={autofocus ? '' : undefined} onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Frame>
  );
}

export function TextArea({ label, hint, error, value, onInput, rows = 3, mono }: FrameProps & { value: string; onInput(value: string): void; rows?: number; mono?: boolean }) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wiring) => (
        <textarea {...wiring} rows={rows} value={value} class={mono ? 'mono' : undefined} spellcheck={!mono} onInput={(event) => onInput(event.currentTarget.value)} />
      )}
    </Frame>
  );
}

export interface Choice<V extends string> {
  readonly value: V;
  readonly label: string;
}

export function SelectField<V extends string>({ label, hint, error, value, onChange, choices }: FrameProps & {
  value: V;
  onChange(value: V): void;
  choices: readonly Choice<V>[];
}) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wiring) => (
        <select {...wiring} value={value} onChange={(event) => onChange(event.currentTarget.value as V)}>
          {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
        </select>
      )}
    </Frame>
  );
}

export function CheckField({ label, hint, checked, onChange, disabled }: {
  label: ComponentChildren;
  hint?: ComponentChildren;
  checked: boolean;
  onChange(checked: boolean): void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="check">
      <input
        type="checkbox" id={id} checked={checked} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint && <div class="hint" id={`${id}-hint`}>{hint}</div>}
    </div>
  );
}

/** Fields that belong together under one name. */
export function FieldGroup({ label, hint, error, children }: FrameProps & { children: ComponentChildren }) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <fieldset class="field" aria-describedby={describedBy || undefined} aria-invalid={error ? true : undefined} tabIndex={error ? -1 : undefined}>
      <legend>{label}</legend>
      {hint && <div class="hint" id={`${id}-hint`}>{hint}</div>}
      {children}
      {error && <div class="error" id={`${id}-error`}>{error}</div>}
    </fieldset>
  );
}
