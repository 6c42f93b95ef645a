import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { guards } from '../lib/router.ts';
import { Announcer } from './announcer.tsx';
import { Button, IconButton } from './button.tsx';

/** What gets the focus first: what asks for it, else the first field, else the button that changes nothing. */
const FIRST = ['[data-autofocus]', 'form :is(input, textarea, select)', '.dialog-foot button'];

interface DialogProps {
  /** Names in it are in a bdi: what runs from right to left in them must not turn the words around. */
  title: ComponentChildren;
  children: ComponentChildren;
  /** The buttons at its end. */
  actions?: ComponentChildren;
  onClose(): void;
  /** There is something to lose: closing asks first. */
  dirty?: boolean;
  /** Something is being sent: it does not close before the answer, which would be lost. */
  busy?: boolean;
  /** Without a way to close it but its own buttons. */
  firm?: boolean;
  wide?: boolean;
  role?: 'dialog' | 'alertdialog';
  /** What it was opened from is about to go, so that the focus must go elsewhere than back to it. */
  removing?: { readonly current: boolean };
}

/** A modal dialog. The browser keeps the focus inside; it goes back to where it was when the dialog is gone. */
export function Dialog({ title, children, actions, onClose, dirty = false, busy = false, firm = false, wide = false, role = 'dialog', removing }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [asking, setAsking] = useState(false);

  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    FIRST.map((selector) => dialog?.querySelector<HTMLElement>(selector)).find(Boolean)?.focus();
    return () => {
      for (const inner of dialog?.querySelectorAll('dialog') ?? []) inner.close(); // while one is open nothing outside takes the focus
      dialog?.close();
      if (before?.closest('dialog:not([open])')) return; // the dialog around this one goes with it, and has seen to the focus
      if (before instanceof HTMLElement && before.isConnected && !removing?.current) before.focus();
      else document.querySelector<HTMLElement>('main h1')?.focus();
    };
  }, []);

  useLayoutEffect(() => { // at once, not after the next picture: the way back may be pressed before
    if (!dirty && !busy) return undefined;
    const guard = () => {
      setAsking(!busy);
      return true;
    };
    guards.add(guard);
    return () => void guards.delete(guard);
  }, [dirty, busy]);

  const ask = () => {
    if (firm || busy) return;
    if (dirty) setAsking(true);
    else onClose();
  };
  // Escape is taken before the browser's own handling, which closes at the second press whatever the page says.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    ask();
  };
  const onCancel = (event: Event) => {
    if (event.target !== element.current) return; // a file field or a dialog inside
    event.preventDefault();
    ask();
  };

  return (
    <dialog ref={element} class={wide ? 'dialog wide' : 'dialog'} role={role} aria-labelledby={heading} onKeyDown={onKeyDown} onCancel={onCancel}>
      <header class="dialog-head">
        <h2 id={heading} tabIndex={-1}>{title}</h2>
        {!firm && <IconButton label="Close" icon="close" busy={busy} onClick={ask} />}
      </header>
      <div class="dialog-body">{children}</div>
      {actions && <footer class="dialog-foot">{actions}</footer>}
      <Announcer />
      {asking && <DiscardDialog onKeep={() => setAsking(false)} onDiscard={onClose} />}
    </dialog>
  );
}

function DiscardDialog({ onKeep, onDiscard }: { onKeep(): void; onDiscard(): void }) {
  const actions = (
    <>
      <Button onClick={onKeep}>Keep editing</Button>
      <Button kind="danger" onClick={onDiscard}>Discard</Button>
    </>
  );
  return (
    <Dialog title="Discard what you entered?" role="alertdialog" onClose={onKeep} actions={actions}>
      <p>What you entered is not saved yet.</p>
    </Dialog>
  );
}
