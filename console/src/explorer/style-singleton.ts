// Takes the place of react-style-singleton, by which GraphiQL's menus and dialogs keep the page from scrolling: it writes <style> elements, which the
// Content-Security-Policy refuses. A style sheet that a script constructs needs no exception.
import { useEffect } from 'react';

export interface StyleSheetSingleton {
  add(text: string): void;
  remove(): void;
}

export function stylesheetSingleton(): StyleSheetSingleton {
  const sheet = new CSSStyleSheet();
  let users = 0;
  return {
    add(text) {
      if (users++ > 0) return;
      sheet.replaceSync(text);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove() {
      if (--users === 0) document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    },
  };
}

export function styleHookSingleton(): (styles: string, dynamic?: boolean) => void {
  const sheet = stylesheetSingleton();
  return (styles, dynamic) => {
    useEffect(() => {
      sheet.add(styles);
      return () => sheet.remove();
    }, [styles && dynamic]);
  };
}

export function styleSingleton(): (properties: { styles: string; dynamic?: boolean }) => null {
  const useStyle = styleHookSingleton();
  return ({ styles, dynamic }) => {
    useStyle(styles, dynamic);
    return null;
  };
}
