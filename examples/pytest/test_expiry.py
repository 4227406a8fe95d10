"""A month passes. The clock belongs to the whole server, so these tests have their own."""

import pytest

from integration import Invitations


@pytest.fixture
def invitations(invited_fresh) -> Invitations:
    return Invitations(invited_fresh.api_url, invited_fresh.tokens["administrator"])


def test_an_invitation_expires_after_thirty_days_and_is_renewed_by_a_resend(invitations, invited_fresh, accept):
    invited = invitations.invite("Nia New", "nia@example.com").json()["results"][0]["id"]
    mail = invited_fresh.mailbox.wait_for("nia@example.com")

    invited_fresh.clock.advance(days=31)
    [nia] = [invitation for invitation in invitations.all() if invitation["id"] == invited]
    # As with the vendor, an expired invitation is still pending: only the date shows it.
    assert nia["pending"] and nia["expiration_date"] < invited_fresh.clock.now()
    assert accept(invited_fresh, mail).status_code == 404

    invitations.resend(invited)
    renewed = invited_fresh.mailbox.wait_for("nia@example.com", nth=2)
    assert accept(invited_fresh, renewed).status_code == 200


def test_the_last_day_counts(invitations, invited_fresh, accept):
    invited_fresh.clock.set("2031-02-01T12:00:00Z")
    invitations.invite("Nia New", "nia@example.com")
    mail = invited_fresh.mailbox.wait_for("nia@example.com")
    invited_fresh.clock.set("2031-03-03T23:59:00Z")
    assert accept(invited_fresh, mail).status_code == 200
