import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { useHandOver } from './use-hand-over.ts';

/** For an element whose parts change their order and go: the focus that was in it stays with its part, and goes to the heading with a part that goes. */
export function useKeptFocus<T extends Element>(): RefObject<T> {
  const element = useHandOver<T>();
  const before = document.activeElement; // as it is drawn anew nothing has moved yet
  const inside = element.current?.contains(before) ? before : null;
  useLayoutEffect(() => {
    if (!(inside instanceof HTMLElement) || document.activeElement !== document.body) return;
    (inside.isConnected ? inside : document.querySelector<HTMLElement>('main h1'))?.focus();
  });
  return element;
}
