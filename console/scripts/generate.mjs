// Writes src/api/generated.ts: the types of the GraphQL API, from schema/schema.graphql, and every operation in src/api/operations with the
// types of its variables and its answer. An operation that does not fit the schema ends the build with its file and line.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildASTSchema, getNamedType, isEnumType, isInputObjectType, isInterfaceType, isListType, isNonNullType, isObjectType, isScalarType, Kind, parse,
  print, Source, stripIgnoredCharacters, typeFromAST, validate,
} from 'graphql';
import { neverNull } from './never-null.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const SCALARS = { ID: 'string', String: 'string', Boolean: 'boolean', Int: 'number', Float: 'number', DateTime: 'number', Number: 'number' };

/** The text of src/api/generated.ts for a schema and operation documents, each {name, text}. */
export function generate(schemaText, files) {
  const schema = buildASTSchema(parse(new Source(schemaText, 'schema/schema.graphql')));
  checkNeverNull(schema);
  const documents = files.map(({ name, text }) => parse(new Source(text, name)));
  const definitions = documents.flatMap((document) => document.definitions);
  const errors = validate(schema, { kind: Kind.DOCUMENT, definitions });
  if (errors.length > 0) throw new Error(errors.map(String).join('\n\n'));
  const fragments = new Map(definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION).map((one) => [one.name.value, one]));
  const context = { schema, fragments };
  const parts = [
    '// Made by scripts/generate.mjs from schema/schema.graphql and src/api/operations: do not edit.',
    '/** A GraphQL operation; R is its answer and V its variables. */\nexport type Operation<R, V> = string & { readonly answer?: R; readonly variables?: V };',
    ...Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__')).map(declaration).filter(Boolean),
    ...[...fragments.values()].map((fragment) => `export type ${fragment.name.value} = ${selection(context, fragment, typeFromAST(schema, fragment.typeCondition), 0)};`),
    ...definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION).map((operation) => operationText(context, operation)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function checkNeverNull(schema) {
  for (const [name, fields] of Object.entries(neverNull)) {
    for (const field of fields) {
      if (!schema.getType(name)?.getFields?.()[field]) throw new Error(`scripts/never-null.mjs names ${name}.${field}, which the schema does not have`);
    }
  }
}

/** Enums and inputs; answers are typed where an operation selects from them. */
function declaration(type) {
  if (isEnumType(type)) return enumeration(type);
  if (!isInputObjectType(type)) return undefined;
  const members = Object.values(type.getFields()).map((field) => `  ${field.name}${isNonNullType(field.type) ? '' : '?'}: ${inputType(field.type)};`);
  return `export interface ${type.name} {\n${members.join('\n')}\n}`;
}

/** The type of an enum, and what the schema says about each of its values. */
function enumeration(type) {
  const values = type.getValues();
  return [
    `export type ${type.name} = ${values.map((value) => `'${value.name}'`).join(' | ')};`,
    `export const ${type.name}Text: Readonly<Record<${type.name}, string>> = {`,
    ...values.map((value) => `  ${value.name}: ${JSON.stringify(value.description ?? '')},`),
    '};',
  ].join('\n');
}

function inputType(type) {
  if (isNonNullType(type)) return innerInput(type.ofType);
  return `${innerInput(type)} | null`;
}

function innerInput(type) {
  if (isListType(type)) return `readonly (${inputType(type.ofType)})[]`;
  return isScalarType(type) ? scalar(type) : type.name;
}

function scalar(type) {
  const text = SCALARS[type.name];
  if (!text) throw new Error(`scripts/generate.mjs does not know the scalar ${type.name}`);
  return text;
}

/** The type of what `node` selects from `parent`. */
function selection(context, node, parent, depth) {
  const members = new Map();
  collect(context, node.selectionSet, parent, members, false);
  const indent = '  '.repeat(depth + 1);
  const lines = [...members].map(([key, { nodes, field, owner, optional }]) => {
    if (!field) return `${indent}${key}: string;`; // __typename
    const merged = { selectionSet: { selections: nodes.flatMap((one) => one.selectionSet?.selections ?? []) } };
    const known = neverNull[owner.name]?.includes(field.name) ?? false;
    return `${indent}${key}${optional ? '?' : ''}: ${outputType(context, field.type, merged, depth + 1, known)};`;
  });
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

function collect(context, set, parent, members, optional) {
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) {
      const key = (node.alias ?? node.name).value;
      const field = node.name.value === '__typename' ? undefined : parent.getFields()[node.name.value];
      const known = members.get(key);
      if (known) known.nodes.push(node);
      else members.set(key, { nodes: [node], field, owner: parent, optional });
      continue;
    }
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? context.fragments.get(node.name.value) : node;
    const type = fragment.typeCondition ? typeFromAST(context.schema, fragment.typeCondition) : parent;
    collect(context, fragment.selectionSet, type, members, optional || (isInterfaceType(parent) && isObjectType(type)));
  }
}

function outputType(context, type, node, depth, known) {
  if (isNonNullType(type)) return outputType(context, type.ofType, node, depth, true);
  const text = isListType(type)
    ? `${array(outputType(context, type.ofType, node, depth, true))}` // no list of this API holds nulls in an answer without errors
    : isScalarType(type) ? scalar(type) : isEnumType(type) ? type.name : selection(context, node, getNamedType(type), depth);
  return known ? text : `${text} | null`;
}

function array(text) {
  return /^\w+$/.test(text) ? `readonly ${text}[]` : `readonly (${text})[]`;
}

function operationText(context, operation) {
  const name = operation.name?.value;
  if (!name) throw new Error('every operation in src/api/operations needs a name');
  const root = context.schema.getRootType(operation.operation);
  const variables = (operation.variableDefinitions ?? []).map((one) => {
    const type = typeFromAST(context.schema, one.type);
    return `  ${one.variable.name.value}${isNonNullType(type) ? '' : '?'}: ${inputType(type)};`;
  });
  const used = new Map();
  gather(context, operation.selectionSet, used);
  const text = stripIgnoredCharacters([operation, ...used.values()].map(print).join('\n'));
  return [
    `export type ${name}Answer = ${selection(context, operation, root, 0)};`,
    `export type ${name}Variables = ${variables.length ? `{\n${variables.join('\n')}\n}` : 'Record<string, never>'};`,
    `export const ${name}: Operation<${name}Answer, ${name}Variables> =\n  ${JSON.stringify(text)};`,
  ].join('\n');
}

function gather(context, set, used) {
  for (const node of set?.selections ?? []) {
    if (node.kind !== Kind.FRAGMENT_SPREAD) {
      gather(context, node.selectionSet, used);
    } else if (!used.has(node.name.value)) {
      const fragment = context.fragments.get(node.name.value);
      used.set(node.name.value, fragment);
      gather(context, fragment.selectionSet, used);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const operations = path.join(here, '../src/api/operations');
  const files = fs.readdirSync(operations).filter((name) => name.endsWith('.graphql')).sort()
    .map((name) => ({ name: `src/api/operations/${name}`, text: fs.readFileSync(path.join(operations, name), 'utf8') }));
  const output = path.join(here, '../src/api/generated.ts');
  const text = generate(fs.readFileSync(path.join(here, '../../schema/schema.graphql'), 'utf8'), files);
  if (!fs.existsSync(output) || fs.readFileSync(output, 'utf8') !== text) {
    fs.writeFileSync(`${output}.${process.pid}`, text); // another may read it at this moment
    fs.renameSync(`${output}.${process.pid}`, output);
  }
}
