// Breaks a GraphQL text at a few tokens: what clients get wrong, and what nobody would write.
const TOKEN = /"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[!$&()\[\]{}:=@|]|\s+|./gsu;
const STRAY = ['{', '}', '(', ')', '[', ']', ':', '!', '$', '@', '...', '|', '=', '&', '"', '"""', 'on', 'fragment', 'query', 'null', 'true', '0', '00', '1.', '-', '#', '?', '\u00e9', '😀',
  '__typename', 'name', 'nam', 'User', 'Usr', 'Int', 'String', 'String!', 'RED', '"x"', '\\u', '"\\u{110000}"', '"\\q"', 'type', 'extend', 'subscription', '2147483648', '{}', '[]', '\u0007'];

export function damage(random, text) {
  const tokens = text.match(TOKEN);
  const times = random.chance(0.7) ? 1 : random.between(2, 4);
  for (let i = 0; i < times && tokens.length > 0; i++) {
    const at = random.below(tokens.length);
    switch (random.below(5)) {
      case 0: tokens.splice(at, 1); break;
      case 1: tokens.splice(at, 0, tokens[at], ' '); break;
      case 2: tokens[at] = random.pick(tokens); break;
      case 3: tokens[at] = random.pick(STRAY); break;
      default: tokens.splice(at, 0, ` ${random.pick(STRAY)} `);
    }
  }
  return tokens.join('');
}
