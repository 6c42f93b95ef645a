// Server CPU time against the size of documents made to hurt, with the limits as they are and with those of settings raised, so that most of what is
// measured is the engine and not its refusal. The last column says how the largest one ended: fragments more than 500 deep, and those whose cost is
// past counting, are refused even then, but after they were parsed and validated. A linear document of the same size stands beside each.
// LATCHKEY_BINARY=... node bench/hostile.mjs
// Ends with 1 when a document's time grows faster than its size, or when one costs many times what the linear one does.
import fs from 'node:fs';
import { Server } from '../tests/api/support/server.mjs';

const BASE = Number(process.env.BENCH_BYTES ?? 4096);
const SIZES = [1, 2, 4, 8, 16, 32].map((factor) => factor * BASE);
const CPU_MS = 60; // for each measurement
const SLOPE_MAX = 1.25; // of the logarithms of time and size; noise is below 0.2
const LINEAR_MAX = 12; // times the linear document's time for each byte

const RAISED = ['tokens', 'aliases', 'root-fields', 'directives', 'complexity'].flatMap((name) => [`--graphql-${name}`, '1000000']);

/** Pieces until they fill so many bytes. */
function fill(bytes, piece) {
  const pieces = [];
  for (let length = 0; length < bytes; length += pieces.at(-1).length) pieces.push(piece(pieces.length));
  return pieces;
}

const DOCUMENTS = {
  linear: (bytes) => fill(bytes, (i) => `query Q${i} { account { id name createdAt } } `).join(''),
  'a chain of fragments': (bytes) => {
    const made = fill(bytes, (i) => `fragment F${i} on Account { id ...F${i + 1} } `);
    return `query Q0 { account { ...F0 } } ${made.join('')} fragment F${made.length} on Account { id }`;
  },
  'fragments spread twice each': (bytes) => {
    const made = fill(bytes, (i) => `fragment F${i} on Account { ...F${i + 1} ...F${i + 1} } `);
    return `query Q0 { account { ...F0 } } ${made.join('')} fragment F${made.length} on Account { id }`;
  },
  'fragments nested in fields': (bytes) => {
    const made = fill(bytes, (i) => `fragment F${i} on Viewer { account { id } ...F${i + 1} viewer${i}: account { name } } `);
    return `query Q0 { viewer { ...F0 } } ${made.join('')} fragment F${made.length} on Viewer { account { name } }`;
  },
  'aliases of a field': (bytes) => `query Q0 { account { ${fill(bytes, (i) => `a${i}: id `).join('')} } }`,
  'aliases of a root field': (bytes) => `query Q0 { ${fill(bytes, (i) => `a${i}: account { id } `).join('')} }`,
  'one field again and again': (bytes) => `query Q0 { account { ${fill(bytes, () => 'id ').join('')} } }`,
  'one object again and again': (bytes) => `query Q0 { ${fill(bytes, () => 'account { id name } ').join('')} }`,
  'fields that conflict': (bytes) => `query Q0 { ${fill(bytes, (i) => `a: apiKeyByName(name: "${i}") { id } `).join('')} }`,
  'circular introspection': (bytes) => {
    const half = fill(bytes, () => 'fields { type { ');
    return `query Q0 { __schema { types { ${half.join('')} name ${' } }'.repeat(half.length)} } } }`;
  },
  'introspection side by side': (bytes) => `query Q0 { ${fill(bytes, (i) => `a${i}: __type(name: "T") { fields { type { fields { name } } } } `).join('')} }`,
  'directives on one field': (bytes) => `query Q0 { account ${fill(bytes, () => '@include(if: true) ').join('')} { id } }`,
  'directives on many fields': (bytes) => `query Q0 { account { ${fill(bytes, () => 'id @include(if: true) @skip(if: false) ').join('')} } }`,
  'unknown directives': (bytes) => `query Q0 { account ${fill(bytes, (i) => `@x${i} `).join('')} { id } }`,
};

/** Milliseconds of CPU that a server's threads have used. */
function cpu(server) {
  const tasks = `/proc/${server.process.pid}/task`;
  return fs.readdirSync(tasks).reduce((sum, task) => sum + Number(fs.readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e6;
}

/** Milliseconds of CPU for one request, and the first error's code. */
async function measure(server, document) {
  const send = () => server.graphql(document, undefined, { operationName: 'Q0' });
  const answer = await send();
  const started = cpu(server);
  let requests = 0;
  while (requests < 3 || (cpu(server) - started < CPU_MS && requests < 200)) {
    await send();
    requests++;
  }
  return { ms: (cpu(server) - started) / requests, code: answer.json.errors?.[0].extensions?.code ?? 'done' };
}

/** The slope of the least-squares line through the logarithms. */
function slope(points) {
  const logs = points.map(({ size, ms }) => [Math.log(size), Math.log(ms)]);
  const [x, y] = [0, 1].map((axis) => logs.reduce((sum, log) => sum + log[axis], 0) / logs.length);
  return logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0) / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}

let bad = 0;

async function table(title, args) {
  // No document is found parsed: that would measure the cache.
  const server = await Server.fresh({ args: [...args, '--graphql-cache', '0'] });
  console.log(`\n${title}: ms of CPU a request, by KiB of document`);
  console.log(`${''.padEnd(30)}${SIZES.map((size) => `${size / 1024}`.padStart(9)).join('')}    slope  x linear`);
  let linear;
  for (const [name, make] of Object.entries(DOCUMENTS)) {
    const points = [];
    let code;
    for (const size of SIZES) {
      const document = make(size);
      const measured = await measure(server, document);
      points.push({ size: document.length, ms: measured.ms });
      code = measured.code;
    }
    const last = points.at(-1);
    linear ??= last.ms / last.size;
    const steep = slope(points);
    const times = last.ms / last.size / linear;
    const over = steep > SLOPE_MAX || times > LINEAR_MAX;
    if (over) bad++;
    console.log(`${name.padEnd(30)}${points.map(({ ms }) => ms.toFixed(3).padStart(9)).join('')}${steep.toFixed(2).padStart(9)}${times.toFixed(1).padStart(10)}  ${code}${over ? '  TOO MUCH' : ''}`);
  }
  await server.stop();
}

await table('with the limits raised', RAISED);
await table('with the limits as they are', []);
process.exitCode = bad === 0 ? 0 : 1;
