/**
 * The English that dates and numbers are written in: the reader's own, where they read any. Those of another language would stand in another tongue than the words around
 * them, and in another calendar than the fields that take them.
 */
export const LOCALE: string = (globalThis.navigator?.languages ?? []).find((one) => /^en\b/i.test(one)) ?? 'en-GB';
