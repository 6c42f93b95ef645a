// GraphiQL's editors have no names for who cannot see them, and what scrolls in them cannot be reached by keyboard: both are added as they appear.

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
}

/** Watches what appears in root; the result ends that. */
export function labelEditors(root: Element): () => void {
  const observer = new MutationObserver(() => label(root));
  observer.observe(root, { childList: true, subtree: true });
  label(root);
  return () => observer.disconnect();
}
