// What every story here knows about the sandbox that it is started against.

import assert from "node:assert/strict";

export const baseUrl = new URL(process.argv[2]);
export const api = new URL("/api/v1/", baseUrl);

// The application that the sandbox is seeded with.
export const clientId = "sandbox-app";
export const clientSecret = "sandbox-secret";
export const redirectUri = "http://127.0.0.1:8765/callback";

/**
 * Agrees as the administrator, and returns the address that a browser would be sent to.
 *
 * In a browser a person signs in and agrees; in the sandbox a bearer token stands for both. Nobody listens at the
 * redirect address, so the redirect is read and not followed.
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

/** The address of the user whom an answer of `/users/me` is about. */
export async function userOf(answer) {
  assert.equal(answer.status, 200);
  const envelope = await answer.json();
  assert.equal(envelope.results.length, 1);
  const [{ key, id }] = envelope.results;
  return envelope[key][id].email_address;
}
