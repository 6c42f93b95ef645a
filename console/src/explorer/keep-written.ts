// GraphiQL stores what is written half a second after the last letter, and begins anew with what is stored: this stores it at once, before that.
import type { Storage } from '@graphiql/toolkit';

/** Each editor's text, as GraphiQL names it in its storage and in its tabs. */
const EDITORS = {
  query: '.graphiql-query-editor .CodeMirror',
  variables: '.graphiql-editor-tool .graphiql-editor:nth-child(1) .CodeMirror',
  headers: '.graphiql-editor-tool .graphiql-editor:nth-child(2) .CodeMirror',
} as const;

interface Tabs {
  readonly tabs: object[];
  readonly activeTabIndex: number;
}

export function keepWritten(root: Element, storage: Storage): void {
  const texts: Record<string, string> = {};
  for (const [name, selector] of Object.entries(EDITORS)) {
    const editor = (root.querySelector(selector) as (Element & { CodeMirror?: { getValue(): string } }) | null)?.CodeMirror;
    if (!editor) continue;
    texts[name] = editor.getValue();
    storage.setItem(`graphiql:${name}`, texts[name]);
  }
  const stored = storage.getItem('graphiql:tabState');
  if (!stored) return;
  const state = JSON.parse(stored) as Tabs; // one that is not as the texts would come back beside them
  Object.assign(state.tabs[state.activeTabIndex] ?? {}, texts);
  storage.setItem('graphiql:tabState', JSON.stringify(state));
}
