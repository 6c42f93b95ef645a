// The audits of graphql-http: GraphQL over HTTP as its working group's own suite checks it, all 61 of them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serverAudits } from 'graphql-http';
import { Server } from './support/server.mjs';

let server;
before(async () => {
  server = await Server.fresh();
});
after(() => server.stop());

// The suite's audits carry no credential, so fetch adds the key.
const fetchWithKey = (url, options = {}) => fetch(url, { ...options, headers: { ...options.headers, 'x-api-key': server.account.apiKey } });

describe('graphql-http audits', () => {
  // The address is known only once the server runs; the audits' names are needed before.
  const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: fetchWithKey });

  it('are 61', () => assert.equal(audits.length, 61));

  for (const audit of audits) {
    it(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      assert.equal(result.status, 'ok', result.reason);
    });
  }

  it('pass when they are all sent at once', async () => {
    const results = await Promise.all(audits.map((audit) => audit.fn()));
    assert.deepEqual(results.filter((result) => result.status !== 'ok').map(({ id, name, reason }) => ({ id, name, reason })), []);
  });
});
