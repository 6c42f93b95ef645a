import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { oneFailure } from '../api/failure.ts';
import { Problem } from '../components/problem.tsx';
import { Loading } from '../components/states.tsx';
import { PageHead } from './page-head.tsx';

type Loader<P> = () => Promise<ComponentType<P>>;

/** A page whose script is fetched when it is first shown. */
export function lazy<P extends object>(load: Loader<P>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [, setRound] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then((page) => {
        loaded = page;
        setRound((last) => last + 1);
      }, () => setFailed(true));
    }, []);
    const Page = loaded;
    if (Page) return <Page {...props} />;
    // A server that was upgraded meanwhile has no more the script that this page names.
    if (failed) return <><PageHead title="The page did not load" /><Problem failure={oneFailure('This page could not be loaded. Load the console anew.', 'UNAVAILABLE')} onRetry={() => location.reload()} /></>;
    return <Loading what="page" />;
  };
}
