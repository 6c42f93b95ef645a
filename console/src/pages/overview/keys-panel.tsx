import { OverviewKeysQuery, type OverviewKeysQueryAnswer } from '../../api/generated.ts';
import { Empty, Loaded } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { useQuery } from '../../hooks/use-query.ts';
import { count } from '../../lib/format.ts';
import { keyFilter, keySort } from '../../lib/key-query.ts';
import { changeQuery, type PageQuery } from '../../lib/page-query.ts';
import { BASE } from '../../lib/router.ts';
import { KeyState } from '../keys/key-state.tsx';

type Key = OverviewKeysQueryAnswer['apiKeys']['nodes'][number];

interface KeysPanelProps {
  id: string;
  title: string;
  empty: string;
  /** Which keys, in which order, as the address of the list of keys says it: the panel and the list that it leads to are of the same keys. */
  choice: PageQuery;
  now: number;
  /** Which moment of the keys matters here. */
  moment: 'expires' | 'used';
}

/** A few keys that someone should look at, and the way to all of them. */
export function KeysPanel({ id, title, empty, choice, now, moment }: KeysPanelProps) {
  const query = useQuery(OverviewKeysQuery, { filters: [keyFilter(choice, now)], sort: keySort(choice) });
  const columns: readonly Column<Key>[] = [
    { key: 'name', header: 'Name', kind: 'name', cell: (key) => <a href={`${BASE}/security/access/api-keys/${key.id}`}><bdi>{key.name}</bdi></a> },
    moment === 'expires'
      ? { key: 'expires', header: 'Expires', cell: (key) => <Time due at={key.expiresAt} none="Never" /> }
      : { key: 'used', header: 'Last used', cell: (key) => <Time at={key.lastUsedAt} none="Never" /> },
    { key: 'state', header: 'State', cell: (key) => <KeyState enabled={key.enabled} expiresAt={key.expiresAt} /> },
  ];
  return (
    <section class="panel" aria-labelledby={`${id}-title`}>
      <div class="panel-head"><h2 id={`${id}-title`}>{title}</h2></div>
      <Loaded query={query} what="API keys">
        {({ apiKeys: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>{empty}</Empty> : (
          <>
            <Table caption={title} columns={columns} rows={nodes} rowKey={(key) => key.id} busy={query.loading} />
            <p class="panel-more"><a href={`${BASE}/security/access/api-keys${changeQuery({}, choice)}`}>See {pageInfo.total === 1 ? 'it' : `all ${count(pageInfo.total, 'key')}`} in API Keys</a></p>
          </>
        )}
      </Loaded>
    </section>
  );
}
