// What the tests share.

import { connect } from 'invited-sandbox';

import { Invitations } from '../integration.js';

// The sandbox of all workers, an account of this test alone, and the code under test in it.
export async function start() {
  const sandbox = connect();
  const account = await sandbox.account();
  return { sandbox, account, invitations: new Invitations(sandbox.apiUrl, account.tokens.administrator) };
}

// Does what a person does who opens the link of a mail.
export function accept(sandbox, { token }) {
  const body = JSON.stringify({ token, password: 'correct horse battery' });
  return fetch(`${sandbox.baseUrl}/invitations/accept`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}
