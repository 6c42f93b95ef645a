import type { ComponentChildren } from 'preact';

export function Badge({ kind = 'plain', children }: { kind?: 'good' | 'bad' | 'off' | 'warn' | 'plain'; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}
