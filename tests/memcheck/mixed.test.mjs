// Ten thousand mixed requests under valgrind: no leak, no invalid access.
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';
import { CREATE_WITH_KEY, DELETE, Server, UPDATE } from '../api/support/server.mjs';

const REQUESTS = Number(process.env.LATCHKEY_MEMCHECK_REQUESTS ?? 10000);
const WRAPPER = ['valgrind', '--quiet', '--leak-check=full', '--show-leak-kinds=definite,indirect,possible', '--errors-for-leak-kinds=definite,indirect,possible', '--error-exitcode=99', '--num-callers=20'];

async function worker(server, count, number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { accountId, userGroupId } = server.account;
  const mine = [];
  const post = (body, type) => server.request({ method: 'POST', path: '/graphql', headers: { 'content-type': type, 'x-api-key': server.account.apiKey }, body, agent });
  const kinds = [
    async (i) => mine.push((await server.query(CREATE_WITH_KEY, { input: { accountId, name: `w${number}-${i}`, userGroupIds: [userGroupId] } }, { agent })).createApiKey),
    async (i) => mine.length && server.query(UPDATE, { input: { accountId, uuid: mine[0].uuid, name: `u${number}-${i}`, metadata: [{ key: 'n', value: `${i}` }] } }, { agent }),
    async () => mine.length && server.query(DELETE, { input: { accountId, uuid: mine.shift().uuid } }, { agent }),
    async () => server.query('{ apiKeys(limit: 20) { pageInfo { total } nodes { id name userGroups(limit: 3) { nodes { name } } } } }', undefined, { agent }),
    async () => server.query('{ viewer { permissions { accountPermissions { accountPermissionTypes } } } userGroups(limit: 10) { nodes { name } } }', undefined, { agent }),
    async () => server.graphql('{ account { nope } }', undefined, { agent }),
    async () => server.graphql(CREATE_WITH_KEY, { input: { accountId, name: ' ', userGroupIds: ['x'] } }, { agent }),
    async () => server.graphql('{ account { id } }', undefined, { agent, key: 'lk_wrong' }),
    async () => server.graphql(`{ ${'a '.repeat(300)}`, undefined, { agent }),
    async () => post('{"query":', 'application/json'),
    async () => post('{ account { id } }', 'text/plain'),
    async () => post('x', 'application/xml'),
    async () => server.request({ path: '/nope', agent }),
    async () => server.request({ path: '/healthz', agent }),
    async () => server.raw('GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n', { until: (text) => text.includes('\r\n\r\n') }),
    async () => server.raw('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort', { end: true }),
    async () => mine.length && server.query('mutation ($i: RevealApiKeyInput!) { revealApiKey(input: $i) { key } }', { i: { accountId, uuid: mine[0].uuid } }, { agent }),
  ];
  try {
    for (let i = 0; i < count; i++) await kinds[(i * 7 + number) % kinds.length](i);
  } finally {
    agent.destroy();
  }
}

describe('valgrind', () => {
  it(`finds nothing over ${REQUESTS} mixed requests`, { timeout: 1800000 }, async () => {
    const server = await Server.fresh({ wrapper: WRAPPER, args: ['--sandbox', 'off'] });
    const workers = 8;
    await Promise.all(Array.from({ length: workers }, (_, number) => worker(server, Math.ceil(REQUESTS / workers), number)));
    const { __schema } = await server.query('{ __schema { types { name fields { name args { name } } } } }');
    assert.ok(__schema.types.length > 10);
    await server.stop();
    assert.doesNotMatch(server.stderr, /==\d+==/);
  });
});
