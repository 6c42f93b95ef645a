import { useMemo } from 'preact/hooks';
import { ApplicationNamesQuery } from '../api/generated.ts';
import { useQuery } from './use-query.ts';
import { useAbilities } from './use-session.ts';

/** The names of the first hundred applications by their ids; others are shown by their ids. */
export function useApplicationNames(): ReadonlyMap<string, string> {
  const may = useAbilities();
  const { data } = useQuery(ApplicationNamesQuery, may.seeApplications ? { limit: 100, offset: 0 } : undefined);
  return useMemo(() => new Map((data?.applications.nodes ?? []).map(({ id, name }) => [id, name])), [data]);
}
