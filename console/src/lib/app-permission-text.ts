import type { AppPermissionType } from '../api/generated.ts';
import { words } from './format.ts';
import type { AppPermission } from './permissions.ts';

/** What each type of application permission is about. */
export const THINGS: Readonly<Record<AppPermissionType, string>> = {
  ALL: 'Everything', SERVICE: 'Services', ENV: 'Environments', WORKFLOW: 'Workflows', PIPELINE: 'Pipelines', DEPLOYMENT: 'Deployments', PROVISIONER: 'Provisioners', TEMPLATE: 'Templates',
};

/** What a permission on applications says, in words. */
export function appPermissionText(permission: AppPermission, applicationNames: ReadonlyMap<string, string>): { what: string; where: string; actions: string } {
  const filters = [
    ...(permission.environments?.filterTypes ?? []), ...(permission.deployments?.filterTypes ?? []),
    ...(permission.workflows?.filterTypes ?? []), ...(permission.pipelines?.filterTypes ?? []),
  ].map((one) => words(one).toLowerCase());
  const ids = [
    ...(permission.services?.serviceIds ?? []), ...(permission.provisioners?.provisionerIds ?? []), ...(permission.templates?.templateIds ?? []),
    ...(permission.environments?.envIds ?? []), ...(permission.deployments?.envIds ?? []),
    ...(permission.workflows?.workflowIds ?? []), ...(permission.workflows?.envIds ?? []), ...(permission.pipelines?.pipelineIds ?? []), ...(permission.pipelines?.envIds ?? []),
  ];
  const which = [...filters, ...ids].join(', ');
  const apps = (permission.applications.appIds ?? []).map((id) => applicationNames.get(id) ?? id);
  return {
    what: which === '' ? THINGS[permission.permissionType] : `${THINGS[permission.permissionType]} (${which})`,
    where: apps.length > 0 ? apps.join(', ') : 'all applications',
    actions: permission.actions.map(words).join(', '),
  };
}
