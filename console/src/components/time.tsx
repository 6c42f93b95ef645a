import { useNow } from '../hooks/use-now.ts';
import { absolute, relative } from '../lib/time.ts';

/** A moment: how far away it is, and in full, in the reader's zone, on hover. `none` is shown where there is no moment. */
export function Time({ at, none = '—' }: { at: number | null; none?: string }) {
  const now = useNow();
  if (at === null) return <span class="muted">{none}</span>;
  return <time dateTime={new Date(at).toISOString()} title={absolute(at)}>{relative(at, now)}</time>;
}

/** A moment in full. */
export function FullTime({ at, none = '—' }: { at: number | null; none?: string }) {
  const now = useNow();
  if (at === null) return <span class="muted">{none}</span>;
  return <time dateTime={new Date(at).toISOString()} title={relative(at, now)}>{absolute(at)}</time>;
}
