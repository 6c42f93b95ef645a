import { useCallback, useRef, useState } from 'preact/hooks';
import { asFailure, type Failure } from '../api/failure.ts';

export interface Submit {
  readonly busy: boolean;
  readonly failure: Failure | undefined;
  /** Does it, unless it is being done. Never throws. */
  submit(): Promise<void>;
  clear(): void;
}

/** State of something that is sent to the server: that it is under way, and why it was refused. */
export function useSubmit(action: () => Promise<void>): Submit {
  const [state, setState] = useState<{ busy: boolean; failure: Failure | undefined }>({ busy: false, failure: undefined });
  const latest = useRef(action);
  latest.current = action;
  const running = useRef(false);

  const submit = useCallback(async () => {
    if (running.current) return;
    running.current = true;
    setState({ busy: true, failure: undefined });
    try {
      await latest.current();
      setState({ busy: false, failure: undefined });
    } catch (thrown) {
      setState({ busy: false, failure: asFailure(thrown) });
    } finally {
      running.current = false;
    }
  }, []);

  const clear = useCallback(() => setState({ busy: false, failure: undefined }), []);
  return { ...state, submit, clear };
}
