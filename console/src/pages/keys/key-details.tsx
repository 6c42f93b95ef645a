import type { KeyQueryAnswer } from '../../api/generated.ts';
import { Badge } from '../../components/badge.tsx';
import { GroupLinks } from '../../components/group-links.tsx';
import { FullTime, Time } from '../../components/time.tsx';
import { formatDuration } from '../../lib/duration.ts';
import { count, number } from '../../lib/format.ts';
import { KeyState } from './key-state.tsx';

type Key = KeyQueryAnswer['apiKey'];

/** What a key is, line by line. */
export function KeyDetails({ apiKey }: { apiKey: Key }) {
  const ips = apiKey.allowedIps ?? [];
  const previous = apiKey.previousSecrets ?? [];
  return (
    <dl class="details panel">
      <div><dt>State</dt><dd><KeyState enabled={apiKey.enabled} expiresAt={apiKey.expiresAt} /></dd></div>
      <div><dt>Key</dt><dd><code>{apiKey.preview}</code>{apiKey.weak && <p><Badge kind="bad">Weak</Badge>easy to guess: rotate it</p>}</dd></div>
      {previous.length > 0 && (
        <div>
          <dt>Still accepted</dt>
          <dd>{previous.map((one) => <p key={one.preview}><code>{one.preview}</code> until <FullTime due at={one.endsAt} /></p>)}</dd>
        </div>
      )}
      <div><dt>Id</dt><dd><code>{apiKey.id}</code></dd></div>
      <div><dt>User Groups</dt><dd><GroupLinks groups={apiKey.allGroups.nodes} total={apiKey.givingGroups.pageInfo.total} /></dd></div>
      <div><dt>Created</dt><dd><FullTime at={apiKey.createdAt} />{apiKey.createdBy && <> by <bdi>{apiKey.createdBy}</bdi></>}</dd></div>
      <div><dt>Changed</dt><dd><Time at={apiKey.updatedAt} /></dd></div>
      <div><dt>Last used</dt><dd><Time at={apiKey.lastUsedAt} none="Never" /></dd></div>
      <div><dt>Expires</dt><dd><FullTime due at={apiKey.expiresAt} none="Never" /></dd></div>
      <div><dt>Allowed addresses</dt><dd>{ips.length === 0 ? <span class="muted">Any</span> : ips.map((ip) => <p key={ip}><code>{ip}</code></p>)}</dd></div>
      <div><dt>Rate limit</dt><dd>{apiKey.rateLimit ? `${count(apiKey.rateLimit.limit, 'use')} in ${formatDuration(apiKey.rateLimit.windowSeconds)}` : <span class="muted">Only the account's own</span>}</dd></div>
      <div><dt>Credits</dt><dd><Credits credits={apiKey.credits} /></dd></div>
      {apiKey.metadata.map(({ key, value }) => <div key={key}><dt><bdi>{key}</bdi></dt><dd><bdi>{value}</bdi></dd></div>)}
    </dl>
  );
}

function Credits({ credits }: { credits: Key['credits'] }) {
  if (!credits) return <span class="muted">Not counted</span>;
  return (
    <>
      {count(credits.remaining, 'use')} left
      {credits.refill && <>, refilled to {number(credits.refill.amount)} <Time due at={credits.refill.nextAt} /></>}
    </>
  );
}
