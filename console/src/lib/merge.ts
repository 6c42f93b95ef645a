/** What was added to a list and taken from it between `before` and `wanted`, done to the list as it is `now`. */
export function mergeList<T>(wanted: readonly T[], before: readonly T[], now: readonly T[]): readonly T[] {
  const lacks = (list: readonly T[]) => {
    const known = new Set(list.map((one) => JSON.stringify(one)));
    return (one: T) => !known.has(JSON.stringify(one));
  };
  const taken = before.filter(lacks(wanted));
  return [...now.filter(lacks(taken)), ...wanted.filter(lacks(before)).filter(lacks(now))];
}

/** The same for words in a text, which come back one a line. */
export function mergeWords(wanted: string, before: string, now: string): string {
  return mergeList(wordsIn(wanted), wordsIn(before), wordsIn(now)).join('\n');
}

/** "a, b\nc" as its words. */
export function wordsIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
