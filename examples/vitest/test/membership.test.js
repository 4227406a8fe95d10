// From invitation to member.

import { expect, test } from 'vitest';

import { accept, start } from './support.js';

test('an invitee gets a mail and becomes a member', async () => {
  const { sandbox, account, invitations } = await start();
  const nia = account.address('nia');
  const { id } = await invitations.invite('Nia New', nia);

  const mail = await sandbox.mailbox.waitFor(nia);
  expect(mail.invitation_id).toBe(id);
  const accepted = await (await accept(sandbox, mail)).json();

  const answer = await invitations.ask('GET', `account_memberships/${accepted.account_membership_id}?include=user`);
  const [user] = Object.values((await answer.json()).users);
  expect(user).toMatchObject({ full_name: 'Nia New', email_address: nia });
  expect((await invitations.all()).map(({ pending }) => pending)).toEqual([false]);
});

test('a link works once', async () => {
  const { sandbox, account, invitations } = await start();
  await invitations.invite('Nia New', account.address('nia'));
  const mail = await sandbox.mailbox.waitFor(account.address('nia'));
  expect((await accept(sandbox, mail)).status).toBe(200);
  expect((await accept(sandbox, mail)).status).toBe(404);
});
