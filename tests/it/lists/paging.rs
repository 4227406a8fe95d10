//! Pages: their size, their number, and `meta`.

use serde_json::json;

use super::meta;
use crate::support::{Server, token};

#[test]
fn b1_per_page_is_the_leading_integer_between_1_and_200() {
    let server = Server::start();
    for (text, size) in [
        ("1", 1),
        ("2", 2),
        ("200", 200),
        ("201", 200),
        ("8000", 200),
        ("0", 20),
        ("-5", 20),
        ("abc", 20),
        ("", 20),
        ("%20", 20),
        // Parsed like Ruby's to_i: blanks, a sign, digits (E2).
        ("12abc", 12),
        ("%207", 7),
        ("%2B9", 9),
        ("1_000", 1),
        ("1.9", 1),
        ("1e2", 1),
        ("0x10", 20),
        ("-", 20),
        ("99999999999999999999", 200),
        ("-99999999999999999999", 20),
    ] {
        let answer = server.list(&format!("per_page={text}"));
        assert_eq!(answer.json()["meta"]["page_size"], size, "per_page={text}");
        assert_eq!(answer.ids().len(), usize::min(3, size), "per_page={text}");
    }
}

#[test]
fn b1_a_page_has_20_records_by_default() {
    let server = Server::start();
    server.invite_crowd(22);
    let answer = server.list("");
    assert_eq!(answer.ids().len(), 20);
    assert_eq!(meta(&answer), json!([25, 2, 1, 20]));
}

#[test]
fn b1_a_page_never_has_more_than_200_records() {
    let server = Server::start();
    server.invite_crowd(203);
    let answer = server.list("per_page=8000");
    assert_eq!(answer.ids().len(), 200);
    assert_eq!(meta(&answer), json!([206, 2, 1, 200]));
    let rest = server.list("per_page=8000&page=2");
    assert_eq!(rest.ids().len(), 6);
    assert_eq!(meta(&rest), json!([206, 2, 2, 200]));
}

#[test]
fn b1_a_malformed_per_page_counts_as_absent() {
    let server = Server::start();
    for query in ["per_page[]=1", "per_page[x]=1", "page[x]=2", "page[]=2"] {
        let answer = server.list(query);
        assert_eq!(answer.ids(), ["3", "2", "1"], "{query}");
        assert_eq!(meta(&answer), json!([3, 1, 1, 20]), "{query}");
    }
}

#[test]
fn b2_a_page_below_1_reads_page_1_but_is_echoed() {
    let server = Server::start();
    for (text, echo) in [
        ("0", json!(0)),
        ("-3", json!(-3)),
        ("abc", json!(0)),
        ("", json!(0)),
        ("-", json!(0)),
        ("-99999999999999999999", json!(i64::MIN)),
    ] {
        let answer = server.list(&format!("per_page=2&page={text}"));
        assert_eq!(answer.ids(), ["3", "2"], "page={text}");
        assert_eq!(meta(&answer), json!([3, 2, echo, 2]), "page={text}");
    }
    for text in ["2", "2abc", "%202", "%2B2", "2_9", "2.7"] {
        let answer = server.list(&format!("per_page=2&page={text}"));
        assert_eq!(answer.ids(), ["1"], "page={text}");
        assert_eq!(meta(&answer), json!([3, 2, 2, 2]), "page={text}");
    }
}

#[test]
fn b2_the_page_of_an_empty_list_is_always_0() {
    let server = Server::start();
    for page in ["1", "0", "-3", "7", "abc"] {
        let answer = server.list(&format!("by_full_name=nobody&per_page=5&page={page}"));
        assert_eq!(meta(&answer), json!([0, 0, 0, 5]), "page={page}");
    }
}

#[test]
fn b3_a_page_past_the_end_is_empty_with_the_full_count() {
    let server = Server::start();
    for page in ["3", "999", "9223372036854775807"] {
        let answer = server.list(&format!("per_page=2&page={page}"));
        assert_eq!(answer.ids(), Vec::<String>::new(), "page={page}");
        assert_eq!(meta(&answer), json!([3, 2, page.parse::<i64>().unwrap(), 2]), "page={page}");
        assert_eq!(answer.json()["account_invitations"], json!({}), "page={page}");
    }
    // Beyond 64 bits the number saturates (E2).
    let answer = server.list("per_page=2&page=99999999999999999999");
    assert_eq!(meta(&answer), json!([3, 2, i64::MAX, 2]));
}

#[test]
fn b4_limit_and_offset_count_only_together() {
    let server = Server::start();
    assert_eq!(server.list("limit=1&offset=1").ids(), ["2"]);
    assert_eq!(server.list("limit=2&offset=1").ids(), ["2", "1"]);
    assert_eq!(server.list("limit=2&offset=3").ids(), Vec::<String>::new());
    for query in ["limit=1", "offset=1", "limit=1&offset=", "limit=&offset=1", "limit=&offset=", "limit=1&offset[]=1"] {
        assert_eq!(server.list(query).ids(), ["3", "2", "1"], "{query}");
    }
}

#[test]
fn b4_limit_is_clamped_to_1_and_200_and_offset_to_0() {
    let server = Server::start();
    server.invite_crowd(203);
    for (query, length) in [
        ("limit=0&offset=0", 1),
        ("limit=-7&offset=0", 1),
        ("limit=abc&offset=0", 1),
        ("limit=3abc&offset=0", 3),
        ("limit=201&offset=0", 200),
        ("limit=200&offset=100", 106),
        ("limit=99999999999999999999&offset=0", 200),
        ("limit=5&offset=99999999999999999999", 0),
    ] {
        assert_eq!(server.list(query).ids().len(), length, "{query}");
    }
    let first = server.list("limit=2&offset=0").ids();
    assert_eq!(server.list("limit=2&offset=-5").ids(), first);
    assert_eq!(server.list("limit=2&offset=abc").ids(), first);
}

#[test]
fn b4_meta_shows_per_page_and_page_1_beside_limit_and_offset() {
    let server = Server::start();
    assert_eq!(meta(&server.list("limit=1&offset=1")), json!([3, 1, 1, 20]));
    assert_eq!(meta(&server.list("limit=1&offset=1&per_page=2")), json!([3, 2, 1, 2]));
    // A given page is echoed without deciding which records are returned (E1).
    let answer = server.list("limit=1&offset=1&per_page=2&page=3");
    assert_eq!(answer.ids(), ["2"]);
    assert_eq!(meta(&answer), json!([3, 2, 3, 2]));
}

#[test]
fn b5_page_count_is_count_by_page_size_rounded_up() {
    let server = Server::start();
    for (size, pages) in [(1, 3), (2, 2), (3, 1), (4, 1), (200, 1)] {
        assert_eq!(meta(&server.list(&format!("per_page={size}"))), json!([3, pages, 1, size]));
    }
    assert_eq!(meta(&server.list("by_full_name=nobody")), json!([0, 0, 0, 20]));
}

#[test]
fn b16_count_is_the_total_of_the_query_rather_than_the_page() {
    let server = Server::start();
    assert_eq!(server.list("per_page=1").json()["count"], 3);
    assert_eq!(server.list("per_page=1&page=2").json()["count"], 3);
    assert_eq!(server.list("limit=1&offset=2").json()["count"], 3);
    assert_eq!(server.list("per_page=1&only_pending=false").json()["count"], 4);
    assert_eq!(server.list("per_page=1&by_full_name=grace").json()["count"], 1);
    assert_eq!(server.list("per_page=1&search=ending").json()["count"], 1);
}

#[test]
fn b16_count_follows_every_write() {
    let server = Server::start();
    let count = |query: &str| server.list(query).json()["count"].clone();
    let ids = server.invite_crowd(3);
    assert_eq!((count(""), count("only_pending=false")), (json!(6), json!(7)));
    server.delete(&format!("/account_invitations/{}", ids[0])).bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!((count(""), count("only_pending=false")), (json!(5), json!(6)));
    // The other account's count is separate.
    let other = server.get("/account_invitations").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!((other.json()["count"].clone(), other.ids()), (json!(1), vec!["5".to_owned()]));
}

#[test]
fn d2_paging_parameters_do_not_change_meta_of_other_answers() {
    let server = Server::start();
    let paging = "per_page=7&page=3&limit=1&offset=1&only=1&order=full_name&search=x&by_full_name=x";
    let change = json!({"account_invitation": {"billability_target": 10}});
    let person = json!({"account_invitation": {"full_name": "New", "email_address": "new@example.test"}});
    for answer in [
        server.get(&format!("/account_invitations/2?{paging}")),
        server.put(&format!("/account_invitations/2?{paging}")).json(&change),
        server.put(&format!("/account_invitations/2/resend?{paging}")),
        server.post(&format!("/account_invitations?{paging}")).json(&person),
    ] {
        assert_eq!(meta(&answer.bearer(token::ADMINISTRATOR).send().expect(200)), json!([1, 1, 1, 20]));
    }
}

#[test]
fn d2_the_page_size_of_a_bulk_grows_with_it() {
    let server = Server::start();
    for size in [2, 20, 21, 50] {
        let people: Vec<_> = (0..size)
            .map(|number| json!({"full_name": "Many", "email_address": format!("many{size}.{number}@example.test")}))
            .collect();
        let body = json!({ "account_invitations": people });
        let answer = server.post("/account_invitations?per_page=1").bearer(token::ADMINISTRATOR).json(&body).send();
        let answer = answer.expect(200);
        assert_eq!(answer.ids().len(), size);
        assert_eq!(meta(&answer), json!([size, 1, 1, size.max(20)]));
    }
}
