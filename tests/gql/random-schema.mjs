// Random type systems as SDL: valid ones that use all of the language, and damaged ones.
import { damage } from './damage.mjs';

const FIELD_NAMES = ['name', 'names', 'title', 'total', 'owner', 'other', 'item', 'items', 'node', 'nodes', 'size', 'count', 'kind', 'value', 'parent'];
const ARG_NAMES = ['id', 'ids', 'first', 'filter', 'by', 'flag', 'limit', 'like'];
const INPUT_NAMES = ['min', 'max', 'text', 'exact', 'nested', 'list', 'mode', 'ok'];
const ENUM_VALUES = ['RED', 'GREEN', 'BLUE', 'READ', 'WRITE', 'ADMIN', 'NONE', 'ALL', 'V1', 'V2', 'V10'];
const STRINGS = ['"a"', '""', '"quote \\" and \\\\"', '"tab\\tline\\n"', '"Grüße 😀"', '"\\u00e9\\u{1F600}"', '"\\u0007"', '"""block"""', '"""\n  two\n    lines\n"""', '"""a \\""" b"""'];
const LOCATIONS = ['QUERY', 'MUTATION', 'FIELD', 'FRAGMENT_DEFINITION', 'FRAGMENT_SPREAD', 'INLINE_FRAGMENT', 'VARIABLE_DEFINITION', 'SCHEMA', 'SCALAR',
  'OBJECT', 'FIELD_DEFINITION', 'ARGUMENT_DEFINITION', 'INTERFACE', 'UNION', 'ENUM', 'ENUM_VALUE', 'INPUT_OBJECT', 'INPUT_FIELD_DEFINITION'];



class Writer {
  constructor(random) {
    this.r = random;
    this.scalars = random.sample(['Date', 'Url', 'Any'], random.below(3));
    this.enums = new Map();
    this.inputs = new Map(); // name -> {oneOf, fields: [{name, type, default}]}
    this.interfaces = new Map(); // name -> {interfaces, fields}
    this.objects = new Map();
    this.unions = new Map();
    this.directives = [];
    this.lines = [];
  }

  // --- pieces ---

  description(indent) {
    const { r } = this;
    if (!r.chance(0.15)) return '';
    return indent + r.pick(['"One line."', '"""Block."""', `"""\n${indent}Several\n${indent}  lines "quoted"\n${indent}"""`, '""']) + '\n';
  }

  deprecated(probability = 0.1) {
    const { r } = this;
    if (!r.chance(probability)) return '';
    return r.pick([' @deprecated', ' @deprecated(reason: "Old")', ' @deprecated(reason: "")']);
  }

  applied(location) {
    const { r } = this;
    const usable = this.directives.filter((directive) => directive.locations.includes(location));
    if (usable.length === 0 || !r.chance(0.2)) return '';
    const directive = r.pick(usable);
    const times = directive.repeatable && r.chance(0.4) ? 2 : 1;
    const args = directive.args.filter((arg) => arg.type.endsWith('!') || r.chance(0.5)).map((arg) => `${arg.name}: ${this.literal(arg.type)}`);
    return ` @${directive.name}${args.length > 0 ? `(${args.join(', ')})` : ''}`.repeat(times);
  }

  wrap(type, depth = 0) {
    const { r } = this;
    if (depth < 2 && r.chance(0.2)) type = `[${this.wrap(type, depth + 1)}]`;
    return r.chance(0.25) ? `${type}!` : type;
  }

  leaf() {
    return this.r.pick(['Int', 'Float', 'String', 'Boolean', 'ID', ...this.scalars, ...this.enums.keys()]);
  }

  inputType(inputs = [...this.inputs.keys()]) {
    return this.wrap(inputs.length > 0 && this.r.chance(0.3) ? this.r.pick(inputs) : this.leaf());
  }

  outputType() {
    const { r } = this;
    const composite = [...this.interfaces.keys(), ...this.objects.keys(), ...this.unions.keys()];
    return this.wrap(r.chance(0.45) ? r.pick(composite) : this.leaf());
  }

  // A constant of a type.
  literal(type, depth = 0) {
    const { r } = this;
    if (type.endsWith('!')) return this.literal(type.slice(0, -1), depth);
    if (type.startsWith('[')) {
      const item = type.slice(1, -1);
      if (r.chance(0.2)) return this.literal(item, depth + 1);
      return `[${Array.from({ length: r.below(4) }, () => this.item(item, depth)).join(', ')}]`;
    }
    if (this.enums.has(type)) return r.pick(this.enums.get(type));
    if (this.inputs.has(type)) return this.object(type, depth);
    switch (type) {
      case 'Int': return String(r.pick([0, 1, -1, 42, 2147483647, -2147483648]));
      case 'Float': return r.pick(['1', '1.5', '-0.25', '1e3', '1.0', '6.02e23', '1e-7', '123456789012345678901234567890', '0.1', '-0.0']);
      case 'Boolean': return r.pick(['true', 'false']);
      case 'String': return r.pick(STRINGS);
      case 'ID': return r.pick(['"id"', '4', '"4"', '"04"', '-7', '"-7"', '99999999999999999999']);
      default: return r.pick(['"2020"', '5', '1.25', 'true', 'WORD', '"x"', ...(this.plainDefaults ? [] : ['{a: 1, b: [true, {c: "d"}]}', '[1, "two"]', '{}'])]);
    }
  }

  item(type, depth) {
    if (!type.endsWith('!') && this.r.chance(0.1)) return 'null';
    return this.literal(type, depth + 1);
  }

  object(name, depth) {
    const { r } = this;
    const input = this.inputs.get(name);
    let fields = input.fields;
    if (input.oneOf) fields = [r.pick(fields)];
    else fields = fields.filter((field) => (field.type.endsWith('!') && field.default === undefined) || (depth < 3 && r.chance(0.4)));
    if (r.chance(0.3)) fields = [...fields].reverse();
    const text = fields.map((field) => `${field.name}: ${input.oneOf ? this.literal(field.type, 3) : this.item(field.type, depth)}`);
    return `{${text.join(', ')}}`;
  }

  inputValue(name, type, { canDefault = true, location }) {
    const { r } = this;
    const value = { name, type };
    this.plainDefaults = r.chance(0.9);
    if (canDefault && r.chance(0.35)) value.default = !type.endsWith('!') && r.chance(0.15) ? 'null' : this.literal(type);
    this.plainDefaults = false;
    value.required = type.endsWith('!') && value.default === undefined;
    value.text = `${name}: ${type}${value.default === undefined ? '' : ` = ${value.default}`}${value.required ? '' : this.deprecated(0.05)}${this.applied(location)}`;
    return value;
  }

  args() {
    const { r } = this;
    if (!r.chance(0.4)) return [];
    return r.sample(ARG_NAMES, r.between(1, 3)).map((name) => this.inputValue(name, this.inputType(), { location: 'ARGUMENT_DEFINITION' }));
  }

  field(name, type = this.outputType(), args = this.args()) {
    return { name, type, args };
  }

  fieldText(field) {
    const args = field.args.length > 0 ? `(${field.args.map((arg) => arg.text).join(', ')})` : '';
    return `${this.description('  ')}  ${field.name}${args}: ${field.type}${this.deprecated()}${this.applied('FIELD_DEFINITION')}`;
  }

  // --- definitions ---

  addEnums() {
    for (const name of this.r.sample(['Color', 'Access', 'Version'], this.r.between(1, 3))) this.enums.set(name, this.r.sample(ENUM_VALUES, this.r.between(1, 6)));
  }

  addDirectives() {
    const { r } = this;
    for (const name of r.sample(['tag', 'auth', 'cost'], r.below(3))) {
      const args = r.sample(ARG_NAMES, r.below(3)).map((arg) => this.inputValue(arg, this.wrap(this.leaf()), { location: 'NOWHERE' }));
      this.directives.push({ name, args, repeatable: r.chance(0.4), locations: r.sample(LOCATIONS, r.between(1, 12)) });
    }
  }

  addInputs() {
    const { r } = this;
    for (const name of r.sample(['Filter', 'Range', 'Choice', 'Options'], r.between(1, 3))) {
      const oneOf = r.chance(0.25);
      const earlier = [...this.inputs.keys()];
      const fields = r.sample(INPUT_NAMES, r.between(1, 5)).map((field) => {
        const type = this.inputType(earlier);
        return this.inputValue(field, oneOf ? type.replace(/!$/, '') : type, { canDefault: !oneOf, location: 'INPUT_FIELD_DEFINITION' });
      });
      if (r.chance(0.3)) fields.push({ ...this.inputValue('self', name, { canDefault: false, location: 'INPUT_FIELD_DEFINITION' }) });
      this.inputs.set(name, { oneOf, fields });
    }
  }

  // All interfaces that come with these, each before what builds on it.
  closure(names) {
    const all = new Set();
    for (const name of names) {
      for (const inherited of this.interfaces.get(name).interfaces) all.add(inherited);
      all.add(name);
    }
    return [...all];
  }

  inherited(names) {
    const fields = new Map();
    for (const name of names) for (const field of this.interfaces.get(name).fields) fields.set(field.name, field);
    return [...fields.values()];
  }

  addComposites() {
    const { r } = this;
    const interfaceNames = r.sample(['Entity', 'Named', 'Owned'], r.below(4));
    const objectNames = r.sample(['User', 'Users', 'Group', 'Item', 'Zebra', 'apple'], r.between(1, 5));
    for (const name of interfaceNames) this.interfaces.set(name, { interfaces: [], fields: [] });
    for (const name of objectNames) this.objects.set(name, { interfaces: [], fields: [] });
    for (const name of r.sample(['Result', 'Anything'], r.below(3))) this.unions.set(name, r.sample(objectNames, r.between(1, 4)));
    const used = [];
    for (const name of interfaceNames) {
      const earlier = interfaceNames.slice(0, interfaceNames.indexOf(name));
      const interfaces = r.chance(0.4) ? this.closure(r.sample(earlier, 2)) : [];
      const fresh = r.sample(FIELD_NAMES.filter((field) => !used.includes(field)), r.between(1, 3));
      used.push(...fresh);
      this.interfaces.set(name, { interfaces, fields: [...this.inherited(interfaces), ...fresh.map((field) => this.field(field))] });
    }
    for (const name of objectNames) {
      const interfaces = r.chance(0.6) ? this.closure(r.sample(interfaceNames, 2)) : [];
      const fields = this.inherited(interfaces).map((field) => this.specialised(field));
      const own = r.sample(FIELD_NAMES.filter((field) => !fields.some((other) => other.name === field)), r.between(1, 4));
      this.objects.set(name, { interfaces, fields: [...fields, ...own.map((field) => this.field(field))] });
    }
  }

  // A field of an interface as an object may declare it.
  specialised(field) {
    const { r } = this;
    const result = { ...field, args: [...field.args] };
    if (r.chance(0.2) && !result.type.endsWith('!')) result.type += '!';
    if (r.chance(0.15) && !field.args.some((arg) => arg.name === 'extra')) result.args.push(this.inputValue('extra', 'Int', { location: 'ARGUMENT_DEFINITION' }));
    return result;
  }

  root() {
    return this.r.sample([...FIELD_NAMES, 'search', 'everything', 'user', 'users'], this.r.between(3, 9)).map((name) => this.field(name));
  }

  // --- text ---

  composite(keyword, name, { interfaces, fields }) {
    const { r } = this;
    const location = keyword === 'type' ? 'OBJECT' : 'INTERFACE';
    const implemented = interfaces.length > 0 ? ` implements ${r.chance(0.1) ? '& ' : ''}${interfaces.join(' & ')}` : '';
    const cut = r.chance(0.15) && fields.length > 1 ? r.between(1, fields.length - 1) : fields.length;
    const texts = fields.map((field) => this.fieldText(field));
    this.lines.push(`${this.description('')}${keyword} ${name}${implemented}${this.applied(location)} {\n${texts.slice(0, cut).join('\n')}\n}`);
    if (cut < fields.length) this.lines.push(`extend ${keyword} ${name} {\n${texts.slice(cut).join('\n')}\n}`);
  }

  text() {
    const { r } = this;
    this.addEnums();
    this.addDirectives();
    this.addInputs();
    this.addComposites();
    const queryName = r.chance(0.8) ? 'Query' : 'Root';
    const mutationName = r.chance(0.4) ? r.pick(['Mutation', 'Change']) : null;
    for (const name of this.scalars) this.lines.push(`${this.description('')}scalar ${name}${r.chance(0.3) ? ' @specifiedBy(url: "https://example.com/s")' : ''}${this.applied('SCALAR')}`);
    for (const [name, values] of this.enums) {
      const texts = values.map((value) => `${this.description('  ')}  ${value}${this.deprecated()}${this.applied('ENUM_VALUE')}`);
      this.lines.push(`${this.description('')}enum ${name}${this.applied('ENUM')} {\n${texts.join('\n')}\n}`);
    }
    for (const [name, input] of this.inputs) {
      const texts = input.fields.map((field) => `${this.description('  ')}  ${field.text}`);
      this.lines.push(`${this.description('')}input ${name}${input.oneOf ? ' @oneOf' : ''}${this.applied('INPUT_OBJECT')} {\n${texts.join('\n')}\n}`);
    }
    for (const [name, type] of this.interfaces) this.composite('interface', name, type);
    for (const [name, type] of this.objects) this.composite('type', name, type);
    for (const [name, members] of this.unions) this.lines.push(`${this.description('')}union ${name}${this.applied('UNION')} =${r.chance(0.2) ? ' |' : ''} ${members.join(' | ')}`);
    for (const directive of this.directives) {
      const args = directive.args.length > 0 ? `(${directive.args.map((arg) => arg.text).join(', ')})` : '';
      this.lines.push(`${this.description('')}directive @${directive.name}${args}${directive.repeatable ? ' repeatable' : ''} on ${directive.locations.join(' | ')}`);
    }
    this.composite('type', queryName, { interfaces: [], fields: this.root() });
    if (mutationName) this.composite('type', mutationName, { interfaces: [], fields: this.root() });
    if (queryName !== 'Query' || mutationName === 'Change' || r.chance(0.15)) {
      this.lines.push(`${this.description('')}schema${this.applied('SCHEMA')} {\n  query: ${queryName}\n${mutationName ? `  mutation: ${mutationName}\n` : ''}}`);
    }
    if (r.chance(0.3)) this.lines.sort(() => r.next() - 0.5);
    return this.lines.join('\n\n') + '\n';
  }
}

export function randomSchema(random) {
  const text = new Writer(random).text();
  return random.chance(0.06) ? damage(random, text) : text;
}


