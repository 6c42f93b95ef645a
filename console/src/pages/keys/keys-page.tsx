import { useMemo, useState } from 'preact/hooks';
import { KeysQuery, type KeyRow } from '../../api/generated.ts';
import { Button } from '../../components/button.tsx';
import { Secret } from '../../components/copy.tsx';
import { Pager } from '../../components/pager.tsx';
import { Loaded, NothingFits, ShowAll } from '../../components/states.tsx';
import { Table, type Column, type Sort } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { usePageQuery } from '../../hooks/use-page-query.ts';
import { usePages } from '../../hooks/use-pages.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { ACCESS_TRAIL, PageHead } from '../../layout/page-head.tsx';
import { serverNow } from '../../lib/clock.ts';
import { keyFilter, keySort } from '../../lib/key-query.ts';
import { pageOf } from '../../lib/page-query.ts';
import { BASE } from '../../lib/router.ts';
import { CreateKeyDialog } from './create-key-dialog.tsx';
import { GroupLinks } from '../../components/group-links.tsx';
import { useKeyActions, type KeyActions } from './key-actions.tsx';
import { KeyState } from './key-state.tsx';
import { KeysToolbar } from './keys-toolbar.tsx';
import { useHoldings, type Holdings } from './use-holdings.ts';

const SIZE = 50;

export function KeysPage() {
  const may = useAbilities();
  const [query, change] = usePageQuery();
  const [adding, setAdding] = useState(false);
  const page = pageOf(query);
  const sort = keySort(query);
  const variables = useMemo(
    () => ({ limit: SIZE, offset: (page - 1) * SIZE, filters: [keyFilter(query, serverNow())], sort: keySort(query) }),
    [query, page],
  );
  const keys = useQuery(KeysQuery, variables);
  const holdings = useHoldings(variables);
  const reload = () => {
    keys.reload();
    holdings.reload();
  };
  const actions = useKeyActions(reload, keys.reload);
  const pages = usePages(SIZE, keys, (data) => data.apiKeys.pageInfo.total);
  const add = may.manageKeys && <Button kind="primary" icon="add" onClick={() => setAdding(true)}>Add API Key</Button>;
  const filtered = Boolean(query['q'] || query['group'] || query['state'] || query['show']);
  const refused = keys.failure?.code === 'BAD_USER_INPUT'; // such as a user group that never was
  const all = filtered && <ShowAll onClick={() => change({ q: '', group: '', state: '', show: '' })}>Show all keys</ShowAll>;
  return (
    <>
      <PageHead title="API Keys" trail={ACCESS_TRAIL} actions={add}>A key lets an application in. It may do what its user groups may do.</PageHead>
      <KeysToolbar query={query} change={change} sort={sort} />
      {refused && all && <p>{all}</p>}
      <Loaded query={keys} what="API keys">
        {({ apiKeys: { nodes, pageInfo } }) => nodes.length === 0 ? (
          <NothingFits query={keys} what="API keys" action={all}>
            {filtered ? 'No key fits the search.' : 'There is no API key yet.'}
          </NothingFits>
        ) : (
          <>
            <Table
              caption="API keys" columns={columns(may.manageKeys, actions, holdings)} rows={nodes} rowKey={(row) => row.id} busy={keys.loading} sort={sort}
              onSort={(next: Sort) => change({ sort: next.field === 'NAME' ? '' : next.field, down: next.descending ? '1' : '' })}
              detail={(row) => secretRow(row, actions)}
            />
            <Pager {...pages} total={pageInfo.total} what="keys" />
          </>
        )}
      </Loaded>
      {adding && <CreateKeyDialog onClose={() => setAdding(false)} onCreated={reload} />}
      {actions.dialogs}
    </>
  );
}

function secretRow(row: KeyRow, actions: KeyActions) {
  const secret = actions.secretOf(row.id);
  return secret === undefined ? undefined : <Secret text={secret} label={`The key ${row.name}`} />;
}

const nameId = (row: KeyRow) => `key-${row.id}`;

function columns(manage: boolean, actions: KeyActions, holdings: Holdings): readonly Column<KeyRow>[] {
  const shown: Column<KeyRow>[] = [
    { key: 'name', header: 'Name', kind: 'name', sort: 'NAME', cell: (row) => <a id={nameId(row)} href={`${BASE}/security/access/api-keys/${row.id}`}><bdi>{row.name}</bdi></a> },
    { key: 'preview', header: 'Key', cell: (row) => <code class="preview">{row.preview}</code> },
    { key: 'groups', header: 'User Groups', cell: (row) => <GroupLinks groups={row.shownGroups.nodes} total={row.shownGroups.pageInfo.total} /> },
    { key: 'created', header: 'Created', sort: 'CREATED_AT', cell: (row) => <Time at={row.createdAt} /> },
    { key: 'used', header: 'Last used', sort: 'LAST_USED_AT', cell: (row) => <Time at={row.lastUsedAt} none="Never" /> },
    { key: 'expires', header: 'Expires', sort: 'EXPIRES_AT', cell: (row) => <Time due at={row.expiresAt} none="Never" /> },
    { key: 'state', header: 'State', cell: (row) => <KeyState enabled={row.enabled} expiresAt={row.expiresAt} /> },
  ];
  if (manage) shown.push({ key: 'actions', header: 'Actions', kind: 'actions', cell: (row) => actions.buttons(row, nameId(row), holdings.of(row.id)) });
  return shown;
}
