//! Which memberships a list and a show give, in which order, and what of them.

use serde_json::{Value, json};

use super::{ACTIVE_MEMBERS, NOBODY};
use crate::support::ordered_json;
use crate::support::{Server, token};

/// The ids of the administrator's list under a query string.
#[track_caller]
fn found(server: &Server, query: &str) -> Vec<String> {
    let answer = server.read(&format!("/account_memberships?{query}"));
    // Counts are kept as rows for some lists: they have to be those of the list.
    assert_eq!(answer.json()["count"], answer.ids().len(), "{query}: {answer}");
    answer.ids()
}

/// The administrator changes a membership.
#[track_caller]
fn set(server: &Server, id: &str, attributes: &Value) {
    server.change(&format!("/account_memberships/{id}"), &json!({ "account_membership": attributes })).expect(200);
}

/// A moment of the wire as a query string may hold it.
fn moment(server: &Server, id: &str, field: &str) -> String {
    server.read(&format!("/account_memberships/{id}")).record()[field].as_str().unwrap().to_owned()
}

#[test]
fn a_list_has_the_active_members_newest_first() {
    let server = Server::start();
    assert_eq!(found(&server, ""), ACTIVE_MEMBERS);
    let everybody_of_the_other =
        server.get("/account_memberships?only_active=false").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!(everybody_of_the_other.ids(), ["221"]);
}

#[test]
fn by_full_name_finds_a_part_of_the_users_name_in_any_case() {
    let server = Server::start();
    for (text, ids) in [
        ("REPORTS", &["204", "203"][..]),
        ("barbara", &["214"]),
        ("n+r", &["204"]),
        ("reports+", &[]),
        // Not the address, and not who is disabled.
        ("example.test", &[]),
        ("dora", &[]),
        ("dora&only_active=false", &["210"]),
        ("other", &[]),
    ] {
        assert_eq!(found(&server, &format!("by_full_name={text}")), ids, "by_full_name={text}");
    }
}

#[test]
fn h4_by_user_id_finds_one_and_nobody_when_unreadable() {
    let server = Server::start();
    for (text, ids) in [
        ("5", &["205"][..]),
        ("007", &["207"]),
        ("10", &[]),
        ("10&only_active=false", &["210"]),
        // An invitee, a user of the other account, no user, the id of a membership.
        ("11", &[]),
        ("21", &[]),
        ("999", &[]),
        ("205", &[]),
        ("x", &[]),
        ("5x", &[]),
        ("5,6", &[]),
        ("-5", &[]),
        ("5.0", &[]),
        ("99999999999999999999", &[]),
        ("", &ACTIVE_MEMBERS),
        ("+", &ACTIVE_MEMBERS),
    ] {
        assert_eq!(found(&server, &format!("by_user_id={text}")), ids, "by_user_id={text}");
    }
}

#[test]
fn h4_with_user_ids_takes_the_pieces_that_are_all_digits() {
    let server = Server::start();
    for (text, ids) in [
        ("1,3", &["203", "201"][..]),
        ("1,%203", &["201"]),
        ("1,+3", &["201"]),
        ("1,x,3,3x,3", &["203", "201"]),
        ("10,11,21,5", &["205"]),
        ("x", &[]),
        (",", &[]),
        ("", &ACTIVE_MEMBERS),
    ] {
        assert_eq!(found(&server, &format!("with_user_ids={text}")), ids, "with_user_ids={text}");
    }
    assert_eq!(found(&server, "with_user_ids=10,5&is_active=false"), ["210"]);
}

#[test]
fn e11_can_log_in_has_a_complement() {
    let server = Server::start();
    assert_eq!(found(&server, "can_log_in=true"), ACTIVE_MEMBERS);
    assert_eq!(found(&server, "can_log_in=true&only_active=false"), ACTIVE_MEMBERS);
    assert_eq!(found(&server, "can_log_in=false&only_active=false"), ["210"]);
    // It is none of the filters that lift the default.
    assert_eq!(found(&server, "can_log_in=false"), NOBODY);
    assert_eq!(found(&server, "can_log_in=true&only_inactive=true"), NOBODY);
}

#[test]
fn h3_the_filters_of_the_state_act_on_lists_and_on_show() {
    let server = Server::start();
    // Whether the active and whether the disabled members are seen.
    for (query, active, disabled) in [
        ("", true, false),
        ("only_active=true", true, false),
        ("only_active=false", true, true),
        ("only_active=", true, false),
        ("only_inactive=true", false, true),
        ("only_inactive=1", false, true),
        ("only_inactive=banana", false, true),
        ("only_inactive=false", true, false),
        ("is_active=true", true, false),
        ("is_active=false", false, true),
        ("is_active=f", false, true),
        ("is_active=banana", true, false),
        ("apply_default_filters=true", true, false),
        ("apply_default_filters=false", true, true),
        ("apply_default_filters=", true, true),
        // They combine with AND.
        ("only_active=true&only_inactive=true", false, false),
        ("only_active=true&is_active=false", false, false),
        ("is_active=true&only_inactive=true", false, false),
        ("only_active=false&only_inactive=true", false, true),
        ("only_active=false&is_active=true", true, false),
        ("only_active=false&is_active=false", false, true),
        ("only_inactive=false&is_active=false", false, true),
        ("apply_default_filters=false&only_active=true", true, false),
        ("apply_default_filters=false&only_inactive=true", false, true),
        ("apply_default_filters=true&only_active=false", true, true),
    ] {
        let ids = found(&server, query);
        assert_eq!(ids.iter().any(|id| id == "210"), disabled, "the disabled one of {query}");
        assert_eq!(ids.len(), if active { 10 } else { 0 } + usize::from(disabled), "{query}");
        for (id, is_seen) in [("205", active), ("210", disabled)] {
            let path = format!("/account_memberships/{id}?{query}");
            let status = server.get(&path).bearer(token::ADMINISTRATOR).send().status;
            assert_eq!(status, if is_seen { 200 } else { 404 }, "{path}");
        }
    }
}

#[test]
fn e10_no_other_filter_acts_on_show() {
    let server = Server::start();
    let plain = server.read("/account_memberships/205");
    for query in [
        "by_full_name=zzz",
        "by_user_id=1",
        "with_user_ids=1",
        "can_log_in=false",
        "created_after=2040-01-01",
        "updated_before=2000-01-01",
        "search=zzz",
        "only=1",
    ] {
        assert_eq!(server.read(&format!("/account_memberships/205?{query}")).text(), plain.text(), "{query}");
    }
}

#[test]
fn g8_bounds_of_moments_are_strict() {
    let server = Server::start();
    let created_at = moment(&server, "205", "created_at");
    assert_eq!(created_at, "2030-11-08T03:04:05Z");
    let (newer, older) = (["214", "209", "208", "207", "206"], ["204", "203", "202", "201"]);
    for spelling in [&created_at, "2030-11-08T03:04:05", "2030-11-08T05:04:05%2B02:00", "2030-11-07T22:04:05-05:00"] {
        assert_eq!(found(&server, &format!("created_after={spelling}")), newer, "{spelling}");
        assert_eq!(found(&server, &format!("created_before={spelling}")), older, "{spelling}");
    }
    assert_eq!(found(&server, "created_after=2030-11-05T03:04:05Z&created_before=2030-11-07T03:04:05Z"), ["203"]);
    set(&server, "205", &json!({}));
    let updated_at = moment(&server, "205", "updated_at");
    assert_eq!(updated_at, "2031-01-02T03:04:05Z");
    assert_eq!(found(&server, "updated_after=2031-01-02T03:04:04Z"), ["205"]);
    assert_eq!(found(&server, &format!("updated_after={updated_at}")), NOBODY);
    let others: Vec<&str> = ACTIVE_MEMBERS.into_iter().filter(|id| *id != "205").collect();
    assert_eq!(found(&server, &format!("updated_before={updated_at}")), others);
}

#[test]
fn g8_a_day_is_its_midnight_in_utc() {
    let server = Server::start();
    assert_eq!(found(&server, "created_after=2030-11-08")[5], "205");
    assert_eq!(found(&server, "created_before=2030-11-08"), ["204", "203", "202", "201"]);
    // The rest of the day of the beginning, so that somebody becomes a member just at midnight.
    server.advance_seconds(86_400 - (3 * 3_600 + 4 * 60 + 5));
    let invitation = server.invite(&json!({"full_name": "Mid Night", "email_address": "midnight@example.test"}));
    let (membership, _) = server.accept(&invitation);
    assert_eq!(moment(&server, &membership, "created_at"), "2031-01-03T00:00:00Z");
    assert_eq!(found(&server, "created_after=2031-01-03"), NOBODY);
    assert_eq!(found(&server, "created_before=2031-01-03"), ACTIVE_MEMBERS);
    assert_eq!(found(&server, "created_after=2031-01-02"), [membership]);
}

#[test]
fn g8_an_unreadable_moment_is_as_if_absent() {
    let server = Server::start();
    for text in ["yesterday", "2031-13-01", "2031-02-30", "1925035200", "0", "", "+", "2031"] {
        for filter in ["created_after", "created_before", "updated_after", "updated_before"] {
            assert_eq!(found(&server, &format!("{filter}={text}")), ACTIVE_MEMBERS, "{filter}={text}");
        }
    }
}

#[test]
fn h2_search_looks_into_name_and_address_of_the_user() {
    let server = Server::start();
    for (text, ids) in [
        ("barbara", &["214"][..]),
        ("barbara@EXAMPLE", &["214"]),
        ("external_coll", &["209"]),
        ("reports-cost", &["203"]),
        // At the start of a word first; then the newest first.
        ("ad", &["202", "205"]),
        ("ad&order=created_at:desc", &["205", "202"]),
        ("ad&order=nonsense", &["202", "205"]),
        ("reports", &["204", "203"]),
        // Both texts, but no match across them.
        ("lead+project", &[]),
        ("zzz", &[]),
        // Filters apply, the default one included.
        ("dora", &[]),
        ("dora&only_active=false", &["210"]),
        ("ad&by_user_id=5", &["205"]),
        ("zzz&only=205", &["205"]),
    ] {
        assert_eq!(found(&server, &format!("search={text}")), ids, "search={text}");
    }
}

#[test]
fn every_order_has_its_text_or_number() {
    let server = Server::start();
    for (order, ids) in [
        ("created_at:asc", ["201", "202", "203", "204", "205", "206", "207", "208", "209", "214"]),
        ("created_at:desc", ACTIVE_MEMBERS),
        ("full_name", ["202", "214", "206", "207", "209", "205", "201", "208", "203", "204"]),
        ("full_name:desc", ["204", "203", "208", "201", "205", "209", "207", "206", "214", "202"]),
        // The stored text decides, and equal ones go by id in both directions.
        ("permission:asc", ["201", "202", "207", "209", "206", "214", "205", "208", "204", "203"]),
        ("permission:desc", ["203", "204", "208", "205", "206", "214", "209", "207", "201", "202"]),
        ("user_id", ACTIVE_MEMBERS),
        ("is_owner:desc", ACTIVE_MEMBERS),
    ] {
        assert_eq!(found(&server, &format!("order={order}")), ids, "order={order}");
    }
    server.advance_seconds(1);
    set(&server, "203", &json!({}));
    server.advance_seconds(1);
    set(&server, "201", &json!({}));
    assert_eq!(found(&server, "order=updated_at:desc")[..3], ["201", "203", "214"]);
    assert_eq!(found(&server, "order=updated_at:asc")[8..], ["203", "201"]);
}

#[test]
fn g10_the_order_by_role_is_that_of_its_name_and_none_comes_first() {
    let server = Server::start();
    let body = json!({"role": {"name": "apprentice"}});
    let apprentice = server.post("/roles").bearer(token::ADMINISTRATOR).json(&body).send().expect(200).ids().remove(0);
    // By id it would be the last one, by code point of the stored name too.
    for (id, role) in [("201", &*apprentice), ("205", "103"), ("206", "101"), ("207", "102")] {
        set(&server, id, &json!({ "default_role_id": role }));
    }
    let without = ["202", "203", "204", "208", "209", "214"];
    assert_eq!(found(&server, "order=role:asc"), [&without[..], &["201", "207", "206", "205"]].concat());
    assert_eq!(found(&server, "order=role:desc"), [&["205", "206", "207", "201"][..], &without].concat());
}

#[test]
fn an_order_by_rates_falls_back_for_who_may_not_see_them() {
    let server = Server::start();
    set(&server, "205", &json!({"bill_rate_in_cents": 9_000, "cost_rate_in_cents": 10}));
    set(&server, "206", &json!({"bill_rate_in_cents": 100, "cost_rate_in_cents": 30}));
    set(&server, "207", &json!({"cost_rate_in_cents": 20}));
    // The member who tracks time has 5000 from the beginning.
    let by_bill_rate = ["201", "202", "203", "204", "207", "209", "214", "206", "208", "205"];
    let by_cost_rate = ["201", "202", "203", "204", "208", "209", "214", "205", "207", "206"];
    for (name, token) in token::EVERYBODY {
        let ids = |order: &str| {
            server.get(&format!("/account_memberships?order={order}")).bearer(token).send().expect(200).ids()
        };
        let administers = ["owner", "administrator"].contains(&name);
        let leads = !["project_creator", "collaborator", "punch_clock"].contains(&name);
        assert_eq!(ids("bill_rate:asc"), if leads { by_bill_rate } else { ACTIVE_MEMBERS }, "{name}");
        assert_eq!(ids("cost_rate:asc"), if administers { by_cost_rate } else { ACTIVE_MEMBERS }, "{name}");
    }
    let falling = server.ids_at("/account_memberships?order=cost_rate:desc");
    assert_eq!(falling[..4], ["206", "207", "205", "201"]);
}

#[test]
fn b15_a_member_sees_the_rates_of_the_own_level() {
    let server = Server::start();
    set(&server, "205", &json!({"bill_rate_in_cents": 1, "cost_rate_in_cents": 2, "billability_target": 3}));
    for (name, token) in token::EVERYBODY {
        let due: &[&str] = match name {
            "owner" | "administrator" => &["bill_rate_in_cents", "billability_target", "cost_rate_in_cents"],
            "project_creator" | "collaborator" | "punch_clock" => &[],
            _ => &["bill_rate_in_cents", "billability_target"],
        };
        for path in ["/account_memberships/205", "/account_memberships?per_page=200"] {
            for record in server.get(path).bearer(token).send().expect(200).records() {
                let seen: Vec<&str> = ["bill_rate_in_cents", "billability_target", "cost_rate_in_cents"]
                    .into_iter()
                    .filter(|key| record.get(key).is_some())
                    .collect();
                assert_eq!(seen, due, "{name} on {path}: {record}");
            }
        }
    }
}

#[test]
fn truth_values_follow_from_the_permission() {
    let server = Server::start();
    let flags = |id: &str| {
        let record = server.read(&format!("/account_memberships/{id}")).record();
        ["is_administrator", "can_view_reports", "is_project_lead", "can_create_workspace", "is_punch_clock_user"]
            .map(|name| u8::from(record[name].as_bool().unwrap()))
    };
    for (id, due) in [
        ("201", [1, 1, 1, 1, 0]),
        ("202", [1, 1, 1, 1, 0]),
        ("203", [0, 1, 1, 1, 0]),
        ("204", [0, 1, 1, 1, 0]),
        ("205", [0, 0, 1, 1, 0]),
        ("206", [0, 0, 0, 1, 0]),
        ("207", [0, 0, 0, 0, 0]),
        ("208", [0, 0, 0, 0, 1]),
        ("209", [0, 0, 0, 0, 0]),
    ] {
        assert_eq!(flags(id), due, "{id}");
    }
    let owners = |record: &Value| record["is_owner"] == true;
    let list = server.read("/account_memberships").records();
    assert_eq!(list.iter().filter(|record| owners(record)).count(), 1);
    assert!(owners(&server.read("/account_memberships/201").record()));
}

#[test]
fn d3_keys_come_in_the_documented_order() {
    let server = Server::start();
    let due = [
        "permission",
        "is_administrator",
        "is_project_lead",
        "is_punch_clock_user",
        "is_owner",
        "is_backup_approver",
        "can_create_workspace",
        "can_view_reports",
        "default_read_only",
        "manager_can_approve",
        "manager_can_edit_skills",
        "should_show_alert_on_timesheet_submission",
        "disabled_at",
        "created_at",
        "updated_at",
        "user_id",
        "default_role_id",
        "manager_id",
        "managee_ids",
        "id",
    ];
    let path = "/account_memberships/205?include=managees";
    let answer = server.get(path).bearer(token::COLLABORATOR).send().expect(200);
    let body = ordered_json::read(answer.text()).unwrap();
    assert_eq!(body.get("account_memberships").unwrap().get("205").unwrap().keys(), due);
}

#[test]
fn b9_optional_fields_come_when_they_are_asked_for() {
    let server = Server::start();
    let optional = |path: &str| {
        let record = server.read(path).record();
        json!([record.get("can_log_in"), record.get("non_participant")])
    };
    for (query, due) in [
        ("", json!([null, null])),
        ("optional_fields=can_log_in", json!([true, null])),
        ("optional_fields=non_participant,%20can_log_in,nonsense", json!([true, false])),
        ("optional_fields[]=can_log_in&optional_fields[]=non_participant", json!([true, false])),
    ] {
        assert_eq!(optional(&format!("/account_memberships/205?{query}")), due, "{query}");
        assert_eq!(optional(&format!("/account_memberships?only=205&{query}")), due, "{query}");
    }
    let disabled = optional("/account_memberships/210?only_active=false&optional_fields=can_log_in");
    assert_eq!(disabled, json!([false, null]));
    // It is no optional field: it is not there for who may not see it.
    let path = "/account_memberships/205?optional_fields=cost_rate_in_cents,bill_rate_in_cents";
    let record = server.get(path).bearer(token::COLLABORATOR).send().expect(200).record();
    assert_eq!((record.get("cost_rate_in_cents"), record.get("bill_rate_in_cents")), (None, None));
}
