import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface Rows {
  /** A key for each row, that stays with it when another goes. */
  readonly keys: readonly number[];
  /** For the button after the last row that adds one. */
  readonly addButton: RefObject<HTMLButtonElement>;
  /** Call it before a row is taken out. */
  taken(index: number): void;
}

/** Rows of a form that have no names of their own. The focus goes into a row that is added, and to the button that adds one when a row goes. */
export function useRows(count: number): Rows {
  const keys = useRef<number[]>([]);
  const next = useRef(0);
  const before = useRef(count);
  const addButton = useRef<HTMLButtonElement>(null);
  while (keys.current.length < count) keys.current.push(next.current++);
  useLayoutEffect(() => {
    if (count > before.current) addButton.current?.previousElementSibling?.querySelector<HTMLElement>('input, select')?.focus();
    before.current = count;
  }, [count]);
  return {
    keys: keys.current,
    addButton,
    taken: (index) => {
      keys.current.splice(index, 1);
      addButton.current?.focus();
    },
  };
}
