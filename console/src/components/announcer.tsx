import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { asFailure, SessionEnded } from '../api/failure.ts';
import { session } from '../api/session.ts';
import { useHandOver } from '../hooks/use-hand-over.ts';
import { createStore, useStore } from '../lib/store.ts';
import { IconButton } from './button.tsx';

interface Notice {
  readonly id: number;
  readonly text: ComponentChildren;
  readonly kind: 'done' | 'wrong';
}

const notices = createStore<readonly Notice[]>([]);
let last = 0;
const SHOWN_MS = 8_000;

/** Tells the reader, also one who listens, that something was done or went wrong: the same words once, the last time they were said. Names in it are in a bdi, as in the title of a dialog. */
export function announce(text: ComponentChildren, kind: Notice['kind'] = 'done'): void {
  notices.set([...notices.get().filter((one) => one.text !== text).slice(-2), { id: ++last, text, kind }]);
}

/** Tells the reader why something failed, unless it is that they have left: whoever is there now did not ask for it. */
export function announceFailure(thrown: unknown, before = ''): void {
  if (!(thrown instanceof SessionEnded)) announce(`${before}${asFailure(thrown).message}`, 'wrong');
}

// What was said to one who has left is not for the next, and may be true no more.
session.subscribe(() => {
  if (session.get().state === 'out') notices.set([]);
});

function dismiss(id: number): void {
  notices.set(notices.get().filter((one) => one.id !== id));
}

/** Which announcers there are, the innermost last: the page's own, and one for each open dialog, outside of which nothing is heard or pressed. */
const layers = createStore<readonly symbol[]>([]);

export function Announcer() {
  const shown = useStore(notices);
  const stack = useStore(layers);
  const [own] = useState(() => Symbol('layer'));
  useLayoutEffect(() => {
    layers.set([...layers.get(), own]);
    return () => layers.set(layers.get().filter((one) => one !== own));
  }, [own]);
  return (
    <div class="notices" role="status" aria-live="polite" aria-atomic="false">
      {stack.at(-1) === own && shown.map((notice) => <NoticeLine key={notice.id} notice={notice} />)}
    </div>
  );
}

function NoticeLine({ notice }: { notice: Notice }) {
  const element = useHandOver<HTMLDivElement>();
  useEffect(() => {
    if (notice.kind === 'wrong') return undefined; // stays until it is closed
    const timer = setTimeout(() => dismiss(notice.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div class={`notice ${notice.kind}`} ref={element}>
      <span>{notice.text}</span>
      <IconButton label="Close message" icon="close" onClick={() => dismiss(notice.id)} />
    </div>
  );
}
