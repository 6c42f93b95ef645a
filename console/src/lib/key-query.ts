import type { ApiKeyFilter, ApiKeySortField } from '../api/generated.ts';
import type { PageQuery } from './page-query.ts';
import { DAY } from './time.ts';

const FIELDS: readonly ApiKeySortField[] = ['NAME', 'CREATED_AT', 'LAST_USED_AT', 'EXPIRES_AT'];

/** The order of keys that the address asks for. */
export function keySort(query: PageQuery): { readonly field: ApiKeySortField; readonly descending: boolean } {
  const field = FIELDS.find((one) => one === query['sort']) ?? 'NAME';
  return { field, descending: query['down'] === '1' };
}

/** The filter of keys that the address asks for. What makes no sense there is left out. */
export function keyFilter(query: PageQuery, now: number): ApiKeyFilter {
  return {
    ...(query['q'] ? { nameContains: query['q'] } : {}),
    ...(query['group'] ? { userGroupId: query['group'] } : {}),
    ...(query['state'] === 'enabled' ? { enabled: true } : query['state'] === 'disabled' ? { enabled: false } : {}),
    ...(query['show'] === 'expiring' ? { expiresAfter: now, expiresBefore: now + 30 * DAY } : query['show'] === 'unused' ? { unusedSince: now - 90 * DAY } : {}),
  };
}
