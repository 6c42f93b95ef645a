import { useEffect } from 'preact/hooks';
import type { Failure } from '../api/failure.ts';
import { useHandOver } from '../hooks/use-hand-over.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

interface ProblemProps {
  failure?: Failure;
  messages?: readonly string[];
  onRetry?: () => void;
  /** Whoever asked further down, as with the buttons at the end of a list, is led up to it. */
  leads?: boolean;
}

/** What the server refused, in its words. */
export function Problem({ failure, messages = failure?.errors.map((one) => one.message) ?? [], onRetry, leads = false }: ProblemProps) {
  const element = useHandOver<HTMLDivElement>(); // trying again may take it away
  useEffect(() => {
    const own = element.current;
    const before = document.activeElement;
    if (leads && own && before && !own.contains(before) && own.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING) own.focus();
  }, [failure]);
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
