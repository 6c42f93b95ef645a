// Random documents and variables for a schema: mostly valid, with merged fields, fragments, directives and variables everywhere.
import * as graphql from 'graphql';
import { damage } from './damage.mjs';

const ALIASES = ['a', 'b', 'c', 'name', 'other'];
const JSON_VALUES = [null, 0, 1, -1, 1.5, 2147483648, -2147483649, 9007199254740992, 1e21, 1e-7, '', 'x', 'RED', 'RE', 'red', '5', 'é😀"\\\n', true, false, [], [1], [null], ['x', 1, [2]],
  {}, { min: 1 }, { mni: 1, text: 'x', nested: { list: [1, { a: { b: { c: 1 } } }] } }, [[1, 2], [3]], Array.from({ length: 12 }, (_, i) => i), Array.from({ length: 11 }, (_, i) => `${i}`)];

class Writer {
  constructor(random, schema) {
    this.r = random;
    this.schema = schema;
    this.variables = new Map(); // name -> {type, default}
    this.fragments = new Map(); // name -> text
    this.uniques = 0;
    this.budget = random.between(4, 40); // fields
  }

  // --- values ---

  variable(type) {
    const { r } = this;
    const reusable = [...this.variables].filter(([, variable]) => variable.type === String(type));
    if (reusable.length > 0 && r.chance(0.5)) return `$${r.pick(reusable)[0]}`;
    const name = r.pick(['v', 'input', 'x', 'if']) + this.variables.size;
    let text = String(type);
    let value;
    if (text.endsWith('!') && r.chance(0.35)) {
      text = text.slice(0, -1); // allowed only with a default
      if (r.chance(0.8)) value = this.literal(type, 1, true);
    } else if (!text.endsWith('!') && r.chance(0.2)) {
      text += '!';
    } else if (r.chance(0.3)) {
      value = this.literal(type, 1, true);
    }
    if (r.chance(0.02)) text = r.pick(['Int', 'String!', '[Int]', 'Query', 'Nothing', '[ID!]!']);
    this.variables.set(name, { type: text, default: value });
    return `$${name}`;
  }

  literal(type, depth, constant) {
    const { r } = this;
    if (!constant && r.chance(depth === 0 ? 0.25 : 0.12) && this.variables.size < 12) return this.variable(type);
    if (r.chance(0.01)) return r.pick(['null', '"x"', '1', '1.5', 'true', 'RED', 'NOPE', '[]', '{}', '[1]', '{a: 1}', '99999999999']);
    if (graphql.isNonNullType(type)) return this.plain(type.ofType, depth, constant);
    return r.chance(0.05) ? 'null' : this.plain(type, depth, constant);
  }

  plain(type, depth, constant) {
    const { r } = this;
    if (graphql.isListType(type)) {
      if (r.chance(0.2)) return this.plain(graphql.getNullableType(type.ofType), depth + 1, constant);
      return `[${Array.from({ length: r.below(4) }, () => this.literal(type.ofType, depth + 1, constant)).join(', ')}]`;
    }
    if (graphql.isEnumType(type)) return r.pick(type.getValues()).name;
    if (graphql.isInputObjectType(type)) return this.object(type, depth, constant);
    switch (type.name) {
      case 'Int': return String(r.pick([0, 1, -5, 2147483647]));
      case 'Float': return r.pick(['1', '0.5', '-1e10', '3.0']);
      case 'Boolean': return r.pick(['true', 'false']);
      case 'String': return r.pick(['"s"', '""', '"""\n block\n   text\n"""', '"\\u00e9\\n\\"q\\""', '"😀"']);
      case 'ID': return r.pick(['"id"', '7', '"7"']);
      default: return r.pick(['1', '"s"', 'X', 'true', '{a: [1, {b: null}]}', '[1, 2.5]']);
    }
  }

  object(type, depth, constant) {
    const { r } = this;
    let fields = Object.values(type.getFields());
    if (type.isOneOf) fields = r.sample(fields, r.chance(0.95) ? 1 : 2);
    else fields = fields.filter((field) => (graphql.isRequiredInputField(field) ? r.chance(0.98) : depth < 3 && r.chance(0.4)));
    const texts = fields.map((field) => `${field.name}: ${this.literal(type.isOneOf && r.chance(0.9) ? new graphql.GraphQLNonNull(field.type) : field.type, depth + 1, constant)}`);
    if (r.chance(0.01)) texts.push('txt: 1');
    return `{${texts.join(', ')}}`;
  }

  args(defs) {
    const { r } = this;
    const texts = defs.filter((def) => (graphql.isRequiredArgument(def) ? r.chance(0.98) : r.chance(0.5))).map((def) => `${def.name}: ${this.literal(def.type, 0, false)}`);
    if (r.chance(0.005)) texts.push(r.pick(['limt: 1', 'id: 1']));
    return texts.length > 0 ? `(${texts.join(', ')})` : '';
  }

  directives(location) {
    const { r } = this;
    let text = '';
    if (r.chance(/FIELD|SPREAD|INLINE/.test(location) ? 0.12 : 0.005)) text += ` @${r.pick(['skip', 'include'])}(if: ${r.chance(0.4) ? this.variable(new graphql.GraphQLNonNull(graphql.GraphQLBoolean)) : r.pick(['true', 'false'])})`;
    if (r.chance(0.06)) {
      const usable = this.schema.getDirectives().filter((directive) => directive.locations.includes(location) && !['skip', 'include'].includes(directive.name));
      const directive = usable.length > 0 ? r.pick(usable) : null;
      if (directive) text += ` @${directive.name}${this.args(directive.args)}`.repeat(directive.isRepeatable && r.chance(0.3) ? 2 : 1);
    }
    return text;
  }

  // --- selections ---

  field(parent, depth) {
    const { r } = this;
    const defs = graphql.isUnionType(parent) ? [] : Object.values(parent.getFields());
    if (r.chance(0.1) || defs.length === 0) return `${r.chance(0.2) ? 'a: ' : ''}__typename${this.directives('FIELD')}`;
    if (parent === this.schema.getQueryType() && r.chance(0.06)) return this.introspection();
    const def = r.pick(defs);
    const alias = this.alias(def);
    const type = graphql.getNamedType(def.type);
    this.budget--;
    let text = `${alias}${r.chance(0.003) ? `${def.name}x` : def.name}${this.args(def.args)}${this.directives('FIELD')}`;
    if (graphql.isCompositeType(type) !== r.chance(0.004)) text += ` ${this.selections(graphql.isCompositeType(type) ? type : parent, depth + 1)}`;
    return text;
  }

  // A field with arguments mostly needs a name of its own, for without one it seldom merges with others.
  alias(def) {
    const { r } = this;
    if (def.args.length > 0 && r.chance(0.85)) return `u${this.uniques++}: `;
    return r.chance(0.25) ? `${r.pick(ALIASES)}${r.chance(0.7) ? r.below(9) : ''}: ` : '';
  }

  introspection() {
    const { r } = this;
    const start = r.chance(0.5)
      ? `__type(name: ${r.chance(0.2) ? this.variable(new graphql.GraphQLNonNull(graphql.GraphQLString)) : JSON.stringify(r.pick([...Object.keys(this.schema.getTypeMap()), 'Nope', 'Float']))}) `
      : '__schema ';
    this.budget -= 3;
    return start + this.selections(this.schema.getType(start.startsWith('__type') ? '__Type' : '__Schema'), 2);
  }

  // A composite type that may overlap with parent, mostly.
  condition(parent) {
    const { r } = this;
    if (parent.name.startsWith('__')) return parent;
    if (r.chance(0.02)) return r.pick(Object.values(this.schema.getTypeMap()).filter(graphql.isCompositeType));
    const types = Object.values(this.schema.getTypeMap()).filter((type) => graphql.isCompositeType(type) && graphql.doTypesOverlap(this.schema, parent, type));
    return types.length > 0 ? r.pick(types) : parent;
  }

  selection(parent, depth) {
    const { r } = this;
    if (depth < 5 && r.chance(0.14)) {
      const type = r.chance(0.2) ? null : this.condition(parent);
      return `...${type ? ` on ${type.name}` : ''}${this.directives('INLINE_FRAGMENT')} ${this.selections(type ?? parent, depth + 1)}`;
    }
    if (depth < 5 && r.chance(0.14)) return `...${this.fragment(parent, depth)}${this.directives('FRAGMENT_SPREAD')}`;
    return this.field(parent, depth);
  }

  fragment(parent, depth) {
    const { r } = this;
    const usable = [...this.fragments].filter(([, fragment]) => fragment.text !== null && (r.chance(0.03) || fragment.type === parent));
    if (usable.length > 0 && r.chance(0.5)) return r.pick(usable)[0];
    const type = this.condition(parent);
    const name = r.chance(0.98) ? `F${this.fragments.size}` : 'F0';
    const fragment = { type, text: null };
    this.fragments.set(name, fragment);
    fragment.text = `fragment ${name} on ${type.name}${this.directives('FRAGMENT_DEFINITION')} ${this.selections(type, depth + 1)}`;
    return name;
  }

  selections(parent, depth) {
    const { r } = this;
    const many = this.budget > 0 && depth < 6 ? r.between(1, depth < 2 ? 6 : 3) : 0;
    const texts = Array.from({ length: many }, () => this.selection(parent, depth));
    if (texts.length === 0) texts.push(this.end(parent));
    if (r.chance(0.1)) texts.push(r.pick(texts));
    return `{${r.pick([' ', '\n  ', '\r\n', ', '])}${texts.join(r.pick([' ', '\n  ', ', ', '\n# comment\n']))} }`;
  }

  // A selection that goes no deeper.
  end(parent) {
    const leaves = graphql.isUnionType(parent) ? [] : Object.values(parent.getFields()).filter((field) => graphql.isLeafType(graphql.getNamedType(field.type)) && !field.args.some(graphql.isRequiredArgument));
    return leaves.length > 0 ? this.r.pick(leaves).name : '__typename';
  }

  definitions() {
    const variables = [...this.variables].filter(() => this.r.chance(0.99)).map(([name, variable]) => `$${name}: ${variable.type}${variable.default === undefined ? '' : ` = ${variable.default}`}${this.directives('VARIABLE_DEFINITION').replace(/.*\$.*|.*@(skip|include).*/, '')}`);
    return variables.length > 0 ? `(${variables.join(', ')})` : '';
  }

  document() {
    const { r, schema } = this;
    const mutation = schema.getMutationType() && r.chance(0.3);
    const keyword = mutation || (schema.getMutationType() == null && r.chance(0.003)) ? 'mutation' : 'query';
    const root = (keyword === 'mutation' ? schema.getMutationType() : null) ?? schema.getQueryType();
    const body = this.selections(root, 0);
    const directives = this.directives(keyword.toUpperCase()).replace(/.*@(skip|include).*/, '');
    const short = keyword === 'query' && this.variables.size === 0 && directives === '' && r.chance(0.5);
    const definitions = [short ? body : `${keyword} ${r.chance(0.5) ? 'Main' : ''}${this.definitions()}${directives} ${body}`];
    for (const { text } of this.fragments.values()) definitions.push(text);
    let operationName;
    if (!short && definitions[0].startsWith(`${keyword} Main`)) {
      if (r.chance(0.2)) definitions.push('query Second { __typename }');
      if (r.chance(0.5)) operationName = r.pick(['Main', 'Main', 'Second', 'Unknown', '']);
    }
    if (r.chance(0.01)) definitions.push('fragment Unused on Query { __typename }');
    if (r.chance(0.2)) definitions.reverse();
    return { query: definitions.join(r.pick(['\n', '\n\n', ' '])), operationName };
  }

  // --- variables' values ---

  json(type, depth = 0) {
    const { r } = this;
    if (r.chance(0.05)) return r.pick(JSON_VALUES);
    if (graphql.isNonNullType(type)) return this.json(type.ofType, depth);
    if (r.chance(0.06)) return null;
    if (graphql.isListType(type)) return r.chance(0.2) ? this.json(type.ofType, depth) : Array.from({ length: r.below(4) }, () => this.json(type.ofType, depth + 1));
    if (graphql.isEnumType(type)) return r.pick(type.getValues()).name;
    if (graphql.isInputObjectType(type)) {
      let fields = Object.values(type.getFields());
      if (type.isOneOf) fields = r.sample(fields, r.chance(0.9) ? 1 : 2);
      else fields = fields.filter((field) => (graphql.isRequiredInputField(field) ? r.chance(0.95) : depth < 3 && r.chance(0.5)));
      const object = Object.fromEntries(fields.map((field) => [field.name, this.json(field.type, depth + 1)]));
      if (r.chance(0.04)) object[r.pick(['mni', 'txt', 'unknown'])] = 1;
      return object;
    }
    switch (type.name) {
      case 'Int': return r.pick([0, 1, -1, 2147483647]);
      case 'Float': return r.pick([1, 1.5, -0.25]);
      case 'Boolean': return r.chance(0.5);
      case 'String': return r.pick(['', 's', 'é']);
      case 'ID': return r.pick(['id', 5, '5']);
      default: return r.pick(JSON_VALUES);
    }
  }

  values() {
    const { r } = this;
    const values = {};
    for (const [name, variable] of this.variables) {
      if (r.chance(variable.type.endsWith('!') ? 0.04 : 0.3)) continue;
      let type = null;
      try {
        type = graphql.typeFromAST(this.schema, graphql.parseType(variable.type));
      } catch {
        // not a type: any value will do
      }
      values[name] = graphql.isInputType(type) ? this.json(type) : r.pick(JSON_VALUES);
    }
    if (r.chance(0.1)) values.unused = 1;
    return Object.keys(values).length === 0 && r.chance(0.5) ? r.pick([null, undefined]) : values;
  }
}

// {query, variables, operationName} for a schema of graphql-js.
export function randomRequest(random, schema) {
  if (random.chance(0.01)) return { query: graphql.getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true }) };
  const writer = new Writer(random, schema);
  const { query, operationName } = writer.document();
  return { query: random.chance(0.15) ? damage(random, query) : query, variables: writer.values(), operationName };
}
