import { run } from '../api/client.ts';
import type { Failure } from '../api/failure.ts';
import { ApplicationsQuery, type ApplicationsQueryAnswer } from '../api/generated.ts';
import { allPages, PAGE } from '../lib/all-pages.ts';
import { useFetched } from './use-fetched.ts';

export type ApplicationName = Pick<ApplicationsQueryAnswer['applications']['nodes'][number], 'id' | 'name'>;

export interface AllApplications {
  readonly applications: readonly ApplicationName[] | undefined;
  readonly total: number;
  readonly failure: Failure | undefined;
  retry(): void;
}

/** The applications to choose from, by name. */
export function useAllApplications(): AllApplications {
  const { data, failure, retry } = useFetched((signal) => allPages(async (offset) => (await run(ApplicationsQuery, { limit: PAGE, offset }, signal)).applications));
  return { applications: data?.items, total: data?.total ?? 0, failure, retry };
}
