import type { ComponentChildren } from 'preact';

export function Badge({ kind, children }: { kind: 'good' | 'bad' | 'off'; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}
