// openid-client: the library that most Node applications sign in with. It is given the server's address and nothing
// else, and finds the rest by discovery.

import assert from "node:assert/strict";
import * as client from "openid-client";
import { api, baseUrl, clientId, clientSecret, consent, redirectUri, userOf } from "./sandbox.mjs";

// The library refuses plain http unless told otherwise, and the sandbox is on the loopback.
const loopback = { execute: [client.allowInsecureRequests] };

for (const algorithm of ["oidc", "oauth2"]) {
  const configuration = await client.discovery(baseUrl, clientId, clientSecret, undefined, { algorithm, ...loopback });
  assert.ok(configuration.serverMetadata().supportsPKCE(), "a client has to know that it may use S256");
  const whoAmI = (token) => client.fetchProtectedResource(configuration, token, new URL("users/me", api), "GET");

  // The application sends the person away with a challenge, and they come back with a code.
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const returned = await consent(address);

  // The code is worth a token, once.
  const checks = { pkceCodeVerifier, expectedState };
  const tokens = await client.authorizationCodeGrant(configuration, returned, checks);
  assert.equal(await userOf(await whoAmI(tokens.access_token)), "administrator@example.test");
  assert.equal(tokens.expiresIn(), undefined, "access tokens do not expire");

  // A refresh token is worth another access token.
  const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  assert.equal(await userOf(await whoAmI(refreshed.access_token)), "administrator@example.test");
  assert.equal((await client.tokenIntrospection(configuration, refreshed.access_token)).active, true);

  // What is given back is worth nothing.
  await client.tokenRevocation(configuration, refreshed.access_token);
  const refused = await whoAmI(refreshed.access_token);
  assert.equal(refused.status, 401, await refused.text());
  assert.equal((await client.tokenIntrospection(configuration, refreshed.access_token)).active, false);

  // Of what was used before there is nothing more to be had, and the library can read the refusal.
  await assert.rejects(client.authorizationCodeGrant(configuration, returned, checks), {
    name: "ResponseBodyError",
    error: "invalid_grant",
    status: 400,
  });

  // Credentials of the application's own are worth a token, without anybody to agree.
  const own = await client.clientCredentialsGrant(configuration);
  assert.equal((await client.tokenIntrospection(configuration, own.access_token)).active, true);
}

// A person who comes back with another state than they were sent away with is not let in.
const configuration = await client.discovery(baseUrl, clientId, clientSecret, undefined, loopback);
const sent = client.buildAuthorizationUrl(configuration, { redirect_uri: redirectUri, state: client.randomState() });
await assert.rejects(client.authorizationCodeGrant(configuration, await consent(sent), { expectedState: "another" }));
