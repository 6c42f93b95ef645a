import { hearTime } from '../lib/clock.ts';
import { errorsOf, oneFailure, type ServerError } from './failure.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly errors: readonly ServerError[];
}

/** The header that no page of another origin can send: the server takes the cookie only together with it. */
const CONSOLE_HEADER = 'X-Latchkey-Console';

/** One request to the server that this page came from. Throws a Failure when no answer comes. */
export async function send(method: 'GET' | 'POST' | 'DELETE', target: string, content?: unknown, signal?: AbortSignal): Promise<Answer> {
  const sent = Date.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(target, {
      method,
      headers: { [CONSOLE_HEADER]: '1', Accept: 'application/json', ...(content === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      credentials: 'same-origin',
      cache: 'no-store',
      ...(signal ? { signal } : {}),
    });
    hearTime(response.headers.get('Date'), sent);
    text = await response.text();
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    throw oneFailure('The server cannot be reached. Check the connection and try again.', 'UNAVAILABLE');
  }
  const body = parse(text);
  return { status: response.status, body, errors: errorsOf(body, response.status) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
