import { createStore } from './store.ts';

/** A link of a page: the nth of those that lead to the same. */
export interface Link {
  readonly href: string;
  readonly nth: number;
}

export interface Place {
  readonly path: string;
  readonly search: string;
  /** When one has come back: the link by which the page was left. */
  readonly left?: Link | undefined;
}

export const BASE = '/console';

export const place = createStore<Place>(here());

/** Each open form that has something to lose: asks the reader, and says whether leaving must wait. */
export const guards = new Set<() => boolean>();

function here(): Place {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : location.pathname;
  return { path: path.replace(/\/+$/, '') || '/', search: location.search };
}

/** Goes to a path below /console, such as `/audit?actor=…`. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', BASE + to);
  else history.pushState(null, '', BASE + to);
  place.set(here());
}

/** Makes links of the console change the page without loading it, and follows the browser's back and forward. */
export function startRouting(): void {
  addEventListener('popstate', (event) => {
    if ([...guards].some((guard) => guard())) {
      const stay = place.get();
      history.pushState(null, '', BASE + stay.path + stay.search);
      return;
    }
    place.set({ ...here(), left: (event.state as { left?: Link } | null)?.left });
  });
  addEventListener('beforeunload', (event) => {
    if (guards.size > 0) event.preventDefault();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(`${BASE}/`) || link.hash !== '') return;
    event.preventDefault();
    history.replaceState({ left: describe(link) }, '');
    navigate(link.pathname.slice(BASE.length) + link.search);
  });
}

/** Those in the content of the page. */
function linksTo(href: string): readonly HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(`main a[href="${CSS.escape(href)}"]`)];
}

function describe(link: HTMLAnchorElement): Link | undefined {
  const href = link.getAttribute('href') ?? '';
  const nth = linksTo(href).indexOf(link);
  return nth < 0 ? undefined : { href, nth };
}

/** Leads the focus back to the link by which the page was left, once that is drawn again, unless the reader has begun something else. The result ends the waiting. */
export function returnTo({ href, nth }: Link): () => void {
  const begun = ['keydown', 'pointerdown', 'wheel'];
  const end = () => {
    drawn.disconnect();
    for (const kind of begun) removeEventListener(kind, end, true);
  };
  const look = () => {
    const link = linksTo(href)[nth];
    if (!link) return;
    end();
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: 'center' });
  };
  const drawn = new MutationObserver(look);
  drawn.observe(document.body, { childList: true, subtree: true });
  for (const kind of begun) addEventListener(kind, end, true);
  look();
  return end;
}

/** The parameters of a path that fits a pattern such as `/users/:id`; undefined when it does not. */
export function match(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) {
      const text = decode(value);
      if (!text) return undefined;
      parameters[part.slice(1)] = text;
    } else if (part !== value) {
      return undefined;
    }
  }
  return parameters;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
