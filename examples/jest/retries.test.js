// The network fails after the invitation is created: a retry with the same key gets the lost answer.

import { randomUUID } from 'node:crypto';

import { expect, test } from '@jest/globals';
import { connect } from 'invited-sandbox';

test('a request with a key can be repeated', async () => {
  const account = await connect().account();
  await account.fault({ method: 'POST', drop: 'after_commit', times: 1 });
  const options = {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${account.tokens.administrator}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
    },
    body: JSON.stringify({ account_invitation: { full_name: 'Nia New', email_address: account.address('nia') } }),
  };
  const invite = () => fetch(`${account.sandbox.apiUrl}/account_invitations`, options);

  await expect(invite()).rejects.toThrow('fetch failed');
  expect((await invite()).headers.get('Idempotent-Replayed')).toBe('true');
});
