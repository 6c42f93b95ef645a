// latchkey recover: the way back when no administrator's key is left.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { init, run, Server, TOKEN, temporaryDirectory, UNKNOWN_ID } from './support/server.mjs';

describe('recover', () => {
  const leak = (server, key) => server.request({ method: 'POST', path: '/v1/revoke-leaked', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tokens: [key] }) });

  it('gives a key to an account whose last one was leaked, and not while it is served', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    let server = await Server.start(data, account);
    assert.equal((await leak(server, account.apiKey)).status, 202);
    assert.equal(await server.accepts(account.apiKey), false);
    const served = run(['recover', '--data', data]);
    assert.equal(served.status, 1);
    await server.stop();

    const done = run(['recover', '--data', data, '--json']);
    assert.equal(done.status, 0, done.stderr);
    const { accountId, apiKey } = JSON.parse(done.stdout);
    assert.equal(accountId, account.accountId);
    assert.match(apiKey, TOKEN);
    assert.match(run(['recover', '--data', data]).stdout, /It is shown this once:\n\n {2}lk_[0-9A-Za-z]{71}\n$/);
    assert.equal(run(['audit', 'verify', '--data', data]).status, 0);

    server = await Server.start(data, { ...account, apiKey });
    assert.equal(await server.accepts(account.apiKey), false, 'the leaked one stays off');
    const names = await server.keyNames();
    assert.equal(names.filter((name) => name.startsWith('recovered ')).length, 2);
    const { stdout } = run(['audit', 'list', '--json', '--url', server.url], { env: { ...process.env, LATCHKEY_API_KEY: apiKey } });
    assert.equal(JSON.parse(stdout).filter(({ operation, resourceName }) => operation === 'CREATE' && resourceName.startsWith('recovered ')).length, 2);
    await server.query('mutation ($input: CreateAccountInput!) { createAccount(input: $input) { key } }', { input: { name: 'Second' } });
    await server.stop();

    const unnamed = run(['recover', '--data', data]);
    assert.equal(unnamed.status, 1);
    assert.match(unnamed.stderr, /There are 2 accounts: name one with --account-id/);
    assert.match(run(['recover', '--data', data, '--account-id', UNKNOWN_ID]).stderr, /There is no account/);
    assert.equal(run(['recover', '--data', data, '--account-id', account.accountId]).status, 0);
    assert.equal(run(['recover']).status, 2);
  });
});
