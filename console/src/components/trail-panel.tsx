import { useEffect } from 'preact/hooks';
import { AuditsQuery, type ChangeSetFilter } from '../api/generated.ts';
import { useQuery } from '../hooks/use-query.ts';
import { BASE } from '../lib/router.ts';
import { AuditList } from './audit-list.tsx';
import { Empty, Loaded } from './states.tsx';

interface TrailPanelProps {
  title: string;
  /** Which entries, as the server and the address of the audit page name them. */
  filter: ChangeSetFilter;
  more: string;
  /** The id of what the page is about. */
  about?: string;
  /** Another number each time that there may be new entries. */
  round?: number;
}

/** The latest audit entries that fit a filter. */
export function TrailPanel({ title, filter, more, about, round = 0 }: TrailPanelProps) {
  const query = useQuery(AuditsQuery, { filters: [filter], limit: 10, offset: 0 });
  const { reload } = query;
  useEffect(() => {
    if (round > 0) reload();
  }, [round, reload]);
  return (
    <section class="panel" aria-labelledby="trail-title">
      <div class="panel-head"><h2 id="trail-title">{title}</h2></div>
      <Loaded query={query} what="the audit log">
        {({ audits: { nodes, pageInfo } }) => nodes.length === 0 ? <Empty>Nothing yet.</Empty> : (
          <>
            <AuditList caption={title} sets={nodes} about={about} busy={query.loading} />
            {pageInfo.total > nodes.length && <p class="panel-more"><a href={BASE + more}>All {pageInfo.total} entries</a></p>}
          </>
        )}
      </Loaded>
    </section>
  );
}
