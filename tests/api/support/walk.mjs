// Walks a schema: documents that ask for everything a type has, and arguments in which each place can be put to the test.
import * as graphql from 'graphql';

/** The schema of a running server, as it shows itself. */
export async function schemaOf(server) {
  return graphql.buildClientSchema(await server.query(graphql.getIntrospectionQuery({ oneOf: true })));
}

/** The name and all fields of a type and, `depth` levels down, of theirs; '' for a leaf. Arguments inside are pages; another one has no known filling. */
function selection(type, depth, path = []) {
  const named = graphql.getNamedType(type);
  if (graphql.isLeafType(named)) return '';
  const possible = graphql.isAbstractType(named) ? path.schema.getPossibleTypes(named) : [named];
  const inside = Object.assign([...path, named.name], { schema: path.schema });
  const fieldsOf = (object) =>
    Object.values(object.getFields())
      .filter((field) => graphql.isLeafType(graphql.getNamedType(field.type)) || (depth > 0 && !inside.includes(graphql.getNamedType(field.type).name)))
      .map((field) => `${field.name}${pageArguments(object, field)}${selection(field.type, depth - 1, inside)}`)
      .join(' ');
  if (possible.length === 1 && possible[0] === named) return ` { __typename ${fieldsOf(named)} }`;
  return ` { __typename ${possible.map((object) => `... on ${object.name} { ${fieldsOf(object)} }`).join(' ')} }`;
}

const PAGE = { limit: '20', offset: '0' };

// Arguments of fields that say what of one's own is shown: what is shown without them will do.
const RANGE = ['from', 'to', 'interval'];

function pageArguments(object, { name: fieldName, args }) {
  const field = { name: fieldName, args: args.filter((argument) => !RANGE.includes(argument.name)) };
  for (const argument of field.args) {
    if (!(argument.name in PAGE)) throw new Error(`no filling is known for the argument ${argument.name} of ${object.name}.${field.name}`);
  }
  return field.args.length === 0 ? '' : `(${field.args.map(({ name }) => `${name}: ${PAGE[name]}`).join(', ')})`;
}

/** The document that runs one field of a root type and asks for all of its answer, its arguments as variables of their own names. */
function documentOf(schema, operation, field) {
  const variables = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const call = passed === '' ? field.name : `${field.name}(${passed})`;
  return `${operation}${variables === '' ? '' : ` (${variables})`} { ${call}${selection(field.type, 4, Object.assign([], { schema }))} }`;
}

/** Every query and mutation: [{operation, field, document}]. */
export function rootFields(schema) {
  const roots = [['query', schema.getQueryType()], ['mutation', schema.getMutationType()]];
  return roots.flatMap(([operation, type]) => Object.values(type.getFields()).map((field) => ({ operation, field, document: documentOf(schema, operation, field) })));
}

/** Every leaf among a field's arguments: [{owner, name, type, path}], the path through input objects and lists ('[]'). */
export function leaves(field) {
  const found = [];
  const visit = (owner, member, path, seen) => {
    const type = graphql.getNullableType(member.type);
    const steps = [...path, member.name, ...(graphql.isListType(type) ? ['[]'] : [])];
    const named = graphql.getNamedType(type);
    if (!graphql.isInputObjectType(named)) found.push({ owner, name: member.name, type: named, path: steps });
    else if (!seen.includes(named.name)) {
      for (const inner of Object.values(named.getFields())) visit(named.name, inner, steps, [...seen, named.name]);
    }
  };
  for (const argument of field.args) visit(field.name, argument, [], []);
  return found;
}

/**
 * Arguments of a field with everything that is required (by its type, or by name in `needed`), and all that leads to `target`, a leaf, which
 * becomes `value`. fill(leaf) gives the value of every other leaf.
 */
export function argumentsOf(field, target, value, fill, needed = []) {
  const make = (owner, member, steps) => {
    const type = graphql.getNullableType(member.type);
    const onPath = steps[0] === member.name;
    const rest = onPath ? steps.slice(1) : [];
    const list = graphql.isListType(type);
    const inside = onPath && list ? rest.slice(1) : rest;
    const named = graphql.getNamedType(type);
    let made;
    if (graphql.isInputObjectType(named)) made = members(named.name, Object.values(named.getFields()), inside);
    else made = onPath ? value : fill({ owner, name: member.name, type: named });
    return list ? [made] : made;
  };
  const members = (owner, all, steps) =>
    Object.fromEntries(
      all.filter((member) => steps[0] === member.name || graphql.isNonNullType(member.type) || needed.includes(member.name)).map((member) => [member.name, make(owner, member, steps)]),
    );
  return members(field.name, field.args, target.path);
}
