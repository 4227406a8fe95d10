// Many tests on one server: vitest runs the files next to this one in separate workers. Each test has its own account
// and sees nothing of the others.

import { expect, test } from 'vitest';

import { accept, start } from '../support.js';

export const many = (worker) =>
  test.each([0, 1, 2, 3, 4, 5, 6, 7])(`test %i of worker ${worker} is undisturbed`, async (number) => {
    const { sandbox, account, invitations } = await start();
    const people = ['ann', 'ben', 'cyd'];
    const isBroken = number % 4 === 0;
    if (isBroken) await account.fault({ method: 'POST', path: '/api/v1/account_invitations', drop: 'after_commit', times: 1 });

    for (const name of people) await invitations.invite(name, account.address(name));
    const joined = await (await accept(sandbox, await sandbox.mailbox.waitFor(account.address('ann')))).json();

    const invited = await invitations.all();
    expect(invited.map(({ email_address: address }) => address).sort()).toEqual(people.map((name) => account.address(name)));
    expect(invited.filter(({ pending }) => !pending).map(({ full_name: name }) => name)).toEqual(['ann']);
    const members = await (await invitations.ask('GET', 'account_memberships')).json();
    expect(members.account_memberships).toHaveProperty(joined.account_membership_id);
    expect(members.count).toBe(Object.keys(account.tokens).length + 1);
    expect((await account.requests()).filter((request) => request.fault_id)).toHaveLength(isBroken ? 1 : 0);
  });
