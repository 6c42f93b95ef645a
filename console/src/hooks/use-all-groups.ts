import { run } from '../api/client.ts';
import type { Failure } from '../api/failure.ts';
import { GroupNamesQuery, type GroupNamesQueryAnswer } from '../api/generated.ts';
import { allPages, PAGE } from '../lib/all-pages.ts';
import { useFetched } from './use-fetched.ts';

export type GroupName = GroupNamesQueryAnswer['userGroups']['nodes'][number];

export interface AllGroups {
  readonly groups: readonly GroupName[] | undefined;
  readonly total: number;
  readonly failure: Failure | undefined;
  retry(): void;
}

/** The user groups to choose from, by name. */
export function useAllGroups(): AllGroups {
  const { data, failure, retry } = useFetched((signal) => allPages(async (offset) => (await run(GroupNamesQuery, { limit: PAGE, offset }, signal)).userGroups));
  return { groups: data?.items, total: data?.total ?? 0, failure, retry };
}
