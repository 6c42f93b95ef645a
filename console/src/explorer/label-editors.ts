// GraphiQL's editors have no names for who cannot see them, what scrolls in them cannot be reached by keyboard, and who is in one cannot leave it by
// keyboard, because Tab writes a tab: all is mended as they appear.

/** What CodeMirror hangs on the element of an editor. */
interface Editor {
  getOption(name: 'extraKeys'): Readonly<Record<string, unknown>> | null;
  setOption(name: 'extraKeys', keys: Readonly<Record<string, unknown>>): void;
}

const NAMES: readonly (readonly [selector: string, name: string])[] = [
  ['.graphiql-query-editor', 'Query'],
  ['.graphiql-response', 'Answer'],
  ['.graphiql-editor-tool .graphiql-editor:nth-child(1)', 'Variables'],
  ['.graphiql-editor-tool .graphiql-editor:nth-child(2)', 'Headers'],
];

function label(root: Element): void {
  for (const [selector, name] of NAMES) {
    for (const area of root.querySelectorAll(`${selector} .CodeMirror textarea:not([aria-label])`)) area.setAttribute('aria-label', name);
  }
  for (const box of root.querySelectorAll('.CodeMirror-scroll:not([tabindex="0"])')) box.setAttribute('tabindex', '0');
  for (const element of root.querySelectorAll('.CodeMirror')) {
    const editor = (element as Element & { CodeMirror?: Editor }).CodeMirror;
    const keys = editor?.getOption('extraKeys');
    if (keys?.['Tab'] !== false) editor?.setOption('extraKeys', { ...keys, Tab: false, 'Shift-Tab': false }); // false: the browser's
  }
}

/** Watches what appears in root; the result ends that. */
export function labelEditors(root: Element): () => void {
  const observer = new MutationObserver(() => label(root));
  observer.observe(root, { childList: true, subtree: true });
  label(root);
  return () => observer.disconnect();
}
