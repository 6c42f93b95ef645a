import { useState } from 'preact/hooks';
import { AccountPermissionTypeText, type AccountPermissionType } from '../../api/generated.ts';
import { CheckField, FieldGroup } from '../../components/field.tsx';
import { useWho } from '../../hooks/use-session.ts';
import { words } from '../../lib/format.ts';
import { permissionText } from '../../lib/permission-words.ts';
import { expand } from '../../lib/permissions.ts';

const FIRST: readonly AccountPermissionType[] = [
  'MANAGE_API_KEYS', 'READ_USERS_AND_GROUPS', 'MANAGE_USERS_AND_GROUPS', 'VIEW_USER_AND_USER_GROUPS_AND_API_KEYS', 'MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS',
  'VIEW_AUDITS', 'MANAGE_IP_WHITELIST', 'MANAGE_AUTHENTICATION_SETTINGS', 'ADMINISTER_OTHER_ACCOUNT_FUNCTIONS', 'CREATE_AND_DELETE_APPLICATION',
];
const ALL = Object.keys(AccountPermissionTypeText) as AccountPermissionType[];
const OTHERS = ALL.filter((one) => !FIRST.includes(one));

interface AccountPermissionFieldsProps {
  chosen: readonly AccountPermissionType[];
  onChange(chosen: readonly AccountPermissionType[]): void;
  error: string | undefined;
}

/** What a group may do with the account. Nobody can give what they do not hold: those boxes cannot be ticked. */
export function AccountPermissionFields({ chosen, onChange, error }: AccountPermissionFieldsProps) {
  const { viewer } = useWho();
  const [more] = useState(() => OTHERS.some((one) => chosen.includes(one))); // as the form began: it must not close over the box that is being unticked
  const held = expand(viewer.permissions.accountPermissions.accountPermissionTypes);
  const box = (type: AccountPermissionType) => {
    const on = chosen.includes(type);
    const forbidden = !on && !held.has(type);
    return (
      <CheckField
        key={type} label={words(type)} hint={forbidden ? 'You do not hold this yourself.' : permissionText(type)} checked={on} disabled={forbidden}
        onChange={(wanted) => onChange(wanted ? ALL.filter((one) => one === type || chosen.includes(one)) : chosen.filter((one) => one !== type))}
      />
    );
  };
  return (
    <FieldGroup label="Account permissions" error={error}>
      <div class="check-columns">{FIRST.map(box)}</div>
      <details class="more" open={more}>
        <summary>Other permissions of the account</summary>
        <div class="check-columns">{OTHERS.map(box)}</div>
      </details>
    </FieldGroup>
  );
}
