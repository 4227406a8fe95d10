//! `only`: the records with these ids, on one page.

use serde_json::json;

use super::meta;
use crate::support::{Server, token};

#[test]
fn b6_only_selects_records_by_id() {
    let server = Server::start();
    assert_eq!(server.list("only=2").ids(), ["2"]);
    // The default order still applies.
    assert_eq!(server.list("only=1,3").ids(), ["3", "1"]);
    assert_eq!(server.list("only=1,3&order=created_at:asc").ids(), ["1", "3"]);
    assert_eq!(server.list("only=1,1,2,1").ids(), ["2", "1"]);
}

#[test]
fn b6_pieces_that_are_not_all_digits_are_dropped() {
    let server = Server::start();
    for (only, ids) in [
        ("1,%202", vec!["1"]),
        ("1,x,2", vec!["2", "1"]),
        ("1,2x", vec!["1"]),
        ("-1,%2B2,3", vec!["3"]),
        ("1.0,2", vec!["2"]),
        ("1;2", vec![]),
        ("%D9%A1", vec![]),
        ("abc", vec![]),
        (",", vec![]),
        (",2,", vec!["2"]),
        ("002", vec!["2"]),
        ("2,002", vec!["2"]),
        ("99999999999999999999,1", vec!["1"]),
    ] {
        let answer = server.list(&format!("only={only}"));
        assert_eq!(answer.ids(), ids, "only={only}");
        assert_eq!(answer.json()["count"], ids.len(), "only={only}");
    }
}

#[test]
fn b6_a_blank_only_is_ignored() {
    let server = Server::start();
    for query in ["only=", "only=%20", "only=%20%20", "only"] {
        assert_eq!(server.list(query).ids(), ["3", "2", "1"], "{query}");
    }
}

#[test]
fn b6_a_missing_id_is_no_404() {
    let server = Server::start();
    assert_eq!(server.list("only=999").ids(), Vec::<String>::new());
    assert_eq!(server.list("only=1,999").ids(), ["1"]);
    assert_eq!(meta(&server.list("only=abc")), json!([0, 0, 0, 20]));
    // Nor is an id of another account, which looks the same.
    assert_eq!(server.list("only=5").text(), server.list("only=999").text());
}

#[test]
fn b6_default_filters_and_given_filters_still_apply() {
    let server = Server::start();
    assert_eq!(server.list("only=1,4").ids(), ["1"]);
    assert_eq!(server.list("only=1,4&only_pending=false").ids(), ["4", "1"]);
    assert_eq!(server.list("only=1,4&apply_default_filters=false").ids(), ["4", "1"]);
    assert_eq!(server.list("only=1,2&by_full_name=grace").ids(), ["2"]);
}

#[test]
fn b6_only_switches_paging_off() {
    let server = Server::start();
    let ids = server.invite_crowd(200);
    let answer = server.list(&format!("only={}", ids.join(",")));
    assert_eq!(answer.ids().len(), 200);
    // `meta` still shows the page size and the number of pages it would make (E3).
    assert_eq!(meta(&answer), json!([200, 10, 1, 20]));
    let answer = server.list("only=1,2,3&per_page=2&page=2");
    assert_eq!(answer.ids(), ["3", "2", "1"]);
    assert_eq!(meta(&answer), json!([3, 2, 2, 2]));
    assert_eq!(server.list("only=1,2,3&limit=1&offset=1").ids(), ["3", "2", "1"]);
}

#[test]
fn b6_only_switches_search_off() {
    let server = Server::start();
    assert_eq!(server.list("only=1,2&search=nobody").ids(), ["2", "1"]);
    assert_eq!(server.list("only=&search=grace").ids(), ["2"]);
}

#[test]
fn b6_only_lists_two_hundred_ids_and_no_more() {
    let server = Server::start();
    let ids = |most: i64| (1..=most).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(server.list(&format!("only={}", ids(200))).ids(), ["3", "2", "1"]);
    let refused =
        server.get(&format!("/account_invitations?only={}", ids(201))).bearer(token::OWNER).send().expect(400);
    assert_eq!(refused.errors()[0].3, "only must not list more than 200 ids.");
}
