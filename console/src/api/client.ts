import { Failure, SessionEnded } from './failure.ts';
import { send, type Answer } from './http.ts';
import { departures, graphqlTarget, leftAccount, session, signedInAgain } from './session.ts';
import type { Operation } from './generated.ts';

/**
 * Runs an operation in the account that is open. When the session has ended it waits until the reader has signed in again and then sends it
 * once more. An answer with any error is thrown as a Failure: what comes back is whole. One that comes after the reader has left is for nobody: SessionEnded.
 */
export async function run<R, V>(operation: Operation<R, V>, variables: V, signal?: AbortSignal): Promise<R> {
  const before = departures();
  const answer = await post(operation, variables, signal);
  if (departures() !== before) throw new SessionEnded();
  if (answer.errors.length > 0) throw new Failure(answer.errors);
  return (answer.body as { data: R }).data;
}

async function post<R, V>(operation: Operation<R, V>, variables: V, signal?: AbortSignal): Promise<Answer> {
  for (;;) {
    const now = session.get();
    if (now.state === 'in' && now.ended) await signedInAgain(); // the cookie may be of whoever has signed in on another tab
    const answer = await send('POST', graphqlTarget(accountId()), { query: operation, variables }, signal);
    const ended = answer.status === 401 || answer.errors[0]?.code === 'UNAUTHENTICATED';
    if (!ended && !isForbidden(answer)) return answer;
    if (await leftAccount()) throw new SessionEnded();
    if (!ended) return answer;
    await signedInAgain();
  }
}

/** Whether all of a request was refused, and no field of it alone. */
function isForbidden({ errors: [first] }: Answer): boolean {
  return first?.code === 'FORBIDDEN' && first.path.length === 0;
}

/** The account that is open: what the inputs of the key operations name. */
export function accountId(): string {
  const now = session.get();
  if (now.state !== 'in') throw new SessionEnded();
  return now.who.accountId;
}
