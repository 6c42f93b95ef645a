import { useMemo } from 'preact/hooks';
import { KeyHoldingsQuery, type KeyHoldingsQueryVariables, type PermissionsParts } from '../../api/generated.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities, useWho } from '../../hooks/use-session.ts';
import { holdsAll } from '../../lib/grant-rule.ts';

export interface Holdings {
  /** All that a key's user groups give it; nothing while it is not known. */
  of(id: string): readonly PermissionsParts[];
  reload(): void;
}

/**
 * What the keys of a list hold, for who might hold less. It is asked for apart from the list, which is not to wait for hundreds of scopes of each key; what does not come
 * is not missed, since the server decides.
 */
export function useHoldings(list: KeyHoldingsQueryVariables): Holdings {
  const { viewer } = useWho();
  const { manageKeys } = useAbilities();
  const asks = useMemo(() => manageKeys && !holdsAll(viewer.permissions), [manageKeys, viewer]);
  const { data, reload } = useQuery(KeyHoldingsQuery, asks ? list : undefined);
  const known = useMemo(() => new Map((data?.apiKeys.nodes ?? []).map(({ id, permissions }) => [id, [permissions]])), [data]);
  return { of: (id) => known.get(id) ?? [], reload };
}
