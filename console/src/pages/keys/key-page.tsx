import { useState } from 'preact/hooks';
import { KeyQuery, KeyUsageQuery, type KeyQueryAnswer } from '../../api/generated.ts';
import { Secret } from '../../components/copy.tsx';
import { PermissionTables } from '../../components/permission-tables.tsx';
import { Loaded } from '../../components/states.tsx';
import { TrailPanel } from '../../components/trail-panel.tsx';
import { UsagePanel } from '../../components/usage-panel.tsx';
import { useApplicationNames } from '../../hooks/use-application-names.ts';
import { useQuery } from '../../hooks/use-query.ts';
import { useAbilities } from '../../hooks/use-session.ts';
import { useTitle } from '../../hooks/use-title.ts';
import { ACCESS_TRAIL, PageHead } from '../../layout/page-head.tsx';
import { navigate } from '../../lib/router.ts';
import { useKeyActions } from './key-actions.tsx';
import { KeyDetails } from './key-details.tsx';

const LIST = '/security/access/api-keys';
const TRAIL = [...ACCESS_TRAIL, { name: 'API Keys', to: LIST }];

export function KeyPage({ id }: { id: string }) {
  const query = useQuery(KeyQuery, { id });
  useTitle(query.data?.apiKey.name ?? 'API key');
  return (
    <>
      {query.failure && !query.data && <PageHead title="API key" trail={TRAIL} />}
      <Loaded query={query} what="the key">
        {({ apiKey }) => <KeyView apiKey={apiKey} reload={query.reload} />}
      </Loaded>
    </>
  );
}

function KeyView({ apiKey, reload }: { apiKey: KeyQueryAnswer['apiKey']; reload(): void }) {
  const may = useAbilities();
  const [changes, setChanges] = useState(0);
  const changed = () => {
    setChanges((last) => last + 1);
    reload();
  };
  const actions = useKeyActions(changed, () => navigate(LIST));
  const applicationNames = useApplicationNames();
  const { id } = apiKey;
  const secret = actions.secretOf(id);
  return (
    <>
      <PageHead title={apiKey.name} trail={TRAIL} actions={may.manageKeys ? actions.buttons(apiKey, 'key-name', apiKey.givingGroups.nodes.map((group) => group.permissions)) : undefined} />
      <span id="key-name" hidden>{apiKey.name}</span>
      {secret !== undefined && <Secret text={secret} label={`The key ${apiKey.name}`} />}
      <KeyDetails apiKey={apiKey} />
      <section class="panel" aria-labelledby="permissions-title">
        <div class="panel-head"><h2 id="permissions-title">Effective permissions</h2></div>
        <PermissionTables groups={apiKey.givingGroups.nodes} applicationNames={applicationNames} />
      </section>
      <UsagePanel title="Verifications" operation={KeyUsageQuery} variables={(range) => ({ id, ...range })} pick={(answer) => answer.apiKey.usage} />
      {may.seeAudits && <TrailPanel title="Audit trail" filter={{ resourceId: id }} more={`/audit?resource=${encodeURIComponent(id)}`} about={id} round={changes} />}
      {actions.dialogs}
    </>
  );
}
