import { useMemo } from 'preact/hooks';
import { AuditsQuery, type ChangeSetFilter } from '../../api/generated.ts';
import { AuditList } from '../../components/audit-list.tsx';
import { Pager } from '../../components/pager.tsx';
import { Loaded, NothingFits, ShowAll } from '../../components/states.tsx';
import { usePageQuery } from '../../hooks/use-page-query.ts';
import { usePages } from '../../hooks/use-pages.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { PageHead } from '../../layout/page-head.tsx';
import { auditFilter } from '../../lib/audit-filter.ts';
import { serverNow } from '../../lib/clock.ts';
import { pageOf } from '../../lib/page-query.ts';
import { AuditToolbar } from './audit-toolbar.tsx';

const SIZE = 50;

export function AuditPage() {
  const [query, change] = usePageQuery();
  const variables = useMemo(() => {
    const filter = auditFilter(query, serverNow());
    return { limit: SIZE, offset: (pageOf(query) - 1) * SIZE, filters: Object.keys(filter).length > 0 ? [filter] : [] };
  }, [query]);
  const audits = useQuery(AuditsQuery, variables);
  const pages = usePages(SIZE, audits, (data) => data.audits.pageInfo.total);
  const filtered = variables.filters.length > 0;
  const all = filtered ? <ShowAll onClick={() => change({ time: '', from: '', to: '', actor: '', resource: '', type: '', operation: '' })}>Show all entries</ShowAll> : undefined;
  return (
    <>
      <PageHead title="Audit">Who changed what, the newest first.</PageHead>
      <AuditToolbar query={query} change={change} />
      <Loaded query={audits} what="the audit log">
        {({ audits: { nodes, pageInfo } }) => nodes.length === 0 ? (
          <NothingFits query={audits} what="the audit log" action={all}>
            {backwards(variables.filters[0]) ? 'No entry fits: “Until” is before “From”.' : 'No entry fits.'}
          </NothingFits>
        ) : (
          <>
            <AuditList caption="Audit log" sets={nodes} busy={audits.loading} />
            <Pager {...pages} total={pageInfo.total} what="entries" />
          </>
        )}
      </Loaded>
    </>
  );
}

function backwards(filter: ChangeSetFilter | undefined): boolean {
  const { from, to } = filter?.time?.specific ?? {};
  return typeof from === 'number' && typeof to === 'number' && to < from;
}
