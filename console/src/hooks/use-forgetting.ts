import { useLayoutEffect, useRef } from 'preact/hooks';
import { useWho } from './use-session.ts';

/** For what one was shown: it is forgotten when another signs in over the page. */
export function useForgetting(forget: () => void): void {
  const { id } = useWho().actor;
  const shownTo = useRef(id);
  useLayoutEffect(() => {
    if (shownTo.current === id) return;
    shownTo.current = id;
    forget();
  }, [id]);
}
