// orval's client for fetch.

import * as client from "./client/client";
import { base, check, given, member, person, token } from "./story";

const headers = { Authorization: `Bearer ${token}` };
// The client's addresses are relative to the page that uses it, and there is none.
const plain = globalThis.fetch;
globalThis.fetch = (path, init) => plain(`${base}${path}`, init);

const only = (answer: { status: number; data: client.AccountInvitationEnvelope | client.ErrorResponse }) => {
  if ("errors" in answer.data) {
    throw new Error(`${answer.status}: ${answer.data.errors[0]?.message}`);
  }
  const { id } = given(answer.data.results[0], "result");
  return given(answer.data.account_invitations[id], "invitation");
};

const created = only(await client.createAccountInvitation({ account_invitation: person }, undefined, { headers }));
check("target", created.billability_target, 75);
const id = Number(created.id);
const shown = only(await client.getAccountInvitation(id, undefined, { headers }));
check("shown", shown.email_address, person.email_address);
const rate = { account_invitation: { bill_rate_in_cents: 9000 } };
const changed = only(await client.updateAccountInvitation(id, rate, undefined, { headers }));
check("changed", changed.bill_rate_in_cents, 9000);
check("sent again", only(await client.resendAccountInvitation(id, undefined, { headers })).pending, true);
const listed = await client.getAccountInvitations({ by_full_name: "Nia Novak", order: "full_name:asc" }, { headers });
check("listed", listed.status === 200 && listed.data.count, 1);
check("deleted", (await client.deleteAccountInvitation(id, { headers })).status, 204);

const refused = await client.createAccountInvitation({ account_invitation: member }, undefined, { headers });
check("refused", refused.status === 422 && refused.data.errors[0]?.field, "email_address");
