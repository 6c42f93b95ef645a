import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { asFailure } from '../api/failure.ts';
import { useSubmit } from '../hooks/use-submit.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';

interface ConfirmProps {
  title: ComponentChildren;
  children: ComponentChildren;
  /** What the button that does it says. */
  verb: string;
  danger?: boolean;
  /** It removes what the dialog was opened from, such as a row of a table. */
  removes?: boolean;
  /** Called when the dialog closes after the server said that what it would remove is gone already. */
  onGone?(): void;
  onClose(): void;
  /** Does it. What it throws is shown, and the dialog stays. */
  onConfirm(): Promise<void>;
}

export function Confirm({ title, children, verb, danger = false, removes = false, onGone, onClose, onConfirm }: ConfirmProps) {
  const text = useId();
  const removing = useRef(false);
  const { busy, failure, submit } = useSubmit(async () => {
    removing.current = removes;
    try {
      await onConfirm();
    } catch (thrown) {
      removing.current = removes && asFailure(thrown).code === 'NOT_FOUND';
      throw thrown;
    }
  });
  const leave = () => {
    onClose();
    if (removing.current) onGone?.();
  };
  const actions = (
    <>
      <Button busy={busy} onClick={leave}>Cancel</Button>
      <Button kind={danger ? 'danger' : 'primary'} busy={busy} onClick={() => void submit()} describedBy={text}>{verb}</Button>
    </>
  );
  return (
    <Dialog title={title} role="alertdialog" onClose={leave} busy={busy} actions={actions} removing={removing}>
      <div id={text}>{children}</div>
      {failure && <Problem failure={failure} />}
    </Dialog>
  );
}
