"""What every script knows about its sandbox."""

import sys
from urllib.parse import parse_qs, urlsplit

import requests

BASE_URL = sys.argv[1]
API = f"{BASE_URL}/api/v1"

# The seed's application.
CLIENT_ID = "sandbox-app"
CLIENT_SECRET = "sandbox-secret"
REDIRECT_URI = "http://127.0.0.1:8765/callback"

AUTHORIZE = f"{BASE_URL}/oauth/authorize"
TOKEN = f"{BASE_URL}/oauth/token"
REVOKE = f"{BASE_URL}/oauth/revoke"
INTROSPECT = f"{BASE_URL}/oauth/introspect"

ADMINISTRATOR = {"Authorization": "Bearer sandbox-administrator"}


def consent(authorization_url):
    """Consents as the administrator, and returns the address to which the browser would be redirected.

    In a browser a person signs in and consents; in the sandbox a bearer token does both. Nothing listens at the redirect
    address, so it is read and not followed.
    """
    answer = requests.get(authorization_url, headers=ADMINISTRATOR, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, (answer.status_code, answer.text)
    location = answer.headers["Location"]
    assert location.startswith(f"{REDIRECT_URI}?"), location
    return location


def parameter(url, name):
    """The only value of a query parameter."""
    values = parse_qs(urlsplit(url).query)[name]
    assert len(values) == 1, url
    return values[0]


def only(answer):
    """The only record of an envelope."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    envelope = answer.json()
    assert len(envelope["results"]) == 1, envelope
    result = envelope["results"][0]
    return envelope[result["key"]][result["id"]]


def user_of(answer):
    """The email address in an answer of `/users/me`."""
    return only(answer)["email_address"]
