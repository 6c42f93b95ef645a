import { useId, useState } from 'preact/hooks';
import type { All } from '../hooks/use-all.ts';
import { count, number } from '../lib/format.ts';
import { FieldGroup } from './field.tsx';
import { Problem } from './problem.tsx';
import { Loading } from './states.tsx';

interface Choice {
  readonly id: string;
  readonly name: string;
  readonly note?: string;
}

interface PickListProps {
  label: string;
  hint?: string;
  error?: string | undefined;
  all: All<Choice>;
  /** Those of them that are not to choose from. */
  without?: All<{ readonly id: string }> | undefined;
  /** How those get what is chosen here that are too many for a form to list. */
  beyond?: string;
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  /** One of them, such as "user group". */
  what: string;
}

/** Any number of all there is of something, as boxes to tick, once it is known what there is. */
export function PickList({ label, hint = '', error, all, without, beyond = '', chosen, onChange, what }: PickListProps) {
  const missing = [all, without].find((one) => one && !one.items);
  const listed = all.items ?? [];
  const first = listed.length < all.total ? `These are the first ${number(listed.length)} of ${number(all.total)}, by name.` : '';
  const taken = new Set(without?.items?.map((one) => one.id));
  return (
    <FieldGroup label={label} hint={[hint, first, first && beyond].filter(Boolean).join(' ')} error={error}>
      {missing?.failure ? <Problem failure={missing.failure} onRetry={missing.retry} /> : missing ? <Loading what={`${what}s`} /> : (
        <Boxes
          label={label} what={what} choices={listed.filter((one) => !taken.has(one.id))} chosen={chosen} onChange={onChange}
          none={listed.length === 0 ? `There is no ${what} yet.` : `There is no other ${what}.`}
        />
      )}
    </FieldGroup>
  );
}

const SEARCH_FROM = 9;

/** Who goes on by keyboard passes every box: of more than these, the others are there once they are searched for. */
const MOST_BOXES = 50;

interface BoxesProps {
  label: string;
  what: string;
  choices: readonly Choice[];
  chosen: readonly string[];
  onChange(chosen: readonly string[]): void;
  none: string;
}

function Boxes({ label, what, choices, chosen, onChange, none }: BoxesProps) {
  const id = useId();
  const [search, setSearch] = useState('');
  const [kept, setKept] = useState<ReadonlySet<string>>(() => new Set(chosen)); // what was chosen at any time stays to be seen
  const wanted = search.trim().toLocaleLowerCase();
  const fitting = choices.filter((one) => wanted === '' || one.name.toLocaleLowerCase().includes(wanted) || one.note?.toLocaleLowerCase().includes(wanted));
  const shown = fitting.filter((one, index) => index < MOST_BOXES || kept.has(one.id));
  const toggle = (choice: string, on: boolean) => {
    if (on) setKept(new Set([...kept, choice]));
    onChange(on ? [...chosen, choice] : chosen.filter((one) => one !== choice));
  };
  return (
    <>
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
        {shown.length < fitting.length && <p class="muted">And {number(fitting.length - shown.length)} more: search for them.</p>}
        {shown.length === 0 && <p class="muted">{choices.length === 0 ? none : `No ${what} fits the search.`}</p>}
      </div>
      <div class="hint" role="status">{count(chosen.length, what)} chosen</div>
    </>
  );
}
