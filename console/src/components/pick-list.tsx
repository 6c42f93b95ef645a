import { useId, useState } from 'preact/hooks';
import { count } from '../lib/format.ts';
import { FieldGroup } from './field.tsx';

interface PickListProps {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  choices: readonly { readonly id: string; readonly name: string; readonly note?: string | undefined }[];
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  /** One of them, such as "user group". */
  what: string;
}

const SEARCH_FROM = 9;

/** Any number of a list, as boxes to tick; a long list can be searched. */
export function PickList({ label, hint, error, choices, chosen, onChange, what }: PickListProps) {
  const id = useId();
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLocaleLowerCase();
  const shown = choices.filter((one) => wanted === '' || one.name.toLocaleLowerCase().includes(wanted) || one.note?.toLocaleLowerCase().includes(wanted));
  const toggle = (choice: string, on: boolean) => onChange(on ? [...chosen, choice] : chosen.filter((one) => one !== choice));
  return (
    <FieldGroup label={label} hint={hint} error={error}>
      {choices.length >= SEARCH_FROM && (
        <input
          type="search" class="pick-search" aria-label={`Search ${label}`} placeholder={`Search ${count(choices.length, what)}`} value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => { if (event.key === 'Enter') event.preventDefault(); }}
        />
      )}
      <div class="pick-list">
        {shown.map((one) => (
          <div class="check" key={one.id}>
            <input
              type="checkbox" id={`${id}-${one.id}`} checked={chosen.includes(one.id)} aria-describedby={one.note ? `${id}-${one.id}-note` : undefined}
              onChange={(event) => toggle(one.id, event.currentTarget.checked)}
            />
            <label for={`${id}-${one.id}`}><bdi>{one.name}</bdi></label>
            {one.note && <div class="hint" id={`${id}-${one.id}-note`}><bdi>{one.note}</bdi></div>}
          </div>
        ))}
        {shown.length === 0 && <p class="muted">{choices.length === 0 ? `There is no ${what} yet.` : `No ${what} fits the search.`}</p>}
      </div>
      <div class="hint" role="status">{count(chosen.length, what)} chosen</div>
    </FieldGroup>
  );
}
