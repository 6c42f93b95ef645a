import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** For an element that goes by what is done in it: the focus that was inside goes to the heading of the dialog or page around it. */
export function useHandOver<T extends Element>(): RefObject<T> {
  const element = useRef<T>(null);
  useLayoutEffect(() => {
    const own = element.current;
    return () => {
      if (!own?.contains(document.activeElement)) return;
      const dialog = own.closest('dialog');
      // Once all of the page is drawn: the heading may come in the same breath.
      queueMicrotask(() => (dialog?.isConnected ? dialog.querySelector('h2') : document.querySelector<HTMLElement>('main h1'))?.focus());
    };
  }, []);
  return element;
}
