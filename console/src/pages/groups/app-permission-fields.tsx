import type { Actions, AppPermissionType, ApplicationPermissionInput } from '../../api/generated.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { CheckField, FieldGroup, SelectField, type Choice } from '../../components/field.tsx';
import { PickList } from '../../components/pick-list.tsx';
import type { All } from '../../hooks/use-all.ts';
import { useRows } from '../../hooks/use-rows.ts';
import { THINGS } from '../../lib/app-permission-text.ts';
import { words } from '../../lib/format.ts';
import { ACTIONS, isNarrow, KINDS, NEW_APP_PERMISSION, withType, type NarrowType } from '../../lib/group-draft.ts';
import { IdField } from './id-field.tsx';

const TYPES = Object.entries(THINGS).map(([value, label]) => ({ value, label })) as readonly Choice<AppPermissionType>[];

interface AppPermissionFieldsProps {
  permissions: readonly ApplicationPermissionInput[];
  onChange(permissions: readonly ApplicationPermissionInput[]): void;
  applications: All<{ readonly id: string; readonly name: string }>;
  error: string | undefined;
}

/** What a group may do in applications: any number of permissions. */
export function AppPermissionFields({ permissions, onChange, applications, error }: AppPermissionFieldsProps) {
  const { keys, addButton, taken } = useRows(permissions.length);
  const remove = (index: number) => {
    taken(index);
    onChange(permissions.filter((_, at) => at !== index));
  };
  return (
    <FieldGroup label="Application permissions" error={error}>
      {permissions.map((one, index) => (
        <AppPermissionField
          key={keys[index]} label={`Application permission ${index + 1}`} permission={one} applications={applications}
          onChange={(next) => onChange(permissions.map((old, at) => (at === index ? next : old)))}
          onRemove={() => remove(index)}
        />
      ))}
      <Button kind="quiet" icon="add" buttonRef={addButton} onClick={() => onChange([...permissions, NEW_APP_PERMISSION])}>Add application permission</Button>
    </FieldGroup>
  );
}

interface AppPermissionFieldProps {
  label: string;
  permission: ApplicationPermissionInput;
  applications: AppPermissionFieldsProps['applications'];
  onChange(permission: ApplicationPermissionInput): void;
  onRemove(): void;
}

function AppPermissionField({ label, permission, applications, onChange, onRemove }: AppPermissionFieldProps) {
  const type = permission.permissionType;
  const appIds = (permission.applications.appIds ?? []).filter((id) => id !== null);
  const some = permission.applications.filterType !== 'ALL';
  return (
    <fieldset class="card">
      <legend class="visually-hidden">{label}</legend>
      <div class="card-head">
        <SelectField label="On" value={type} choices={TYPES} onChange={(next) => onChange(withType(permission, next))} />
        <SelectField
          label="In" value={some ? 'some' : 'all'} choices={[{ value: 'all', label: 'All applications' }, { value: 'some', label: 'Chosen applications' }]}
          onChange={(next) => onChange({ ...permission, applications: next === 'all' ? { filterType: 'ALL' } : { appIds: [] } })}
        />
        <IconButton label={`Remove ${label.toLowerCase()}`} icon="trash" onClick={onRemove} />
      </div>
      {some && (
        <PickList label="Applications" what="application" all={applications} chosen={appIds} onChange={(next) => onChange({ ...permission, applications: { appIds: next } })} />
      )}
      {isNarrow(type) && <KindFields key={type} permission={permission} type={type} onChange={onChange} />}
      {type === 'SERVICE' && <IdField label="Service ids" empty="all of them" ids={permission.services?.serviceIds ?? []} onChange={(ids) => onChange({ ...permission, services: ids.length > 0 ? { serviceIds: ids } : { filterType: 'ALL' } })} />}
      {type === 'TEMPLATE' && <IdField label="Template ids" empty="all of them" ids={permission.templates?.templateIds ?? []} onChange={(ids) => onChange({ ...permission, templates: ids.length > 0 ? { templateIds: ids } : { filterType: 'ALL' } })} />}
      {type === 'PROVISIONER' && <IdField label="Provisioner ids" empty="all of them" ids={permission.provisioners?.provisionerIds ?? []} onChange={(ids) => onChange({ ...permission, provisioners: ids.length > 0 ? { provisionerIds: ids } : { filterType: 'ALL' } })} />}
      <ActionFields type={type} chosen={permission.actions.filter((one) => one !== null)} onChange={(actions) => onChange({ ...permission, actions })} />
    </fieldset>
  );
}

function ActionFields({ type, chosen, onChange }: { type: AppPermissionType; chosen: readonly Actions[]; onChange(chosen: readonly Actions[]): void }) {
  const offered = ACTIONS[type];
  return (
    <FieldGroup label="May">
      <div class="check-flow">
        {offered.map((action) => (
          <CheckField
            key={action} label={words(action)} checked={chosen.includes(action)}
            onChange={(on) => onChange(on ? offered.filter((one) => one === action || chosen.includes(one)) : chosen.filter((one) => one !== action))}
          />
        ))}
      </div>
    </FieldGroup>
  );
}

function KindFields({ permission, type, onChange }: { permission: ApplicationPermissionInput; type: NarrowType; onChange(permission: ApplicationPermissionInput): void }) {
  const { member, choices } = KINDS[type];
  const filter = permission[member];
  const chosen: readonly (string | null)[] = filter?.filterTypes ?? [];
  const set = (next: readonly string[]) => {
    const rest = Object.entries(filter ?? {}).filter(([name]) => name !== 'filterTypes');
    onChange({ ...permission, [member]: { ...Object.fromEntries(rest), ...(next.length > 0 ? { filterTypes: next } : {}) } });
  };
  return (
    <FieldGroup label="Which">
      <div class="check-flow">
        {choices.map((kind) => (
          <CheckField
            key={kind} label={words(kind)} checked={chosen.includes(kind)}
            onChange={(on) => set(choices.filter((one) => (one === kind ? on : chosen.includes(one))))}
          />
        ))}
      </div>
      <KindIds permission={permission} type={type} onChange={onChange} />
    </FieldGroup>
  );
}

/** Ids of single things, for the types that can be narrowed to them. */
function KindIds({ permission, type, onChange }: { permission: ApplicationPermissionInput; type: NarrowType; onChange(permission: ApplicationPermissionInput): void }) {
  const { member } = KINDS[type];
  const filter: Readonly<Record<string, unknown>> = { ...permission[member] };
  const lists = { ENV: ['envIds'], DEPLOYMENT: ['envIds'], WORKFLOW: ['workflowIds', 'envIds'], PIPELINE: ['pipelineIds', 'envIds'] }[type];
  const names: Readonly<Record<string, string>> = { envIds: 'Environment ids', workflowIds: 'Workflow ids', pipelineIds: 'Pipeline ids' };
  return (
    <div class="field-row">
      {lists.map((list) => (
        <IdField
          key={list} label={names[list] ?? list} empty="none in particular" ids={(filter[list] as readonly string[] | undefined) ?? []}
          onChange={(ids) => {
            const rest = Object.fromEntries(Object.entries(filter).filter(([name]) => name !== list));
            onChange({ ...permission, [member]: ids.length > 0 ? { ...rest, [list]: ids } : rest });
          }}
        />
      ))}
    </div>
  );
}
