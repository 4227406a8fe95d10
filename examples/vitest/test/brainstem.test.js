// @vitest-environment happy-dom
// @vitest-environment-options { "url": "http://127.0.0.1/" }

// brainstem-js is the vendor's own browser library: it loads the envelopes, with associations, into Backbone models. It
// was written for the real API and is used here as published.

import { beforeAll, beforeEach, expect, test } from 'vitest';
import Backbone from 'backbone';
import { Collection, Model, StorageManager } from 'brainstem-js';
import $ from 'jquery';

import { start } from './support.js';

let account;
let sandbox;

const User = Model.extend({ brainstemKey: 'users', paramRoot: 'user' });
const Invitation = Model.extend(
  { brainstemKey: 'account_invitations', paramRoot: 'account_invitation' },
  { associations: { inviter: 'users', invitee: 'users' } },
);
const manager = StorageManager.get();

beforeAll(async () => {
  ({ account, sandbox } = await start());
  // The page has the origin of the API, as browsers require.
  window.happyDOM.setURL(sandbox.baseUrl);
  const url = (name) => `${sandbox.apiUrl}/${name}`;
  User.prototype.urlRoot = url('users');
  Invitation.prototype.urlRoot = url('account_invitations');
  manager.addCollection('users', Collection.extend({ model: User, url: url('users') }));
  manager.addCollection('account_invitations', Collection.extend({ model: Invitation, url: url('account_invitations') }));
  $.ajaxSetup({ headers: { Authorization: `Bearer ${account.tokens.administrator}` } });
  Backbone.$ = $;
});
beforeEach(() => manager.reset());

const saved = (model) => new Promise((success, error) => model.save({}, { wait: true, include: ['inviter'], success, error }));

test('a model is saved with its included association', async () => {
  const nia = new Invitation({ full_name: 'Nia New', email_address: account.address('nia') });
  await saved(nia);
  expect(nia.id).toMatch(/^\d+$/);
  expect(nia.get('pending')).toBe(true);
  expect(nia.get('inviter').get('full_name')).toBe(`administrator of ${account.id}`);

  nia.set('headline', 'Analyst');
  await saved(nia);
  expect((await sandbox.mailbox.waitFor(account.address('nia'))).invitation_id).toBe(nia.id);
});

test('a collection is loaded with its associations, filtered, ordered and paged', async () => {
  for (const name of ['ann', 'ben', 'cyd']) {
    await saved(new Invitation({ full_name: name, email_address: account.address(name) }));
  }
  manager.reset();
  const options = { include: ['inviter', 'invitee'], filters: { by_full_name: 'n' }, order: 'full_name:asc', perPage: 2 };
  const loaded = await new Promise((success, error) => manager.loadObject('account_invitations', { ...options, success, error }));
  expect(loaded.pluck('full_name')).toEqual(['ann', 'ben']);
  expect(loaded.at(0).get('invitee').get('email_address')).toBe(account.address('ann'));
  expect(loaded.getServerCount()).toBe(3);
});

test('a refusal arrives as the library reports it', async () => {
  const wrong = new Invitation({ full_name: 'Nia New', email_address: 'nobody' });
  const refusal = await new Promise((resolve) => {
    wrong.save({}, { wait: true, error: (_, { status, responseJSON: body }) => resolve({ status, body }) });
  });
  expect(refusal.status).toBe(422);
  expect(refusal.body.errors[0].field).toBe('email_address');
});
