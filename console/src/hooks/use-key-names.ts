import { useEffect, useState } from 'preact/hooks';
import { runPartly } from '../api/client.ts';
import type { Operation } from '../api/generated.ts';

type Names = ReadonlyMap<string, string | null>;

/**
 * The names of keys by their ids; null for one that is gone. Audit entries name the key that acted by its id only. The operation is put together
 * here because it asks for as many keys as there are ids, in one request.
 */
export function useKeyNames(ids: readonly string[], enabled: boolean): Names {
  const [names, setNames] = useState<Names>(new Map());
  const missing = [...new Set(ids)].filter((id) => !names.has(id)).sort();
  const wanted = missing.join(' ');
  useEffect(() => {
    if (wanted === '' || !enabled) return undefined;
    const abort = new AbortController();
    void fetchNames(wanted.split(' '), abort.signal).then(
      (found) => abort.signal.aborted || setNames((last) => new Map([...last, ...found])),
      () => undefined, // the ids are shown instead
    );
    return () => abort.abort();
  }, [wanted, enabled]);
  return names;
}

async function fetchNames(ids: readonly string[], signal: AbortSignal): Promise<readonly (readonly [string, string | null])[]> {
  const parameters = ids.map((_, index) => `$i${index}: String!`).join(', ');
  const fields = ids.map((_, index) => `k${index}: apiKey(apiKeyId: $i${index}) { name }`).join(' ');
  const operation = `query KeyNamesQuery(${parameters}) { ${fields} }` as Operation<Record<string, { name: string }>, Record<string, string>>;
  const { data } = await runPartly(operation, Object.fromEntries(ids.map((id, index) => [`i${index}`, id])), signal);
  return ids.map((id, index) => [id, data[`k${index}`]?.name ?? null]);
}
