import { useState } from 'preact/hooks';
import { FieldGroup, SelectField, TextArea, TextField, type Choice } from '../../components/field.tsx';
import { GroupsField } from '../../components/groups-field.tsx';
import type { FieldRules, FormErrors } from '../../lib/field-errors.ts';
import { NEW_KEY, type Expiry, type KeyDraft, type KeyField } from '../../lib/key-draft.ts';
import { MetadataFields } from './metadata-fields.tsx';

/** What the server says about which field. */
export const KEY_FIELD_RULES: FieldRules<KeyField> = [
  [/^Invalid API Key name|^An API key already exists with the name/, 'name'],
  [/^No User Group exists|^Too many User Groups|^User not authorized: the user groups hold/, 'groups'],
  [/^Invalid expiresAt/, 'expiry', 'Invalid expiry'],
  [/^(Invalid|Too many) allowedIps/, 'ips', '$1 addresses'],
  [/allowedIps does not hold the address that this request comes from$/, 'ips', 'these addresses do not include the one that you are at'],
  [/^(Invalid|Too much) metadata/, 'metadata'],
];

const EXPIRIES: readonly Choice<Expiry>[] = [
  { value: 'never', label: 'Never' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: 'date', label: 'At a date and time' },
];

const REFILLS: readonly Choice<KeyDraft['refill']>[] = [
  { value: 'never', label: 'Never' },
  { value: 'DAILY', label: 'Each day' },
  { value: 'WEEKLY', label: 'Each week' },
  { value: 'MONTHLY', label: 'Each month' },
];

const WEEKDAYS: readonly Choice<string>[] = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
  .map((label, index) => ({ value: String(index + 1), label }));

interface KeyFormProps {
  draft: KeyDraft;
  onChange(draft: KeyDraft): void;
  errors: FormErrors<KeyField>;
}

function hasMore({ expiry, allowedIps, rateLimit, credits, metadata }: KeyDraft): boolean {
  return expiry !== 'never' || allowedIps !== '' || rateLimit !== '' || credits !== '' || metadata.length > 0;
}

/** The fields of a key, for a new one and for one that is changed. */
export function KeyForm({ draft, onChange, errors: { fields } }: KeyFormProps) {
  const set = (part: Partial<KeyDraft>) => onChange({ ...draft, ...part });
  const [more] = useState(() => hasMore(draft)); // as the form began: it must not close over the field that is being emptied
  return (
    <>
      <TextField label="Name" value={draft.name} onInput={(name) => set({ name })} error={fields.name} required hint="What uses the key. It is unique in the account." />
      <GroupsField chosen={draft.groupIds} onChange={(groupIds) => set({ groupIds })} error={fields.groups} hint="The key may do what its user groups may do." />
      <details class="more" open={more}>
        <summary>Expiry, limits and metadata</summary>
        <div class="field-row">
          <SelectField label="Expires" value={draft.expiry} onChange={(expiry) => set({ expiry })} choices={EXPIRIES} error={draft.expiry === 'date' ? undefined : fields.expiry} />
          {draft.expiry === 'date' && (
            <TextField label="Date and time" type="datetime-local" value={draft.expiryDate} onInput={(expiryDate) => set({ expiryDate })} error={fields.expiry} hint="In your time zone." />
          )}
        </div>
        <TextArea
          label="Allowed IP addresses" value={draft.allowedIps} onInput={(allowedIps) => set({ allowedIps })} error={fields.ips} mono
          hint="One a line, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32. Empty: from anywhere."
        />
        <FieldGroup label="Rate limit" hint="Empty: only the account's own limit.">
          <div class="field-row">
            <TextField label="Uses" value={draft.rateLimit} onInput={(rateLimit) => set({ rateLimit })} error={fields.rate} />
            <TextField label="In" value={draft.rateWindow} onInput={(rateWindow) => set({ rateWindow })} error={fields.window} hint="Such as 10 seconds, 1 minute or 1 hour." />
          </div>
        </FieldGroup>
        <CreditsFields draft={draft} set={set} fields={fields} />
        <MetadataFields rows={draft.metadata} onChange={(metadata) => set({ metadata })} error={fields.metadata} />
      </details>
    </>
  );
}

function CreditsFields({ draft, set, fields }: { draft: KeyDraft; set(part: Partial<KeyDraft>): void; fields: KeyFormProps['errors']['fields'] }) {
  const setRefill = (refill: KeyDraft['refill']) => set({ refill, refillDay: NEW_KEY.refillDay });
  return (
    <FieldGroup label="Credits" hint="How many times the key may still be used. Empty: any number of times.">
      <div class="field-row">
        <TextField label="Uses left" value={draft.credits} onInput={(credits) => set({ credits })} error={fields.credits} />
        <SelectField label="Refilled" value={draft.refill} onChange={setRefill} choices={REFILLS} />
        {draft.refill !== 'never' && <TextField label="Refilled to" value={draft.refillAmount} onInput={(refillAmount) => set({ refillAmount })} error={fields.amount} />}
        {draft.refill === 'WEEKLY' && <SelectField label="On" value={draft.refillDay} onChange={(refillDay) => set({ refillDay })} choices={WEEKDAYS} />}
        {draft.refill === 'MONTHLY' && (
          <TextField label="On day" value={draft.refillDay} onInput={(refillDay) => set({ refillDay })} error={fields.day} hint="1 to 31; a shorter month's last day." />
        )}
      </div>
    </FieldGroup>
  );
}
