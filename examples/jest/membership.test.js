// The same in jest, which loads modules with --experimental-vm-modules. The global setup starts one sandbox for all
// workers; it ends with jest.

import { expect, test } from '@jest/globals';
import { connect } from 'invited-sandbox';

test('an invitee becomes a member', async () => {
  const sandbox = connect();
  const account = await sandbox.account();
  const ask = async (url, body) => {
    const headers = { Authorization: `Bearer ${account.tokens.administrator}`, 'Content-Type': 'application/json' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const nia = { full_name: 'Nia New', email_address: account.address('nia') };
  await ask(`${sandbox.apiUrl}/account_invitations`, { account_invitation: nia });

  const { token } = await sandbox.mailbox.waitFor(nia.email_address);
  const accepted = await ask(`${sandbox.baseUrl}/invitations/accept`, { token, password: 'correct horse battery' });

  expect(accepted).toHaveProperty('account_membership_id');
});
