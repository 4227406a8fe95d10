// The code under test: an integration that invites people, as it would run against the vendor's API. It does not know
// that the server is a sandbox.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const ATTEMPTS = 5;

export class Invitations {
  constructor(apiUrl, token) {
    this.apiUrl = apiUrl;
    this.headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  }

  // Sends one request.
  ask(method, path, body, headers = {}) {
    const options = { method, headers: { ...this.headers, ...headers }, body: body && JSON.stringify(body) };
    return fetch(`${this.apiUrl}/${path}`, options);
  }

  // Retries until another attempt would not change the answer. For a POST that is safe only with a key.
  async insist(method, path, body, headers) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.ask(method, path, body, headers).catch((cause) => cause);
      const isFinal = !(answer instanceof Error) && ![429, 503].includes(answer.status);
      if (isFinal || attempt === ATTEMPTS) {
        if (answer instanceof Error) throw answer;
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
        return answer;
      }
      const seconds = answer instanceof Error ? undefined : answer.headers.get('Retry-After');
      await sleep(seconds ? Number(seconds) * 1_000 : 20 * 2 ** attempt);
    }
  }

  // Invites a person once, however often the request is retried.
  async invite(fullName, emailAddress) {
    const body = { account_invitation: { full_name: fullName, email_address: emailAddress } };
    const answer = await this.insist('POST', 'account_invitations', body, { 'Idempotency-Key': randomUUID() });
    const answered = await answer.json();
    return { id: answered.results[0].id, isReplayed: answer.headers.get('Idempotent-Replayed') === 'true' };
  }

  // Every invitation, latest first.
  async all() {
    const answer = await this.insist('GET', 'account_invitations?only_pending=false&per_page=200');
    const answered = await answer.json();
    return answered.results.map(({ key, id }) => answered[key][id]);
  }

  // Resends an invitation, which renews it.
  async resend(id) {
    await this.insist('PUT', `account_invitations/${id}/resend`);
  }
}
