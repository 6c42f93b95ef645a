import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { useSubmit } from '../hooks/use-submit.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  /** What the button that does it says. */
  verb: string;
  danger?: boolean;
  onClose(): void;
  /** Does it. What it throws is shown, and the dialog stays. */
  onConfirm(): Promise<void>;
}

export function Confirm({ title, children, verb, danger = false, onClose, onConfirm }: ConfirmProps) {
  const text = useId();
  const { busy, failure, submit } = useSubmit(onConfirm);
  const actions = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button kind={danger ? 'danger' : 'primary'} busy={busy} onClick={() => void submit()} describedBy={text}>{verb}</Button>
    </>
  );
  return (
    <Dialog title={title} role="alertdialog" onClose={onClose} actions={actions}>
      <div id={text}>{children}</div>
      {failure && <Problem failure={failure} />}
    </Dialog>
  );
}
