// Who the Explorer's requests act as.

export interface Account {
  readonly uuid: string;
  readonly accountName: string;
}

/** What GET /console/session answers. */
export interface SignedIn {
  readonly accountId: string;
  readonly accountName: string;
  readonly accounts: readonly Account[];
  readonly actor: { readonly kind: 'API_KEY' | 'USER'; readonly id: string; readonly name: string };
}

/** A key is held here, in the memory of the page, and nowhere else. */
export type Credential = { readonly by: 'session'; readonly accountId: string } | { readonly by: 'key'; readonly key: string };

/** The session that the browser has, or undefined when nobody is signed in. Throws when the server does not say. */
export async function findSession(): Promise<SignedIn | undefined> {
  const answer = await fetch('/console/session', { credentials: 'same-origin', cache: 'no-store' });
  if (answer.status === 204 || answer.status === 401) return undefined;
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  return (await answer.json()) as SignedIn;
}

/** What to send, and where, so that a request acts by a credential. Headers of the Headers tab come last: they win. */
export function requestFor(credential: Credential, headers: Readonly<Record<string, string>>): { target: string; options: RequestInit } {
  const json = { 'Content-Type': 'application/json', Accept: 'application/json' };
  if (credential.by === 'key') {
    return { target: '/graphql', options: { method: 'POST', credentials: 'omit', headers: { ...json, 'x-api-key': credential.key, ...headers } } };
  }
  const target = `/graphql?accountId=${encodeURIComponent(credential.accountId)}`;
  return { target, options: { method: 'POST', credentials: 'same-origin', headers: { ...json, 'X-Latchkey-Console': '1', ...headers } } };
}
