// Programs that others wrote, as they are: code generators read the schema from the running server, and clients run the three documents on it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSchema, lexicographicSortSchema, parse, printSchema } from 'graphql';
import { CREATE, DELETE, ID, ROOT, Server, SLOW, temporaryDirectory, UPDATE } from '../api/support/server.mjs';

const require = createRequire(import.meta.url);
const { ApolloClient, HttpLink, InMemoryCache } = require('@apollo/client/core');
const { Client, fetchExchange } = require('@urql/core');
const { GraphQLClient } = await import('graphql-request');

const NODE_MODULES = fileURLToPath(new URL('node_modules', import.meta.url));

let server;
let endpoint;
let headers;
before(async () => {
  server = await Server.fresh();
  endpoint = `${server.url}/api/graphql?accountId=${server.account.accountId}`;
  headers = { 'x-api-key': server.account.apiKey };
});
after(() => server.stop());

/** Runs a package's command to its end; what it printed. */
function command(name, args, cwd) {
  return new Promise((resolve, reject) => {
    const program = spawn(path.join(NODE_MODULES, '.bin', name), args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000 * SLOW });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) program[stream].on('data', (text) => (printed[stream] += text));
    program.on('error', reject);
    program.on('close', (status) => (status === 0 ? resolve(printed) : reject(new Error(`${name} ended with ${status}:\n${printed.stdout}${printed.stderr}`))));
  });
}

const fetchSchema = async () => (await command('get-graphql-schema', ['-h', `x-api-key=${headers['x-api-key']}`, endpoint])).stdout;

describe('code generators', () => {
  it('get-graphql-schema prints our schema', async () => {
    const printed = buildSchema(await fetchSchema());
    const ours = buildSchema(fs.readFileSync(path.join(ROOT, 'schema/schema.graphql'), 'utf8'));
    ours.description = undefined; // it does not ask for the schema's own
    // It folds the lines of long descriptions.
    const [theirs, wanted] = [printed, ours].map((schema) => printSchema(lexicographicSortSchema(schema)).replace(/\s+/g, ' '));
    assert.ok(theirs === wanted, theirs.slice(0, 2000));
  });

  it('@graphql-codegen/cli makes types of it', async () => {
    const directory = temporaryDirectory();
    fs.symlinkSync(NODE_MODULES, path.join(directory, 'node_modules'));
    const config = { schema: [{ [endpoint]: { headers } }], generates: { 'types.ts': { plugins: ['typescript'] } } };
    fs.writeFileSync(path.join(directory, 'codegen.json'), JSON.stringify(config));
    await command('graphql-codegen', ['--config', 'codegen.json'], directory);
    const types = fs.readFileSync(path.join(directory, 'types.ts'), 'utf8');
    assert.match(types, /export type CreateApiKeyInput = \{/);
    assert.match(types, /userGroupIds\?: InputMaybe<Array<InputMaybe<Scalars\['String'\]\['input'\]>>>;/);
    assert.match(types, /export type LinkedSsoSetting = \{/);
  });

  it('relay-compiler compiles the three documents against it', async () => {
    const directory = temporaryDirectory();
    fs.mkdirSync(path.join(directory, 'src'));
    fs.writeFileSync(path.join(directory, 'schema.graphql'), await fetchSchema());
    fs.writeFileSync(path.join(directory, 'relay.config.json'), JSON.stringify({ src: './src', schema: './schema.graphql', language: 'javascript' }));
    // Relay wants operations named after their module.
    const named = Object.entries({ Create: CREATE, Update: UPDATE, Delete: DELETE }).map(([verb, text]) => text.replace(/^mutation\s*/, `mutation keys${verb}Mutation `));
    fs.writeFileSync(path.join(directory, 'src/keys.js'), named.map((text) => `graphql\`${text}\`;\n`).join(''));
    await command('relay-compiler', ['relay.config.json'], directory);
    assert.deepEqual(fs.readdirSync(path.join(directory, 'src/__generated__')).sort(), ['Create', 'Delete', 'Update'].map((verb) => `keys${verb}Mutation.graphql.js`));
  });
});

describe('clients', () => {
  // Each runs a document and gives its data, without the type names that some ask for.
  const clients = {
    '@apollo/client': () => {
      const client = new ApolloClient({ link: new HttpLink({ uri: endpoint, headers, fetch }), cache: new InMemoryCache() });
      return async (document, variables) => (await client.mutate({ mutation: parse(document), variables })).data;
    },
    urql: () => {
      const client = new Client({ url: endpoint, exchanges: [fetchExchange], fetchOptions: { headers } });
      return async (document, variables) => {
        const { data, error } = await client.mutation(document, variables).toPromise();
        if (error) throw error;
        return data;
      };
    },
    'graphql-request': () => {
      const client = new GraphQLClient(endpoint, { headers });
      return (document, variables) => client.request(document, variables);
    },
  };

  const withoutTypeNames = (value) => JSON.parse(JSON.stringify(value, (key, member) => (key === '__typename' ? undefined : member)));

  for (const [name, connect] of Object.entries(clients)) {
    it(`${name} creates, updates and deletes a key`, async () => {
      const client = connect();
      const run = async (document, input) => withoutTypeNames(await client(document, { input }));
      const { accountId, userGroupId } = server.account;
      const { createApiKey } = await run(CREATE, { accountId, clientMutationId: 'gafs', name, userGroupIds: [userGroupId] });
      const { uuid } = createApiKey;
      assert.match(uuid, ID);
      assert.deepEqual(createApiKey, { name, clientMutationId: 'gafs', uuid });
      const updated = await run(UPDATE, { uuid, accountId, name: `${name} again`, clientMutationId: 'gafs', userGroupIds: [userGroupId] });
      assert.deepEqual(updated, { updateApiKey: { clientMutationId: 'gafs', name: `${name} again`, uuid } });
      assert.deepEqual(await run(DELETE, { uuid, accountId }), { deleteApiKey: { clientMutationId: null } });
    });

    it(`${name} reports an error with its words`, async () => {
      const run = connect();
      const input = { accountId: server.account.accountId, name: ' blank ', userGroupIds: [] };
      await assert.rejects(async () => run(CREATE, { input }), /Invalid API Key name/);
    });
  }
});
