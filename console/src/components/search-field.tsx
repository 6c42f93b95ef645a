import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from './announcer.tsx';
import { Icon } from './icon.tsx';

const PAUSE_MS = 250;
const API_KEY = /\blk_[0-9A-Za-z]{71}\b/;

/** Asks for what is typed once the typing pauses, or at once on Enter. What is asked for stands in the address, where no secret must be. */
export function SearchField({ label, value, onSearch }: { label: string; value: string; onSearch(text: string): void }) {
  const [text, setText] = useState(value);
  const latest = useRef(onSearch);
  latest.current = onSearch;
  const asked = useRef(value);
  const ask = (wanted: string) => {
    if (wanted === asked.current) return;
    asked.current = wanted;
    if (API_KEY.test(wanted)) announce('This is an API key itself. It is not looked for: the browser would keep it in its history.', 'wrong');
    else latest.current(wanted);
  };
  useEffect(() => {
    if (value === asked.current) return; // this field's own doing; more may have been typed meanwhile
    asked.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    const timer = setTimeout(() => ask(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <span class="search-field">
      <Icon name="search" />
      <input
        type="search" aria-label={label} placeholder={label} value={text} autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === 'Enter') ask(text); }}
      />
    </span>
  );
}
