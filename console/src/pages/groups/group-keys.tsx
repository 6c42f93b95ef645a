import { GroupKeysQuery, type GroupKeysQueryAnswer } from '../../api/generated.ts';
import { Empty, Loaded } from '../../components/states.tsx';
import { Table, type Column } from '../../components/table.tsx';
import { useQuery } from '../../hooks/use-query.ts';
import { BASE } from '../../lib/router.ts';
import { KeyState } from '../keys/key-state.tsx';

type Key = GroupKeysQueryAnswer['apiKeys']['nodes'][number];

const COLUMNS: readonly Column<Key>[] = [
  { key: 'name', header: 'Name', kind: 'name', cell: (key) => <a href={`${BASE}/security/access/api-keys/${key.id}`}><bdi>{key.name}</bdi></a> },
  { key: 'preview', header: 'Key', cell: (key) => <code class="preview">{key.preview}</code> },
  { key: 'state', header: 'State', cell: (key) => <KeyState enabled={key.enabled} expiresAt={key.expiresAt} /> },
];

/** The first keys of a group, and the way to all of them. */
export function GroupKeys({ id }: { id: string }) {
  const query = useQuery(GroupKeysQuery, { id });
  return (
    <section class="panel" aria-labelledby="keys-title">
      <div class="panel-head"><h2 id="keys-title">API keys</h2></div>
      <Loaded query={query} what="API keys">
        {({ apiKeys: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>No key is in this group.</Empty> : (
          <>
            <Table caption="API keys in this group" columns={COLUMNS} rows={nodes} rowKey={(key) => key.id} />
            {pageInfo.total > nodes.length && <p class="panel-more"><a href={`${BASE}/security/access/api-keys?group=${encodeURIComponent(id)}`}>All {pageInfo.total} keys</a></p>}
          </>
        )}
      </Loaded>
    </section>
  );
}
