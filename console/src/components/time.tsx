import { useNow } from '../hooks/use-now.ts';
import { absolute, relative } from '../lib/time.ts';

interface Moment {
  at: number | null;
  /** Shown where there is no moment. */
  none?: string;
  /** It may be still to come. What has happened is never shown as if it were, though the reader's clock may be behind the server's. */
  due?: boolean;
}

function distance(at: number, now: number, due: boolean): string {
  return relative(due ? at : Math.min(at, now), now);
}

/** A moment: how far away it is, and in full, in the reader's zone, on hover. */
export function Time({ at, none = '—', due = false }: Moment) {
  const now = useNow();
  if (at === null) return <span class="muted">{none}</span>;
  return <time dateTime={new Date(at).toISOString()} title={absolute(at)}>{distance(at, now, due)}</time>;
}

/** A moment in full, and how far away it is on hover. */
export function FullTime({ at, none = '—', due = false }: Moment) {
  const now = useNow();
  if (at === null) return <span class="muted">{none}</span>;
  return <time dateTime={new Date(at).toISOString()} title={distance(at, now, due)}>{absolute(at)}</time>;
}
