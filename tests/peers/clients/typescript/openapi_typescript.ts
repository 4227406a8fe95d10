// openapi-typescript's types with its own small client.

import createClient from "openapi-fetch";

import type { components, paths } from "./client/schema";
import { base, check, given, member, person, token } from "./story";

const { GET, POST, PUT, DELETE } = createClient<paths>({
  baseUrl: base,
  headers: { Authorization: `Bearer ${token}` },
});

const only = (envelope: components["schemas"]["AccountInvitationEnvelope"] | undefined) => {
  const { id } = given(envelope?.results[0], "result");
  return given(envelope?.account_invitations[id], "invitation");
};

const created = only((await POST("/account_invitations", { body: { account_invitation: person } })).data);
check("target", created.billability_target, 75);
const params = { path: { id: Number(created.id) } };
const at = "/account_invitations/{id}";
check("shown", only((await GET(at, { params })).data).email_address, person.email_address);
const changed = await PUT(at, { params, body: { account_invitation: { bill_rate_in_cents: 9000 } } });
check("changed", only(changed.data).bill_rate_in_cents, 9000);
check("sent again", only((await PUT("/account_invitations/{id}/resend", { params })).data).pending, true);
const query = { by_full_name: "Nia Novak", order: "full_name:asc" } as const;
check("listed", (await GET("/account_invitations", { params: { query } })).data?.count, 1);
check("deleted", (await DELETE(at, { params })).response.status, 204);

const refused = await POST("/account_invitations", { body: { account_invitation: member } });
check("refused", [refused.response.status, refused.error?.errors[0]?.field], [422, "email_address"]);
