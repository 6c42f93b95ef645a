import { useCallback, useMemo } from 'preact/hooks';
import { changeQuery, readQuery, type PageQuery } from '../lib/page-query.ts';
import { navigate, place } from '../lib/router.ts';
import { useStore } from '../lib/store.ts';

/** The query of the address and a way to change it. `replace`: without a step in the browser's history, for typing. */
export function usePageQuery(): readonly [PageQuery, (change: Readonly<Record<string, string | undefined>>, options?: { replace?: boolean }) => void] {
  const { search } = useStore(place);
  const query = useMemo(() => readQuery(search), [search]);
  const change = useCallback((wanted: Readonly<Record<string, string | undefined>>, options?: { replace?: boolean }) => {
    const now = place.get();
    const next = changeQuery(readQuery(now.search), wanted);
    if (next !== now.search) navigate(now.path + next, options);
  }, []);
  return [query, change];
}
