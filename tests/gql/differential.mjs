// Compares the engine with graphql-js over random schemas, documents and variables: data (with the order of its members) and the errors' messages,
// locations and paths must be the same. node tests/gql/differential.mjs [--seed N] [--cases N] [--show N] [--schema] [--failing]
// With --failing some fields are null or fail. With --show it prints so many differences, with --schema their schemas too; a case comes again with its seed.
import { parseArgs } from 'node:util';
import * as graphql from 'graphql';
import { buildSchema, gqlrun, plainErrors, run } from './oracle.mjs';
import { Random } from './random.mjs';
import { randomSchema } from './random-schema.mjs';
import { randomRequest } from './random-query.mjs';

const { values: options } = parseArgs({ options: { seed: { type: 'string', default: '1' }, cases: { type: 'string', default: '1000' }, show: { type: 'string', default: '5' },
    schema: { type: 'boolean', default: false }, failing: { type: 'boolean', default: false } } });
const firstSeed = Number(options.seed);
const cases = Number(options.cases);
const show = Number(options.show);
const BATCH = 500;
const QUERIES_A_SCHEMA = 10;

const plain = (value) => JSON.parse(JSON.stringify(value));

function isSubscription({ query, operationName }) {
  const operation = graphql.getOperationAST(graphql.parse(query), operationName);
  return operation?.operation === 'subscription';
}

// The cases of one schema: requests with the answers of graphql-js.
function casesOf(seed) {
  const random = new Random(seed);
  const sdl = randomSchema(random);
  const { schema, errors } = buildSchema(sdl);
  if (errors) return [{ seed, request: { schema: sdl, query: '{ __typename }' }, expected: plain({ errors: plainErrors(errors) }) }];
  return Array.from({ length: QUERIES_A_SCHEMA }, (_, index) => {
    const request = randomRequest(random, schema);
    let expected = run(schema, request, { failing: options.failing });
    if (expected.data !== undefined && isSubscription(request)) expected = null; // graphql-js runs what we refuse
    return { seed: `${seed}/${index}`, request: { schema: sdl, ...request }, expected: plain(expected) };
  });
}

// Two texts from a little before where they differ.
function around(a, b) {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return [a, b].map((text) => (at > 200 ? '...' : '') + text.slice(Math.max(0, at - 200), at + 600));
}

function describe({ seed, request, expected }, answer) {
  const { schema, ...rest } = request;
  const [theirs, ours] = around(JSON.stringify(expected), JSON.stringify(answer));
  return [`--- seed ${seed}`, ...(options.schema ? [schema] : []), JSON.stringify(rest).slice(0, 3000), `graphql-js: ${theirs}`, `engine:     ${ours}`].join('\n');
}

// Where the engine is stricter with type systems than graphql-js 16 on purpose, as the September 2025 edition demands.
const STRICTER = [/^The default value of .* is not a valid value of type "/, /^A schema cannot contain operations or fragments\.$/];
const isStricter = ({ errors }) => errors?.some(({ message }) => STRICTER.some((words) => words.test(message)));

let passed = 0;
let stricter = 0;
let failed = 0;

function compare(batch) {
  const { answers, died } = gqlrun(batch.map(({ request }) => request), options.failing ? ['--failing'] : []);
  batch.forEach((one, index) => {
    const answer = index < answers.length ? answers[index] : { died };
    const same = one.expected === null || JSON.stringify({ errors: one.expected.errors, data: one.expected.data }) === JSON.stringify({ errors: answer.errors, data: answer.data });
    if (index < answers.length && (same || isStricter(answer))) {
      passed++;
      if (!same) stricter++;
      return;
    }
    failed++;
    if (failed <= show) console.log(describe(one, answer));
  });
}

let batch = [];
for (let seed = firstSeed, made = 0; made < cases; seed++) {
  const more = casesOf(seed).slice(0, cases - made);
  made += more.length;
  batch.push(...more);
  if (batch.length >= BATCH || made >= cases) {
    compare(batch);
    batch = [];
  }
}
if (stricter > 0) console.log(`${stricter} refused by intent where graphql-js is lenient`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
