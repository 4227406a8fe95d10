"""A month passes. The clock is that of the whole server, so that these tests have one to themselves."""

import pytest

from integration import Invitations


@pytest.fixture
def invitations(invited_fresh) -> Invitations:
    return Invitations(invited_fresh.api_url, invited_fresh.tokens["administrator"])


def test_an_invitation_runs_out_after_thirty_days_and_is_renewed_by_a_resend(invitations, invited_fresh, accept):
    invited = invitations.invite("Nia New", "nia@example.test").json()["results"][0]["id"]
    mail = invited_fresh.mailbox.wait_for("nia@example.test")

    invited_fresh.clock.advance(days=31)
    [nia] = [invitation for invitation in invitations.all() if invitation["id"] == invited]
    # As the vendor has it, what has run out is still pending: the date tells.
    assert nia["pending"] and nia["expiration_date"] < invited_fresh.clock.now()
    assert accept(invited_fresh, mail).status_code == 404

    invitations.resend(invited)
    renewed = invited_fresh.mailbox.wait_for("nia@example.test", nth=2)
    assert accept(invited_fresh, renewed).status_code == 200


def test_the_last_day_counts(invitations, invited_fresh, accept):
    invited_fresh.clock.set("2031-02-01T12:00:00Z")
    invitations.invite("Nia New", "nia@example.test")
    mail = invited_fresh.mailbox.wait_for("nia@example.test")
    invited_fresh.clock.set("2031-03-03T23:59:00Z")
    assert accept(invited_fresh, mail).status_code == 200
