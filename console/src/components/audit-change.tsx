import { ChangeContentQuery, type ChangeSetParts } from '../api/generated.ts';
import { useQuery } from '../hooks/use-query.ts';
import { number } from '../lib/format.ts';
import { Diff } from './diff.tsx';
import { Loaded } from './states.tsx';
import { FullTime } from './time.tsx';

/** What one entry changed: the lines that went and came, for each thing, or for the one that `about` is the id of. */
export function AuditChange({ set, about }: { set: ChangeSetParts; about: string | undefined }) {
  const query = useQuery(ChangeContentQuery, { filters: [{ changeSetId: set.id, ...(about === undefined ? {} : { resourceId: about }) }] });
  return (
    <div class="audit-change">
      <p class="muted">
        <FullTime at={set.triggeredAt} />
        {set.request?.resourcePath && <> · <code>{set.request.resourcePath}</code></>}
        {set.request?.responseStatusCode != null && <> · status {set.request.responseStatusCode}</>}
        {' · '}entry <code>{set.id}</code>
      </p>
      <Loaded query={query} what="what changed">
        {({ auditChangeContent: { nodes, pageInfo } }) => {
          const shown = nodes.filter((node) => node.oldYaml !== null || node.newYaml !== null);
          return (
            <>
              {shown.map((node, index) => {
                const change = set.changes.find((one) => one.resourceId === node.resourceId);
                return <Diff key={index} before={node.oldYaml ?? ''} after={node.newYaml ?? ''} label={`What changed of ${change?.resourceName ?? node.resourceId ?? 'it'}`} />;
              })}
              {shown.length === 0 && <p class="muted">Nothing was changed.</p>}
              {pageInfo.total > nodes.length && <p class="muted">These are the first {nodes.length} of {number(pageInfo.total)} changes.</p>}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
