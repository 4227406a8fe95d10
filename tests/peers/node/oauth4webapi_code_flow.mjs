// oauth4webapi: each message of the code flow, created and checked separately. No library here is stricter.

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { api, baseUrl, clientId, clientSecret, consent, redirectUri, userOf } from "./sandbox.mjs";

// The library refuses plain http unless told otherwise, and the sandbox is on the loopback.
const loopback = { [oauth.allowInsecureRequests]: true };
const client = { client_id: clientId };
const byHeader = oauth.ClientSecretBasic(clientSecret);
const byForm = oauth.ClientSecretPost(clientSecret);

// Both discovery documents exist and agree on every endpoint.
const documents = {};
for (const algorithm of ["oauth2", "oidc"]) {
  const response = await oauth.discoveryRequest(baseUrl, { algorithm, ...loopback });
  documents[algorithm] = await oauth.processDiscoveryResponse(baseUrl, response);
}
const server = documents.oauth2;
const endpoints = ["authorization", "token", "revocation", "introspection"].map((name) => `${name}_endpoint`);
for (const endpoint of endpoints) {
  assert.equal(new URL(server[endpoint]).origin, baseUrl.origin, endpoint);
  assert.equal(documents.oidc[endpoint], server[endpoint], endpoint);
}
assert.ok(server.code_challenge_methods_supported.includes("S256"), "clients must learn that S256 is supported");

/** Sends the person away with a challenge, and returns the validated parameters of the redirect back. */
async function authorize(verifier, state) {
  const address = new URL(server.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  return oauth.validateAuthResponse(server, client, await consent(address), state);
}

/** Redeems a code. */
function exchange(returned, verifier, proof) {
  return oauth.authorizationCodeGrantRequest(server, client, proof, returned, redirectUri, verifier, loopback);
}

async function introspect(token) {
  const response = await oauth.introspectionRequest(server, client, byHeader, token, loopback);
  return oauth.processIntrospectionResponse(server, client, response);
}

function whoAmI(token) {
  return oauth.protectedResourceRequest(token, "GET", new URL("users/me", api), undefined, undefined, loopback);
}

// The application authenticates in the header or in the form; both get a token.
for (const proof of [byHeader, byForm]) {
  const verifier = oauth.generateRandomCodeVerifier();
  const returned = await authorize(verifier, oauth.generateRandomState());
  const granted = await exchange(returned, verifier, proof);
  assert.match(granted.headers.get("cache-control"), /no-store/, "no cache keeps a token");
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, granted);
  assert.equal(await userOf(await whoAmI(tokens.access_token)), "administrator@example.com");
  assert.equal((await introspect(tokens.access_token)).active, true);

  // A refresh token gets another access token.
  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, proof, tokens.refresh_token, loopback),
  );
  assert.notEqual(refreshed.access_token, tokens.access_token);
  assert.equal(await userOf(await whoAmI(refreshed.access_token)), "administrator@example.com");

  // A revoked token is dead.
  const revoked = await oauth.revocationRequest(server, client, proof, refreshed.access_token, loopback);
  await oauth.processRevocationResponse(revoked);
  const refused = await whoAmI(refreshed.access_token);
  assert.equal(refused.status, 401, await refused.text());
  assert.deepEqual(await introspect(refreshed.access_token), { active: false });
}

// Neither a wrong verifier nor a guessed secret gets a token, and the library understands the refusals. The class of
// its error depends on whether the server sends a challenge, which is optional; the code is in the body either way.
const verifier = oauth.generateRandomCodeVerifier();
const strangers = [
  { verifier: oauth.generateRandomCodeVerifier(), proof: byHeader, error: "invalid_grant", status: 400 },
  { verifier, proof: oauth.ClientSecretPost("guessed"), error: "invalid_client", status: 401 },
];
for (const stranger of strangers) {
  const returned = await authorize(verifier, oauth.generateRandomState());
  const response = await exchange(returned, stranger.verifier, stranger.proof);
  assert.equal((await response.clone().json()).error, stranger.error);
  await assert.rejects(oauth.processAuthorizationCodeResponse(server, client, response), { status: stranger.status });
}

// Client credentials get a token without a person's consent.
const own = await oauth.clientCredentialsGrantRequest(server, client, byHeader, {}, loopback);
const credentials = await oauth.processClientCredentialsResponse(server, client, own);
assert.equal((await introspect(credentials.access_token)).active, true);
