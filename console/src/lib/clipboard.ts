/**
 * Copies text that `get` fetches. Must be called straight from a click: some browsers let a page copy later only what it announced then.
 * False when this browser or this page (plain http from another machine) may not copy.
 */
export async function copyLater(get: () => Promise<string>): Promise<boolean> {
  if (typeof ClipboardItem === 'function' && navigator.clipboard?.write) {
    const fetched = get();
    const blob = fetched.then((text) => new Blob([text], { type: 'text/plain' }));
    blob.catch(() => undefined); // awaited below by way of `fetched`
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
      return true;
    } catch {
      return copyText(await fetched);
    }
  }
  return copyText(await get());
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The old way, which also works on pages that the browser does not call secure. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const host = focused?.closest('dialog') ?? document.body; // what is outside an open dialog cannot be selected
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  area.setAttribute('aria-hidden', 'true');
  host.append(area);
  area.select();
  let done = false;
  try {
    done = document.execCommand('copy');
  } catch {
    // refused
  }
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
