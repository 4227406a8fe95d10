"""What every story here knows about the sandbox that it is started against."""

import sys
from urllib.parse import parse_qs, urlsplit

import requests

BASE_URL = sys.argv[1]
API = f"{BASE_URL}/api/v1"

# The application that the sandbox is seeded with.
CLIENT_ID = "sandbox-app"
CLIENT_SECRET = "sandbox-secret"
REDIRECT_URI = "http://127.0.0.1:8765/callback"

AUTHORIZE = f"{BASE_URL}/oauth/authorize"
TOKEN = f"{BASE_URL}/oauth/token"
REVOKE = f"{BASE_URL}/oauth/revoke"
INTROSPECT = f"{BASE_URL}/oauth/introspect"

ADMINISTRATOR = {"Authorization": "Bearer sandbox-administrator"}


def consent(authorization_url):
    """Agrees as the administrator, and returns the address that a browser would be sent to.

    In a browser a person signs in and agrees; in the sandbox a bearer token stands for both. Nobody listens at the
    redirect address, so the redirect is read and not followed.
    """
    answer = requests.get(authorization_url, headers=ADMINISTRATOR, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, (answer.status_code, answer.text)
    location = answer.headers["Location"]
    assert location.startswith(f"{REDIRECT_URI}?"), location
    return location


def parameter(url, name):
    """The only value of a parameter in the query of an address."""
    values = parse_qs(urlsplit(url).query)[name]
    assert len(values) == 1, url
    return values[0]


def only(answer):
    """The single record of an envelope, which has to be there exactly once."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    envelope = answer.json()
    assert len(envelope["results"]) == 1, envelope
    result = envelope["results"][0]
    return envelope[result["key"]][result["id"]]


def user_of(answer):
    """The address of the user whom an answer of `/users/me` is about."""
    return only(answer)["email_address"]
