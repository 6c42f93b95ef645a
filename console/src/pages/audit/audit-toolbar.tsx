import { SearchField } from '../../components/search-field.tsx';
import { Select } from '../../components/select.tsx';
import { useAbilities } from '../../hooks/use-session.ts';
import { OPERATION_TYPES, RESOURCE_TYPES } from '../../lib/audit-filter.ts';
import { words } from '../../lib/format.ts';
import type { PageQuery } from '../../lib/page-query.ts';
import { ActorSelect } from './actor-select.tsx';

interface AuditToolbarProps {
  query: PageQuery;
  change(part: Readonly<Record<string, string | undefined>>, options?: { replace?: boolean }): void;
}

const TIMES = [
  { value: '', label: 'Any time' }, { value: '1h', label: 'Last hour' }, { value: '24h', label: 'Last 24 hours' }, { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' }, { value: 'range', label: 'Between…' },
];
const TYPES = [{ value: '', label: 'Any resource' }, ...RESOURCE_TYPES.map((value) => ({ value, label: words(value) }))];
const OPERATIONS = [{ value: '', label: 'Any operation' }, ...OPERATION_TYPES.map((value) => ({ value, label: words(value) }))];

/** Which entries the audit page shows. */
export function AuditToolbar({ query, change }: AuditToolbarProps) {
  const may = useAbilities();
  return (
    <div class="toolbar" role="search" aria-label="Audit log">
      <Select label="Time" value={query['time'] ?? ''} choices={TIMES} onChange={(time) => change({ time, from: '', to: '' })} />
      {query['time'] === 'range' && (
        <>
          <Moment label="From" value={query['from'] ?? ''} onChange={(from) => change({ from }, { replace: true })} />
          <Moment label="Until" value={query['to'] ?? ''} onChange={(to) => change({ to }, { replace: true })} />
        </>
      )}
      {may.seeUsers || may.seeKeys
        ? <ActorSelect value={query['actor'] ?? ''} onChange={(actor) => change({ actor })} />
        : <SearchField label="Actor id" value={query['actor'] ?? ''} onSearch={(actor) => change({ actor }, { replace: true })} />}
      <Select label="Resource" value={query['type'] ?? ''} choices={TYPES} onChange={(type) => change({ type })} />
      <Select label="Operation" value={query['operation'] ?? ''} choices={OPERATIONS} onChange={(operation) => change({ operation })} />
      <SearchField label="Resource id" value={query['resource'] ?? ''} onSearch={(resource) => change({ resource }, { replace: true })} />
    </div>
  );
}

function Moment({ label, value, onChange }: { label: string; value: string; onChange(value: string): void }) {
  return (
    <label class="toolbar-moment">
      <span>{label}</span>
      <input type="datetime-local" value={value} onChange={(event) => onChange(event.currentTarget.value)} />
    </label>
  );
}
