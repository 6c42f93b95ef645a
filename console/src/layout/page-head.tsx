import type { ComponentChildren } from 'preact';
import { useTitle } from '../hooks/use-title.ts';
import { BASE } from '../lib/router.ts';

interface PageHeadProps {
  title: string;
  /** Where the page is: names, and the address of those that can be gone to. */
  trail?: readonly { readonly name: string; readonly to?: string }[];
  children?: ComponentChildren;
  actions?: ComponentChildren;
}

export const ACCESS_TRAIL = [{ name: 'Security' }, { name: 'Access Management' }] as const;

/** The heading of a page, the way to it, and what can be done with all of it. */
export function PageHead({ title, trail = [], children, actions }: PageHeadProps) {
  useTitle(title);
  return (
    <div class="page-head">
      <div>
        {trail.length > 0 && (
          <nav class="trail" aria-label="Breadcrumb">
            <ol>{trail.map(({ name, to }) => <li key={name}>{to ? <a href={BASE + to}>{name}</a> : name}</li>)}</ol>
          </nav>
        )}
        <h1 tabIndex={-1}><bdi>{title}</bdi></h1>
        {children && <p class="lead">{children}</p>}
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </div>
  );
}
