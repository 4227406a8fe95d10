//! The order of a list.

use serde_json::json;

use crate::support::{LEVELS, Server, token};

#[test]
fn b7_the_default_order_is_the_newest_first() {
    let server = Server::start();
    let new = server.invite_named(&["Zoe", "Abe"]);
    assert_eq!(server.list("").ids(), [&new[1], &new[0], "3", "2", "1"]);
    assert_eq!(server.list("order=created_at").ids(), ["1", "2", "3", &new[0], &new[1]]);
    assert_eq!(server.list("order=created_at:desc").text(), server.list("").text());
}

#[test]
fn b7_an_unknown_name_means_the_default_order() {
    let server = Server::start();
    for order in [
        "",
        "nonsense",
        "nonsense:asc",
        "email_address:asc",
        "id:asc",
        "updated_at:asc",
        "CREATED_AT:asc",
        // With a blank it is a different name (E4).
        "%20full_name",
        "full_name%20:asc",
        ":asc",
        ":",
    ] {
        assert_eq!(server.list(&format!("order={order}")).ids(), ["3", "2", "1"], "order={order}");
    }
    for query in ["order[]=created_at", "order[x]=created_at", "order"] {
        assert_eq!(server.list(query).ids(), ["3", "2", "1"], "{query}");
    }
}

#[test]
fn b7_every_direction_but_desc_is_ascending() {
    let server = Server::start();
    for order in ["full_name", "full_name:", "full_name:asc", "full_name:DESC", "full_name:down", "full_name:%20desc"] {
        assert_eq!(server.list(&format!("order={order}")).ids(), ["1", "3", "2"], "order={order}");
    }
    // The first two pieces count (E4).
    for order in ["full_name:desc", "full_name:desc:x", "full_name:desc:asc"] {
        assert_eq!(server.list(&format!("order={order}")).ids(), ["2", "3", "1"], "order={order}");
    }
}

#[test]
fn b7_ties_go_by_ascending_id_in_both_directions() {
    let server = Server::start();
    let same = server.invite_named(&["Same Name", "same name", "SAME NAME"]);
    for direction in ["asc", "desc"] {
        let ids = server.list(&format!("by_full_name=same&order=full_name:{direction}")).ids();
        assert_eq!(ids, same, "{direction}");
    }
    // The records of a bulk have one time (E7), so they tie.
    let bulk = server.invite_crowd(4);
    assert_eq!(server.list("by_full_name=person").ids(), bulk);
    assert_eq!(server.list("by_full_name=person&order=created_at:asc").ids(), bulk);
}

#[test]
fn b7_names_compare_by_their_lower_case_form_by_code_point() {
    let server = Server::start();
    let names = ["zebra", "Émile", "apple", "Banana", "éclair", "_under", "Ärger", "10", "9"];
    let ids = server.invite_named(&names);
    let answer = server.list(&format!("order=full_name&only={}", ids.join(",")));
    let sorted: Vec<_> = answer.records().iter().map(|record| record["full_name"].clone()).collect();
    assert_eq!(json!(sorted), json!(["10", "9", "_under", "apple", "Banana", "zebra", "Ärger", "éclair", "Émile"]));
}

#[test]
fn b7_nulls_come_first_ascending_and_last_descending() {
    let server = Server::start();
    // Invitation 2 has 15000; 1 and 3 have none.
    let zero = server.invite(&json!({
        "full_name": "Zero", "email_address": "zero@example.test", "bill_rate_in_cents": 0, "cost_rate_in_cents": 0,
    }));
    for name in ["bill_rate", "cost_rate"] {
        assert_eq!(server.list(&format!("order={name}")).ids(), ["1", "3", &zero, "2"], "{name}");
        assert_eq!(server.list(&format!("order={name}:desc")).ids(), ["2", &zero, "1", "3"], "{name}");
    }
}

#[test]
fn b7_permission_sorts_the_stored_text() {
    let server = Server::start();
    let mut ids = Vec::new();
    for level in LEVELS {
        ids.push(server.invite(&json!({
            "full_name": level, "email_address": format!("{level}.new@example.test"), "permission": level,
            "bill_rate_in_cents": 1,
        })));
    }
    let answer = server.list(&format!("order=permission&only={}", ids.join(",")));
    let sorted: Vec<_> = answer.records().iter().map(|record| record["permission"].clone()).collect();
    let mut expected = LEVELS;
    expected.sort_unstable();
    assert_eq!(json!(sorted), json!(expected));
}

#[test]
fn b7_expiration_date_sorts_by_day() {
    let server = Server::start();
    let resend = |id: &str| {
        server.advance_seconds(86_400);
        server.put(&format!("/account_invitations/{id}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    };
    let by_date = |direction: &str| server.list(&format!("order=expiration_date:{direction}")).ids();
    resend("2");
    resend("3");
    resend("1");
    assert_eq!(by_date("asc"), ["2", "3", "1"]);
    assert_eq!(by_date("desc"), ["1", "3", "2"]);
    resend("2");
    assert_eq!(by_date("asc"), ["3", "1", "2"]);
    // A resend moves this date, but not the time of creation (F11).
    assert_eq!(server.list("").ids(), ["3", "2", "1"]);
}

#[test]
fn b7_sorting_by_a_hidden_rate_has_no_effect() {
    let server = Server::start();
    server.invite(&json!({
        "full_name": "Cheap", "email_address": "cheap@example.test", "cost_rate_in_cents": 1, "bill_rate_in_cents": 1,
    }));
    let ids = |token: &str, order: &str| {
        server.get(&format!("/account_invitations?order={order}")).bearer(token).send().expect(200).ids()
    };
    for (name, token) in token::EVERYBODY.iter().filter(|(name, _)| name.contains("report") || *name == "project_lead")
    {
        assert_eq!(ids(token, "cost_rate:asc"), ids(token, "created_at:desc"), "{name}");
        assert_eq!(ids(token, "cost_rate:desc"), ids(token, "created_at:desc"), "{name}");
        // They see bill rates and may sort by them.
        assert_eq!(ids(token, "bill_rate:asc"), ids(token::ADMINISTRATOR, "bill_rate:asc"), "{name}");
        assert_ne!(ids(token, "bill_rate:asc"), ids(token, "created_at:desc"), "{name}");
    }
    assert_eq!(ids(token::OWNER, "cost_rate:asc"), ids(token::ADMINISTRATOR, "cost_rate:asc"));
}

#[test]
fn h14_the_map_of_records_follows_results() {
    let server = Server::start();
    server.invite_crowd(12);
    // The test client compares the two on every answer; here neither is ordered by id.
    for order in ["full_name:desc", "created_at:desc", "permission:asc", "expiration_date:desc"] {
        let answer = server.list(&format!("order={order}"));
        assert_eq!(answer.ids().len(), 15, "{order}");
    }
}
