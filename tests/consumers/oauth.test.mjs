// OAuth clients that others wrote, as they are: introspection (RFC 7662) and revocation (RFC 7009).
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Server, UPDATE } from '../api/support/server.mjs';

globalThis.crypto ??= webcrypto; // the packages ask for Node 20, which has it; they do not need more of it here
const oauth = await import('oauth4webapi');
const openid = await import('openid-client');

const INSECURE = { [oauth.allowInsecureRequests]: true };

let server;
let issuer;
let verifier;
let readers;
before(async () => {
  server = await Server.fresh();
  issuer = { issuer: server.url, introspection_endpoint: `${server.url}/v1/introspect`, revocation_endpoint: `${server.url}/v1/revoke` };
  readers = await server.createGroup('readers', [], { scopes: ['a.read', 'b.*'] });
  verifier = await server.createKey('verifier', [await server.createGroup('verifiers', [], { scopes: ['latchkey.verify'] })]);
});
after(() => server.stop());

const works = async (key) => (await server.request({ path: '/v1/auth', headers: { 'x-api-key': key } })).status === 200;

/** An active token of each kind, with what is to be said of it. */
async function token(name, expiresAt) {
  const { accountId } = server.account;
  const made = await server.createKey(name, [readers]);
  if (expiresAt) await server.query(UPDATE, { input: { accountId, uuid: made.uuid, name, expiresAt } });
  return made;
}

function shows(result, made, expiresAt) {
  const { iat, ...rest } = result;
  assert.ok(Math.abs(iat - Date.now() / 1000) < 3600, `iat ${iat}`);
  assert.deepEqual(rest, { active: true, token_type: 'Bearer', client_id: made.uuid, sub: made.uuid, username: made.name, scope: 'a.read b.*', exp: Math.floor(expiresAt / 1000) });
}

describe('oauth4webapi', () => {
  const ways = { ClientSecretBasic: oauth.ClientSecretBasic, ClientSecretPost: oauth.ClientSecretPost };
  const introspect = async (auth, key) => {
    const client = { client_id: verifier.uuid };
    return oauth.processIntrospectionResponse(issuer, client, await oauth.introspectionRequest(issuer, client, auth, key, INSECURE));
  };
  const revoke = async (auth, key) => oauth.processRevocationResponse(await oauth.revocationRequest(issuer, { client_id: verifier.uuid }, auth, key, INSECURE));

  for (const [name, way] of Object.entries(ways)) {
    it(`introspects and revokes with ${name}`, async () => {
      const expiresAt = Date.now() + 3600000;
      const made = await token(`for ${name}`, expiresAt);
      shows(await introspect(way(verifier.key), made.key), made, expiresAt);
      assert.deepEqual(await introspect(way(verifier.key), 'unknown'), { active: false });
      await assert.rejects(revoke(way(verifier.key), made.key), (error) => error.status === 403);
      assert.ok(await works(made.key));
      await revoke(way(server.account.apiKey), made.key);
      assert.ok(!(await works(made.key)), 'dead at once');
      assert.deepEqual(await introspect(way(verifier.key), made.key), { active: false });
      await revoke(way(server.account.apiKey), made.key);
      await revoke(way(server.account.apiKey), 'unknown');
    });

    it(`understands how it is refused with ${name}`, async () => {
      for (const act of [introspect, revoke]) {
        await assert.rejects(act(way('wrong'), verifier.key), (error) => {
          assert.ok(error instanceof oauth.WWWAuthenticateChallengeError, error.stack);
          assert.equal(error.status, 401);
          assert.deepEqual(error.cause.map(({ scheme }) => scheme.toLowerCase()), ['basic', 'bearer']);
          return true;
        });
      }
    });
  }
});

describe('openid-client', () => {
  const configured = (secret, auth) => {
    const config = new openid.Configuration(issuer, verifier.uuid, secret, auth);
    openid.allowInsecureRequests(config);
    return config;
  };

  it('introspects and revokes, as it is and with Basic', async () => {
    for (const way of [undefined, openid.ClientSecretBasic]) {
      const config = configured(verifier.key, way?.(verifier.key));
      const manager = configured(server.account.apiKey, way?.(server.account.apiKey));
      const expiresAt = Date.now() + 60000;
      const made = await token(`for openid-client ${way === undefined}`, expiresAt);
      shows(await openid.tokenIntrospection(config, made.key), made, expiresAt);
      assert.deepEqual(await openid.tokenIntrospection(config, 'unknown', { token_type_hint: 'refresh_token' }), { active: false });
      await openid.tokenRevocation(manager, made.key);
      assert.ok(!(await works(made.key)));
      assert.deepEqual(await openid.tokenIntrospection(config, made.key), { active: false });
      await openid.tokenRevocation(manager, 'unknown');
      await assert.rejects(openid.tokenIntrospection(configured('wrong', way?.('wrong')), made.key), (error) => error.status === 401);
    }
  });
});
