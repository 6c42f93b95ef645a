import { inWords } from '../lib/permission-words.ts';

/** One error in the server's words, or in the console's own where `field` is given. */
export interface ServerError {
  readonly message: string;
  /** `extensions.code`, such as BAD_USER_INPUT or FORBIDDEN. */
  readonly code: string;
  readonly path: readonly (string | number)[];
  /** The field of the form that it is about, where the console itself found it. */
  readonly field?: string;
}

/** What the server refused, or could not be asked. `errors` is never empty. */
export class Failure extends Error {
  readonly errors: readonly ServerError[];

  constructor(errors: readonly ServerError[]) {
    super(errors.map((one) => one.message).join(' '));
    this.name = 'Failure';
    this.errors = errors;
  }

  get code(): string {
    return this.errors[0]?.code ?? 'INTERNAL';
  }
}

/** The reader has left: what was asked is for nobody any more. */
export class SessionEnded extends Failure {
  constructor() {
    super([{ message: 'You are signed out.', code: 'UNAUTHENTICATED', path: [] }]);
    this.name = 'SessionEnded';
  }
}

export function oneFailure(message: string, code: string): Failure {
  return new Failure([{ message, code, path: [] }]);
}

/** What the console finds wrong with a field of a form before it asks the server. */
export function fieldFailure<F extends string>(field: F, message: string): Failure {
  return new Failure([{ message, code: 'BAD_USER_INPUT', path: [], field }]);
}

/** Whatever was thrown, as a failure that can be shown. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return oneFailure(thrown instanceof Error ? thrown.message : String(thrown), 'INTERNAL');
}

/** The errors in the body of an answer, or what its status says when it has none. */
export function errorsOf(body: unknown, status: number): readonly ServerError[] {
  const listed = typeof body === 'object' && body !== null && 'errors' in body ? body.errors : undefined;
  const errors = Array.isArray(listed) ? listed.map(readError) : [];
  if (errors.length > 0) return errors;
  if (status === 204) return [];
  if (status >= 200 && status < 300) {
    if (typeof body === 'object' && body !== null) return [];
    return [{ message: 'It was not Latchkey that answered, but something on the way to it.', code: 'UNAVAILABLE', path: [] }];
  }
  return [{ message: `The server answered ${status} without saying why.`, code: status === 503 ? 'UNAVAILABLE' : 'INTERNAL', path: [] }];
}

function readError(one: unknown): ServerError {
  const error = (typeof one === 'object' && one !== null ? one : {}) as { message?: unknown; extensions?: { code?: unknown } | null; path?: unknown };
  return {
    message: typeof error.message === 'string' ? inWords(error.message) : 'The server refused this without saying why.',
    code: typeof error.extensions?.code === 'string' ? error.extensions.code : 'INTERNAL',
    path: Array.isArray(error.path) ? (error.path as (string | number)[]) : [],
  };
}
