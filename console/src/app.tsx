import { session } from './api/session.ts';
import { useStore } from './lib/store.ts';

export function App() {
  const now = useStore(session);
  return <main>{now.state}</main>;
}
