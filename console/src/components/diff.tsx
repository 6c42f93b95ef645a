import { useMemo } from 'preact/hooks';
import { diffLines } from '../lib/diff.ts';

const SIGNS = { same: ' ', removed: '-', added: '+' } as const;
const SPOKEN = { same: '', removed: 'Removed: ', added: 'Added: ' } as const;

/** Two texts as one, with the lines that went and the lines that came. */
export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  return (
    <div class="diff" role="group" aria-label={label} tabIndex={0}>
      {lines.map((line, index) => (
        <div key={index} class={`diff-line ${line.kind}`}>
          <span class="diff-sign" aria-hidden="true">{SIGNS[line.kind]}</span>
          <span class="visually-hidden">{SPOKEN[line.kind]}</span>
          <span class="diff-text">{line.text}</span>
        </div>
      ))}
    </div>
  );
}
