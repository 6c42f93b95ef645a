import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { run } from '../api/client.ts';
import { asFailure, type Failure } from '../api/failure.ts';
import type { Operation } from '../api/generated.ts';

export interface QueryState<R> {
  /** The last answer; it stays while the next one is fetched. */
  readonly data: R | undefined;
  readonly failure: Failure | undefined;
  /** It is being asked: what there is may be the answer to what was asked before. */
  readonly loading: boolean;
  /** Asks again. */
  reload(): void;
}

/** Runs a query, and again whenever its variables change. With `variables` undefined it does not ask. */
export function useQuery<R, V>(operation: Operation<R, V>, variables: V | undefined): QueryState<R> {
  const key = variables === undefined ? undefined : JSON.stringify(variables);
  /** `settled`: the variables that the last answer, or failure, was of. */
  const [state, setState] = useState<Omit<QueryState<R>, 'reload'> & { readonly settled: string | undefined }>({ data: undefined, failure: undefined, loading: false, settled: undefined });
  const [round, setRound] = useState(0);
  const latest = useRef(variables);
  latest.current = variables;

  useEffect(() => {
    if (latest.current === undefined) return undefined;
    const abort = new AbortController();
    setState((last) => ({ ...last, loading: true }));
    run(operation, latest.current, abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, failure: undefined, loading: false, settled: key }),
      (thrown: unknown) => abort.signal.aborted || setState((last) => ({ ...last, failure: asFailure(thrown), loading: false, settled: key })),
    );
    return () => abort.abort();
  }, [operation, key, round]);

  const reload = useCallback(() => setRound((last) => last + 1), []);
  const { data, failure, loading, settled } = state;
  return { data, failure, loading: key !== undefined && (loading || settled !== key), reload }; // from the moment that the variables are others
}
