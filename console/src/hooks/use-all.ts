import { run } from '../api/client.ts';
import type { Failure } from '../api/failure.ts';
import type { Operation } from '../api/generated.ts';
import { allPages, PAGE, type Page } from '../lib/all-pages.ts';
import { useFetched } from './use-fetched.ts';

export interface All<T> {
  /** Undefined while they are not known. */
  readonly items: readonly T[] | undefined;
  /** How many there are: more than `items` has where that is the most that a form lists. */
  readonly total: number;
  readonly failure: Failure | undefined;
  retry(): void;
}

/** All there is of something to choose from, in the order of the server: the nodes that `pick` finds in the answers, page by page. */
export function useAll<R, V, T>(operation: Operation<R, V>, variables: (page: { limit: number; offset: number }) => V, pick: (answer: R) => Page<T>): All<T> {
  const { data, failure, retry } = useFetched((signal) => allPages(async (offset) => pick(await run(operation, variables({ limit: PAGE, offset }), signal))));
  return { items: data?.items, total: data?.total ?? 0, failure, retry };
}
