import { createStore } from '../lib/store.ts';
import { Failure, SessionEnded, asFailure } from './failure.ts';
import { send } from './http.ts';
import { ViewerQuery, type ViewerQueryAnswer } from './generated.ts';

export interface AccountName {
  readonly uuid: string;
  readonly accountName: string;
}

/** What GET /console/session answers. */
interface SessionAnswer {
  readonly accountId: string;
  readonly accountName: string;
  readonly accounts: readonly AccountName[];
  readonly actor: { readonly kind: 'API_KEY' | 'USER'; readonly id: string; readonly name: string };
}

export type Viewer = ViewerQueryAnswer['viewer'];

export interface SignedIn {
  readonly accountId: string;
  readonly accounts: readonly AccountName[];
  readonly actor: SessionAnswer['actor'];
  readonly viewer: Viewer;
}

export type Session =
  | { readonly state: 'starting' }
  | { readonly state: 'failed'; readonly failure: Failure }
  | { readonly state: 'out' }
  /** `ended`: the server no longer knows the session; what is on the page stays until the reader has signed in again or gives up. */
  | { readonly state: 'in'; readonly who: SignedIn; readonly ended: boolean };

export type Credentials = { readonly apiKey: string } | { readonly email: string; readonly password: string };

export const session = createStore<Session>({ state: 'starting' });

/** In the browser's storage: the account that was chosen, of the tab and, for new tabs, of the browser. */
const CHOSEN_ACCOUNT = 'latchkey.account';

/** To the other tabs of this browser, which all act by one cookie: the id of who has signed in, or null when somebody has signed out. */
const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('latchkey.session') : undefined;
tabs?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const now = session.get();
  if (now.state !== 'in') return;
  // Whoever is named at the top of this page must be who it acts as.
  if (data !== now.who.actor.id) session.set({ ...now, ended: true });
  else if (now.ended) goOn(now.who);
});

let waiting: { resolve(): void; reject(reason: unknown): void }[] = [];

/** Looks for a session of an earlier visit. */
export async function startSession(): Promise<void> {
  session.set({ state: 'starting' });
  try {
    const answer = await send('GET', '/console/session');
    if (answer.status === 401 || answer.status === 204) leave();
    else if (answer.errors.length > 0) throw new Failure(answer.errors);
    else session.set({ state: 'in', who: await enter(answer.body as SessionAnswer), ended: false });
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === 'UNAUTHENTICATED') leave();
    else session.set({ state: 'failed', failure });
  }
}

/** Signs in. After the session ended it must be to the same account: what waits on the page belongs to it. */
export async function signIn(credentials: Credentials): Promise<void> {
  const before = session.get();
  const answer = await send('POST', '/console/session', credentials);
  if (answer.errors.length > 0) throw new Failure(answer.errors);
  const opened = answer.body as SessionAnswer;
  if (before.state === 'in' && !opened.accounts.some((one) => one.uuid === before.who.accountId)) {
    await send('DELETE', '/console/session');
    const message = `That signs in to another account, ${opened.accountName}. What is open on this page belongs to ${before.who.viewer.account.name}.`;
    throw new Failure([{ message, code: 'FORBIDDEN', path: [] }]);
  }
  const who = await enter(opened, before.state === 'in' ? before.who.accountId : undefined);
  if (before.state === 'in' && session.get().state === 'out') { // the reader has left while this was on its way
    remember(null);
    await send('DELETE', '/console/session');
    return;
  }
  goOn(who);
  tabs?.postMessage(who.actor.id);
}

function goOn(who: SignedIn): void {
  session.set({ state: 'in', who, ended: false });
  const resumed = waiting;
  waiting = [];
  for (const one of resumed) one.resolve();
}

/** Ends the session, on the server and then here: a page that looked signed out while the cookie still opens it would be left behind unlocked. */
export async function signOut(): Promise<void> {
  const answer = await send('DELETE', '/console/session');
  if (answer.status !== 401 && answer.errors.length > 0) throw new Failure(answer.errors);
  tabs?.postMessage(null);
  giveUp();
}

/** Leaves a session that ended: what waits for it fails, and what was on the page is gone. */
export function giveUp(): void {
  const dropped = waiting;
  waiting = [];
  leave();
  for (const one of dropped) one.reject(new SessionEnded());
}

/** Settles when the reader has signed in again; rejects with SessionEnded when they do not want to. */
export function signedInAgain(): Promise<void> {
  const now = session.get();
  if (now.state !== 'in') return Promise.reject(new SessionEnded());
  if (!now.ended) session.set({ ...now, ended: true });
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

/** Goes to another account of the same reader. Everything on the page belongs to the old one, so the page starts anew. */
export function chooseAccount(accountId: string): void {
  remember(accountId);
  location.assign('/console/');
}

/** Whether the session goes on in other accounts only: in the one that is open its user is gone, or has another password. Then the page starts anew in one of them. */
export async function leftAccount(): Promise<boolean> {
  const now = session.get();
  if (now.state !== 'in' || now.ended || now.who.accounts.length === 1) return false;
  const answer = await send('GET', '/console/session');
  if (answer.status !== 200 || answer.errors.length > 0 || (answer.body as SessionAnswer).accounts.some((one) => one.uuid === now.who.accountId)) return false;
  chooseAccount((answer.body as SessionAnswer).accountId);
  return true;
}

async function enter(opened: SessionAnswer, wanted: string | null | undefined = remembered()): Promise<SignedIn> {
  const accountId = opened.accounts.find((one) => one.uuid === wanted)?.uuid ?? opened.accountId;
  remember(accountId);
  const answer = await send('POST', graphqlTarget(accountId), { query: ViewerQuery });
  if (answer.errors.length > 0) throw new Failure(answer.errors);
  const { viewer } = (answer.body as { data: ViewerQueryAnswer }).data;
  return { accountId, accounts: opened.accounts, actor: opened.actor, viewer };
}

export function graphqlTarget(accountId: string): string {
  return `/graphql?accountId=${encodeURIComponent(accountId)}`;
}

let left = 0;

/** How often the reader of this page has left. */
export function departures(): number {
  return left;
}

function leave(): void {
  left++;
  remember(null); // the next one at this browser may belong to another
  session.set({ state: 'out' });
}

/** The chosen account; null when there is none; undefined when the browser forbids storage. */
function remembered(): string | null | undefined {
  try {
    return sessionStorage.getItem(CHOSEN_ACCOUNT) ?? localStorage.getItem(CHOSEN_ACCOUNT);
  } catch {
    return undefined;
  }
}

function remember(accountId: string | null): void {
  try {
    for (const storage of [sessionStorage, localStorage]) {
      if (accountId === null) storage.removeItem(CHOSEN_ACCOUNT);
      else storage.setItem(CHOSEN_ACCOUNT, accountId);
    }
  } catch {
    // storage is forbidden: the server's choice of account does
  }
}
