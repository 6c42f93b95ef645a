import { session, startSession } from './api/session.ts';
import { Announcer } from './components/announcer.tsx';
import { Problem } from './components/problem.tsx';
import { Loading } from './components/states.tsx';
import { Routes } from './layout/routes.tsx';
import { Shell } from './layout/shell.tsx';
import { useStore } from './lib/store.ts';
import { SignInAgain } from './session/sign-in-again.tsx';
import { SignInPage } from './session/sign-in-page.tsx';

export function App() {
  return (
    <>
      <Page />
      <Announcer />
    </>
  );
}

function Page() {
  const now = useStore(session);
  switch (now.state) {
    case 'starting':
      return <main class="alone"><Loading what="the console" /></main>;
    case 'failed':
      return <main class="alone"><h1>Latchkey</h1><Problem failure={now.failure} onRetry={() => void startSession()} /></main>;
    case 'out':
      return <SignInPage />;
    case 'in':
      return (
        <>
          <Shell><Routes /></Shell>
          {now.ended && <SignInAgain who={now.who} />}
        </>
      );
  }
}
