import { useState, useEffect, useId } from 'preact/hooks';
import type { Pages } from '../hooks/use-pages.ts';
import { number } from '../lib/format.ts';
import { IconButton } from './button.tsx';

interface PagerProps extends Pages {
  total: number;
  /** What is counted, such as "keys". */
  what: string;
}

/** Which part of a list is shown, and ways to the others. */
export function Pager({ page, shown, size, total, what, onPage }: PagerProps) {
  const pages = Math.max(1, Math.ceil(total / size));
  const from = total === 0 ? 0 : (shown - 1) * size + 1;
  const to = Math.min(total, shown * size);
  const go = (wanted: number) => {
    const next = Math.min(pages, Math.max(1, wanted));
    if (next !== page) onPage(next);
  };
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <span aria-live="polite">{from > to ? `None of ${number(total)} ${what}` : `${number(from)}–${number(to)} of ${number(total)} ${what}`}</span>
      {pages > 1 && (
        <div class="pager-buttons">
          <IconButton label="First page" icon="first" busy={page <= 1} onClick={() => go(1)} />
          <IconButton label="Previous page" icon="back" busy={page <= 1} onClick={() => go(page - 1)} />
          <PageField page={page} pages={pages} onPage={go} />
          <IconButton label="Next page" icon="forward" busy={page >= pages} onClick={() => go(page + 1)} />
          <IconButton label="Last page" icon="last" busy={page >= pages} onClick={() => go(pages)} />
        </div>
      )}
    </nav>
  );
}

function PageField({ page, pages, onPage }: { page: number; pages: number; onPage(page: number): void }) {
  const id = useId();
  const [text, setText] = useState(String(page));
  useEffect(() => setText(String(page)), [page]);
  const go = () => {
    setText(String(page)); // what is no page, or none that there is, does not stay in the field
    if (/^\d+$/.test(text.trim())) onPage(Number(text));
  };
  return (
    <form class="page-field" onSubmit={(event) => { event.preventDefault(); go(); }}>
      <label for={id}>Page</label>
      <input id={id} value={text} inputMode="numeric" autocomplete="off" onInput={(event) => setText(event.currentTarget.value)} onBlur={go} />
      <span>of {number(pages)}</span>
    </form>
  );
}
