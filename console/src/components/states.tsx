import type { ComponentChildren } from 'preact';
import { useHandOver } from '../hooks/use-hand-over.ts';
import type { QueryState } from '../hooks/use-query.ts';
import { Button } from './button.tsx';
import { Problem } from './problem.tsx';

export function Loading({ what }: { what: string }) {
  return <p class="loading" role="status">Loading {what}…</p>;
}

export function Empty({ children, action }: { children: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="empty">
      <p role="status">{children}</p>
      {action}
    </div>
  );
}

/** That nothing fits a filter, in words that know the filter: not while the answer is the one to what was asked before. */
export function NothingFits({ query, what, children, action }: { query: QueryState<unknown>; what: string; children: ComponentChildren; action?: ComponentChildren }) {
  if (query.loading) return <Loading what={what} />;
  return query.failure ? null : <Empty action={action}>{children}</Empty>;
}

/** The way out of a filter, which goes with it. */
export function ShowAll({ children, onClick }: { children: string; onClick(): void }) {
  const element = useHandOver<HTMLSpanElement>();
  return <span ref={element}><Button onClick={onClick}>{children}</Button></span>;
}

/** A query's answer, or that it is on its way, or why there is none. An old answer stays below what went wrong. */
export function Loaded<R>({ query, what, children }: { query: QueryState<R>; what: string; children(data: R): ComponentChildren }) {
  return (
    <>
      {query.failure && <Problem failure={query.failure} onRetry={query.reload} leads />}
      {query.data !== undefined ? children(query.data) : query.loading && <Loading what={what} />}
    </>
  );
}
