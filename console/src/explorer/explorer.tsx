/** @jsxImportSource react */
import { GraphiQL } from 'graphiql';
import type { FetcherParams, FetcherOpts } from '@graphiql/toolkit';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ActAs } from './act-as.tsx';
import { findSession, requestFor, type Credential, type SignedIn } from './credential.ts';
import { defaultQuery } from './default-query.ts';
import { keepWritten } from './keep-written.ts';
import { labelEditors } from './label-editors.ts';
import { memoryStorage } from './memory.ts';

const storage = memoryStorage();

const SESSION_ENDED = 'Your session has ended. Sign in to the console in another tab, and send this again.';

function fetcherOf(credential: Credential) {
  return async (params: FetcherParams, options?: FetcherOpts) => {
    const headers = options?.headers ?? {};
    const bySession = credential.by === 'session' && !Object.keys(headers).some((name) => /^(x-api-key|authorization)$/i.test(name));
    const { target, options: request } = requestFor(credential, headers);
    try {
      const answer = await fetch(target, { ...request, body: JSON.stringify(params), cache: 'no-store' });
      if (answer.status === 401 && bySession) return { errors: [{ message: SESSION_ENDED }] };
      return (await answer.json()) as object;
    } catch (thrown) {
      return { errors: [{ message: `No answer came that can be read: ${thrown instanceof Error ? thrown.message : String(thrown)}` }] };
    }
  };
}

export function Explorer() {
  const [session, setSession] = useState<SignedIn | 'unknown' | undefined>('unknown');
  const [trouble, setTrouble] = useState('');
  const [credential, setCredential] = useState<Credential>();
  const [number, setNumber] = useState(0);
  const main = useRef<HTMLElement>(null);
  const lookups = useRef(0);

  function choose(chosen: Credential | undefined) {
    if (main.current) keepWritten(main.current, storage);
    setCredential(chosen);
    setNumber((before) => before + 1);
  }

  /** Looks who is signed in; `take`: requests are to act by that session. What was looked for last counts. */
  function find(take: boolean) {
    const round = ++lookups.current;
    if (take) setSession('unknown');
    setTrouble('');
    findSession().then(
      (found) => {
        if (round !== lookups.current) return;
        setSession(found);
        if (found && take) choose({ by: 'session', accountId: found.accountId });
      },
      (thrown: unknown) => {
        if (round !== lookups.current) return;
        setSession(undefined);
        setTrouble(thrown instanceof Error ? thrown.message : String(thrown));
      },
    );
  }

  useEffect(() => find(true), []);

  // All tabs of a browser act by one cookie: whoever is named here must be who requests act as.
  useEffect(() => {
    const tabs = new BroadcastChannel('latchkey.session');
    tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (session !== 'unknown' && data === (session?.actor.id ?? null)) return;
      if (credential?.by === 'session') choose(undefined);
      find(session === 'unknown' || credential?.by === 'session');
    };
    return () => tabs.close();
  }, [session, credential]);

  useEffect(() => (main.current ? labelEditors(main.current) : undefined), []);

  const fetcher = useMemo(() => credential && fetcherOf(credential), [credential]);

  return (
    <>
      <header className="explorer-bar">
        <a href="/console/">Console</a>
        <h1>API Explorer</h1>
        {session !== 'unknown' && <ActAs session={session} onChoose={choose} />}
      </header>
      <main className="explorer-main" ref={main}>
        {fetcher ? (
          // A new credential may see another schema's worth of answers: GraphiQL begins anew, with what was written.
          <GraphiQL
            key={number}
            fetcher={fetcher}
            storage={storage}
            defaultQuery={defaultQuery}
            defaultEditorToolsVisibility="variables"
            forcedTheme="system"
            shouldPersistHeaders
            showPersistHeadersSettings={false}
          />
        ) : (
          session !== 'unknown' && <NobodyToActAs signedIn={session !== undefined} trouble={trouble} onRetry={() => find(true)} />
        )}
      </main>
    </>
  );
}

/** What is there instead of the editors until it is known who requests act as. */
function NobodyToActAs({ signedIn, trouble, onRetry }: { signedIn: boolean; trouble: string; onRetry(): void }) {
  const paste = <>Paste an API key above and press <strong>Use key</strong></>;
  if (signedIn) return <p className="explorer-empty">{paste}.</p>;
  if (trouble === '') return <p className="explorer-empty">Nobody is signed in. {paste}, or <a href="/console/">sign in to the console</a> and come back.</p>;
  return (
    <p className="explorer-empty" role="alert">
      The server did not say whether you are signed in: {trouble}. <button type="button" onClick={onRetry}>Try again</button>
    </p>
  );
}
