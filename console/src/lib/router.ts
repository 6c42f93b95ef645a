import { createStore } from './store.ts';

export interface Place {
  readonly path: string;
  readonly search: string;
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
  addEventListener('popstate', () => {
    if ([...guards].some((guard) => guard())) {
      const stay = place.get();
      history.pushState(null, '', BASE + stay.path + stay.search);
      return;
    }
    place.set(here());
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
    navigate(link.pathname.slice(BASE.length) + link.search);
  });
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
