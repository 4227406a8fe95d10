"""What the tests share. The fixtures `invited…` come with the package invited-sandbox."""

import pytest
import requests

from integration import Invitations


@pytest.fixture
def invitations(invited_account) -> Invitations:
    """The code under test, in an account of this test alone."""
    return Invitations(invited_account.sandbox.api_url, invited_account.tokens["administrator"])


@pytest.fixture
def accept():
    """Does what a person does who opens the link of a mail."""
    def do(sandbox, mail):
        person = {"token": mail["token"], "password": "correct horse battery"}
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{sandbox.base_url}/invitations/accept", json=person, timeout=30)
    return do
