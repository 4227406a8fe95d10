// hey-api's client for fetch.

import * as api from "./client";
import { client } from "./client/client.gen";
import { base, check, given, member, person, token } from "./story";

client.setConfig({ baseUrl: base, auth: () => token });

const only = (envelope: api.AccountInvitationEnvelope | undefined) => {
  const { id } = given(envelope?.results[0], "result");
  return given(envelope?.account_invitations[id], "invitation");
};

const created = only((await api.createAccountInvitation({ body: { account_invitation: person } })).data);
check("target", created.billability_target, 75);
const path = { id: Number(created.id) };
check("shown", only((await api.getAccountInvitation({ path })).data).email_address, person.email_address);
const changed = await api.updateAccountInvitation({ path, body: { account_invitation: { bill_rate_in_cents: 9000 } } });
check("changed", only(changed.data).bill_rate_in_cents, 9000);
check("sent again", only((await api.resendAccountInvitation({ path })).data).pending, true);
const query = { by_full_name: "Nia Novak", order: "full_name:asc" } as const;
check("listed", (await api.getAccountInvitations({ query })).data?.count, 1);
check("deleted", (await api.deleteAccountInvitation({ path })).response?.status, 204);

const refused = await api.createAccountInvitation({ body: { account_invitation: member } });
check("refused", [refused.response?.status, refused.error?.errors[0]?.field], [422, "email_address"]);
