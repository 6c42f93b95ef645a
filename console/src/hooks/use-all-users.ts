import { run } from '../api/client.ts';
import type { Failure } from '../api/failure.ts';
import { UsersQuery, type UserRow } from '../api/generated.ts';
import { allPages, PAGE } from '../lib/all-pages.ts';
import { useFetched } from './use-fetched.ts';

export interface AllUsers {
  readonly users: readonly UserRow[] | undefined;
  readonly total: number;
  readonly failure: Failure | undefined;
  retry(): void;
}

/** The users to choose from, by name. */
export function useAllUsers(): AllUsers {
  const { data, failure, retry } = useFetched((signal) => allPages(async (offset) => (await run(UsersQuery, { limit: PAGE, offset }, signal)).users));
  return { users: data?.items, total: data?.total ?? 0, failure, retry };
}
