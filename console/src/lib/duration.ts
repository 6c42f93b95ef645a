const UNITS: readonly (readonly [seconds: number, name: string, short: RegExp])[] = [
  [86_400, 'day', /^d(ays?)?$/],
  [3_600, 'hour', /^h(ours?|rs?)?$/],
  [60, 'minute', /^m(in(ute)?s?)?$/],
  [1, 'second', /^s(ec(ond)?s?)?$/],
];

/** "90 s", "1 hour", "1h 30m", "10": the seconds; undefined when it is no length of time in whole seconds, or none at all. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+$/.test(trimmed)) return positive(Number(trimmed));
  if (!/^(\d+\s*[a-z]+\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, count, name] of trimmed.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const found = UNITS.find(([, , short]) => short.test(name ?? ''));
    if (!found) return undefined;
    total += Number(count) * found[0];
  }
  return positive(total);
}

function positive(seconds: number): number | undefined {
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined;
}

/** "1 hour", "90 seconds", "1 day": one unit, the largest that divides it. */
export function formatDuration(seconds: number): string {
  const [size, name] = UNITS.find(([one]) => seconds >= one && seconds % one === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
