// What every script knows about its sandbox.

import assert from "node:assert/strict";

export const baseUrl = new URL(process.argv[2]);
export const api = new URL("/api/v1/", baseUrl);

// The seed's application.
export const clientId = "sandbox-app";
export const clientSecret = "sandbox-secret";
export const redirectUri = "http://127.0.0.1:8765/callback";

/**
 * Consents as the administrator, and returns the address to which the browser would be redirected.
 *
 * In a browser a person signs in and consents; in the sandbox a bearer token does both. Nothing listens at the redirect
 * address, so it is read and not followed.
 */
export async function consent(authorizationUrl) {
  const answer = await fetch(authorizationUrl, {
    headers: { authorization: "Bearer sandbox-administrator" },
    redirect: "manual",
  });
  assert.equal(answer.status, 302, await answer.text());
  const location = new URL(answer.headers.get("location"));
  assert.equal(`${location.origin}${location.pathname}`, redirectUri);
  return location;
}

/** The email address in an answer of `/users/me`. */
export async function userOf(answer) {
  assert.equal(answer.status, 200);
  const envelope = await answer.json();
  assert.equal(envelope.results.length, 1);
  const [{ key, id }] = envelope.results;
  return envelope[key][id].email_address;
}
