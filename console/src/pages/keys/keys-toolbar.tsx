import { GroupNamesQuery, type ApiKeySortField } from '../../api/generated.ts';
import { SearchField } from '../../components/search-field.tsx';
import { Select } from '../../components/select.tsx';
import { useAll } from '../../hooks/use-all.ts';
import type { PageQuery } from '../../lib/page-query.ts';

interface KeysToolbarProps {
  query: PageQuery;
  change(part: Readonly<Record<string, string | undefined>>, options?: { replace?: boolean }): void;
  sort: { readonly field: ApiKeySortField; readonly descending: boolean };
}

const STATES = [{ value: '', label: 'Any state' }, { value: 'enabled', label: 'Enabled' }, { value: 'disabled', label: 'Disabled' }];
const SHOWN = [{ value: '', label: 'All keys' }, { value: 'expiring', label: 'Expiring in 30 days' }, { value: 'unused', label: 'Unused for 90 days' }];
const ORDERS = [
  { value: 'NAME', label: 'Name' }, { value: 'NAME-', label: 'Name, from Z' },
  { value: 'CREATED_AT-', label: 'Newest' }, { value: 'CREATED_AT', label: 'Oldest' },
  { value: 'LAST_USED_AT-', label: 'Used most recently' }, { value: 'LAST_USED_AT', label: 'Used least recently' },
  { value: 'EXPIRES_AT', label: 'Expiring first' }, { value: 'EXPIRES_AT-', label: 'Expiring last' },
];

/** Which keys the list shows. */
export function KeysToolbar({ query, change, sort }: KeysToolbarProps) {
  const { items = [], failure } = useAll(GroupNamesQuery, (page) => page, (answer) => answer.userGroups);
  const named = items.map(({ id, name }) => ({ value: id, label: name }));
  const wanted = query['group'] ?? '';
  const unnamed = wanted === '' || named.some((one) => one.value === wanted) ? [] : [{ value: wanted, label: wanted }]; // it is gone, or its name not here yet
  const groupChoices = [{ value: '', label: 'Any user group' }, ...unnamed, ...named];
  const order = (value: string) => {
    const field = value.replace('-', '');
    change({ sort: field === 'NAME' ? '' : field, down: value.endsWith('-') ? '1' : '' });
  };
  return (
    <div class="toolbar" role="search" aria-label="API keys">
      <SearchField label="Search by name" value={query['q'] ?? ''} onSearch={(q) => change({ q }, { replace: true })} />
      <Select label="Show" value={query['show'] ?? ''} choices={SHOWN} onChange={(show) => change({ show })} />
      <Select label="State" value={query['state'] ?? ''} choices={STATES} onChange={(state) => change({ state })} />
      <Select label="User group" value={wanted} choices={groupChoices} note={failure && 'The user groups could not be loaded.'} onChange={(group) => change({ group })} />
      <span class="only-narrow"><Select label="Order" value={sort.field + (sort.descending ? '-' : '')} choices={ORDERS} onChange={order} /></span>
    </div>
  );
}
