// The network fails after the server has handled the request. The client cannot know that, but must not invite twice.

import { expect, test } from 'vitest';

import { start } from './support.js';

const DROPPED = { method: 'POST', path: '/api/v1/account_invitations', drop: 'after_commit' };

test('without a key the refusal of the second attempt must be understood', async () => {
  const { account, invitations } = await start();
  const nia = account.address('nia');
  const body = { account_invitation: { full_name: 'Nia New', email_address: nia } };
  await account.fault({ ...DROPPED, times: 1 });

  await expect(invitations.ask('POST', 'account_invitations', body)).rejects.toThrow('fetch failed');
  const second = await invitations.ask('POST', 'account_invitations', body);
  expect(second.status).toBe(422);
  expect((await second.json()).errors[0].message).toBe('Email address already has a pending invitation.');
  // The refusal is good news: the invitation exists and can be searched for.
  const found = await (await invitations.ask('GET', `account_invitations?search=${encodeURIComponent(nia)}`)).json();
  expect(found.count).toBe(1);

  expect((await account.requests({ method: 'POST' })).map(({ status }) => status)).toEqual([null, 422]);
});

test.each([1, 3])('with a key the invitation is made once after %i losses, and the answer arrives', async (drops) => {
  const { sandbox, account, invitations } = await start();
  const nia = account.address('nia');
  await account.fault({ ...DROPPED, times: drops });

  expect((await invitations.invite('Nia New', nia)).isReplayed).toBe(true);

  expect((await invitations.all()).map((invitation) => invitation.email_address)).toEqual([nia]);
  await sandbox.mailbox.waitFor(nia);
  expect(await sandbox.mailbox.mails(nia)).toHaveLength(1);
  expect(await account.requests({ method: 'POST' })).toHaveLength(drops + 1);
});

test('a request that never arrived is not a replay', async () => {
  const { account, invitations } = await start();
  await account.fault({ ...DROPPED, drop: 'before_commit', times: 1 });
  expect((await invitations.invite('Nia New', account.address('nia'))).isReplayed).toBe(false);
  expect(await invitations.all()).toHaveLength(1);
});
