import { run } from '../../api/client.ts';
import { KeysQuery, UsersQuery } from '../../api/generated.ts';
import { useFetched } from '../../hooks/use-fetched.ts';
import { useAbilities } from '../../hooks/use-session.ts';

/** Whom the audit log is filtered by: the first hundred users and keys, and whoever the address names. */
export function ActorSelect({ value, onChange }: { value: string; onChange(value: string): void }) {
  const may = useAbilities();
  const users = useFetched(async (signal) => (may.seeUsers ? (await run(UsersQuery, { limit: 100, offset: 0 }, signal)).users.nodes : []));
  const keys = useFetched(async (signal) => (may.seeKeys ? (await run(KeysQuery, { limit: 100, offset: 0 }, signal)).apiKeys.nodes : []));
  const known = [...(users.data ?? []), ...(keys.data ?? [])].some((one) => one.id === value);
  return (
    <select class="toolbar-select" aria-label="Actor" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">Anyone</option>
      {value !== '' && !known && <option value={value}>{value}</option>}
      {users.data && users.data.length > 0 && <optgroup label="Users">{users.data.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</optgroup>}
      {keys.data && keys.data.length > 0 && <optgroup label="API keys">{keys.data.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</optgroup>}
    </select>
  );
}
