//! Filters: their values, their defaults, and where they act.

use serde_json::json;

use crate::support::{Server, token};

const NONE: [&str; 0] = [];

#[test]
fn b10_true_and_false_have_eight_spellings() {
    let server = Server::start();
    for text in ["true", "TRUE", "1", "t"] {
        assert_eq!(server.list(&format!("only_pending={text}")).ids(), ["3", "2", "1"], "only_pending={text}");
    }
    for text in ["false", "FALSE", "0", "f"] {
        assert_eq!(server.list(&format!("only_pending={text}")).ids(), ["4", "3", "2", "1"], "only_pending={text}");
    }
}

#[test]
fn b10_a_blank_filter_is_as_if_absent() {
    let server = Server::start();
    for query in [
        "only_pending=",
        "only_pending=%20",
        "only_pending",
        "by_full_name=",
        "by_full_name=%20%20",
        "by_full_name",
        "search=",
        "search=%20",
    ] {
        assert_eq!(server.list(query).ids(), ["3", "2", "1"], "{query}");
    }
}

#[test]
fn e5_text_that_is_no_boolean_counts_as_true() {
    let server = Server::start();
    for text in ["banana", "True", "False", "no", "off", "F", "2", "-1", "%20false"] {
        assert_eq!(server.list(&format!("only_pending={text}")).ids(), ["3", "2", "1"], "only_pending={text}");
    }
}

#[test]
fn e11_only_pending_false_lifts_the_restriction_rather_than_inverting_it() {
    let server = Server::start();
    assert_eq!(server.list("only_pending=false").ids(), ["4", "3", "2", "1"]);
}

#[test]
fn an_expired_invitation_is_still_pending() {
    let server = Server::start();
    let answer = server.list("only=3");
    assert_eq!(answer.record()["pending"], true);
    assert!(answer.record()["expiration_date"].as_str().unwrap() < "2031-01-02");
}

#[test]
fn b12_apply_default_filters_switches_defaults_off() {
    let server = Server::start();
    for text in ["true", "TRUE", "1"] {
        let answer = server.list(&format!("apply_default_filters={text}"));
        assert_eq!(answer.ids(), ["3", "2", "1"], "apply_default_filters={text}");
    }
    for text in ["false", "FALSE", "0", "f", "t", "True", "banana", "2", "%20true"] {
        let answer = server.list(&format!("apply_default_filters={text}"));
        assert_eq!(answer.ids(), ["4", "3", "2", "1"], "apply_default_filters={text}");
    }
}

#[test]
fn b12_given_filters_act_without_defaults() {
    let server = Server::start();
    assert_eq!(server.list("apply_default_filters=false&only_pending=true").ids(), ["3", "2", "1"]);
    assert_eq!(server.list("apply_default_filters=false&by_full_name=barbara").ids(), ["4"]);
    assert_eq!(server.list("apply_default_filters=true&only_pending=false").ids(), ["4", "3", "2", "1"]);
    assert_eq!(server.list("apply_default_filters=false&only_pending=").ids(), ["4", "3", "2", "1"]);
}

#[test]
fn e6_an_empty_apply_default_filters_switches_them_off_too() {
    let server = Server::start();
    assert_eq!(server.list("apply_default_filters=").ids(), ["4", "3", "2", "1"]);
}

#[test]
fn by_full_name_finds_a_part_of_the_name_in_any_case() {
    let server = Server::start();
    for text in ["grace", "GRACE", "full", "ce+fu", "CE%20FU", "Grace+Full"] {
        assert_eq!(server.list(&format!("by_full_name={text}")).ids(), ["2"], "by_full_name={text}");
    }
    assert_eq!(server.list("by_full_name=e").ids(), ["3", "2", "1"]);
    // Not the address.
    assert_eq!(server.list("by_full_name=example.test").ids(), NONE);
    // Filters combine with AND.
    assert_eq!(server.list("by_full_name=barbara").ids(), NONE);
    assert_eq!(server.list("by_full_name=barbara&only_pending=false").ids(), ["4"]);
}

#[test]
fn e8_wildcards_are_literal_characters() {
    let server = Server::start();
    let ids = server.invite_named(&["100% Percy", "Under_score", "Back\\slash", "Star*", "Quote'd \"x\""]);
    for (text, id) in [("%25", &ids[0]), ("_", &ids[1]), ("%5C", &ids[2]), ("*", &ids[3]), ("'d%20%22", &ids[4])] {
        assert_eq!(server.list(&format!("by_full_name={text}")).ids(), [&**id], "by_full_name={text}");
        assert_eq!(server.list(&format!("search={text}")).ids(), [&**id], "search={text}");
    }
    for text in ["%25Percy", "U%25e", "Und_r", "[a-z]", "%3F"] {
        assert_eq!(server.list(&format!("by_full_name={text}")).ids(), NONE, "by_full_name={text}");
    }
}

#[test]
fn e8_letters_compare_in_lower_case_but_keep_their_accents() {
    let server = Server::start();
    let ids = server.invite_named(&["Émile Zola", "Emile Plain", "ЖАННА Ж", "Ωmega Ltd"]);
    for (text, found) in [
        ("%C3%89MILE", vec![&ids[0]]),
        ("%C3%A9mile", vec![&ids[0]]),
        ("emile", vec![&ids[1]]),
        ("%D0%B6%D0%B0%D0%BD%D0%BD%D0%B0", vec![&ids[2]]),
        ("%CF%89MEGA", vec![&ids[3]]),
        // The same letter as two code points is a different text: nothing is normalised.
        ("E%CC%81mile", vec![]),
    ] {
        assert_eq!(json!(server.list(&format!("by_full_name={text}")).ids()), json!(found), "by_full_name={text}");
    }
}

#[test]
fn h12_texts_of_by_full_name_are_not_trimmed() {
    let server = Server::start();
    let ids = server.invite_named(&["Ann Lee", "Annlee"]);
    assert_eq!(server.list("by_full_name=n+l").ids(), [&*ids[0]]);
    assert_eq!(server.list("by_full_name=+lee").ids(), [&*ids[0]]);
    assert_eq!(server.list("by_full_name=lee+").ids(), NONE);
    assert_eq!(server.list("by_full_name=+ann").ids(), NONE);
    // A search is trimmed.
    assert_eq!(server.list("search=+lee+").ids(), [&*ids[0], &*ids[1]]);
}

#[test]
fn h11_a_nul_is_an_ordinary_character_without_matches() {
    let server = Server::start();
    for query in
        ["by_full_name=%00", "by_full_name=Ada%00", "search=%00", "search=%00Ada", "search=Ada%00&order=full_name"]
    {
        let answer = server.list(query);
        assert_eq!(answer.ids(), NONE, "{query}");
        assert_eq!(answer.json()["count"], 0, "{query}");
    }
    // Where only known texts are meaningful, it is an unknown one.
    assert_eq!(server.list("order=full_name%00&include=inviter%00").ids(), ["3", "2", "1"]);
    assert_eq!(server.list("only_pending=%00").ids(), ["3", "2", "1"]);
    assert_eq!(server.list("only=1%00,2").ids(), ["2"]);
    assert_eq!(server.list("per_page=2%00").ids(), ["3", "2"]);
}

#[test]
fn e10_show_hides_what_the_default_filter_hides() {
    let server = Server::start();
    let show = |id_and_query: &str| {
        server.get(&format!("/account_invitations/{id_and_query}")).bearer(token::ADMINISTRATOR).send().status
    };
    assert_eq!(show("4"), 404);
    for query in ["only_pending=true", "only_pending=", "only_pending=banana", "apply_default_filters=true"] {
        assert_eq!(show(&format!("4?{query}")), 404, "{query}");
    }
    for query in ["only_pending=false", "only_pending=0", "apply_default_filters=false", "apply_default_filters="] {
        assert_eq!(show(&format!("4?{query}")), 200, "{query}");
    }
    assert_eq!(show("4?apply_default_filters=false&only_pending=true"), 404);
    assert_eq!(show("3"), 200);
}

#[test]
fn e10_other_filters_do_not_act_on_show() {
    let server = Server::start();
    let plain = server.get("/account_invitations/2").bearer(token::ADMINISTRATOR).send().expect(200);
    for query in ["by_full_name=zzz", "search=zzz", "only=1", "order=nonsense", "limit=1&offset=9", "page=9"] {
        let path = format!("/account_invitations/2?{query}");
        let answer = server.get(&path).bearer(token::ADMINISTRATOR).send().expect(200);
        assert_eq!(answer.text(), plain.text(), "{query}");
    }
}

#[test]
fn unknown_parameters_are_ignored() {
    let server = Server::start();
    let plain = server.list("").text().to_owned();
    for query in
        ["?", "&&", "=x", "pending=false", "by_email_address=x", "account_id=2", "inviter_id=5", "utf8=%E2%9C%93"]
    {
        assert_eq!(server.list(query).text(), plain, "{query}");
    }
}

#[test]
fn of_a_repeated_parameter_the_last_one_counts() {
    let server = Server::start();
    assert_eq!(server.list("by_full_name=ada&by_full_name=grace").ids(), ["2"]);
    assert_eq!(server.list("only_pending=false&only_pending=true").ids(), ["3", "2", "1"]);
}
