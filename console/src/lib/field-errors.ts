import type { Failure } from '../api/failure.ts';

/** Which field of a form a server's sentence is about: the first rule that fits wins. */
export type FieldRules<F extends string> = readonly (readonly [words: RegExp, field: F])[];

export interface FormErrors<F extends string> {
  readonly fields: { readonly [K in F]?: string };
  /** What belongs to no field of this form. */
  readonly form: readonly string[];
}

/** Sorts what the server said to the fields that it is about, in the server's words. */
export function fieldErrors<F extends string>(failure: Failure | undefined, rules: FieldRules<F>): FormErrors<F> {
  const fields: { [K in F]?: string } = {};
  const form: string[] = [];
  for (const { message } of failure?.errors ?? []) {
    const field = rules.find(([words]) => words.test(message))?.[1];
    if (field === undefined) form.push(message);
    else fields[field] = fields[field] === undefined ? message : `${fields[field]} ${message}`;
  }
  return { fields, form };
}
