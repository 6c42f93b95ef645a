import type { ComponentChildren } from 'preact';
import type { QueryState } from '../hooks/use-query.ts';
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

/** A query's answer, or that it is on its way, or why there is none. An old answer stays below what went wrong. */
export function Loaded<R>({ query, what, children }: { query: QueryState<R>; what: string; children(data: R): ComponentChildren }) {
  return (
    <>
      {query.failure && <Problem failure={query.failure} onRetry={query.reload} />}
      {query.data !== undefined ? children(query.data) : query.loading && <Loading what={what} />}
    </>
  );
}
