import { run } from '../../api/client.ts';
import { KeysQuery, UserNamesQuery } from '../../api/generated.ts';
import { useFetched } from '../../hooks/use-fetched.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { number } from '../../lib/format.ts';

const FIRST = { limit: 100, offset: 0 };

interface Actors {
  readonly nodes: readonly { readonly id: string; readonly name: string }[];
  readonly pageInfo: { readonly total: number };
}

/** Whom the audit log is filtered by: the first hundred users and keys, and whoever the address names. */
export function ActorSelect({ value, onChange }: { value: string; onChange(value: string): void }) {
  const may = useAbilities();
  const users = useFetched(async (signal) => (may.seeUsers ? (await run(UserNamesQuery, FIRST, signal)).users : undefined));
  const keys = useFetched(async (signal) => (may.seeKeys ? (await run(KeysQuery, FIRST, signal)).apiKeys : undefined));
  const known = [...(users.data?.nodes ?? []), ...(keys.data?.nodes ?? [])].some((one) => one.id === value);
  return (
    <select class="toolbar-select" aria-label="Actor" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">Anyone</option>
      {value !== '' && !known && <option value={value}>{value}</option>}
      {users.data && <Choices label="Users" actors={users.data} />}
      {users.failure && <option disabled>The users could not be loaded.</option>}
      {keys.data && <Choices label="API keys" actors={keys.data} />}
      {keys.failure && <option disabled>The API keys could not be loaded.</option>}
    </select>
  );
}

/** Those who are not among them are found from their own pages, whose way to all entries names them. */
function Choices({ label, actors: { nodes, pageInfo } }: { label: string; actors: Actors }) {
  if (nodes.length === 0) return null;
  const title = pageInfo.total > nodes.length ? `${label}: the first ${number(nodes.length)} of ${number(pageInfo.total)}` : label;
  return <optgroup label={title}>{nodes.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</optgroup>;
}
