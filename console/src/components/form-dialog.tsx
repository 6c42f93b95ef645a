import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Submit } from '../hooks/use-submit.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';

interface FormDialogProps {
  title: ComponentChildren;
  children: ComponentChildren;
  sending: Submit;
  /** What was refused and belongs to no field. */
  problems: readonly string[];
  dirty: boolean;
  onClose(): void;
  wide?: boolean;
}

/** A form in a dialog. After a refusal the focus goes to the first field that is wrong, else to what was said. */
export function FormDialog({ title, children, sending, problems, dirty, onClose, wide }: FormDialogProps) {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!sending.failure) return;
    const first = form.current?.querySelector<HTMLElement>('[aria-invalid]') ?? form.current?.querySelector<HTMLElement>('.problem');
    for (let around = first?.closest('details'); around; around = around.parentElement?.closest('details')) around.open = true;
    first?.focus();
    first?.scrollIntoView({ block: 'nearest' });
    first?.closest('.field')?.querySelector('.error')?.scrollIntoView({ block: 'nearest' }); // what is wrong may be said below a group of fields
  }, [sending.failure]);
  const actions = (
    <>
      <Button busy={sending.busy} onClick={() => form.current?.closest('dialog')?.dispatchEvent(new Event('cancel', { cancelable: true }))}>Cancel</Button>
      <Button type="submit" kind="primary" form={id} busy={sending.busy}>{sending.busy ? 'Submitting…' : 'Submit'}</Button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} dirty={dirty} busy={sending.busy} actions={actions} wide={wide ?? false}>
      <form
        id={id} ref={form} noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void sending.submit();
        }}
      >
        {problems.length > 0 && <Problem messages={problems} />}
        {children}
      </form>
    </Dialog>
  );
}
