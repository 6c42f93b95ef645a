import type { ComponentChildren, Ref } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  children: ComponentChildren;
  onClick?: ((event: MouseEvent) => void) | undefined;
  type?: 'button' | 'submit';
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  icon?: IconName;
  /** Something is under way: pressing does nothing, the focus stays. */
  busy?: boolean;
  form?: string;
  describedBy?: string | undefined;
  buttonRef?: Ref<HTMLButtonElement>;
}

export function Button({ children, onClick, type = 'button', kind = 'plain', icon, busy = false, form, describedBy, buttonRef }: ButtonProps) {
  const press = (event: MouseEvent) => {
    if (busy) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button type={type} class={`button ${kind}`} onClick={press} aria-disabled={busy} form={form} aria-describedby={describedBy} ref={buttonRef ?? null}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

interface IconButtonProps {
  /** The accessible name, also shown on hover. */
  label: string;
  icon: IconName;
  onClick(event: MouseEvent): void;
  kind?: 'quiet' | 'danger';
  busy?: boolean;
  /** The id of what the button is about, such as the name of the row. */
  describedBy?: string | undefined;
  pressed?: boolean;
  /** Why it is not allowed, also shown on hover. What a press does then is for the caller: to say so. */
  refusal?: string | undefined;
}

export function IconButton({ label, icon, onClick, kind = 'quiet', busy = false, describedBy, pressed, refusal }: IconButtonProps) {
  return (
    <button
      type="button" class={`button icon-only ${kind}`} aria-label={label} title={refusal === undefined ? label : `${label}: ${refusal}`} aria-describedby={describedBy}
      aria-disabled={busy || refusal !== undefined} aria-expanded={pressed}
      onClick={(event) => { if (!busy) onClick(event); }}
    >
      <Icon name={icon} />
    </button>
  );
}
