import type { UsageParts } from '../api/generated.ts';

/** The outcomes of a verification, in the order they are stacked and listed. */
export const OUTCOMES = [
  { field: 'valid', name: 'Valid' },
  { field: 'rateLimited', name: 'Rate limited' },
  { field: 'usageExceeded', name: 'Credits used up' },
  { field: 'insufficientPermissions', name: 'Not permitted' },
  { field: 'ipNotAllowed', name: 'Address not allowed' },
  { field: 'expired', name: 'Expired' },
  { field: 'disabled', name: 'Disabled' },
] as const satisfies readonly { field: keyof UsageParts; name: string }[];

export type OutcomeField = (typeof OUTCOMES)[number]['field'];

export interface Span {
  readonly key: string;
  readonly label: string;
  readonly ms: number;
  readonly interval: 'HOUR' | 'DAY';
}

const HOUR = 3_600_000;

export const SPANS: readonly Span[] = [
  { key: '24h', label: '24 hours', ms: 24 * HOUR, interval: 'HOUR' },
  { key: '7d', label: '7 days', ms: 7 * 24 * HOUR, interval: 'HOUR' },
  { key: '30d', label: '30 days', ms: 30 * 24 * HOUR, interval: 'DAY' },
];

/** How often each outcome happened in all buckets together. */
export function totals(buckets: readonly UsageParts[]): Readonly<Record<OutcomeField | 'total', number>> {
  const sum = (field: OutcomeField | 'total') => buckets.reduce((all, bucket) => all + bucket[field], 0);
  return Object.fromEntries((['total', ...OUTCOMES.map((one) => one.field)] as const).map((field) => [field, sum(field)])) as Record<OutcomeField | 'total', number>;
}

/** A round number at or above the highest bar, for the top of the scale: 1, 2 or 5 times a power of ten. */
export function scaleTop(highest: number): number {
  if (highest <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= highest) ?? highest;
}

/** Joins each `size` buckets to one, so that a chart has bars that can be seen. The first of a group gives the start. */
export function join(buckets: readonly UsageParts[], size: number): readonly UsageParts[] {
  const joined: UsageParts[] = [];
  for (let at = 0; at < buckets.length; at += size) {
    const part = buckets.slice(at, at + size);
    joined.push({ ...totals(part), start: part[0]?.start ?? 0 });
  }
  return joined;
}
