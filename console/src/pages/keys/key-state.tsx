import { Badge } from '../../components/badge.tsx';
import { useNow } from '../../hooks/use-now.ts';

/** Whether a key is accepted, and if not, why. */
export function KeyState({ enabled, expiresAt }: { enabled: boolean; expiresAt: number | null }) {
  const now = useNow();
  if (expiresAt !== null && expiresAt <= now) return <Badge kind="bad">Expired</Badge>;
  return enabled ? <Badge kind="good">Enabled</Badge> : <Badge kind="off">Disabled</Badge>;
}
