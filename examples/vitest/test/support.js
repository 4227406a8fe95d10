// Shared by the tests.

import { connect } from 'invited-sandbox';

import { Invitations } from '../integration.js';

// The shared sandbox, this test's own account, and the code under test in it.
export async function start() {
  const sandbox = connect();
  const account = await sandbox.account();
  return { sandbox, account, invitations: new Invitations(sandbox.apiUrl, account.tokens.administrator) };
}

// Opens the link of a mail and accepts, as a person does.
export function accept(sandbox, { token }) {
  const body = JSON.stringify({ token, password: 'correct horse battery' });
  return fetch(`${sandbox.baseUrl}/invitations/accept`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}
