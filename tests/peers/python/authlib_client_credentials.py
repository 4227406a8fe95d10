"""Authlib: an application acts in its own name, and authenticates in both standard ways."""

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

import sandbox


def session(secret, method):
    return OAuth2Session(sandbox.CLIENT_ID, secret, token_endpoint_auth_method=method, default_timeout=10)


for method in ["client_secret_basic", "client_secret_post"]:
    client = session(sandbox.CLIENT_SECRET, method)
    token = client.fetch_token(sandbox.TOKEN, grant_type="client_credentials")
    assert token["token_type"] == "Bearer", token
    # There is no person whose access could be renewed (RFC 6749, 4.4.3).
    assert "refresh_token" not in token, token
    about = client.introspect_token(sandbox.INTROSPECT, token=token["access_token"]).json()
    assert about["active"] is True, about
    assert client.get(f"{sandbox.API}/roles").status_code == 200

    try:
        granted = session("guessed", method).fetch_token(sandbox.TOKEN, grant_type="client_credentials")
    except OAuthError as refusal:
        assert refusal.error == "invalid_client", refusal
    else:
        raise AssertionError(f"a guessed secret was worth {granted}")
