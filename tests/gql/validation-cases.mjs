// Runs the validation cases that Debian's golang-github-vektah-gqlparser-dev took over from graphql-js, through gqlrun --validate-only: the errors
// must be those of graphql-js with all its rules, and hold those that the case expects of its one rule. node tests/gql/validation-cases.mjs
// [--spec DIR] [--show N]. Without the package there is nothing to run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as graphql from 'graphql';
import { buildSchema, gqlrun, plainErrors, run } from './oracle.mjs';
import { parseYaml } from './yaml.mjs';

const { values: options } = parseArgs({
  options: { spec: { type: 'string', default: '/usr/share/gocode/src/github.com/vektah/gqlparser/validator/imported/spec' }, show: { type: 'string', default: '10' } },
});
if (!existsSync(options.spec)) {
  console.log(`skipped: ${options.spec} is not there (Debian: golang-github-vektah-gqlparser-dev)`);
  process.exit(0);
}
const read = (name) => parseYaml(readFileSync(join(options.spec, name), 'utf8'));
const schemas = read('schemas.yml');
const files = readdirSync(options.spec).filter((name) => name.endsWith('.spec.yml'));
const cases = files.flatMap((file) => read(file).map((one) => ({ ...one, file })));
const schemaOf = ({ schema }) => (typeof schema === 'number' ? schemas[schema] : schema);
const plain = (value) => JSON.parse(JSON.stringify(value));

// What graphql-js says to a case with the case's rule alone; the case's words come from its tests.
function ruleErrors({ rule }, schema, query) {
  const found = graphql[`${rule}Rule`];
  return found ? plainErrors(graphql.validate(schema, graphql.parse(query), [found])) : null;
}

// Type system definitions in a request: both refuse them, but graphql-js goes on to look at the directives inside them.
const REFUSED_EARLIER = new Set(['with schema definition', 'unknown directives must be ignored']);

const key = ({ message, locations }) => JSON.stringify([message, (locations ?? []).map(({ line, column }) => [line, column])]);
const counts = { passed: 0, failed: 0 };
const notes = [];

function check(one, answer) {
  const { schema, errors } = buildSchema(schemaOf(one));
  const expected = plain(errors ? { errors: plainErrors(errors) } : run(schema, one, { validateOnly: true }));
  const wanted = one.errors.map(key);
  const optional = one.rule.endsWith('Custom') || one.rule.startsWith('NoDeprecated') || one.rule.startsWith('NoSchemaIntrospection');
  if (!errors && !optional) {
    const alone = ruleErrors(one, schema, one.query);
    if (alone && JSON.stringify(alone.map(key)) !== JSON.stringify(wanted)) notes.push(`graphql-js itself differs: ${one.file}: ${one.name}`);
    else if (wanted.some((error) => !answer.errors.map(key).includes(error))) return `the case expects ${JSON.stringify(one.errors)}`;
  }
  if (REFUSED_EARLIER.has(one.name) && answer.errors.every((error) => error.message.endsWith('is not executable.') && expected.errors.some((other) => key(other) === key(error)))) {
    notes.push(`refused with fewer words than graphql-js's: ${one.file}: ${one.name}`);
    return null;
  }
  return JSON.stringify(answer.errors) === JSON.stringify(expected.errors) ? null : `graphql-js: ${JSON.stringify(expected.errors)}`;
}

const { answers, died } = gqlrun(cases.map((one) => ({ schema: schemaOf(one), query: one.query })), ['--validate-only']);
cases.forEach((one, index) => {
  const problem = index < answers.length ? check(one, answers[index]) : died;
  counts[problem ? 'failed' : 'passed']++;
  if (problem && counts.failed <= Number(options.show)) console.log(`--- ${one.file}: ${one.name}\n${one.query}\n${problem}\nengine:     ${JSON.stringify(answers[index]?.errors)}`);
});
for (const note of notes) console.log(note);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
