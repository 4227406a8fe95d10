// OpenAPI Generator's client for fetch.

import {
  AccountInvitationOrder,
  AccountInvitationPermission,
  AccountInvitationsApi,
  Configuration,
  ErrorResponseFromJSON,
  ResponseError,
  type AccountInvitationEnvelope,
} from "./client/index";
import { base, check, given, member, person, token } from "./story";

const api = new AccountInvitationsApi(new Configuration({ basePath: base, accessToken: token }));

const only = (envelope: AccountInvitationEnvelope) => {
  const { id } = given(envelope.results[0], "result");
  return given(envelope.accountInvitations[id], "invitation");
};

const create = (fullName: string, emailAddress: string) => {
  const permission = AccountInvitationPermission.Collaborator;
  const accountInvitation = { fullName, emailAddress, permission, billabilityTarget: 75 };
  return api.createAccountInvitation({ accountInvitationCreateBody: { accountInvitation } });
};

const created = only(await create(person.full_name, person.email_address));
check("target", created.billabilityTarget, 75);
const id = Number(created.id);
check("shown", only(await api.getAccountInvitation({ id })).emailAddress, person.email_address);
const rate = { accountInvitation: { billRateInCents: 9000 } };
const changed = await api.updateAccountInvitation({ id, accountInvitationUpdateBody: rate });
check("changed", only(changed).billRateInCents, 9000);
check("sent again", only(await api.resendAccountInvitation({ id })).pending, true);
const listed = { byFullName: "Nia Novak", order: AccountInvitationOrder.FullNameAsc };
check("listed", (await api.getAccountInvitations(listed)).count, 1);
check("deleted", (await api.deleteAccountInvitationRaw({ id })).raw.status, 204);

const refused = await create(member.full_name, member.email_address).then(
  () => undefined,
  async (error: unknown) => {
    if (!(error instanceof ResponseError)) {
      throw error;
    }
    return [error.response.status, ErrorResponseFromJSON(await error.response.json()).errors[0]?.field];
  },
);
check("refused", refused, [422, "email_address"]);
