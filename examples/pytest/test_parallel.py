"""Many tests on one server, with `pytest -n 8`: each has its own account and sees nothing of the others."""

import pytest


@pytest.mark.parametrize("number", range(64))
def test_tests_do_not_disturb_each_other(invitations, invited_account, accept, number):
    sandbox = invited_account.sandbox
    people = {name: invited_account.address(name) for name in ["ann", "ben", "cyd"]}
    if number % 4 == 0:
        invited_account.fault(method="POST", path="/api/v1/account_invitations", drop="after_commit", times=1)

    for name, address in people.items():
        invitations.invite(name, address)
    joined = accept(sandbox, sandbox.mailbox.wait_for(people["ann"])).json()

    invited = invitations.all()
    assert {invitation["email_address"] for invitation in invited} == set(people.values())
    assert [invitation["full_name"] for invitation in invited if not invitation["pending"]] == ["ann"]
    members = invitations.session.get(f"{sandbox.api_url}/account_memberships", timeout=30).json()
    assert joined["account_membership_id"] in members["account_memberships"]
    assert members["count"] == len(invited_account.tokens) + 1
    faults = [request["fault_id"] for request in invited_account.requests() if request["fault_id"]]
    assert len(faults) == (1 if number % 4 == 0 else 0)
