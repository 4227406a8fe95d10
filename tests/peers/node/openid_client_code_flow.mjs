// openid-client: the usual sign-in library of Node applications. It gets only the server's address and discovers the
// rest.

import assert from "node:assert/strict";
import * as client from "openid-client";
import { api, baseUrl, clientId, clientSecret, consent, redirectUri, userOf } from "./sandbox.mjs";

// The library refuses plain http unless told otherwise, and the sandbox is on the loopback.
const loopback = { execute: [client.allowInsecureRequests] };

for (const algorithm of ["oidc", "oauth2"]) {
  const configuration = await client.discovery(baseUrl, clientId, clientSecret, undefined, { algorithm, ...loopback });
  assert.ok(configuration.serverMetadata().supportsPKCE(), "clients must learn that S256 is supported");
  const whoAmI = (token) => client.fetchProtectedResource(configuration, token, new URL("users/me", api), "GET");

  // The application sends the person away with a challenge, and they return with a code.
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const returned = await consent(address);

  // The code gets a token, once.
  const checks = { pkceCodeVerifier, expectedState };
  const tokens = await client.authorizationCodeGrant(configuration, returned, checks);
  assert.equal(await userOf(await whoAmI(tokens.access_token)), "administrator@example.com");
  assert.equal(tokens.expiresIn(), undefined, "access tokens do not expire");

  // A refresh token gets another access token.
  const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  assert.equal(await userOf(await whoAmI(refreshed.access_token)), "administrator@example.com");
  assert.equal((await client.tokenIntrospection(configuration, refreshed.access_token)).active, true);

  // A revoked token is dead.
  await client.tokenRevocation(configuration, refreshed.access_token);
  const refused = await whoAmI(refreshed.access_token);
  assert.equal(refused.status, 401, await refused.text());
  assert.equal((await client.tokenIntrospection(configuration, refreshed.access_token)).active, false);

  // Used codes and tokens get nothing, and the library understands the refusal.
  await assert.rejects(client.authorizationCodeGrant(configuration, returned, checks), {
    name: "ResponseBodyError",
    error: "invalid_grant",
    status: 400,
  });

  // Client credentials get a token without a person's consent.
  const own = await client.clientCredentialsGrant(configuration);
  assert.equal((await client.tokenIntrospection(configuration, own.access_token)).active, true);
}

// A redirect back with a different state is rejected.
const configuration = await client.discovery(baseUrl, clientId, clientSecret, undefined, loopback);
const sent = client.buildAuthorizationUrl(configuration, { redirect_uri: redirectUri, state: client.randomState() });
await assert.rejects(client.authorizationCodeGrant(configuration, await consent(sent), { expectedState: "another" }));
