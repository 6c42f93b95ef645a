import { BASE } from '../lib/router.ts';

/** The first user groups of a key or user, and how many more there are. */
export function GroupLinks({ groups, total }: { groups: readonly { readonly id: string; readonly name: string }[]; total: number }) {
  if (total === 0) return <span class="muted">None</span>;
  return (
    <ul class="chips">
      {groups.map((group) => <li key={group.id}><a class="chip" title={group.name} href={`${BASE}/security/access/user-groups/${group.id}`}><bdi>{group.name}</bdi></a></li>)}
      {total > groups.length && <li class="muted">{total - groups.length} more</li>}
    </ul>
  );
}
