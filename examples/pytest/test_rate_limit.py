"""The server limits the rate."""

import time

import pytest
import requests

from integration import session


def test_a_client_that_obeys_retry_after_succeeds(invitations, invited_account):
    invited_account.fault(method="POST", status=429, retry_after=1, times=2)
    start = time.monotonic()
    invitations.invite("Nia New", invited_account.address("nia"))
    assert time.monotonic() - start >= 2
    assert [attempt["status"] for attempt in invited_account.requests(method="POST")] == [429, 429, 200]


def test_a_client_finally_gives_up(invitations, invited_account):
    invited_account.fault(method="POST", status=503)
    with pytest.raises(requests.HTTPError, match="503"):
        invitations.invite("Nia New", invited_account.address("nia"))
    assert len(invited_account.requests(method="POST")) == 5


def test_the_real_limit_ends_when_retry_after_says(invited_fresh):
    """A sandbox has no limits by default; they follow its clock, so no test has to wait."""
    invited_fresh.settings(rate_create=2)
    invited_fresh.clock.freeze()
    with session(invited_fresh.tokens["administrator"]) as client:
        def invite(name):
            body = {"account_invitation": {"full_name": name, "email_address": f"{name}@example.com"}}
            return client.post(f"{invited_fresh.api_url}/account_invitations", json=body, timeout=30)

        assert [invite(name).status_code for name in ["ann", "ben"]] == [200, 200]
        refused = invite("cyd")
        assert refused.status_code == 429
        invited_fresh.clock.advance(seconds=int(refused.headers["Retry-After"]))
        assert invite("cyd").status_code == 200
