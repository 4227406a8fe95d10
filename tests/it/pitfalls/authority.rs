//! Granting more than one's own level, setting protected fields, and authority that outlives its reason.

use invited::testing::{INVITABLE, Level, Permission};
use serde_json::{Value, json};

use crate::coverage::EXAMPLES;
use crate::support::answers::PASSWORD;
use crate::support::browser::Browser;
use crate::support::{Server, token};

fn level(permission: &str) -> Level {
    permission.parse::<Permission>().unwrap().level()
}

/// The seed's members of each level: permission, token, membership.
fn actors() -> impl Iterator<Item = (&'static str, &'static str, i64)> {
    token::EVERYBODY.into_iter().zip(201..).skip(1).map(|((name, bearer), membership)| (name, bearer, membership))
}

/// An invitation of a new person.
fn person(permission: &str, address: &str) -> Value {
    json!({"account_invitation": {
        "full_name": "Vera", "email_address": address, "permission": permission, "bill_rate_in_cents": 1,
    }})
}

/// Tried: each level inviting to each level, by create and by update, and the inviter at each level at acceptance.
#[test]
fn pitfall_05_an_inviter_never_grants_more_than_their_current_level() {
    let server = Server::start();
    let mut made = Vec::new();
    for (actor, bearer, membership) in actors() {
        let may_invite = level(actor) >= Level::ProjectLead;
        let address = format!("changed.{actor}@example.test");
        let lowest = server.post("/account_invitations").bearer(bearer).json(&person("collaborator", &address)).send();
        for permission in INVITABLE {
            let may_grant = may_invite && level(permission) <= level(actor);
            let address = format!("{permission}.{actor}@example.test");
            let created = server.post("/account_invitations").bearer(bearer).json(&person(permission, &address)).send();
            let expected = if may_grant {
                200
            } else if may_invite {
                422
            } else {
                403
            };
            assert_eq!(created.status, expected, "{actor} invites to {permission}: {created}");
            if may_grant {
                made.push((permission, membership, server.mailed(&address)));
            } else if may_invite {
                assert_eq!(created.errors()[0].3, "Permission must not be above your own.");
            }
            if may_invite {
                let change = json!({"account_invitation": {"permission": permission}});
                let path = format!("/account_invitations/{}", lowest.ids()[0]);
                let updated = server.put(&path).bearer(bearer).json(&change).send();
                assert_eq!(updated.status, if may_grant { 200 } else { 422 }, "{actor} raises to {permission}");
            }
        }
    }
    assert_eq!(made.len(), 7 + 6 + 5 + 4);
    // The page checks the grant before the password, so the table needs no hashing.
    for (permission, membership, link) in &made {
        for at_acceptance in INVITABLE {
            server.alter_stored(&format!(
                "UPDATE account_memberships SET permission = '{at_acceptance}' WHERE id = {membership}"
            ));
            let is_granted = level(at_acceptance) >= level(permission);
            let case = format!("{permission} by {membership}, who is {at_acceptance}");
            assert_eq!(server.look_up(link).expect(200).json()["can_be_accepted"], is_granted, "{case}");
            let page = Browser::new(&server).decide(link, &[("decision", "accept")]).expect(422);
            assert_eq!(page.text().contains("may no longer grant"), !is_granted, "{case}");
            assert_eq!(page.text().contains("The password must have"), is_granted, "{case}");
        }
    }
    let invited = server.number("SELECT count(*) FROM account_memberships WHERE id > 221");
    assert_eq!(invited, 0);
    // The boundary with a password: one level below fails, the same level makes a member.
    for (below, on_level) in INVITABLE.iter().skip(1).zip(INVITABLE) {
        let (_, membership, link) = made.iter().find(|(permission, ..)| *permission == on_level).unwrap();
        let set = |permission: &str| {
            let sql = format!("UPDATE account_memberships SET permission = '{permission}' WHERE id = {membership}");
            server.alter_stored(&sql);
        };
        set(below);
        server.accept_link(link).expect(422);
        set(on_level);
        let accepted = server.accept_link(link).expect(200).json();
        let sql = format!(
            "SELECT permission FROM account_memberships WHERE id = {}",
            accepted["account_membership_id"].as_str().unwrap()
        );
        assert_eq!(server.stored(&sql), [*on_level]);
    }
}

/// Tried: setting, sorting by, searching for and reading the rates, by every route and at every level.
#[test]
fn pitfall_06_rates_are_set_and_seen_only_by_permitted_levels() {
    let server = Server::start();
    for (name, cost) in [("Anton", 30_011), ("Berta", 10_013), ("Cesar", 20_017)] {
        server.advance_seconds(1);
        let address = format!("{name}@example.test");
        server.invite(&json!({"full_name": name, "email_address": address, "cost_rate_in_cents": cost}));
    }
    let lead = |method: &str, path: &str| server.request(method, path).bearer(token::PROJECT_LEAD);
    let costly = |address: &str| json!({"full_name": "X", "email_address": address, "cost_rate_in_cents": 5});
    // As with the vendor, forbidden fields are ignored.
    let single = json!({"account_invitation": costly("x@example.test")});
    let bulk = json!({"account_invitations": [
        {"full_name": "Y", "email_address": "y@example.test"}, costly("z@example.test"),
    ]});
    let mut made = Vec::new();
    for body in [&single, &bulk] {
        made.extend(lead("POST", "/account_invitations").json(body).send().expect(200).ids());
    }
    let change = json!({"account_invitation": {"cost_rate_in_cents": 5}});
    for id in &made {
        let answer = lead("PUT", &format!("/account_invitations/{id}")).json(&change).send().expect(200);
        assert!(!answer.text().contains("cost_rate"), "{answer}");
        let rate = server.stored(&format!("SELECT cost_rate_in_cents FROM account_invitations WHERE id = {id}"));
        assert_eq!(rate, ["null"]);
    }
    let bill = json!({"account_invitation": {"bill_rate_in_cents": 5}});
    for (level, bearer) in token::EVERYBODY {
        let answer = server.put(&format!("/account_invitations/{}", made[0])).bearer(bearer).json(&bill).send();
        let is_allowed = ["owner", "administrator", "project_lead"].contains(&level);
        assert_eq!(answer.status, if is_allowed { 200 } else { 403 }, "{level}: {answer}");
    }

    let by_default = lead("GET", "/account_invitations").send().expect(200);
    for query in
        ["order=cost_rate", "order=cost_rate:desc", "order=cost_rate_in_cents", "search=9000", "only=2&include=inviter"]
    {
        let answer = lead("GET", &format!("/account_invitations?{query}")).send().expect(200);
        assert!(!answer.text().contains("cost_rate"), "{query}: {answer}");
        if query.starts_with("order") {
            assert_eq!(answer.ids(), by_default.ids(), "{query}: the order would reveal hidden values");
        }
    }
    assert_ne!(server.list("order=cost_rate").ids(), by_default.ids(), "for an administrator the order works");
    // Nor does the mail or page reveal a rate.
    let link = server.mailed("berta@example.test");
    assert!(!server.look_up(&link).text().contains("rate_in_cents"));
    assert!(!server.open(&link).text().contains("10013"), "the page shows no rate");
}

/// A value for every field of an answer, none of which was invited.
fn everything_else() -> serde_json::Map<String, Value> {
    let value = json!({
        "permission": "administrator", "pending": true, "accepted_at": 1, "expiration_date": "2099-01-01",
        "bill_rate_in_cents": 1, "cost_rate_in_cents": 1, "billability_target": 1, "inviter_id": 7, "invitee_id": 7,
        "account_id": 2, "id": 7, "user_id": 7, "account_membership_id": 207, "invitation_id": 1, "full_name": "Evil",
        "email_address": "evil@example.test", "headline": "Evil", "photo_path": "evil", "default_role_id": 103,
        "default_read_only": false, "is_owner": true, "is_administrator": true, "is_project_lead": true,
        "can_create_workspace": true, "can_view_reports": true, "disabled_at": null, "manager_id": 2, "role_id": 103,
        "is_granted": true, "can_be_accepted": true, "created_at": "2000-01-01T00:00:00Z", "level": 7,
        "external_reference": {"service_name": "evil", "service_model": "x", "service_model_ref": "1"},
    });
    value.as_object().unwrap().clone()
}

/// Tried: every field of every answer in each request of an acceptance, and in writes of invitations.
#[test]
fn pitfall_07_only_documented_fields_are_set() {
    let columns = "permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, \
                   default_read_only, is_owner, disabled_at, manager_id, account_id";
    for as_form in [false, true] {
        let server = Server::start();
        let invited = json!({
            "full_name": "Vera", "email_address": "vera@example.test", "permission": "collaborator",
            "default_role_id": 101, "bill_rate_in_cents": 15_000, "default_read_only": true,
        });
        let id = server.invite(&invited);
        let link = server.mailed("vera@example.test");
        let mut body = everything_else();
        for (name, value) in [("token", link.as_str()), ("password", PASSWORD)] {
            body.insert(name.to_owned(), value.into());
        }
        for nested in ["account_invitation", "account_membership", "user", "invitation"] {
            body.insert(nested.to_owned(), Value::Object(everything_else()));
        }
        let before = server.everything_stored();
        server.reply("lookup", &Value::Object(body.clone())).expect(200);
        assert_eq!(server.everything_stored(), before);
        if as_form {
            let fields: Vec<(String, String)> = everything_else()
                .iter()
                .flat_map(|(name, value)| {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    [(name.clone(), text.clone()), (format!("account_membership[{name}]"), text)]
                })
                .collect();
            let mut typed: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            typed.push(("password", PASSWORD));
            Browser::new(&server).decide(&link, &typed).expect(200);
        } else {
            server.reply("accept", &Value::Object(body)).expect(200);
        }
        let invitee = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
        let member = server.stored(&format!("SELECT {columns} FROM account_memberships WHERE user_id = {invitee}"));
        assert_eq!(member, ["collaborator|101|15000|null|null|1|0|null|null|1"]);
        let user = server.stored(&format!("SELECT full_name, email_address, headline FROM users WHERE id = {invitee}"));
        assert_eq!(user, ["Vera|vera@example.test|null"]);
        assert_eq!(server.stored("SELECT permission FROM account_memberships WHERE id = 207"), ["collaborator"]);
        assert_eq!(server.number("SELECT count(*) FROM external_references WHERE subject_type = 'User'"), 0);
    }
    // Fields that the vendor does not let clients set are unchanged, on create and on update.
    let server = Server::start();
    let id = server.invite(&json!({
        "full_name": "Vera", "email_address": "vera@example.test", "pending": false, "inviter_id": 1, "invitee_id": 1,
        "account_id": 2, "expiration_date": "2099-01-01", "id": 777, "accepted_at": 1,
    }));
    let stored = || {
        server.stored(&format!(
            "SELECT account_id, inviter_id, accepted_at, expires_on, email_address FROM account_invitations WHERE id = {id}"
        ))
    };
    let made = stored();
    assert_eq!(made, ["1|2|null|22311|vera@example.test"]);
    let change = json!({"account_invitation": {
        "pending": false, "inviter_id": 1, "invitee_id": 1, "account_id": 2, "expiration_date": "2099-01-01",
        "email_address": "evil@example.test", "accepted_at": 1, "headline": "Analyst",
    }});
    let path = format!("/account_invitations/{id}");
    server.put(&path).bearer(token::ADMINISTRATOR).json(&change).send().expect(200);
    assert_eq!(stored(), made);
}

/// Tried: the whole API as an invitee and as a former member.
#[test]
fn pitfall_08_only_active_members_can_act() {
    let server = Server::start();
    let invite = |name: &str| {
        let address = format!("half.{name}@example.test");
        let person = json!({"full_name": name, "email_address": address, "permission": "administrator"});
        let id = server.invite(&person);
        let user: i64 = server.show(&id).record()["invitee_id"].as_str().unwrap().parse().unwrap();
        (id, server.mailed(&address), user)
    };
    let manage = |method: &str, path: &str| server.request(method, path).bearer(token::OWNER).send();
    let mut half = Vec::new();
    let (_, _, invited) = invite("invited");
    half.push(("invited", invited));
    let (_, link, declined) = invite("declined");
    server.reply("decline", &json!({"token": link})).expect(204);
    half.push(("declined", declined));
    for (state, method, action) in [("disabled", "PUT", "/disable"), ("removed", "DELETE", "")] {
        let (_, link, user) = invite(state);
        let membership = server.accept_link(&link).expect(200).json()["account_membership_id"].clone();
        let path = format!("/account_memberships/{}{action}", membership.as_str().unwrap());
        assert!(manage(method, &path).status < 300);
        half.push((state, user));
    }
    for (state, user) in half {
        let bearer = server.token_of(user);
        let before = server.everything_stored();
        for example in EXAMPLES {
            let answer = example.request(&server, example.subject.own).bearer(&bearer).send();
            assert_eq!(answer.status, 401, "{state}: {answer}");
        }
        for (method, action) in [("POST", "link"), ("GET", "mails")] {
            let path = format!("/invitations/1/{action}");
            server.request_at_root(method, &path).bearer(&bearer).send().expect(401);
        }
        server
            .request_at_root("GET", "/oauth/authorize?client_id=sandbox-app&response_type=code")
            .bearer(&bearer)
            .send();
        assert_eq!(server.everything_stored(), before, "{state}");
    }
}

/// Tried: authority left over: of inviters, of revoked invitations, of removed members.
#[test]
fn pitfall_20_revoked_authority_grants_nothing() {
    // A change to the inviter, and whether the invitation can be accepted afterwards.
    for (done, can_be_had) in [
        (&["permission = 'project_lead'"][..], true),
        (&["permission = 'reports_viewer'"], true),
        (&["permission = 'project_creator'"], false),
        (&["permission = 'external_collaborator'"], false),
        (&["disabled_at = 1"], false),
        (&["disabled_at = 1", "disabled_at = NULL"], true),
        (&["permission = 'punch_clock'", "permission = 'administrator'"], true),
        (&["permission = 'administrator', disabled_at = 1"], false),
        (&["user_id = 10"], false),
    ] {
        let server = Server::start();
        let lead = json!({"full_name": "Vera", "email_address": "vera@example.test", "permission": "project_lead"});
        server.invite_by(token::PROJECT_LEAD, &lead);
        let link = server.mailed("vera@example.test");
        // Without the disabled member, the last case can move the lead's membership to another user.
        server.alter_stored("DELETE FROM account_memberships WHERE user_id = 10");
        for change in done {
            server.alter_stored(&format!("UPDATE account_memberships SET {change} WHERE id = 205"));
        }
        let before = server.everything_stored();
        let answer = server.accept_link(&link);
        assert_eq!(answer.status, if can_be_had { 200 } else { 422 }, "{done:?}: {answer}");
        assert_eq!(server.everything_stored() == before, !can_be_had, "{done:?}");
    }
    let server = Server::start();
    let manage = |method: &str, path: &str| server.request(method, path).bearer(token::OWNER).send();
    // A revoked invitation leaves neither link, mail nor user.
    let (id, link) = server.invite_by_mail("revoked@example.test");
    manage("PUT", &format!("/account_invitations/{id}/resend")).expect(200);
    manage("DELETE", &format!("/account_invitations/{id}")).expect(204);
    server.accept_link(&link).expect(404);
    assert_eq!(server.deliver(), 0);
    assert_eq!(server.number("SELECT count(*) FROM users WHERE email_address = 'revoked@example.test'"), 0);
    assert_eq!(server.number(&format!("SELECT count(*) FROM invitation_links WHERE invitation_id = {id}")), 0);
    // A removed member cannot return by an old link, token, session or password.
    let (_, link) = server.invite_by_mail("removed@example.test");
    let mut browser = Browser::new(&server);
    browser.decide(&link, &[("password", PASSWORD)]).expect(200);
    let user = server.number("SELECT id FROM users WHERE email_address = 'removed@example.test'");
    let bearer = server.token_of(user);
    let membership = server.number(&format!("SELECT id FROM account_memberships WHERE user_id = {user}"));
    manage("DELETE", &format!("/account_memberships/{membership}")).expect(204);
    let before = server.everything_stored();
    server.accept_link(&link).expect(404);
    server.get("/users/me").bearer(&bearer).send().expect(401);
    assert_eq!(server.everything_stored(), before);
    for table in ["sessions", "passwords", "sign_in_links"] {
        assert_eq!(server.number(&format!("SELECT count(*) FROM {table} WHERE user_id = {user}")), 0, "{table}");
    }
}
