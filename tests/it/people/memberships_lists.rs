//! Which memberships lists and show return.

use serde_json::json;

use super::{ACTIVE_MEMBERS, NONE};
use crate::support::{Server, token};

/// The ids of the administrator's list with a query string.
#[track_caller]
pub(super) fn found(server: &Server, query: &str) -> Vec<String> {
    let answer = server.read(&format!("/account_memberships?{query}"));
    // Some lists take their count from stored counters.
    assert_eq!(answer.json()["count"], answer.ids().len(), "{query}: {answer}");
    answer.ids()
}

/// A timestamp of the wire, encoded for a query string.
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
        // Neither the address nor a disabled member.
        ("example.test", &[]),
        ("dora", &[]),
        ("dora&only_active=false", &["210"]),
        ("other", &[]),
    ] {
        assert_eq!(found(&server, &format!("by_full_name={text}")), ids, "by_full_name={text}");
    }
}

#[test]
fn h4_by_user_id_finds_one_and_none_if_malformed() {
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
fn h4_with_user_ids_uses_the_pieces_that_are_all_digits() {
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
    // It is not among the filters that lift the default.
    assert_eq!(found(&server, "can_log_in=false"), NONE);
    assert_eq!(found(&server, "can_log_in=true&only_inactive=true"), NONE);
}

#[test]
fn h3_the_filters_of_the_state_act_on_lists_and_on_show() {
    let server = Server::start();
    // Whether active and whether disabled members are listed.
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
        assert_eq!(ids.iter().any(|id| id == "210"), disabled, "the disabled member with {query}");
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
fn g8_bounds_of_timestamps_are_exclusive() {
    let server = Server::start();
    let created_at = moment(&server, "205", "created_at");
    assert_eq!(created_at, "2030-11-08T03:04:05Z");
    let (newer, older) = (["214", "209", "208", "207", "206"], ["204", "203", "202", "201"]);
    for spelling in [&created_at, "2030-11-08T03:04:05", "2030-11-08T05:04:05%2B02:00", "2030-11-07T22:04:05-05:00"] {
        assert_eq!(found(&server, &format!("created_after={spelling}")), newer, "{spelling}");
        assert_eq!(found(&server, &format!("created_before={spelling}")), older, "{spelling}");
    }
    assert_eq!(found(&server, "created_after=2030-11-05T03:04:05Z&created_before=2030-11-07T03:04:05Z"), ["203"]);
    server.change("/account_memberships/205", &json!({"account_membership": {}})).expect(200);
    let updated_at = moment(&server, "205", "updated_at");
    assert_eq!(updated_at, "2031-01-02T03:04:05Z");
    assert_eq!(found(&server, "updated_after=2031-01-02T03:04:04Z"), ["205"]);
    assert_eq!(found(&server, &format!("updated_after={updated_at}")), NONE);
    let others: Vec<&str> = ACTIVE_MEMBERS.into_iter().filter(|id| *id != "205").collect();
    assert_eq!(found(&server, &format!("updated_before={updated_at}")), others);
}

#[test]
fn g8_a_date_means_its_midnight_in_utc() {
    let server = Server::start();
    assert_eq!(found(&server, "created_after=2030-11-08")[5], "205");
    assert_eq!(found(&server, "created_before=2030-11-08"), ["204", "203", "202", "201"]);
    // Advance to midnight exactly, so that a membership starts then.
    server.advance_seconds(86_400 - (3 * 3_600 + 4 * 60 + 5));
    let invitation = server.invite(&json!({"full_name": "Mid Night", "email_address": "midnight@example.test"}));
    let (membership, _) = server.accept(&invitation);
    assert_eq!(moment(&server, &membership, "created_at"), "2031-01-03T00:00:00Z");
    assert_eq!(found(&server, "created_after=2031-01-03"), NONE);
    assert_eq!(found(&server, "created_before=2031-01-03"), ACTIVE_MEMBERS);
    assert_eq!(found(&server, "created_after=2031-01-02"), [membership]);
}

#[test]
fn g8_a_malformed_timestamp_counts_as_absent() {
    let server = Server::start();
    for text in ["yesterday", "2031-13-01", "2031-02-30", "1925035200", "0", "", "+", "2031"] {
        for filter in ["created_after", "created_before", "updated_after", "updated_before"] {
            assert_eq!(found(&server, &format!("{filter}={text}")), ACTIVE_MEMBERS, "{filter}={text}");
        }
    }
}

#[test]
fn h2_search_covers_the_users_name_and_address() {
    let server = Server::start();
    for (text, ids) in [
        ("barbara", &["214"][..]),
        ("barbara@EXAMPLE", &["214"]),
        ("external_coll", &["209"]),
        ("reports-cost", &["203"]),
        // At the start of a word first; then newest first.
        ("ad", &["202", "205"]),
        ("ad&order=created_at:desc", &["205", "202"]),
        ("ad&order=nonsense", &["202", "205"]),
        ("reports", &["204", "203"]),
        // Both texts, but no match across them.
        ("lead+project", &[]),
        ("zzz", &[]),
        // Filters apply, including the default one.
        ("dora", &[]),
        ("dora&only_active=false", &["210"]),
        ("ad&by_user_id=5", &["205"]),
        ("zzz&only=205", &["205"]),
    ] {
        assert_eq!(found(&server, &format!("search={text}")), ids, "search={text}");
    }
}

/// Every member is a possible manager of every other: the ids of a page grow with the square of the account.
#[test]
fn g12_an_answer_that_would_list_too_many_ids_is_refused_before_the_work() {
    let server = Server::start();
    let ask = |query: &str| server.get(&format!("/account_memberships?{query}")).bearer(token::PUNCH_CLOCK).send();
    let both = "include=possible_managees,possible_managers";
    assert_eq!(ask(&format!("per_page=200&{both}")).status, 200);
    // As many members as the attack had, by the count that is kept.
    server
        .alter_stored("UPDATE tallies SET total = 20000 WHERE account_id = 1 AND name = 'account_memberships.active'");
    let (refused, (reads, _)) = server.work_of(|| ask(&format!("per_page=200&{both}")));
    assert_eq!(
        refused.expect(400).errors()[0].3,
        "The answer might list 8000000 ids, more than 250000: \
        ask for fewer records per page, or include less."
    );
    assert!(reads <= 2, "{reads}");
    for allowed in
        [format!("per_page=6&{both}"), "per_page=12&include=possible_managers".to_owned(), "per_page=200".to_owned()]
    {
        assert_eq!(ask(&allowed).status, 200, "{allowed}");
    }
    assert_eq!(ask(&format!("only=201,202&{both}")).status, 400, "only may find as many as a page");
}
