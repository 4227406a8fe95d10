"""Authlib: a person lets an application act for them, and the application renews and revokes its access."""

from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

import sandbox

session = OAuth2Session(
    sandbox.CLIENT_ID,
    sandbox.CLIENT_SECRET,
    redirect_uri=sandbox.REDIRECT_URI,
    code_challenge_method="S256",
    default_timeout=10,
)

# The application sends the person away with a challenge, and they return with a code.
verifier = generate_token(48)
address, state = session.create_authorization_url(sandbox.AUTHORIZE, code_verifier=verifier)
returned = sandbox.consent(address)
assert sandbox.parameter(returned, "state") == state, returned

# The code gets a token, with the challenge's verifier.
token = session.fetch_token(sandbox.TOKEN, authorization_response=returned, state=state, code_verifier=verifier)
assert token["token_type"] == "Bearer", token
first = token["access_token"]
me = session.get(f"{sandbox.API}/users/me")
assert sandbox.user_of(me) == "administrator@example.com", me.text

# Introspection agrees.
about = session.introspect_token(sandbox.INTROSPECT, token=first, token_type_hint="access_token").json()
assert about["active"] is True, about
assert about["client_id"] == sandbox.CLIENT_ID, about

# A refresh token gets another access token.
second = session.refresh_token(sandbox.TOKEN, refresh_token=token["refresh_token"])["access_token"]
assert second != first
me = session.get(f"{sandbox.API}/users/me")
assert sandbox.user_of(me) == "administrator@example.com", me.text

# A revoked token is dead.
revoked = session.revoke_token(sandbox.REVOKE, token=second, token_type_hint="access_token")
assert (revoked.status_code, revoked.json()) == (200, {}), revoked.text
refused = session.get(f"{sandbox.API}/users/me")
assert refused.status_code == 401, (refused.status_code, refused.text)
about = session.introspect_token(sandbox.INTROSPECT, token=second, token_type_hint="access_token").json()
assert about == {"active": False}, about

# Without its verifier a code is refused too.
address, state = session.create_authorization_url(sandbox.AUTHORIZE, code_verifier=generate_token(48))
returned = sandbox.consent(address)
try:
    stolen = session.fetch_token(
        sandbox.TOKEN, authorization_response=returned, state=state, code_verifier=generate_token(48)
    )
except OAuthError as refusal:
    assert refusal.error == "invalid_grant", refusal
else:
    raise AssertionError(f"a wrong verifier was worth {stolen}")
