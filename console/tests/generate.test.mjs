import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generate } from '../scripts/generate.mjs';

const schema = fs.readFileSync(fileURLToPath(new URL('../../schema/schema.graphql', import.meta.url)), 'utf8');
const make = (text) => generate(schema, [{ name: 'one.graphql', text }]);

describe('the generator of types', () => {
  it('gives an operation the types of its answer and its variables, and its text without what nobody reads', () => {
    const text = make('# a remark\nquery A($id: String!, $limit: Int!) {\n  apiKey(apiKeyId: $id) { name expiresAt userGroups(limit: $limit) { nodes { ...G } } }\n}\nfragment G on UserGroup { id description }');
    assert.match(text, /export type AVariables = \{\n {2}id: string;\n {2}limit: number;\n\};/);
    assert.match(text, /name: string;\n\s*expiresAt: number \| null;/);
    assert.match(text, /nodes: readonly \(\{\n\s*id: string;\n\s*description: string \| null;\n\s*\}\)\[\];/);
    assert.ok(text.includes('"query A($id:String!$limit:Int!){apiKey(apiKeyId:$id){name expiresAt userGroups(limit:$limit){nodes{...G}}}}fragment G on UserGroup{id description}"'));
  });

  it('refuses an operation that does not fit the schema, with its place', () => {
    assert.throws(() => make('query A {\n  apiKeys(limit: 1) { nodes { secret } }\n}'), /Cannot query field "secret"[^]*one\.graphql:2/);
    assert.throws(() => make('{ account { id } }'), /needs a name/);
  });
});
