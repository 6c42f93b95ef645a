import { LOCALE } from './locale.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The moment in full, in the reader's zone: what a hover shows. */
export function absolute(ms: number): string {
  return new Intl.DateTimeFormat(LOCALE, {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
  }).format(ms);
}

/** "5 min. ago", "in 3 days"; a date when it is more than 30 days away. */
export function relative(ms: number, now: number): string {
  const distance = ms - now;
  const size = Math.abs(distance);
  if (size < MINUTE) return distance <= 0 ? 'just now' : 'in less than a minute';
  if (size < HOUR) return unit(distance / MINUTE, 'minute');
  if (size < DAY) return unit(distance / HOUR, 'hour');
  if (size <= 30 * DAY) return unit(distance / DAY, 'day');
  return new Intl.DateTimeFormat(LOCALE, { year: 'numeric', month: 'short', day: 'numeric' }).format(ms);
}

function unit(count: number, name: Intl.RelativeTimeFormatUnit): string {
  return new Intl.RelativeTimeFormat(LOCALE, { numeric: 'always', style: 'short' }).format(Math.trunc(count), name);
}

/** The value of a datetime-local field for a moment, to the minute. */
export function toLocalField(ms: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const year = String(at.getFullYear()).padStart(4, '0');
  return `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The moment that a datetime-local field means in the reader's zone; undefined when it is empty or no date. */
export function fromLocalField(text: string): number | undefined {
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return undefined;
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
