import { useEffect, useRef } from 'preact/hooks';
import { pageOf } from '../lib/page-query.ts';
import { usePageQuery } from './use-page-query.ts';
import type { QueryState } from './use-query.ts';

export interface Pages {
  /** Which page is wanted, from 1. */
  readonly page: number;
  /** Which page the answer is that there is. */
  readonly shown: number;
  readonly size: number;
  onPage(page: number): void;
}

/** Which page of a list the address names. Once the server said how many there are of what is asked for, a page behind the last becomes the last. */
export function usePages<R>(size: number, list: QueryState<R>, totalOf: (data: R) => number): Pages {
  const [query, change] = usePageQuery();
  const page = pageOf(query);
  const shown = useRef(page);
  if (!list.loading && !list.failure) shown.current = page;
  const total = list.data === undefined || list.loading || list.failure ? undefined : totalOf(list.data);
  useEffect(() => {
    if (total !== undefined && page > 1 && (page - 1) * size >= total) change({ page: total > size ? String(Math.ceil(total / size)) : undefined }, { replace: true });
  }, [total, page, size, change]);
  return { page, shown: shown.current, size, onPage: (next) => change({ page: next === 1 ? undefined : String(next) }) };
}
