"""From invitation to member."""

from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session


def test_an_invitee_gets_a_mail_and_becomes_a_member(invitations, invited_account, accept):
    sandbox, nia = invited_account.sandbox, invited_account.address("nia")
    invited = invitations.invite("Nia New", nia).json()["results"][0]["id"]

    mail = sandbox.mailbox.wait_for(nia)
    assert mail["invitation_id"] == invited
    accepted = accept(sandbox, mail).json()

    url = f"{sandbox.api_url}/account_memberships/{accepted['account_membership_id']}"
    memberships = invitations.session.get(url, params={"include": "user"}, timeout=30).json()
    [user] = memberships["users"].values()
    assert (user["full_name"], user["email_address"]) == ("Nia New", nia)
    assert [invitation["pending"] for invitation in invitations.all()] == [False]


def test_a_link_works_once(invitations, invited_account, accept):
    nia = invited_account.address("nia")
    invitations.invite("Nia New", nia)
    mail = invited_account.sandbox.mailbox.wait_for(nia)
    assert accept(invited_account.sandbox, mail).status_code == 200
    assert accept(invited_account.sandbox, mail).status_code == 404


def test_an_application_uses_client_credentials(invited):
    """The seed has an application, so a client's way to its token can be tested too."""
    with OAuth2Session(client=BackendApplicationClient(client_id="sandbox-app")) as session:
        session.trust_env = False
        session.fetch_token(f"{invited.base_url}/oauth/token", client_secret="sandbox-secret", include_client_id=True)
        assert session.get(f"{invited.api_url}/users/me", timeout=30).status_code == 200
