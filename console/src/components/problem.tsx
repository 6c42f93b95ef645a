import type { Failure } from '../api/failure.ts';
import { useHandOver } from '../hooks/use-hand-over.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

/** What the server refused, in its words. */
export function Problem({ failure, messages = failure?.errors.map((one) => one.message) ?? [], onRetry }: {
  failure?: Failure;
  messages?: readonly string[];
  onRetry?: () => void;
}) {
  const element = useHandOver<HTMLDivElement>(); // trying again may take it away
  return (
    <div class="problem" role="alert" tabIndex={-1} ref={element}>
      <Icon name="alert" />
      <div>
        {messages.map((message) => <p key={message}>{message}</p>)}
        {onRetry && <Button onClick={onRetry}>Try again</Button>}
      </div>
    </div>
  );
}
