/** In which English dates and numbers are written: the reader's where they read any. In another language they would be of another tongue than the words around them, and of another calendar than the fields. */
export const LOCALE: string = (globalThis.navigator?.languages ?? []).find((one) => /^en\b/i.test(one)) ?? 'en-GB';
