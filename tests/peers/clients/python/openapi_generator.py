"""The client that OpenAPI Generator makes for Python."""

import sys

from client import ApiClient, Configuration
from client.api import AccountInvitationsApi
from client.exceptions import ApiException
from client.models import (
    AccountInvitationCreate,
    AccountInvitationCreateBody,
    AccountInvitationOrder,
    AccountInvitationPermission,
    AccountInvitationUpdate,
    AccountInvitationUpdateBody,
    ErrorResponse,
)

BASE, TOKEN = sys.argv[1:]
API = AccountInvitationsApi(ApiClient(Configuration(host=BASE, access_token=TOKEN)))


def only(envelope):
    return envelope.account_invitations[envelope.results[0].id]


def create(**attributes):
    invitation = AccountInvitationCreate(**attributes)
    return API.create_account_invitation(AccountInvitationCreateBody(account_invitation=invitation))


created = only(
    create(
        full_name="Nia Novak",
        email_address="nia.novak@example.com",
        permission=AccountInvitationPermission.COLLABORATOR,
        billability_target=75,
    )
)
assert created.billability_target == 75, created
number = int(created.id)
assert only(API.get_account_invitation(number)).email_address == "nia.novak@example.com"
change = AccountInvitationUpdateBody(account_invitation=AccountInvitationUpdate(bill_rate_in_cents=9000))
assert only(API.update_account_invitation(number, change)).bill_rate_in_cents == 9000
assert only(API.resend_account_invitation(number)).pending
listed = API.get_account_invitations(by_full_name="Nia Novak", order=AccountInvitationOrder.FULL_NAME_COLON_ASC)
assert listed.count == 1, listed
assert API.delete_account_invitation_with_http_info(number).status_code == 204

try:
    create(full_name="Ann Other", email_address="administrator@example.com")
except ApiException as refused:
    assert refused.status == 422 and isinstance(refused.data, ErrorResponse), refused
    # The generator's name for what its base class has, too.
    assert refused.data.errors[0].var_field == "email_address", refused.data
else:
    sys.exit("a member was invited again")
