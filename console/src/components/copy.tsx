import type { ComponentChildren } from 'preact';
import { copyLater } from '../lib/clipboard.ts';
import { useEnded } from '../hooks/use-session.ts';
import { useSubmit } from '../hooks/use-submit.ts';
import { announce, announceFailure } from './announcer.tsx';
import { Button, IconButton } from './button.tsx';

interface CopyProps {
  /** The accessible name. */
  label: string;
  /** Gets the text when it is wanted. */
  get(): Promise<string>;
  done: ComponentChildren;
  describedBy?: string | undefined;
  look?: 'icon' | 'plain' | 'primary';
  /** Shows the text to be copied by hand where the browser does not let the page copy. */
  onForbidden?(text: string): void;
  /** Why the server would refuse it. */
  refusal?: string | undefined;
}

export function CopyButton({ label, get, done, describedBy, look = 'icon', onForbidden, refusal }: CopyProps) {
  const { busy, submit } = useSubmit(async () => {
    let text = '';
    try {
      if (await copyLater(async () => (text = await get()))) return announce(done);
      announce('This browser does not let the page copy: select the text and copy it.', 'wrong');
      onForbidden?.(text);
    } catch (thrown) {
      announceFailure(thrown);
    }
  });
  const press = () => (refusal === undefined ? void submit() : announce(refusal, 'wrong'));
  if (look === 'icon') return <IconButton label={label} icon="copy" busy={busy} onClick={press} describedBy={describedBy} refusal={refusal} />;
  return <Button icon="copy" kind={look} busy={busy} onClick={press} describedBy={describedBy}>{label}</Button>;
}

/** A secret in full, to be selected in one click. It is not on the page while nobody is signed in. */
export function Secret({ text, label }: { text: string; label: string }) {
  if (useEnded()) return <code class="secret">Hidden until you sign in again.</code>;
  return (
    <code class="secret" role="textbox" aria-readonly="true" aria-label={label} tabIndex={0} onFocus={(event) => getSelection()?.selectAllChildren(event.currentTarget)}>
      {text}
    </code>
  );
}
