import { useState } from 'preact/hooks';
import type { ChangeSetParts } from '../api/generated.ts';
import { words } from '../lib/format.ts';
import { inWords } from '../lib/permission-words.ts';
import { AuditActor } from './audit-actor.tsx';
import { AuditChange } from './audit-change.tsx';
import { Badge } from './badge.tsx';
import { IconButton } from './button.tsx';
import { Table, type Column } from './table.tsx';
import { Time } from './time.tsx';

interface AuditListProps {
  caption: string;
  sets: readonly ChangeSetParts[];
  busy?: boolean;
  /** The id of what the page is about: without what else the same requests changed, and without saying what it is. */
  about?: string | undefined;
}

const PAST: Readonly<Record<string, string>> = {
  CREATE: 'Created', UPDATE: 'Changed', DELETE: 'Deleted', REVEAL: 'Revealed', ROTATE: 'Rotated', IMPORT: 'Imported', LOGIN: 'Signed in with', LOGOUT: 'Signed out with',
  LOCK: 'Locked', BACKUP: 'Backed up', RESTORE: 'Restored',
};

/** Entries of the audit log; each can be opened to see what it changed. */
export function AuditList({ caption, sets, busy = false, about }: AuditListProps) {
  const [open, setOpen] = useState<string>();
  const columns: readonly Column<ChangeSetParts>[] = [
    { key: 'time', header: 'Time', cell: (set) => <Time at={set.triggeredAt} /> },
    { key: 'actor', header: 'Who', cell: (set) => <AuditActor set={set} /> },
    { key: 'what', header: 'Did', kind: 'name', cell: (set) => <span id={`audit-${set.id}`}><What set={set} about={about} /></span> },
    { key: 'from', header: 'From', cell: (set) => <code class="address">{set.request?.remoteIpAddress || '—'}</code> },
    {
      key: 'more', header: 'Changes', kind: 'actions',
      cell: (set) => (
        <IconButton
          label={open === set.id ? 'Hide changes' : 'Show changes'} icon={open === set.id ? 'sortUp' : 'down'} pressed={open === set.id} describedBy={`audit-${set.id}`}
          onClick={() => setOpen(open === set.id ? undefined : set.id)}
        />
      ),
    },
  ];
  return (
    <Table
      caption={caption} columns={columns} rows={sets} rowKey={(set) => set.id} busy={busy}
      detail={(set) => (open === set.id ? <AuditChange set={set} about={about} /> : undefined)}
    />
  );
}

function What({ set, about }: { set: ChangeSetParts; about: string | undefined }) {
  const { failureStatusMsg: refusal } = set;
  const brief = about !== undefined;
  const shown = set.changes.filter((change) => !brief || change.resourceId === about);
  return (
    <>
      {refusal !== null && <Badge kind="bad">Refused</Badge>}
      {shown.map((change, index) => (
        <span class="change" key={index}>
          {PAST[change.operationType] ?? words(change.operationType)}{' '}
          {!brief && <span class="muted">{words(change.resourceType)}</span>}{' '}
          {!brief && <strong><bdi>{change.resourceName ?? change.resourceId ?? ''}</bdi></strong>}
        </span>
      ))}
      {shown.length === 0 && 'One of many changes' /* beyond those that the server lists of one request */}
      {refusal !== null && <span class="hint">{inWords(refusal)}</span>}
    </>
  );
}
