"""The code under test: an integration that invites people, as it would run against the vendor's API.

It uses requests-oauthlib, a published OAuth 2 client, and does not know that the server is a sandbox.
"""

import os
import uuid

from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth2Session
from urllib3.util import Retry

# A sandbox has no TLS, which this library otherwise requires.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

# Network failures and rate limits are retried. For a POST that is safe only with a key.
PATIENT = Retry(total=4, allowed_methods=None, status_forcelist=[429, 503], backoff_factor=0.05, raise_on_status=False)


def session(token: str) -> OAuth2Session:
    """A session without retries."""
    opened = OAuth2Session(token={"access_token": token, "token_type": "Bearer"})
    # A proxy must not intercept loopback requests.
    opened.trust_env = False
    return opened


class Invitations:
    """Invites people into an account."""

    def __init__(self, api_url: str, token: str) -> None:
        self.url = f"{api_url}/account_invitations"
        self.session = session(token)
        self.session.mount("http://", HTTPAdapter(max_retries=PATIENT))
        self.session.mount("https://", HTTPAdapter(max_retries=PATIENT))

    def invite(self, full_name: str, email_address: str):
        """Invites a person once, however often the request is retried, and returns the answer."""
        body = {"account_invitation": {"full_name": full_name, "email_address": email_address}}
        answer = self.session.post(self.url, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=30)
        answer.raise_for_status()
        return answer

    def all(self) -> list[dict]:
        """Every invitation, latest first."""
        found = self.session.get(self.url, params={"per_page": 200, "only_pending": "false"}, timeout=30).json()
        return [found[result["key"]][result["id"]] for result in found["results"]]

    def resend(self, invitation_id: str) -> None:
        """Resends an invitation, which renews it."""
        self.session.put(f"{self.url}/{invitation_id}/resend", timeout=30).raise_for_status()
