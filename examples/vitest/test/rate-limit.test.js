// The server limits the rate.

import { expect, test } from 'vitest';
import { startSandbox } from 'invited-sandbox';

import { Invitations } from '../integration.js';
import { start } from './support.js';

test('a client that obeys Retry-After succeeds', async () => {
  const { account, invitations } = await start();
  await account.fault({ method: 'POST', status: 429, retry_after: 1, times: 2 });
  const begun = performance.now();
  await invitations.invite('Nia New', account.address('nia'));
  expect(performance.now() - begun).toBeGreaterThanOrEqual(1_990);
  expect((await account.requests({ method: 'POST' })).map(({ status }) => status)).toEqual([429, 429, 200]);
});

test('a client finally gives up', async () => {
  const { account, invitations } = await start();
  await account.fault({ method: 'POST', status: 503 });
  await expect(invitations.invite('Nia New', account.address('nia'))).rejects.toThrow('503');
  expect(await account.requests({ method: 'POST' })).toHaveLength(5);
});

test('the real limit ends when Retry-After says', async () => {
  // A sandbox has no limits by default; they follow its clock, so no test has to wait.
  const sandbox = await startSandbox();
  try {
    await sandbox.settings({ rate_create: 2 });
    await sandbox.clock.freeze();
    const invitations = new Invitations(sandbox.apiUrl, sandbox.tokens.administrator);
    const invite = (name) => {
      const person = { full_name: name, email_address: `${name}@example.com` };
      return invitations.ask('POST', 'account_invitations', { account_invitation: person });
    };
    expect((await invite('ann')).status).toBe(200);
    expect((await invite('ben')).status).toBe(200);
    const refused = await invite('cyd');
    expect(refused.status).toBe(429);
    await sandbox.clock.advance({ seconds: Number(refused.headers.get('Retry-After')) });
    expect((await invite('cyd')).status).toBe(200);
  } finally {
    await sandbox.stop();
  }
});
