import { AuditsQuery, type ChangeSetFilter } from '../api/generated.ts';
import { useQuery } from '../hooks/use-query.ts';
import { BASE } from '../lib/router.ts';
import { AuditList } from './audit-list.tsx';
import { Empty, Loaded } from './states.tsx';

/** The latest audit entries that fit a filter, on the page of what they are about. */
export function TrailPanel({ title, filter, more, brief = false }: { title: string; filter: ChangeSetFilter; more: string; brief?: boolean }) {
  const query = useQuery(AuditsQuery, { filters: [filter], limit: 10, offset: 0 });
  return (
    <section class="panel" aria-labelledby="trail-title">
      <div class="panel-head"><h2 id="trail-title">{title}</h2></div>
      <Loaded query={query} what="the audit log">
        {({ audits: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>Nothing yet.</Empty> : (
          <>
            <AuditList caption={title} sets={nodes} brief={brief} busy={query.loading} />
            {pageInfo.total > nodes.length && <p class="panel-more"><a href={BASE + more}>All {pageInfo.total} entries</a></p>}
          </>
        )}
      </Loaded>
    </section>
  );
}
