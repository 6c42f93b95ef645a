import { now, tick } from '../lib/clock.ts';
import { useStore } from '../lib/store.ts';

setInterval(tick, 30_000);

/** The time, anew every half minute. */
export function useNow(): number {
  return useStore(now);
}
