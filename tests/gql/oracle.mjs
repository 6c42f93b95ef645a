// graphql-js with the resolving rule of gqlrun, and the process that runs gqlrun.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as graphql from 'graphql';

const byName = (a, b) => (a.name < b.name ? -1 : 1);

function valueOf(type, schema) {
  if (graphql.isNonNullType(type)) return valueOf(type.ofType, schema);
  if (graphql.isListType(type)) return [valueOf(type.ofType, schema), valueOf(type.ofType, schema)];
  if (graphql.isEnumType(type)) return type.getValues()[0].value;
  if (graphql.isObjectType(type)) return {};
  if (graphql.isAbstractType(type)) {
    const objects = [...schema.getPossibleTypes(type)].sort(byName);
    const chosen = graphql.isUnionType(type) ? objects[0] : objects.at(-1);
    return chosen ? { __typename: chosen.name } : null;
  }
  return { Int: 2, Float: 3.14, String: 'str', ID: 'id', Boolean: true }[type.name] ?? 'str';
}

const fieldResolver = (source, args, context, info) => valueOf(info.returnType, info.schema);

// The rule of gqlrun --failing.
function failingResolver(source, args, context, info) {
  const rest = [...Buffer.from(info.fieldName)].reduce((sum, byte) => sum + byte, 0) % 8;
  if (rest === 0) return null;
  if (rest === 1) throw new Error('Internal server error');
  const value = valueOf(info.returnType, info.schema);
  return rest === 2 && Array.isArray(value) ? [value[0], null] : value;
}

// Only what the specification gives an error.
export const plainErrors = (errors) => errors.map(({ message, locations, path }) => ({ message, locations, path }));

// {schema} or {errors}, as a server would answer to the SDL.
export function buildSchema(sdl) {
  try {
    const document = graphql.parse(sdl);
    let errors = validateSDL(document);
    if (errors.length > 0) return { errors };
    const schema = graphql.buildASTSchema(document, { assumeValidSDL: true });
    errors = graphql.validateSchema(schema);
    return errors.length > 0 ? { errors } : { schema };
  } catch (error) {
    return { errors: [error] };
  }
}

// graphql-js exports only the assertion, which joins the messages; its rules give the errors themselves.
const { validateSDL } = await import('graphql/validation/validate.js').then((module) => module.default ?? module);

export function run(schema, { query, variables, operationName }, { validateOnly = false, failing = false } = {}) {
  let document;
  try {
    document = graphql.parse(query);
  } catch (error) {
    return { errors: plainErrors([error]) };
  }
  const errors = graphql.validate(schema, document);
  if (errors.length > 0 || validateOnly) return { errors: plainErrors(errors) };
  const result = graphql.execute({ schema, document, variableValues: variables, operationName, fieldResolver: failing ? failingResolver : fieldResolver });
  return { ...(result.errors ? { errors: plainErrors(result.errors) } : {}), ...(result.data !== undefined ? { data: result.data } : {}) };
}

// Answers of gqlrun to requests; fewer than requests when it died.
export function gqlrun(requests, args = []) {
  const binary = process.env.GQLRUN ?? fileURLToPath(new URL('../../build/tests/gqlrun', import.meta.url));
  if (!existsSync(binary)) throw new Error(`${binary} is not there: build it first (ninja -C build)`);
  const result = spawnSync(binary, args, { input: requests.map((request) => `${JSON.stringify(request)}\n`).join(''), maxBuffer: 2 ** 30, encoding: 'utf8' });
  const lines = result.stdout.split('\n');
  lines.pop(); // what follows the last newline
  if (result.status !== 0 && lines.length === requests.length) lines.pop(); // it died of the last, if only when it ended
  return { answers: lines.map((line) => JSON.parse(line)), died: result.status === 0 ? null : `gqlrun ended with ${result.signal ?? result.status}: ${result.stderr}` };
}
