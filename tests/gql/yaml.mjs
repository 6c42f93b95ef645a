// As much of YAML as the validation cases use: sequences, mappings, block scalars, plain and quoted scalars, {flow: mappings} and [].
export function parseYaml(text) {
  const lines = text.split('\n').filter((line, index, all) => index < all.length - 1 || line !== '');
  let at = 0;
  const indentOf = (line) => line.search(/\S/);
  const isBlank = (line) => /^\s*(#.*)?$/.test(line);

  function skipBlank() {
    while (at < lines.length && isBlank(lines[at])) at++;
  }

  function scalar(source) {
    if (source === '[]') return [];
    if (source.startsWith('{')) return Object.fromEntries(source.slice(1, -1).split(',').map((member) => member.split(':').map((part) => part.trim())).map(([key, value]) => [key, scalar(value)]));
    if (source.startsWith('"')) return JSON.parse(source);
    if (source.startsWith("'")) return source.slice(1, -1).replaceAll("''", "'");
    return /^-?[0-9]+$/.test(source) ? Number(source) : source;
  }

  // A |, |- or |2- scalar whose lines stand deeper than parent.
  function block(header, parent) {
    const body = [];
    while (at < lines.length && (lines[at].trim() === '' || indentOf(lines[at]) > parent)) body.push(lines[at++]);
    const given = header.match(/[0-9]/);
    const indent = given ? parent + Number(given[0]) : Math.min(...body.filter((line) => line.trim() !== '').map(indentOf));
    const value = body.map((line) => line.slice(indent)).join('\n').replace(/\n+$/, '');
    return header.includes('-') ? value : `${value}\n`;
  }

  // What stands after "- " or "key:", or below it.
  function value(rest, parent) {
    if (/^\|[0-9]?-?$/.test(rest)) return block(rest, parent);
    if (rest === '') return node(parent);
    let source = rest; // a scalar may go on below, deeper
    while (at < lines.length && lines[at].trim() !== '' && indentOf(lines[at]) > parent) source += ` ${lines[at++].trim()}`;
    return scalar(source);
  }

  function sequence(indent) {
    const items = [];
    for (skipBlank(); at < lines.length && indentOf(lines[at]) === indent && /^\s*-( |$)/.test(lines[at]); skipBlank()) {
      const rest = lines[at].trim().slice(1).trim();
      if (/^[\w ]+:( |$)/.test(rest)) {
        lines[at] = ' '.repeat(indent + 2) + rest; // the first member of a mapping
        items.push(mapping(indent + 2));
      } else {
        at++;
        items.push(value(rest, indent));
      }
    }
    return items;
  }

  function mapping(indent) {
    const members = {};
    for (skipBlank(); at < lines.length && indentOf(lines[at]) === indent; skipBlank()) {
      const [, key, rest] = lines[at].match(/^\s*([^:]+):\s*(.*)$/);
      at++;
      members[key] = value(rest, indent);
    }
    return members;
  }

  // The node below a line of this indent; a sequence may stand at the same one.
  function node(parent) {
    skipBlank();
    const indent = indentOf(lines[at]);
    if (lines[at].trim() === '[]') return [];
    if (lines[at].trim().startsWith('-')) return sequence(indent);
    return indent > parent ? mapping(indent) : null;
  }

  return node(-1);
}
