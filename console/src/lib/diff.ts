export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Above this many comparisons the middle is shown as wholly replaced: a page must not hang on a long text. */
const MOST_WORK = 4_000_000;

/** How the lines of `before` became those of `after`: the fewest removed and added lines, in order. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const old = lines(before);
  const now = lines(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  return [
    ...mark('same', old.slice(0, start)),
    ...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...mark('same', old.slice(old.length - end)),
  ];
}

function lines(text: string): readonly string[] {
  if (text === '') return [];
  return text.replace(/\n$/, '').split('\n');
}

function mark(kind: DiffLine['kind'], texts: readonly string[]): readonly DiffLine[] {
  return texts.map((text) => ({ kind, text }));
}

/** The longest common subsequence of the two, by the table of its lengths. */
function middle(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  if (old.length * now.length > MOST_WORK) return [...mark('removed', old), ...mark('added', now)];
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width); // longest[i, j]: of old from i and now from j
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      longest[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const result: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const removed = old[i];
    const added = now[j];
    if (removed !== undefined && removed === added) {
      result.push({ kind: 'same', text: removed });
      i++;
      j++;
    } else if (removed !== undefined && (added === undefined || at(i + 1, j) >= at(i, j + 1))) {
      result.push({ kind: 'removed', text: removed });
      i++;
    } else if (added !== undefined) {
      result.push({ kind: 'added', text: added });
      j++;
    }
  }
  return result;
}
