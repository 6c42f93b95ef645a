import { fieldFailure } from '../api/failure.ts';
import type { CreateApiKeyInput, KeySettings, RefillInterval, UpdateApiKeyInput } from '../api/generated.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { number } from './format.ts';
import { mergeList, mergeWords, wordsIn } from './merge.ts';
import { DAY, fromLocalField, toLocalField } from './time.ts';

export type Expiry = 'never' | '7' | '30' | '90' | '365' | 'date';

export type KeyField = 'name' | 'groups' | 'expiry' | 'ips' | 'rate' | 'window' | 'credits' | 'amount' | 'day' | 'metadata';

/** What a key's form holds while it is filled in: the texts as they were typed. */
export interface KeyDraft {
  readonly name: string;
  readonly groupIds: readonly string[];
  readonly expiry: Expiry;
  readonly expiryDate: string;
  readonly allowedIps: string;
  readonly rateLimit: string;
  readonly rateWindow: string;
  readonly credits: string;
  readonly refill: 'never' | RefillInterval;
  readonly refillAmount: string;
  readonly refillDay: string;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}

export const NEW_KEY: KeyDraft = {
  name: '', groupIds: [], expiry: 'never', expiryDate: '', allowedIps: '', rateLimit: '', rateWindow: '1 minute', credits: '', refill: 'never', refillAmount: '',
  refillDay: '1', metadata: [],
};

export function draftOf(key: KeySettings): KeyDraft {
  const refill = key.credits?.refill ?? null;
  return {
    name: key.name,
    groupIds: key.allGroups.nodes.map((group) => group.id),
    expiry: key.expiresAt === null ? 'never' : 'date',
    expiryDate: key.expiresAt === null ? '' : toLocalField(key.expiresAt),
    allowedIps: (key.allowedIps ?? []).join('\n'),
    rateLimit: key.rateLimit ? String(key.rateLimit.limit) : '',
    rateWindow: key.rateLimit ? formatDuration(key.rateLimit.windowSeconds) : NEW_KEY.rateWindow,
    credits: key.credits ? String(key.credits.remaining) : '',
    refill: refill ? refill.interval : 'never',
    refillAmount: refill ? String(refill.amount) : '',
    refillDay: refill ? String(refill.day ?? 1) : NEW_KEY.refillDay,
    metadata: key.metadata.map(({ key: name, value }) => ({ key: name, value })),
  };
}

type Members = Omit<CreateApiKeyInput, 'accountId' | 'clientMutationId' | 'enabled'>;

/** The input of createApiKey. Throws a Failure that names the field when a text is not what the field takes. */
export function createInput(draft: KeyDraft, accountId: string, now: number): CreateApiKeyInput {
  const all = members(draft, NEW_KEY, now);
  const given = Object.entries(all).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0));
  return { accountId, ...(Object.fromEntries(given) as Partial<Members>), name: draft.name };
}

/** The input of updateApiKey with what differs from the draft that the form began with: the rest stays as it is on the server. */
export function updateInput(draft: KeyDraft, before: KeyDraft, accountId: string, uuid: string, now: number): UpdateApiKeyInput {
  const all = members(draft, before, now);
  const changed = (Object.keys(all) as (keyof Members)[]).filter((member) => SOURCES[member].some((field) => !same(draft[field], before[field])));
  return { accountId, uuid, ...(Object.fromEntries(changed.map((member) => [member, all[member]])) as Partial<Members>), name: draft.name };
}

/**
 * What the form changed, on top of the key as it is now: since the form began with `before` others may have changed the key, and it may have been used. What was not
 * touched must not be put back to what it was then: neither a field nor one of a list's user groups or addresses. updateApiKey takes no change without the name, nor of
 * a refill without the credits.
 */
export function rebase(draft: KeyDraft, before: KeyDraft, now: KeyDraft): KeyDraft {
  const touched = (...fields: readonly (keyof KeyDraft)[]) => fields.some((field) => !same(draft[field], before[field]));
  const taken = TOGETHER.filter((fields) => touched(...fields)).flat();
  // Credits that are taken away, or that another took away meanwhile, leave nothing for one half of them to belong to.
  if (touched('credits') && draft.credits.trim() === '' || touched(...REFILL) && now.credits === '') taken.push('credits', ...REFILL);
  return {
    ...now,
    ...Object.fromEntries(taken.map((field) => [field, draft[field]])),
    groupIds: mergeList(draft.groupIds, before.groupIds, now.groupIds),
    allowedIps: touched('allowedIps') ? mergeWords(draft.allowedIps, before.allowedIps, now.allowedIps) : now.allowedIps,
  };
}

const REFILL = ['refill', 'refillAmount', 'refillDay'] as const satisfies readonly (keyof KeyDraft)[];

/** Fields of which one says nothing without the others, besides those whose parts are merged. */
const TOGETHER: readonly (readonly (keyof KeyDraft)[])[] = [['name'], ['expiry', 'expiryDate'], ['rateLimit', 'rateWindow'], ['credits'], REFILL, ['metadata']];

export function sameDraft(a: KeyDraft, b: KeyDraft): boolean {
  return (Object.keys(a) as (keyof KeyDraft)[]).every((field) => same(a[field], b[field]));
}

/** Which fields of the form make each member of the input. */
const SOURCES: Readonly<Record<keyof Members, readonly (keyof KeyDraft)[]>> = {
  name: ['name'],
  userGroupIds: ['groupIds'],
  expiresAt: ['expiry', 'expiryDate'],
  allowedIps: ['allowedIps'],
  rateLimit: ['rateLimit', 'rateWindow'],
  credits: ['credits', 'refill', 'refillAmount', 'refillDay'],
  metadata: ['metadata'],
};

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function members(draft: KeyDraft, before: KeyDraft, now: number): Required<Members> {
  return {
    name: draft.name,
    userGroupIds: draft.groupIds,
    expiresAt: expiresAt(draft, now),
    allowedIps: wordsIn(draft.allowedIps),
    rateLimit: rateLimit(draft, before),
    credits: credits(draft),
    metadata: draft.metadata.filter(({ key, value }) => key !== '' || value !== ''),
  };
}

function expiresAt(draft: KeyDraft, now: number): number | null {
  if (draft.expiry === 'never') return null;
  if (draft.expiry !== 'date') return now + Number(draft.expiry) * DAY;
  const at = fromLocalField(draft.expiryDate);
  if (at === undefined) throw fieldFailure<KeyField>('expiry', 'Choose a day and a time.');
  return at;
}

/** The server's, where what it says of a number beyond is for programmers. */
const USES_MAX = 1_000_000_000;
const WINDOW_MAX_SECONDS = 31 * 86_400;

function rateLimit(draft: KeyDraft, before: KeyDraft): Members['rateLimit'] & object | null {
  if (draft.rateLimit.trim() === '') {
    if (before.rateLimit === '' && draft.rateWindow !== before.rateWindow) throw fieldFailure<KeyField>('rate', 'Say how many uses there may be in this time.');
    return null;
  }
  const limit = whole(draft.rateLimit, 1, USES_MAX, 'rate');
  const windowSeconds = parseDuration(draft.rateWindow);
  if (windowSeconds === undefined || windowSeconds > WINDOW_MAX_SECONDS) {
    throw fieldFailure<KeyField>('window', 'Write the time as 10 seconds, 1 minute or 1 hour; the longest is 31 days.');
  }
  return { limit, windowSeconds };
}

function credits(draft: KeyDraft): Members['credits'] & object | null {
  if (draft.credits.trim() === '') {
    if (draft.refill !== 'never') throw fieldFailure<KeyField>('credits', 'Say how many uses are left now.');
    return null;
  }
  const remaining = whole(draft.credits, 0, Number.MAX_SAFE_INTEGER, 'credits');
  if (draft.refill === 'never') return { remaining };
  const amount = whole(draft.refillAmount, 0, Number.MAX_SAFE_INTEGER, 'amount');
  if (draft.refill === 'DAILY') return { remaining, refill: { amount, interval: 'DAILY' } };
  return { remaining, refill: { amount, interval: draft.refill, day: whole(draft.refillDay, 1, 31, 'day') } };
}

function whole(text: string, least: number, most: number, field: KeyField): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw fieldFailure(field, `This must be a whole number from ${number(least)} to ${number(most)}.`);
  return value;
}
