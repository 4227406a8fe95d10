"""Shared fixtures. The fixtures `invited…` come from the package invited-sandbox."""

import pytest
import requests

from integration import Invitations


@pytest.fixture
def invitations(invited_account) -> Invitations:
    """The code under test, in this test's own account."""
    return Invitations(invited_account.sandbox.api_url, invited_account.tokens["administrator"])


@pytest.fixture
def accept():
    """Opens the link of a mail and accepts, as a person does."""
    def do(sandbox, mail):
        person = {"token": mail["token"], "password": "correct horse battery"}
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{sandbox.base_url}/invitations/accept", json=person, timeout=30)
    return do
