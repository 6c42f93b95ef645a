// What GraphiQL would keep in localStorage stays in the page's memory: variables and queries may hold passwords and keys.
import type { Storage } from '@graphiql/toolkit';

export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
    clear: () => items.clear(),
    get length() {
      return items.size;
    },
  };
}
