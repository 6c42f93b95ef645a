import { AccountPermissionTypeText, type AccountPermissionType } from '../api/generated.ts';
import { words } from './format.ts';

/** The server's sentences that name account permissions as the API does. In each of them nothing else is in capitals, and nothing is what a person wrote. */
const NAMING: readonly RegExp[] = [
  /^User not authorized: [A-Z_]+ is required$/,
  /^User not authorized: (these permissions are|the user groups? holds?) more than the caller holds \([A-Z_]+\)$/,
  /^[A-Z_]+ can be set only together with [A-Z_]+$/,
  /^This would (lock the account out|leave the account without a credential that can) /,
];

/** What the server said, with the words of the console for the account permissions that it names. */
export function inWords(message: string): string {
  return NAMING.some((sentence) => sentence.test(message)) ? nameInWords(message) : message;
}

/** What an account permission lets one do. */
export function permissionText(type: AccountPermissionType): string {
  return nameInWords(AccountPermissionTypeText[type]);
}

function nameInWords(text: string): string {
  return text.replace(/\b[A-Z]+(_[A-Z]+)+\b/g, (name) => (Object.hasOwn(AccountPermissionTypeText, name) ? `“${words(name)}”` : name));
}
