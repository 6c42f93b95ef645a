import type { ChangeSetFilter } from '../api/generated.ts';
import type { PageQuery } from './page-query.ts';
import { DAY, fromLocalField } from './time.ts';

export const RESOURCE_TYPES = ['API_KEY', 'USER_GROUP', 'USER', 'APPLICATION', 'SSO_PROVIDER', 'IP_ALLOW_ENTRY', 'ACCOUNT', 'SERVER'] as const;
export const OPERATION_TYPES = ['CREATE', 'UPDATE', 'DELETE', 'REVEAL', 'ROTATE', 'IMPORT', 'LOGIN', 'LOGOUT', 'LOCK', 'BACKUP', 'RESTORE'] as const;

const LAST: Readonly<Record<string, number>> = { '1h': DAY / 24, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY };

/** The filter of the audit log that the address asks for. What makes no sense there is left out. */
export function auditFilter(query: PageQuery, now: number): ChangeSetFilter {
  const from = query['time'] === 'range' ? fromLocalField(query['from'] ?? '') : undefined;
  const to = query['time'] === 'range' ? fromLocalField(query['to'] ?? '') : undefined;
  const last = LAST[query['time'] ?? ''];
  const time = last !== undefined ? { from: now - last } : from !== undefined || to !== undefined ? { from: from ?? 0, ...(to === undefined ? {} : { to }) } : undefined;
  const type = RESOURCE_TYPES.find((one) => one === query['type']);
  const operation = OPERATION_TYPES.find((one) => one === query['operation']);
  return {
    ...(time ? { time: { specific: time } } : {}),
    ...(query['actor'] ? { actorId: query['actor'].trim() } : {}),
    ...(query['resource'] ? { resourceId: query['resource'].trim() } : {}),
    ...(type ? { resourceType: type } : {}),
    ...(operation ? { operationType: operation } : {}),
  };
}
