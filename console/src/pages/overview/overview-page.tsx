import { useMemo } from 'preact/hooks';
import { AccountUsageQuery } from '../../api/generated.ts';
import { TrailPanel } from '../../components/trail-panel.tsx';
import { UsagePanel } from '../../components/usage-panel.tsx';
import { useAbilities, useWho } from '../../hooks/use-session.ts';
import { PageHead } from '../../layout/page-head.tsx';
import { serverNow } from '../../lib/clock.ts';
import { KeysPanel } from './keys-panel.tsx';

export function OverviewPage() {
  const may = useAbilities();
  const { viewer } = useWho();
  const now = useMemo(serverNow, []);
  return (
    <>
      <PageHead title="Overview"><bdi>{viewer.account.name}</bdi></PageHead>
      {may.seeKeys && (
        <>
          <UsagePanel title="Verifications" operation={AccountUsageQuery} variables={(range) => range} pick={(answer) => answer.account.usage} />
          <div class="columns">
            <KeysPanel
              id="expiring" title="Keys expiring in 30 days" empty="No key expires in the next 30 days." moment="expires"
              choice={{ show: 'expiring', state: 'enabled', sort: 'EXPIRES_AT' }} now={now}
            />
            <KeysPanel
              id="unused" title="Keys unused for 90 days" empty="Every key was used in the last 90 days, or is younger." moment="used"
              choice={{ show: 'unused', sort: 'LAST_USED_AT' }} now={now}
            />
          </div>
        </>
      )}
      {may.seeAudits && <TrailPanel title="Recent changes" filter={{}} more="/audit" />}
      {!may.seeKeys && !may.seeAudits && <p class="muted">This credential may see neither keys nor the audit log.</p>}
    </>
  );
}
