"""requests-oauthlib: the same flow as Authlib's, with the other usual Python library."""

import os

# The library refuses plain http unless told otherwise, and the sandbox is on the loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests_oauthlib import OAuth2Session

import sandbox

CREDENTIALS = (sandbox.CLIENT_ID, sandbox.CLIENT_SECRET)

session = OAuth2Session(sandbox.CLIENT_ID, redirect_uri=sandbox.REDIRECT_URI, pkce="S256")

# The application sends the person away with a challenge, and they return with a code.
address, state = session.authorization_url(sandbox.AUTHORIZE)
returned = sandbox.consent(address)
assert sandbox.parameter(returned, "state") == state, returned

# The code gets a token; the library compares the state and adds the verifier.
token = session.fetch_token(
    sandbox.TOKEN, authorization_response=returned, client_secret=sandbox.CLIENT_SECRET, timeout=10
)
first = token["access_token"]
me = session.get(f"{sandbox.API}/users/me", timeout=10)
assert sandbox.user_of(me) == "administrator@example.com", me.text

# A refresh token gets another access token.
second = session.refresh_token(sandbox.TOKEN, auth=CREDENTIALS, timeout=10)["access_token"]
assert second != first
me = session.get(f"{sandbox.API}/users/me", timeout=10)
assert sandbox.user_of(me) == "administrator@example.com", me.text

# The library cannot revoke; an integration sends a plain form.
form = {"token": second}
about = requests.post(sandbox.INTROSPECT, data=form, auth=CREDENTIALS, timeout=10).json()
assert about["active"] is True, about
revoked = requests.post(sandbox.REVOKE, data=form, auth=CREDENTIALS, timeout=10)
assert (revoked.status_code, revoked.json()) == (200, {}), revoked.text
refused = session.get(f"{sandbox.API}/users/me", timeout=10)
assert refused.status_code == 401, (refused.status_code, refused.text)

# A code works once; this one is used.
try:
    again = session.fetch_token(
        sandbox.TOKEN, authorization_response=returned, client_secret=sandbox.CLIENT_SECRET, timeout=10
    )
except InvalidGrantError:
    pass
else:
    raise AssertionError(f"a used code was worth {again}")
