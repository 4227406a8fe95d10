// A month passes. The clock belongs to the whole server, so this file has its own.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startSandbox } from 'invited-sandbox';

import { Invitations } from '../integration.js';
import { accept } from './support.js';

let sandbox;
let invitations;
beforeAll(async () => {
  sandbox = await startSandbox();
  invitations = new Invitations(sandbox.apiUrl, sandbox.tokens.administrator);
});
beforeEach(() => sandbox.reset());
afterAll(() => sandbox.stop());

test('an invitation expires after thirty days and is renewed by a resend', async () => {
  const { id } = await invitations.invite('Nia New', 'nia@example.com');
  const mail = await sandbox.mailbox.waitFor('nia@example.com');

  await sandbox.clock.advance({ days: 31 });
  const nia = (await invitations.all()).find((invitation) => invitation.id === id);
  // As with the vendor, an expired invitation is still pending: only the date shows it.
  expect(nia.pending).toBe(true);
  expect(nia.expiration_date < (await sandbox.clock.now())).toBe(true);
  expect((await accept(sandbox, mail)).status).toBe(404);

  await invitations.resend(id);
  const renewed = await sandbox.mailbox.waitFor('nia@example.com', { nth: 2 });
  expect((await accept(sandbox, renewed)).status).toBe(200);
});

test('the last day counts', async () => {
  await sandbox.clock.set('2031-02-01T12:00:00Z');
  await invitations.invite('Nia New', 'nia@example.com');
  const mail = await sandbox.mailbox.waitFor('nia@example.com');
  await sandbox.clock.set('2031-03-03T23:59:00Z');
  expect((await accept(sandbox, mail)).status).toBe(200);
});
