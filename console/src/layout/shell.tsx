import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { place, returnTo } from '../lib/router.ts';
import { useStore } from '../lib/store.ts';
import { IconButton } from '../components/button.tsx';
import { AccountMenu, SignedIn } from './account-menu.tsx';
import { Brand } from './brand.tsx';
import { Navigation } from './navigation.tsx';

/** What is around every page. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { path, left } = useStore(place);
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const toggle = useRef<HTMLSpanElement>(null);
  const shown = useRef(path);
  // A new page is announced by moving the focus to it, as loading a page would; its heading may have to be fetched first. Whoever comes back goes on where they left.
  const arrive = () => {
    setOpen(false);
    scrollTo(0, 0);
    (main.current?.querySelector<HTMLElement>('h1') ?? main.current)?.focus();
  };
  useEffect(() => {
    if (shown.current === path) return undefined;
    shown.current = path;
    arrive();
    return left && returnTo(left);
  }, [path]);
  // The link of the page that is shown changes no path; on a narrow screen it leaves the menu all the same.
  const onChoose = (event: MouseEvent) => {
    if (open && event.target instanceof Element && event.target.closest('a')) arrive();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return;
    setOpen(false);
    toggle.current?.querySelector('button')?.focus();
  };
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to content</a>
      <header class="top">
        <span class="menu-toggle" ref={toggle} onKeyDown={onKeyDown}><IconButton label="Menu" icon={open ? 'close' : 'menu'} pressed={open} onClick={() => setOpen(!open)} /></span>
        <a class="home" href="/console/"><Brand /></a>
        <AccountMenu />
      </header>
      <div class={open ? 'side open' : 'side'} onKeyDown={onKeyDown} onClick={onChoose}>
        <Navigation />
        {open && <SignedIn />}
      </div>
      <main id="main" class="main" tabIndex={-1} ref={main}>{children}</main>
    </div>
  );
}
