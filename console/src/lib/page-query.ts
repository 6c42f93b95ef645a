/** What a list page keeps in its address, so that a reload, a bookmark and the way back show the same list. */
export type PageQuery = Readonly<Record<string, string>>;

export function readQuery(search: string): PageQuery {
  return Object.fromEntries(new URLSearchParams(search));
}

/** The address's search part after a change; what is empty is left out, and a change of anything but the page goes to the first page. */
export function changeQuery(now: PageQuery, change: Readonly<Record<string, string | undefined>>): string {
  const next = new URLSearchParams();
  const merged: Record<string, string | undefined> = { ...now, ...change };
  if (!('page' in change)) delete merged['page'];
  for (const [name, value] of Object.entries(merged)) {
    if (value !== undefined && value !== '') next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? '' : `?${text}`;
}

/** The page number in the query: 1 where it is missing or nonsense. */
export function pageOf(query: PageQuery): number {
  const page = Number(query['page'] ?? '1');
  return Number.isSafeInteger(page) && page >= 1 && page <= 1_000_000 ? page : 1;
}
