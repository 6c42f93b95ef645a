import { useEffect, useState } from 'preact/hooks';
import { asFailure, type Failure } from '../api/failure.ts';

export interface Fetched<T> {
  readonly data: T | undefined;
  readonly failure: Failure | undefined;
  /** Fetches it anew, after a failure. */
  retry(): void;
}

/** What `fetchIt` brings, once. */
export function useFetched<T>(fetchIt: (signal: AbortSignal) => Promise<T>): Fetched<T> {
  const [state, setState] = useState<Omit<Fetched<T>, 'retry'>>({ data: undefined, failure: undefined });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    fetchIt(abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, failure: undefined }),
      (thrown: unknown) => abort.signal.aborted || setState({ data: undefined, failure: asFailure(thrown) }),
    );
    return () => abort.abort();
  }, [round]);
  const retry = () => {
    setState({ data: undefined, failure: undefined }); // it can be seen that it is tried
    setRound((last) => last + 1);
  };
  return { ...state, retry };
}
