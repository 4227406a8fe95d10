"""requests-oauthlib: an application acts in its own name, with its secret in the header and in the form."""

import os

# The library refuses plain http unless told otherwise, and the sandbox is on the loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError
from requests_oauthlib import OAuth2Session

import sandbox

for in_the_form in [False, True]:
    session = OAuth2Session(client=BackendApplicationClient(sandbox.CLIENT_ID))
    token = session.fetch_token(
        sandbox.TOKEN, client_secret=sandbox.CLIENT_SECRET, include_client_id=in_the_form, timeout=10
    )
    assert token["token_type"] == "Bearer", token
    assert session.get(f"{sandbox.API}/roles", timeout=10).status_code == 200

    try:
        granted = session.fetch_token(
            sandbox.TOKEN, client_secret="guessed", include_client_id=in_the_form, timeout=10
        )
    except InvalidClientError:
        pass
    else:
        raise AssertionError(f"a guessed secret was worth {granted}")
