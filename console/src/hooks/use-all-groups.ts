import { useEffect, useState } from 'preact/hooks';
import { run } from '../api/client.ts';
import { asFailure, type Failure } from '../api/failure.ts';
import { GroupNamesQuery, type GroupNamesQueryAnswer } from '../api/generated.ts';

export type GroupName = GroupNamesQueryAnswer['userGroups']['nodes'][number];

export interface AllGroups {
  readonly groups: readonly GroupName[] | undefined;
  readonly total: number;
  readonly failure: Failure | undefined;
}

const PAGE = 100;
/** A form lists so many to choose from, and says when there are more. */
const MOST = 1000;

/** The user groups to choose from, by name. */
export function useAllGroups(): AllGroups {
  const [state, setState] = useState<AllGroups>({ groups: undefined, total: 0, failure: undefined });
  useEffect(() => {
    const abort = new AbortController();
    fetchAll(abort.signal).then(
      ([groups, total]) => abort.signal.aborted || setState({ groups, total, failure: undefined }),
      (thrown: unknown) => abort.signal.aborted || setState({ groups: undefined, total: 0, failure: asFailure(thrown) }),
    );
    return () => abort.abort();
  }, []);
  return state;
}

async function fetchAll(signal: AbortSignal): Promise<readonly [readonly GroupName[], number]> {
  const groups: GroupName[] = [];
  for (;;) {
    const { userGroups } = await run(GroupNamesQuery, { limit: PAGE, offset: groups.length }, signal);
    groups.push(...userGroups.nodes);
    if (userGroups.nodes.length < PAGE || groups.length >= MOST) return [groups, userGroups.pageInfo.total];
  }
}
