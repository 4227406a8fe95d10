//! Which users lists, show and `users/me` return, their order, and their visible fields.

use serde_json::{Value, json};

use super::NONE;
use crate::support::ordered_json;
use crate::support::{Server, token};

/// Users of the seed with an active membership, by name.
const ACTIVE: [&str; 10] = ["2", "14", "6", "7", "9", "5", "1", "8", "3", "4"];
/// The same with the disabled 10 and the invitees 11, 12 and 13.
const ALL: [&str; 14] = ["11", "2", "14", "6", "7", "10", "13", "9", "12", "5", "1", "8", "3", "4"];

/// The ids of the administrator's list with a query string.
#[track_caller]
fn found(server: &Server, query: &str) -> Vec<String> {
    let answer = server.read(&format!("/users?{query}"));
    assert_eq!(answer.json()["count"], answer.ids().len(), "{query}: {answer}");
    answer.ids()
}

/// Changes a user's membership as the administrator.
#[track_caller]
fn set_membership(server: &Server, user: u64, attributes: &Value) {
    let path = format!("/account_memberships/{}", 200 + user);
    server.change(&path, &json!({ "account_membership": attributes })).expect(200);
}

#[test]
fn a_list_has_the_active_members_by_name() {
    let server = Server::start();
    assert_eq!(found(&server, ""), ACTIVE);
    assert_eq!(found(&server, "order=alphabetical:desc"), ACTIVE.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(found(&server, "order=created_at:desc"), ACTIVE);
    let other = server.get("/users?show_disabled=true").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!(other.ids(), ["22", "21"]);
}

#[test]
fn g6_show_disabled_acts_on_the_list_and_on_show() {
    let server = Server::start();
    for (query, shows_all) in [
        ("", false),
        ("show_disabled=false", false),
        ("show_disabled=0", false),
        ("show_disabled=", false),
        ("apply_default_filters=true", false),
        ("show_disabled=true", true),
        ("show_disabled=t", true),
        ("show_disabled=banana", true),
        ("apply_default_filters=false", true),
        ("apply_default_filters=", true),
        // Only defaults are left out: a filter that is given counts all the same.
        ("apply_default_filters=false&show_disabled=false", false),
        ("apply_default_filters=true&show_disabled=true", true),
    ] {
        let due = if shows_all { &ALL[..] } else { &ACTIVE };
        assert_eq!(found(&server, query), due, "{query}");
        // A disabled member, and two invitees, of whom only some may know (G14).
        for (id, bearer) in [("10", token::COLLABORATOR), ("11", token::PROJECT_LEAD), ("13", token::PROJECT_LEAD)] {
            let status = server.get(&format!("/users/{id}?{query}")).bearer(bearer).send().status;
            assert_eq!(status, if shows_all { 200 } else { 404 }, "{id} with {query}");
        }
        assert_eq!(server.ids_at(&format!("/users/5?{query}")), ["5"]);
        for foreign in ["21", "22", "999"] {
            let path = format!("/users/{foreign}?{query}");
            assert_eq!(server.get(&path).bearer(token::ADMINISTRATOR).send().status, 404, "{path}");
        }
    }
}

#[test]
fn e10_no_other_filter_acts_on_show() {
    let server = Server::start();
    let plain = server.read("/users/5");
    for query in ["by_full_name=zzz", "account_id=2", "managers=true", "matching=zzz", "without_users=5", "search=zzz"]
    {
        assert_eq!(server.read(&format!("/users/5?{query}")).text(), plain.text(), "{query}");
    }
}

#[test]
fn h1_lists_contain_only_the_callers_account() {
    let server = Server::start();
    for (query, due) in [
        ("on_my_account=true", &ACTIVE[..]),
        ("on_my_account=false", &ACTIVE),
        ("on_my_account=false&show_disabled=true", &ALL),
        ("account_id=1", &ACTIVE),
        ("account_id=1&show_disabled=true", &ALL),
        ("account_id=", &ACTIVE),
        ("account_id=2", &[]),
        ("account_id=2&on_my_account=false&show_disabled=true", &[]),
        ("account_id=999", &[]),
        ("account_id=x", &[]),
    ] {
        assert_eq!(found(&server, query), due, "{query}");
    }
    let other = server.get("/users?account_id=1").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!(other.ids(), NONE);
}

#[test]
fn g7_addresses_are_compared_whole_and_in_lower_case() {
    let server = Server::start();
    for (text, due) in [
        ("project_lead@example.com", &["5"][..]),
        ("Project_LEAD@example.com", &["5"]),
        ("project_lead@example", &[]),
        ("lead@example.test", &[]),
        ("project_lead@example.com,owner@example.com", &[]),
        ("ada@example.com", &[]),
        ("ada@example.com&show_disabled=true", &["11"]),
        ("other_administrator@example.com&show_disabled=true", &[]),
        ("", &ACTIVE),
    ] {
        assert_eq!(found(&server, &format!("by_email_address={text}")), due, "by_email_address={text}");
    }
    for (text, due) in [
        ("OWNER@example.com,project_lead@example.com,nobody@example.test", &["5", "1"][..]),
        ("owner@example.com", &["1"]),
        ("owner@example.com,owner@example.com", &["1"]),
        ("ada@example.com,owner@example.com", &["1"]),
        ("ada@example.com,owner@example.com&show_disabled=true", &["11", "1"]),
        ("owner", &[]),
        ("", &ACTIVE),
    ] {
        assert_eq!(found(&server, &format!("by_email_addresses={text}")), due, "by_email_addresses={text}");
    }
}

#[test]
fn g7_more_than_two_hundred_addresses_are_refused() {
    let server = Server::start();
    let addresses = |count: usize| {
        let mut all: Vec<String> = (1..count).map(|number| format!("n{number}@example.test")).collect();
        all.push("owner@example.com".to_owned());
        all.join(",")
    };
    assert_eq!(found(&server, &format!("by_email_addresses={}", addresses(200))), ["1"]);
    let path = format!("/users?by_email_addresses={}", addresses(201));
    let answer = server.get(&path).bearer(token::ADMINISTRATOR).send().expect(400);
    assert_eq!(answer.errors()[0].0, "syntax");
    // Token and level are checked before.
    server.get(&path).send().expect(401);
}

#[test]
fn names_and_roles_are_found_by_an_untrimmed_part() {
    let server = Server::start();
    set_membership(&server, 5, &json!({"default_role_id": 101}));
    set_membership(&server, 4, &json!({"default_role_id": 103}));
    set_membership(&server, 10, &json!({"default_role_id": 101}));
    for (query, due) in [
        ("by_full_name=REPORTS", &["3", "4"][..]),
        ("by_full_name=n+r", &["4"]),
        ("by_full_name=reports+", &[]),
        ("by_full_name=example.test", &[]),
        ("by_full_name=develop", &[]),
        ("by_full_name_or_account_role=develop", &["5"]),
        ("by_full_name_or_account_role=DEVELOPER&show_disabled=true", &["10", "5"]),
        ("by_full_name_or_account_role=developer+", &[]),
        ("by_full_name_or_account_role=r", &["2", "14", "6", "7", "9", "5", "1", "3", "4"]),
        ("by_full_name_or_account_role=manager", &["4"]),
        ("by_full_name_or_account_role=example.test", &[]),
        ("matching=REPORTS", &["3", "4"]),
        ("matching=barbara@EX", &["14"]),
        ("matching=n+r", &["4"]),
        ("matching=+lead", &["5"]),
        ("matching=lead+", &[]),
        ("matching=lead+project", &[]),
        ("matching=develop", &[]),
        ("matching=ada", &["2"]),
        ("matching=ada&show_disabled=true", &["11", "2"]),
    ] {
        assert_eq!(found(&server, query), due, "{query}");
    }
}

#[test]
fn h4_account_role_ids_uses_the_pieces_that_are_all_digits() {
    let server = Server::start();
    for (user, role) in [(5, 101), (6, 102), (7, 103), (10, 101)] {
        set_membership(&server, user, &json!({ "default_role_id": role }));
    }
    for (text, due) in [
        ("101", &["5"][..]),
        ("101,103", &["7", "5"]),
        ("101,%20103", &["5"]),
        ("101,x", &["5"]),
        ("101&show_disabled=true", &["10", "5"]),
        ("104", &[]),
        ("111", &[]),
        ("x", &[]),
        ("", &ACTIVE),
    ] {
        assert_eq!(found(&server, &format!("account_role_ids={text}")), due, "account_role_ids={text}");
    }
}

#[test]
fn e11_predicates_of_the_level_have_a_complement() {
    let server = Server::start();
    for (query, due) in [
        ("can_view_reports=true", &["2", "1", "3", "4"][..]),
        ("can_view_reports=false", &["14", "6", "7", "9", "5", "8"]),
        ("is_project_lead=true", &["2", "5", "1", "3", "4"]),
        ("is_project_lead=false", &["14", "6", "7", "9", "8"]),
        ("is_project_lead=true&can_view_reports=false", &["5"]),
        ("can_view_reports=", &ACTIVE),
    ] {
        assert_eq!(found(&server, query), due, "{query}");
    }
    // Without a membership, a user has no level.
    assert_eq!(found(&server, "is_project_lead=false&show_disabled=true&with_users=10,11,5"), ["11", "10"]);
    set_membership(&server, 7, &json!({"permission": "reports_viewer"}));
    assert_eq!(found(&server, "can_view_reports=true"), ["2", "7", "1", "3", "4"]);
}

#[test]
fn managers_are_users_who_manage_a_member() {
    let server = Server::start();
    assert_eq!(found(&server, "managers=true"), NONE);
    assert_eq!(found(&server, "managers=false"), ACTIVE);
    set_membership(&server, 7, &json!({"manager_id": 5}));
    set_membership(&server, 8, &json!({"manager_id": 5}));
    set_membership(&server, 9, &json!({"manager_id": 2}));
    assert_eq!(found(&server, "managers=true"), ["2", "5"]);
    // The vendor's default, which restricts nothing.
    assert_eq!(found(&server, "managers=false"), ACTIVE);
    set_membership(&server, 9, &json!({"manager_id": null}));
    assert_eq!(found(&server, "managers=true"), ["5"]);
}

#[test]
fn h4_with_users_and_without_users_list_ids() {
    let server = Server::start();
    for (query, due) in [
        ("with_users=1,3", &["1", "3"][..]),
        ("with_users=1,%203", &["1"]),
        ("with_users=x", &[]),
        ("with_users=", &ACTIVE),
        ("with_users=5,10,11,21", &["5"]),
        ("with_users=5,10,11,21&show_disabled=true", &["11", "10", "5"]),
        ("without_users=2,14,%206", &["6", "7", "9", "5", "1", "8", "3", "4"]),
        // What cannot be read matches nothing, so that nobody acts on everybody.
        ("without_users=x", &[]),
        ("without_users=", &ACTIVE),
        ("without_users=999", &ACTIVE),
        ("with_users=1,3&without_users=3,4", &["1"]),
    ] {
        assert_eq!(found(&server, query), due, "{query}");
    }
}

#[test]
fn h18_an_invitee_is_as_old_as_the_invitation() {
    let server = Server::start();
    server.advance_seconds(1);
    let invitation = server.invite(&json!({"full_name": "Zoe New", "email_address": "zoe@example.test"}));
    let zoe = server.show(&invitation).record()["invitee_id"].as_str().unwrap().to_owned();
    let query = |filter: &str| found(&server, &format!("show_disabled=true&{filter}"));
    assert_eq!(query("created_after=2031-01-02T03:04:05Z"), [&*zoe]);
    assert_eq!(query("created_after=2031-01-02T03:04:06Z"), NONE);
    assert_eq!(query("created_before=2031-01-02T03:04:06Z"), ALL);
    // Invitation 1 and its invitee are 20 days old; the newest member joined 46 days ago.
    assert_eq!(query("created_after=2030-12-01&created_before=2030-12-14"), ["11"]);
    assert_eq!(query("created_before=2030-11-05"), ["1"]);
    server.advance_seconds(1);
    server.change("/users/5", &json!({"user": {}})).expect(200);
    assert_eq!(query("updated_after=2031-01-02T03:04:06Z"), ["5"]);
    assert_eq!(query("updated_after=2031-01-02T03:04:07Z"), NONE);
    assert_eq!(query("updated_before=2030-11-05"), ["1"]);
    assert_eq!(query("updated_before=nonsense").len(), ALL.len() + 1);
}

#[test]
fn h2_search_orders_by_rank_and_then_by_name() {
    let server = Server::start();
    for (text, due) in [
        // At the start of a word first; then by name.
        ("ad", &["2", "5"][..]),
        ("ad&show_disabled=true", &["11", "2", "5"]),
        ("re", &["3", "4", "6"]),
        ("barbara@example", &["14"]),
        ("ER", &["9", "1", "3", "4"]),
    ] {
        assert_eq!(found(&server, &format!("search={text}")), due, "search={text}");
    }
    // An order replaces the rank.
    server.change("/users/5", &json!({"user": {"full_name": "Aaa Toad"}})).expect(200);
    assert_eq!(found(&server, "search=ad"), ["2", "5"]);
    assert_eq!(found(&server, "search=ad&order=alphabetical"), ["5", "2"]);
    assert_eq!(found(&server, "search=dora"), NONE);
    assert_eq!(found(&server, "search=zzz"), NONE);
}

#[test]
fn users_me_is_the_tokens_user_whatever_the_filters() {
    let server = Server::start();
    for (id, token) in [("1", token::OWNER), ("5", token::PROJECT_LEAD), ("8", token::PUNCH_CLOCK)] {
        assert_eq!(server.get("/users/me").bearer(token).send().expect(200).ids(), [id]);
    }
    let me = |query: &str| server.get(&format!("/users/me{query}")).bearer(token::PROJECT_LEAD).send().expect(200);
    let plain = me("");
    for query in
        ["?by_full_name=zzz", "?show_disabled=false&with_users=1", "?account_id=2", "?only=1", ".json?search=z"]
    {
        assert_eq!(me(query).text(), plain.text(), "{query}");
    }
    assert_eq!(me("?optional_fields=bio,city").record()["city"], Value::Null);
    assert!(me("?optional_fields=bio,city").record().as_object().unwrap().contains_key("bio"));
    let answer = me("?include=account_membership,role,external_references");
    assert_eq!(answer.record()["account_membership_id"], "205");
    assert_eq!(answer.json()["account_memberships"]["205"]["permission"], "project_lead");
    assert_eq!((&answer.json()["roles"], &answer.json()["external_references"]), (&json!({}), &json!({})));
}

#[test]
fn g6_writes_do_not_accept_me_and_users_are_neither_created_nor_deleted() {
    let server = Server::start();
    let body = json!({"user": {"full_name": "Somebody"}});
    let before = server.everything_stored();
    for token in [token::ADMINISTRATOR, token::COLLABORATOR] {
        server.put("/users/me").bearer(token).json(&body).send().expect(404);
        server.patch("/users/me").bearer(token).json(&body).send().expect(404);
        for path in ["/users/me", "/users/5", "/users"] {
            server.delete(path).bearer(token).send().expect(404);
            server.post(path).bearer(token).json(&body).send().expect(404);
        }
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn d3_keys_are_in_the_documented_order() {
    let server = Server::start();
    let keys = |query: &str| {
        let answer = server.read(&format!("/users/5?{query}"));
        let body = ordered_json::read(answer.text()).unwrap();
        let keys: Vec<String> =
            body.get("users").unwrap().get("5").unwrap().keys().into_iter().map(str::to_owned).collect();
        keys
    };
    assert_eq!(keys(""), ["full_name", "photo_path", "email_address", "headline", "id"]);
    assert_eq!(
        keys(
            "on_my_account=true&optional_fields=city,bio,classification,last_site_activity,website,state,country,abbreviated_timezone"
        ),
        [
            "full_name",
            "photo_path",
            "email_address",
            "headline",
            "bio",
            "website",
            "city",
            "state",
            "country",
            "abbreviated_timezone",
            "last_site_activity",
            "classification",
            "id"
        ]
    );
    assert_eq!(
        keys("include=role,account_membership&optional_fields=nonsense,email_key"),
        ["full_name", "photo_path", "email_address", "headline", "account_membership_id", "role_id", "id"]
    );
}

/// Tried: every way to a user who has not accepted yet, as each level.
#[test]
fn g14_who_may_not_see_invitations_does_not_learn_of_invitees() {
    let server = Server::start();
    // An invitee of the seed, a former member, and a former member without an invitation.
    let former = server.invite(&json!({"full_name": "Former Member", "email_address": "former@example.test"}));
    let (membership, former) = server.accept(&former);
    server.delete(&format!("/account_memberships/{membership}")).bearer(token::OWNER).send().expect(204);
    server.delete("/account_memberships/209").bearer(token::OWNER).send().expect(204);
    let invitee = server.show("1").record()["invitee_id"].as_str().unwrap().to_owned();
    let (everybody, others) = (ids_for(&server, token::PROJECT_LEAD, ""), ids_for(&server, token::COLLABORATOR, ""));
    assert!(everybody.contains(&invitee) && !others.contains(&invitee));
    for seen in [&former, "9", "10"] {
        assert!(others.contains(&seen.to_owned()), "{seen} has joined once");
    }
    for (level, bearer) in token::EVERYBODY {
        let may_see = !["project_creator", "collaborator", "punch_clock"].contains(&level);
        let get = |path: &str| server.get(path).bearer(bearer).send();
        for query in [
            "search=ada%20pending",
            "by_email_address=ada@example.com",
            "by_full_name=Ada%20P",
            "matching=ada@",
            &format!("only={invitee}"),
            &format!("with_users={invitee}"),
        ] {
            for lifted in ["show_disabled=true", "apply_default_filters=false"] {
                let answer = get(&format!("/users?{query}&{lifted}")).expect(200);
                assert_eq!(answer.ids() == [invitee.as_str()], may_see, "{level}: {query}");
                assert_eq!(answer.json()["count"], u64::from(may_see), "{level}: {query}");
            }
        }
        get(&format!("/users/{invitee}?show_disabled=true")).expect(if may_see { 200 } else { 404 });
        assert_eq!(ids_for(&server, bearer, "&per_page=1").len(), 1);
        let count = get("/users?show_disabled=true&per_page=1").json()["count"].as_u64().unwrap();
        assert_eq!(count, if may_see { everybody.len() } else { others.len() } as u64, "{level}");
        // Nor does a write tell: an unknown user and a hidden one are the same.
        let put = |user: &str| {
            let change = json!({"user": {"headline": "X"}});
            server.put(&format!("/users/{user}")).bearer(bearer).json(&change).send()
        };
        if !may_see {
            assert_eq!(put(&invitee).face(), put("999").expect(404).face(), "{level}");
        }
    }
    // After accepting, an invitee is known to all.
    let accepted = server.accept("1").1;
    assert_eq!(accepted, invitee);
    assert!(ids_for(&server, token::PUNCH_CLOCK, "").contains(&invitee));
}

fn ids_for(server: &Server, bearer: &str, query: &str) -> Vec<String> {
    server.get(&format!("/users?show_disabled=true{query}")).bearer(bearer).send().expect(200).ids()
}
