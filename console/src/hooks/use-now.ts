import { useStore, createStore } from '../lib/store.ts';

const now = createStore(Date.now());
setInterval(() => now.set(Date.now()), 30_000);

/** The time, anew every half minute: what "5 minutes ago" is reckoned from. */
export function useNow(): number {
  return useStore(now);
}
