import { LOCALE } from './locale.ts';

/** 12,345. */
export function number(value: number): string {
  return new Intl.NumberFormat(LOCALE).format(value);
}

/** "1 key", "3 keys". */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** MANAGE_API_KEYS as "Manage API keys". */
export function words(constant: string): string {
  const text = constant.toLowerCase().replaceAll('_', ' ')
    .replace(/\b(api|ip|sso|ssh|ce|yaml)\b/g, (found) => found.toUpperCase()).replace('winrm', 'WinRM');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
