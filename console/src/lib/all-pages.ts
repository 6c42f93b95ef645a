/** A form lists at most so many things to choose from, and says when there are more. */
const MOST = 1000;
export const PAGE = 100;

export interface Page<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly total: number };
}

interface AllOf<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** All pages of a list, one after the other, up to the most that a form can show. */
export async function allPages<T>(fetchPage: (offset: number) => Promise<Page<T>>): Promise<AllOf<T>> {
  const items: T[] = [];
  for (;;) {
    const { nodes, pageInfo } = await fetchPage(items.length);
    items.push(...nodes);
    if (nodes.length < PAGE || items.length >= MOST) return { items, total: pageInfo.total };
  }
}
