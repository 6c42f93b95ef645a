import { createStore } from './store.ts';

const SECOND = 1000;

/** How far the server's clock is ahead of the browser's, which may be wrong by hours. The times in answers are the server's, and it is asked by its clock. */
let ahead = 0;

/** The time by the server's clock, as far as it is known. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** The same, but only as new as the last tick(): what "5 minutes ago" is reckoned from. */
export const now = createStore(serverNow());

export function tick(): void {
  now.set(serverNow());
}

/**
 * Sets the clock by the Date of an answer to what was asked at `sent` and that has come now, both by the browser's clock. It was written at some time between, in whole
 * seconds: the browser's clock is believed where it can be right, and else put forward or back as little as is needed.
 */
export function hearTime(date: string | null, sent: number): void {
  const written = Date.parse(date ?? '');
  const least = written - Date.now();
  const most = written + SECOND - sent;
  if (!(least <= most)) return; // no date, or the browser's clock was set meanwhile
  const canBe = (one: number) => least <= one && one <= most;
  const wanted = [0, ahead].find(canBe) ?? (least > 0 ? least : most);
  if (wanted === ahead) return;
  ahead = wanted;
  tick();
}
