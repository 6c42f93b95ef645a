import type { ChangeSetParts } from '../api/generated.ts';
import { useAbilities } from '../hooks/use-session.ts';
import { BASE } from '../lib/router.ts';
import { Icon } from './icon.tsx';

/** Who did it: a user, an API key, or the server itself. */
export function AuditActor({ set }: { set: ChangeSetParts }) {
  const may = useAbilities();
  if (set.triggeredBy) {
    const { id, name } = set.triggeredBy;
    return <span class="actor"><Icon name="user" /><a href={`${BASE}/security/access/users/${id}`}><bdi>{name ?? id}</bdi></a></span>;
  }
  if (set.__typename === 'UserChangeSet') return <span class="actor"><Icon name="user" />A user{may.seeUsers && ' who is gone'}</span>;
  if (!set.apiKeyId) return <span class="actor">The server</span>;
  const name = set.apiKey?.name;
  if (name) { // its own is told to every key, the page of it is not
    const shown = <bdi>{name}</bdi>;
    return <span class="actor"><Icon name="key" />{may.seeKeys ? <a href={`${BASE}/security/access/api-keys/${set.apiKeyId}`}>{shown}</a> : shown}</span>;
  }
  return <span class="actor"><Icon name="key" /><span>{may.seeKeys && 'A key that is gone, '}<code>{set.apiKeyId}</code></span></span>;
}
