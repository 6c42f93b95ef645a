import { ChangeContentQuery, type ChangeSetParts } from '../api/generated.ts';
import { useQuery } from '../hooks/use-query.ts';
import { Diff } from './diff.tsx';
import { Loaded } from './states.tsx';
import { FullTime } from './time.tsx';

/** What one entry changed: the lines that went and came, for each thing, or for the one that `about` is the id of. */
export function AuditChange({ set, about }: { set: ChangeSetParts; about: string | undefined }) {
  const query = useQuery(ChangeContentQuery, { filters: [{ changeSetId: set.id }] });
  return (
    <div class="audit-change">
      <p class="muted">
        <FullTime at={set.triggeredAt} />
        {set.request?.resourcePath && <> · <code>{set.request.resourcePath}</code></>}
        {set.request?.responseStatusCode != null && <> · status {set.request.responseStatusCode}</>}
        {' · '}entry <code>{set.id}</code>
      </p>
      <Loaded query={query} what="what changed">
        {({ auditChangeContent: { nodes } }) => {
          const shown = nodes.filter((node) => (node.oldYaml !== null || node.newYaml !== null) && (about === undefined || node.resourceId === about));
          if (shown.length === 0) return <p class="muted">Nothing was changed.</p>;
          return shown.map((node, index) => {
            const change = set.changes.find((one) => one.resourceId === node.resourceId);
            return <Diff key={index} before={node.oldYaml ?? ''} after={node.newYaml ?? ''} label={`What changed of ${change?.resourceName ?? node.resourceId ?? 'it'}`} />;
          });
        }}
      </Loaded>
    </div>
  );
}
