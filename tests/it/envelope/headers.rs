//! Headers of answers, and the `Authorization` header. The test client checks the fixed ones on every answer.

use serde_json::json;

use super::UNAUTHENTICATED;
use crate::support::{Answer, Server, token};

const LIST: &str = "/account_invitations";

#[test]
fn every_header_of_an_answer_is_documented() {
    let server = Server::start();
    let known = [
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "date",
        "etag",
        "x-content-type-options",
        "x-download-options",
        "x-frame-options",
        "x-permitted-cross-domain-policies",
        "x-request-id",
        "x-runtime",
        "x-xss-protection",
    ];
    let id = server.invite_named(&["Short Stay"]).remove(0);
    for answer in [
        server.get(LIST).bearer(token::ADMINISTRATOR).send().expect(200),
        server.get("/account_invitations/999").bearer(token::ADMINISTRATOR).send().expect(404),
        server.get(LIST).send().expect(401),
        server.delete(&format!("/account_invitations/{id}")).bearer(token::ADMINISTRATOR).send().expect(204),
    ] {
        let unknown: Vec<_> = answer.headers.iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?} in {answer}");
    }
}

#[test]
fn equal_bytes_have_equal_entity_tags() {
    let server = Server::start();
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let first = server.show("1");
    assert_eq!(tag(&first), tag(&server.show("1")));
    assert_ne!(tag(&first), tag(&server.show("2")));
    let change = json!({"account_invitation": {"billability_target": 1}});
    server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&change).send().expect(200);
    assert_ne!(tag(&first), tag(&server.show("1")));
}

#[test]
fn d5_a_known_entity_tag_saves_the_body_or_is_ignored() {
    let server = Server::start();
    let tag = server.list("").header("etag").unwrap().to_owned();
    let again = server.get("/account_invitations?").bearer(token::ADMINISTRATOR).header("If-None-Match", &tag).send();
    assert!([200, 304].contains(&again.status), "{again}");
    let other = server.get(LIST).bearer(token::ADMINISTRATOR).header("If-None-Match", "W/\"x\"").send();
    assert_eq!(other.expect(200).ids().len(), 3);
}

#[test]
fn d5_a_harmless_request_id_is_returned() {
    let server = Server::start();
    let id_of = |given: &str| {
        let answer = server.get(LIST).bearer(token::ADMINISTRATOR).header("X-Request-Id", given).send().expect(200);
        answer.header("x-request-id").unwrap().to_owned()
    };
    let longest = "a".repeat(255);
    for given in ["7", "abc-DEF_123", &longest] {
        assert_eq!(id_of(given), given);
    }
    let too_long = "a".repeat(256);
    for given in ["", "a b", "a.b", "<script>", "é", "a,b", &too_long] {
        let fresh = id_of(given);
        assert_ne!(fresh, given);
        assert_eq!(fresh.len(), 36, "{fresh}");
    }
}

#[test]
fn d5_every_answer_has_its_own_id() {
    let server = Server::start();
    let id = || server.get(LIST).send().expect(401).header("x-request-id").unwrap().to_owned();
    assert_ne!(id(), id());
}

#[test]
fn no_accept_header_is_refused() {
    let server = Server::start();
    for accept in ["", "*/*", "text/html", "application/xml;q=1", "nonsense", "application/vnd.api+json"] {
        let answer = server.get(LIST).bearer(token::ADMINISTRATOR).header("Accept", accept).send().expect(200);
        assert_eq!(answer.ids(), ["3", "2", "1"], "{accept}");
    }
    let odd = server.get(LIST).bearer(token::ADMINISTRATOR).header("Accept-Encoding", "gzip, br");
    assert_eq!(odd.send().expect(200).header("content-encoding"), None);
}

#[test]
fn a_get_may_name_a_content_type() {
    let server = Server::start();
    for content_type in ["application/json", "text/plain", "nonsense"] {
        let request = server.get(LIST).bearer(token::ADMINISTRATOR).header("Content-Type", content_type);
        assert_eq!(request.send().expect(200).ids(), ["3", "2", "1"], "{content_type}");
    }
}

#[test]
fn c18_the_scheme_may_have_any_case_and_more_than_one_blank() {
    let server = Server::start();
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR    "] {
        let value = format!("{scheme}{}", token::ADMINISTRATOR);
        server.get(LIST).header("Authorization", &value).send().expect(200);
    }
    server.get(LIST).header("AUTHORIZATION", &format!("Bearer {}", token::ADMINISTRATOR)).send().expect(200);
}

#[test]
fn c18_anything_else_is_a_401() {
    let server = Server::start();
    let good = token::ADMINISTRATOR;
    for value in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        good.to_owned(),
        format!("Bearer{good}"),
        format!("Basic {good}"),
        format!("Token {good}"),
        format!("OAuth {good}"),
        format!("Bearer {good} x"),
        format!("Bearer {good},"),
        format!("Bearer \"{good}\""),
        format!("Bearer {good}, Bearer {good}"),
        format!("Bearer token={good}"),
        format!("Bearer {}", good.to_uppercase()),
        format!("Bearer {good}="),
        format!("Bearer {}", &good[..good.len() - 1]),
        "Bearer é".to_owned(),
        format!("Bearer {}", "a".repeat(4_000)),
    ] {
        let answer = server.get(LIST).header("Authorization", &value).send().expect(401);
        assert_eq!(answer.text(), UNAUTHENTICATED, "{value}");
    }
    assert_eq!(server.get(LIST).send().expect(401).text(), UNAUTHENTICATED);
}

#[test]
fn c18_two_authorization_headers_are_a_401() {
    let server = Server::start();
    let twice = server.get(LIST).bearer(token::ADMINISTRATOR).bearer(token::ADMINISTRATOR).send();
    assert_eq!(twice.expect(401).text(), UNAUTHENTICATED);
    let other = server.get(LIST).bearer(token::ADMINISTRATOR).header("authorization", "Basic eDp5").send();
    assert_eq!(other.expect(401).text(), UNAUTHENTICATED);
}

#[test]
fn a_token_in_the_query_string_is_refused() {
    let server = Server::start();
    for name in ["access_token", "bearer_token", "token", "oauth_token"] {
        let path = format!("{LIST}?{name}={}", token::ADMINISTRATOR);
        assert_eq!(server.get(&path).send().expect(401).text(), UNAUTHENTICATED);
        server.get(&path).bearer("wrong").send().expect(401);
    }
    let form = format!("access_token={}", token::ADMINISTRATOR);
    server.put("/account_invitations/1").form(&form).send().expect(401);
}

#[test]
fn a_wrong_token_stays_wrong() {
    let server = Server::start();
    for _ in 0..3 {
        server.get(LIST).bearer("sandbox-nobody").send().expect(401);
        server.get(LIST).bearer(token::PROJECT_LEAD).send().expect(200);
    }
}

#[test]
fn a_connection_carries_many_requests() {
    let server = Server::start();
    let request = |connection: &str| {
        format!(
            "GET /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Connection: {connection}\r\n\r\n",
            token::ADMINISTRATOR
        )
    };
    let both = format!("{}{}{}", request("keep-alive"), request("keep-alive"), request("close"));
    let received = String::from_utf8(server.raw(both.as_bytes())).unwrap();
    assert_eq!(received.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{received}");
    assert_eq!(received.matches("Ada Pending").count(), 3, "{received}");
}
