import type { Failure } from '../api/failure.ts';

/**
 * Which field of a form a server's sentence is about: the first rule that fits wins. Where the sentence names the field as the API does, `instead` takes the place of
 * what fits. A rule fits only what the server wrote: a sentence may go on with a name that a person chose.
 */
export type FieldRules<F extends string> = readonly (readonly [words: RegExp, field: F, instead?: string])[];

export interface FormErrors<F extends string> {
  readonly fields: { readonly [K in F]?: string };
  /** What belongs to no field of this form. */
  readonly form: readonly string[];
}

/** Sorts what was refused to the fields that it is about. */
export function fieldErrors<F extends string>(failure: Failure | undefined, rules: FieldRules<F>): FormErrors<F> {
  const fields: { [K in F]?: string } = {};
  const form: string[] = [];
  for (const { message, field: known } of failure?.errors ?? []) {
    const [fitting, named, instead] = (known === undefined && rules.find(([words]) => words.test(message))) || [];
    const field = (known as F | undefined) ?? named;
    const said = fitting && instead !== undefined ? message.replace(fitting, instead) : message;
    if (field === undefined) form.push(said);
    else fields[field] = fields[field] === undefined ? said : `${fields[field]} ${said}`;
  }
  return { fields, form };
}
