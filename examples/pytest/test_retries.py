"""The network fails after the server has handled the request. The client cannot know, but must not invite twice."""

import pytest
import requests

from integration import session

DROPPED = {"method": "POST", "path": "/api/v1/account_invitations", "drop": "after_commit"}


def test_without_a_key_the_refusal_of_the_second_attempt_must_be_understood(invited_account):
    nia, token = invited_account.address("nia"), invited_account.tokens["administrator"]
    url = f"{invited_account.sandbox.api_url}/account_invitations"
    body = {"account_invitation": {"full_name": "Nia New", "email_address": nia}}
    invited_account.fault(**DROPPED, times=1)

    with session(token) as client:
        with pytest.raises(requests.ConnectionError):
            client.post(url, json=body, timeout=30)
        second = client.post(url, json=body, timeout=30)
        assert second.status_code == 422
        assert second.json()["errors"][0]["message"] == "Email address already has a pending invitation."
        # The refusal is good news: the invitation exists and can be searched for.
        found = client.get(url, params={"search": nia}, timeout=30).json()
        assert found["count"] == 1

    attempts = invited_account.requests(method="POST")
    assert [attempt["status"] for attempt in attempts] == [None, 422]


@pytest.mark.parametrize("drops", [1, 3])
def test_with_a_key_the_invitation_is_created_once_and_the_answer_arrives(invitations, invited_account, drops):
    nia = invited_account.address("nia")
    invited_account.fault(**DROPPED, times=drops)

    answer = invitations.invite("Nia New", nia)

    assert answer.headers["Idempotent-Replayed"] == "true"
    assert [invitation["email_address"] for invitation in invitations.all()] == [nia]
    invited_account.sandbox.mailbox.wait_for(nia)
    assert len(invited_account.sandbox.mailbox.mails(nia)) == 1
    assert len(invited_account.requests(method="POST")) == drops + 1


def test_a_request_that_never_arrived_is_not_a_replay(invitations, invited_account):
    invited_account.fault(**{**DROPPED, "drop": "before_commit"}, times=1)
    answer = invitations.invite("Nia New", invited_account.address("nia"))
    assert "Idempotent-Replayed" not in answer.headers
    assert len(invitations.all()) == 1
