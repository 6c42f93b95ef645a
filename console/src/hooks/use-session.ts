import { useMemo } from 'preact/hooks';
import { session, type SignedIn } from '../api/session.ts';
import { abilities, type Abilities } from '../lib/permissions.ts';
import { useStore } from '../lib/store.ts';

/** Who is signed in, for what is drawn only then. */
export function useWho(): SignedIn {
  const now = useStore(session);
  if (now.state !== 'in') throw new Error('drawn without a session');
  return now.who;
}

/** Whether the session that the page was drawn in has ended: whoever is before it now may be another. */
export function useEnded(): boolean {
  const now = useStore(session);
  return now.state !== 'in' || now.ended;
}

export function useAbilities(): Abilities {
  const { viewer } = useWho();
  return useMemo(() => abilities(viewer.permissions), [viewer]);
}
