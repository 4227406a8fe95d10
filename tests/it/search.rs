//! `search` (E9): matches, order, and how it combines with the other parameters of a list.

use serde_json::json;

use crate::support::{Server, token};

const NONE: [&str; 0] = [];

/// Invites people by name and address, a second apart, and returns the ids.
fn invite_all(server: &Server, people: &[(&str, &str)]) -> Vec<String> {
    let invite = |(name, address): &(&str, &str)| {
        server.advance_seconds(1);
        server.invite(&json!({"full_name": name, "email_address": address}))
    };
    people.iter().map(invite).collect()
}

/// The full names of a list, in order.
#[track_caller]
fn names(server: &Server, query: &str) -> Vec<String> {
    let records = server.list(query).records();
    records.iter().map(|record| record["full_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn search_finds_a_part_of_the_name_or_of_the_address() {
    let server = Server::start();
    assert_eq!(server.list("search=grace").ids(), ["2"]);
    assert_eq!(server.list("search=race+fu").ids(), ["2"]);
    assert_eq!(server.list("search=ada@").ids(), ["1"]);
    assert_eq!(server.list("search=example.com").ids(), ["3", "2", "1"]);
    assert_eq!(server.list("search=%40EXAMPLE.Com").ids(), ["3", "2", "1"]);
    assert_eq!(server.list("search=nobody").ids(), NONE);
    // Neither the headline nor the inviter.
    assert_eq!(server.list("search=analyst").ids(), NONE);
    assert_eq!(server.list("search=administrator").ids(), NONE);
}

#[test]
fn search_matches_the_whole_text_rather_than_its_words() {
    let server = Server::start();
    assert_eq!(server.list("search=full+grace").ids(), NONE);
    assert_eq!(server.list("search=grace++full").ids(), NONE);
    assert_eq!(server.list("search=grace,full").ids(), NONE);
    // A match does not span name and address.
    assert_eq!(server.list("search=full+grace@").ids(), NONE);
    assert_eq!(server.list("search=fullgrace").ids(), NONE);
    assert_eq!(server.list("search=%22grace%22").ids(), NONE);
}

#[test]
fn search_ignores_case_and_surrounding_blanks() {
    let server = Server::start();
    let id = invite_all(&server, &[("Åsa ÖBERG", "asa@example.test")]).remove(0);
    for text in ["%C3%A5sa", "%C3%85SA", "%C3%B6berg", "+%C3%96berg+", "%09ASA@%09", "%E2%80%83asa@"] {
        assert_eq!(server.list(&format!("search={text}")).ids(), [&*id], "search={text}");
    }
    assert_eq!(server.list("search=Asa+O").ids(), NONE);
}

#[test]
fn a_blank_search_counts_as_absent() {
    let server = Server::start();
    let plain = server.list("").text().to_owned();
    for query in ["search=", "search=+", "search=%20%09%0A", "search"] {
        assert_eq!(server.list(query).text(), plain, "{query}");
    }
    // What cannot be read finds nothing (E13).
    for query in ["search[]=grace", "search[x]=grace"] {
        assert_eq!(server.list(query).ids(), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn the_start_of_a_word_ranks_before_its_middle() {
    let server = Server::start();
    invite_all(
        &server,
        &[
            ("Joanna One", "one@example.test"),
            ("Anna Two", "two@example.test"),
            ("Marianna Three", "three@example.test"),
            ("Lou-Anna Four", "four@example.test"),
            ("Five O'Anna", "five@example.test"),
            ("Six", "x.anna@example.test"),
            ("Seven_anna", "seven@example.test"),
            ("8anna Eight", "eight@example.test"),
            ("Nine", "xanna@example.test"),
            ("Johanna Ten", "anna10@example.test"),
        ],
    );
    // Newest first within a rank.
    assert_eq!(
        names(&server, "search=anna"),
        [
            "Johanna Ten",
            "Seven_anna",
            "Six",
            "Five O'Anna",
            "Lou-Anna Four",
            "Anna Two",
            "Nine",
            "8anna Eight",
            "Marianna Three",
            "Joanna One",
        ]
    );
}

#[test]
fn any_occurrence_at_the_start_of_a_word_counts() {
    let server = Server::start();
    invite_all(&server, &[("Banana An", "b@example.test"), ("Banana Xan", "c@example.test")]);
    assert_eq!(names(&server, "search=an&by_full_name=banana"), ["Banana An", "Banana Xan"]);
}

#[test]
fn letters_and_digits_of_every_script_make_words() {
    let server = Server::start();
    invite_all(
        &server,
        &[
            ("Ёжик", "first@example.test"),
            ("цЁжик", "second@example.test"),
            ("日ёжик", "third@example.test"),
            ("٣ёжик", "fourth@example.test"),
            ("«ёжик»", "fifth@example.test"),
            ("😀ёжик", "sixth@example.test"),
        ],
    );
    assert_eq!(
        names(&server, "search=%D1%91%D0%B6%D0%B8%D0%BA"),
        ["😀ёжик", "«ёжик»", "Ёжик", "٣ёжик", "日ёжик", "цЁжик"]
    );
}

#[test]
fn a_text_that_begins_with_a_symbol_ranks_first_at_the_start_or_after_another_symbol() {
    let server = Server::start();
    // The `@` follows a letter, so it does not start a word.
    invite_all(&server, &[("A @home", "one@example.test"), ("B x@home", "two@example.test")]);
    assert_eq!(names(&server, "search=%40home"), ["A @home", "B x@home"]);
}

#[test]
fn ties_in_rank_and_time_are_ordered_by_id() {
    let server = Server::start();
    let bulk = server.invite_crowd(5);
    assert_eq!(server.list("search=person").ids(), bulk);
}

#[test]
fn an_explicit_order_wins_over_relevance() {
    let server = Server::start();
    invite_all(
        &server,
        &[("Xanna", "one@example.test"), ("Anna B", "two@example.test"), ("Anna A", "three@example.test")],
    );
    assert_eq!(names(&server, "search=anna"), ["Anna A", "Anna B", "Xanna"]);
    assert_eq!(names(&server, "search=anna&order=full_name:desc"), ["Xanna", "Anna B", "Anna A"]);
    assert_eq!(names(&server, "search=anna&order=created_at"), ["Xanna", "Anna B", "Anna A"]);
    // Requesting the default order is explicit too.
    invite_all(&server, &[("Newest Xanna", "four@example.test")]);
    assert_eq!(names(&server, "search=anna")[0], "Anna A");
    assert_eq!(names(&server, "search=anna&order=created_at:desc")[0], "Newest Xanna");
    // An invalid order counts as none.
    for order in ["", "nonsense", "nonsense:asc", "%20full_name"] {
        let query = format!("search=anna&order={order}");
        assert_eq!(names(&server, &query), ["Anna A", "Anna B", "Newest Xanna", "Xanna"], "{order}");
    }
}

#[test]
fn an_order_by_a_hidden_rate_counts_as_none() {
    let server = Server::start();
    for (name, rate) in [("Xanna", 3), ("Anna B", 1), ("Anna A", 2)] {
        server.advance_seconds(1);
        let address = format!("rate{rate}@example.test");
        server.invite(&json!({"full_name": name, "email_address": address, "cost_rate_in_cents": rate}));
    }
    let path = "/account_invitations?search=anna&order=cost_rate:desc";
    let names_for = |token: &str| {
        let records = server.get(path).bearer(token).send().expect(200).records();
        json!(records.iter().map(|record| record["full_name"].clone()).collect::<Vec<_>>())
    };
    assert_eq!(names_for(token::ADMINISTRATOR), json!(["Xanna", "Anna A", "Anna B"]));
    for token in [token::REPORTS_VIEWER_WITH_COST, token::REPORTS_VIEWER, token::PROJECT_LEAD] {
        assert_eq!(names_for(token), json!(["Anna A", "Anna B", "Xanna"]));
    }
}

#[test]
fn filters_apply_to_a_search() {
    let server = Server::start();
    assert_eq!(server.list("search=barbara").ids(), NONE);
    assert_eq!(server.list("search=barbara&only_pending=false").ids(), ["4"]);
    assert_eq!(server.list("search=barbara&apply_default_filters=false").ids(), ["4"]);
    assert_eq!(server.list("search=example.com&by_full_name=ada").ids(), ["1"]);
    // Nothing from the other account.
    assert_eq!(server.list("search=other").ids(), NONE);
}

#[test]
fn paging_applies_to_a_search() {
    let server = Server::start();
    let crowd = server.invite_crowd(7);
    let answer = server.list("search=person&per_page=3&page=2");
    assert_eq!(answer.ids(), crowd[3..6]);
    assert_eq!(answer.json()["meta"], json!({"count": 7, "page_count": 3, "page_number": 2, "page_size": 3}));
    assert_eq!(server.list("search=person&limit=2&offset=5").ids(), crowd[5..]);
    assert_eq!(server.list("search=person&page=9").json()["count"], 7);
}

#[test]
fn include_applies_to_a_search() {
    let server = Server::start();
    let answer = server.list("search=grace&include=default_role");
    assert_eq!(answer.json()["roles"]["101"]["name"], "Developer");
}

#[test]
fn a_search_sees_a_changed_list_at_once() {
    let server = Server::start();
    let id = invite_all(&server, &[("Quick Fox", "fox@example.test")]).remove(0);
    assert_eq!(server.list("search=fox").ids(), [&*id]);
    server.delete(&format!("/account_invitations/{id}")).bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!(server.list("search=fox").ids(), NONE);
}

#[test]
fn wildcards_and_quotes_are_literal_in_a_search() {
    let server = Server::start();
    for text in ["%25", "_", "'", "%22", "%5C", "*", "ada*", "ada%25", "ad_", "'+OR+1=1--", "ada+OR+grace", "NEAR(ada)"]
    {
        let found = server.list(&format!("search={text}")).ids();
        assert_eq!(found, NONE, "search={text}");
    }
}

#[test]
fn a_long_search_simply_finds_nothing() {
    let server = Server::start();
    assert_eq!(server.list(&format!("search={}", "a".repeat(6_000))).ids(), NONE);
}
