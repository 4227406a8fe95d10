"""The client that openapi-python-client makes."""

import sys

from client import AuthenticatedClient
from client.api.account_invitations import (
    create_account_invitation,
    delete_account_invitation,
    get_account_invitation,
    get_account_invitations,
    resend_account_invitation,
    update_account_invitation,
)
from client.models import (
    AccountInvitationCreate,
    AccountInvitationCreateBody,
    AccountInvitationEnvelope,
    AccountInvitationOrder,
    AccountInvitationPermission,
    AccountInvitationUpdate,
    AccountInvitationUpdateBody,
    ErrorResponse,
)

BASE, TOKEN = sys.argv[1:]
CLIENT = AuthenticatedClient(base_url=BASE, token=TOKEN)


def only(answer):
    assert isinstance(answer, AccountInvitationEnvelope), answer
    return answer.account_invitations[answer.results[0].id]


def create(**attributes):
    body = AccountInvitationCreateBody(account_invitation=AccountInvitationCreate(**attributes))
    return create_account_invitation.sync_detailed(client=CLIENT, body=body)


person = create(
    full_name="Nia Novak",
    email_address="nia.novak@example.com",
    permission=AccountInvitationPermission.COLLABORATOR,
    billability_target=75,
)
created = only(person.parsed)
assert created.billability_target == 75, created
number = int(created.id)
shown = only(get_account_invitation.sync(number, client=CLIENT))
assert shown.email_address == "nia.novak@example.com", shown
change = AccountInvitationUpdateBody(account_invitation=AccountInvitationUpdate(bill_rate_in_cents=9000))
assert only(update_account_invitation.sync(number, client=CLIENT, body=change)).bill_rate_in_cents == 9000
assert only(resend_account_invitation.sync(number, client=CLIENT)).pending
listed = get_account_invitations.sync(
    client=CLIENT, by_full_name="Nia Novak", order=AccountInvitationOrder.FULL_NAMEASC
)
assert isinstance(listed, AccountInvitationEnvelope) and listed.count == 1, listed
deleted = delete_account_invitation.sync_detailed(number, client=CLIENT)
assert deleted.status_code == 204, deleted

refused = create(full_name="Ann Other", email_address="administrator@example.com")
assert refused.status_code == 422 and isinstance(refused.parsed, ErrorResponse), refused
assert refused.parsed.errors[0].field == "email_address", refused.parsed
