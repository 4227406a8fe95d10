"""requests: an HR system's use of an account, from a person's first day to their last one.

Most bodies are nested Rails forms, the default of the vendor's own client; some are JSON.
"""

from urllib.parse import urlencode

import requests

import sandbox
from sandbox import API, only

hr = requests.Session()
hr.headers.update(sandbox.ADMINISTRATOR)


def pairs(value, name):
    """A tree as form pairs: `a[b]=…` for objects, `a[][b]=…` for objects in an array."""
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in pairs(inner, f"{name}[{key}]")]
    if isinstance(value, list):
        return [pair for inner in value for pair in pairs(inner, f"{name}[]")]
    return [(name, "" if value is None else str(value).lower() if isinstance(value, bool) else str(value))]


def form(**parameters):
    """The body and header of a form."""
    flat = [pair for name, value in parameters.items() for pair in pairs(value, name)]
    return {"data": urlencode(flat), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


def listed(path, **parameters):
    """The records of a list, in order; checks the envelope."""
    answer = hr.get(f"{API}/{path}", params=parameters, timeout=10)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    envelope = answer.json()
    assert envelope["count"] >= len(envelope["results"]), envelope
    return [envelope[result["key"]][result["id"]] for result in envelope["results"]]


def one(path, **parameters):
    """The only record of a list."""
    records = listed(path, **parameters)
    assert len(records) == 1, records
    return records[0]


# Whose token is this?
me = only(hr.get(f"{API}/users/me", timeout=10))
assert me["email_address"] == "administrator@example.com", me

# A designer is hired. The HR system knows the role by name, and passes its own number of the person.
role = one("roles", matching="design")
assert role["name"] == "Designer", role
hired = {
    "full_name": "Zoë Ångström & Söhne",
    "email_address": "zoe+hr@example.test",
    "headline": "100 % remote",
    "permission": "collaborator",
    "default_role_id": role["id"],
    "bill_rate_in_cents": 12500,
    "default_read_only": True,
    "external_reference": {"service_name": "hr", "service_model": "Employee", "service_model_ref": "E-0042"},
}
invited = only(
    hr.post(f"{API}/account_invitations.json?include=default_role", timeout=10, **form(account_invitation=hired))
)
for name in ["full_name", "email_address", "headline", "permission", "default_role_id", "bill_rate_in_cents"]:
    assert invited[name] == hired[name], (name, invited)
assert invited["pending"] is True, invited
assert invited["inviter_id"] == me["id"], invited

# Find the invitation by its accented name, and with it the invitee, who is not active yet.
found = one("account_invitations", by_full_name="ångström", include="invitee")
assert found == invited, (found, invited)
person = one("users", show_disabled="true", by_email_address=hired["email_address"])
assert (person["id"], person["full_name"]) == (invited["invitee_id"], hired["full_name"]), (person, invited)
assert listed("users", by_email_address=hired["email_address"]) == []

# The next two are hired together.
couple = [
    {"full_name": "Ann One", "email_address": "ann@example.test", "permission": "collaborator"},
    {"full_name": "Ben Two", "email_address": "ben@example.test", "permission": "project_creator"},
]
answer = hr.post(f"{API}/account_invitations", timeout=10, **form(account_invitations=couple))
assert answer.status_code == 200, answer.text
envelope = answer.json()
together = [envelope["account_invitations"][result["id"]] for result in envelope["results"]]
for name in ["full_name", "email_address", "permission"]:
    assert [record[name] for record in together] == [record[name] for record in couple], (name, together)

# One of them becomes a lead, the other does not come.
changed = {"account_invitation": {"permission": "project_lead", "billability_target": -75}}
lead = only(hr.put(f"{API}/account_invitations/{together[0]['id']}", json=changed, timeout=10))
assert (lead["permission"], lead["billability_target"]) == ("project_lead", 75), lead
assert only(hr.put(f"{API}/account_invitations/{lead['id']}/resend.json", timeout=10))["pending"] is True
gone = hr.delete(f"{API}/account_invitations/{together[1]['id']}", timeout=10)
assert (gone.status_code, gone.content) == (204, b""), (gone.status_code, gone.text)
assert listed("account_invitations", only=together[1]["id"]) == []

# A longtime member gets the HR system's number too, and is then found by it.
cora = one("users", by_email_address="collaborator@example.com")
number = {"service_name": "hr", "service_model": "Employee", "service_model_ref": "E-0007"}
only(hr.put(f"{API}/users/{cora['id']}", timeout=10, **form(user={"external_reference": number})))
cora = one("users", external_reference_service_name="hr", external_reference_service_model_ref="E-0007")
assert cora["email_address"] == "collaborator@example.com", cora

# She is promoted: from the user to the membership to its permission.
membership = one("account_memberships", by_user_id=cora["id"], include="user")
assert membership["user_id"] == cora["id"], membership
assert membership["permission"] == "collaborator", membership
place = f"{API}/account_memberships/{membership['id']}"
promotion = {"permission": "project_lead", "default_role_id": role["id"], "billability_target": 80}
raised = only(hr.put(place, timeout=10, **form(account_membership=promotion)))
assert raised["permission"] == "project_lead" and raised["is_project_lead"] is True, raised
assert (raised["default_role_id"], raised["billability_target"]) == (role["id"], 80), raised

# From now on she may see invitations, which only leads may.
hers = {"Authorization": "bearer sandbox-collaborator"}
assert requests.get(f"{API}/account_invitations?", headers=hers, timeout=10).status_code == 200
lowered = only(hr.put(place, json={"account_membership": {"permission": "collaborator"}}, timeout=10))
assert lowered["is_project_lead"] is False, lowered
assert requests.get(f"{API}/account_invitations", headers=hers, timeout=10).status_code == 403

# On her last day her access ends at once, and lists omit her by default.
disabled = only(hr.put(f"{place}/disable", timeout=10))
assert disabled["disabled_at"] is not None, disabled
refused = requests.get(f"{API}/users/me", headers=hers, timeout=10)
assert refused.status_code == 401, (refused.status_code, refused.text)
assert refused.json() == {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}, refused.text
assert listed("account_memberships", by_user_id=cora["id"]) == []
assert one("account_memberships", by_user_id=cora["id"], only_inactive="true")["id"] == membership["id"]

# Invalid input is refused with the reasons, and nothing of it is stored.
refused = hr.post(
    f"{API}/account_invitations",
    timeout=10,
    **form(account_invitation={"full_name": "", "email_address": "nobody", "permission": "emperor"}),
)
assert refused.status_code == 422, (refused.status_code, refused.text)
fields = sorted(error["field"] for error in refused.json()["errors"])
assert fields == ["email_address", "full_name", "permission"], refused.text
