//! Every operation refuses a bad request in the same words, and nothing changes.

use super::examples::{EXAMPLES, Example};
use crate::support::client::Request;
use crate::support::{Server, token};

const UNAUTHENTICATED: &str = r#"{"errors":[{"type":"oauth","message":"Invalid OAuth 2 Request"}]}"#;
const NOT_FOUND: &str = r#"{"errors":[{"type":"system","message":"Not found"}]}"#;
const NOT_PERMITTED: &str = r#"{"errors":[{"type":"system","message":"You do not have permission to do this."}]}"#;

/// Sends a variant of each example to `judge`, with the operation's name; expects that nothing changed.
#[track_caller]
fn each(vary: impl Fn(&Server, &Example) -> Option<Request>, judge: impl Fn(&str, u16, &str)) {
    let server = Server::start();
    let before = server.everything_stored();
    for example in EXAMPLES {
        let Some(request) = vary(&server, example) else { continue };
        let answer = request.send();
        judge(&format!("{:?}", example.operation), answer.status, answer.text());
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn without_a_token_every_operation_is_a_401() {
    each(
        |server, example| Some(example.request(server, example.subject.own)),
        |name, status, body| assert_eq!((status, body), (401, UNAUTHENTICATED), "{name}"),
    );
}

#[test]
fn with_an_unknown_token_every_operation_is_a_401() {
    each(
        |server, example| Some(example.request(server, example.subject.own).bearer("sandbox-nobody")),
        |name, status, body| assert_eq!((status, body), (401, UNAUTHENTICATED), "{name}"),
    );
}

#[test]
fn with_two_authorization_headers_every_operation_is_a_401() {
    each(
        |server, example| {
            let request = example.request(server, example.subject.own);
            Some(request.bearer(token::ADMINISTRATOR).bearer(token::ADMINISTRATOR))
        },
        |name, status, body| assert_eq!((status, body), (401, UNAUTHENTICATED), "{name}"),
    );
}

#[test]
fn the_token_is_checked_before_anything_else() {
    each(
        |server, example| Some(example.bare(server, example.subject.unknown, "?a=%zz").body(Some("text/plain"), "{")),
        |name, status, body| assert_eq!((status, body), (401, UNAUTHENTICATED), "{name}"),
    );
}

#[test]
fn a_malformed_query_is_a_400_everywhere() {
    for query in ["?a=%zz", "?%", "?a=1&a[b]=2", "?a[]=1&a[b]=2", "?a=%ff", "?%c3%28=1", "?a[b]=1&a[]=2"] {
        each(
            |server, example| Some(example.bare(server, example.subject.own, query).bearer(token::ADMINISTRATOR)),
            |name, status, body| {
                let begin = r#"{"errors":[{"type":"syntax","message":"The query string is malformed: "#;
                assert!(status == 400 && body.starts_with(begin), "{name} {query}: {status} {body}");
            },
        );
    }
}

#[test]
fn a_malformed_body_is_a_400_where_one_is_read() {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    for (content_type, bytes, message) in [
        (Some(json), &b"{"[..], "The request body is not valid JSON."),
        (Some(json), b"{\"a\":1} x", "The request body is not valid JSON."),
        (Some(json), b"{\"a\":\"\xff\"}", "The request body is not valid JSON."),
        (Some(json), b" ", "The request body is not valid JSON."),
        (Some(json), b"[]", "The request body must be a JSON object."),
        (Some(json), b"null", "The request body must be a JSON object."),
        (Some(form), b"a=%zz", "The form body is malformed: "),
        (Some(form), b"a=1&a[b]=2", "The form body is malformed: "),
        (None, b"a=%zz", "The form body is malformed: "),
        (Some("multipart/form-data"), b"x", "The multipart body is malformed: "),
        (Some("multipart/form-data; boundary=x"), b"--x\r\n", "The multipart body is malformed: "),
    ] {
        each(
            |server, example| {
                let request = example.bare(server, example.subject.own, "").bearer(token::ADMINISTRATOR);
                example.reads_body().then(|| request.body(content_type, bytes))
            },
            |name, status, body| {
                let begin = format!(r#"{{"errors":[{{"type":"syntax","message":"{message}"#);
                assert!(status == 400 && body.starts_with(&begin), "{name} {content_type:?}: {status} {body}");
            },
        );
    }
}

#[test]
fn another_media_type_or_coding_is_a_415_where_a_body_is_read() {
    for (header, message) in [
        (("Content-Type", "text/plain"), "The content type is not supported. "),
        (("Content-Type", "application/xml"), "The content type is not supported. "),
        (("Content-Type", "application/jsonx"), "The content type is not supported. "),
        (("Content-Encoding", "gzip"), "The content encoding is not supported. Send the body uncompressed."),
    ] {
        each(
            |server, example| {
                let request = example.bare(server, example.subject.own, "").bearer(token::ADMINISTRATOR);
                example.reads_body().then(|| request.header(header.0, header.1).body(None, "{}"))
            },
            |name, status, body| {
                let begin = format!(r#"{{"errors":[{{"type":"syntax","message":"{message}"#);
                assert!(status == 415 && body.starts_with(&begin), "{name} {header:?}: {status} {body}");
            },
        );
    }
}

#[test]
fn too_large_a_body_is_a_413_where_one_is_read() {
    let large = vec![b'x'; 1_048_577];
    let expected = r#"{"errors":[{"type":"syntax","message":"The request body is larger than 1048576 bytes."}]}"#;
    each(
        |server, example| {
            let request = example.bare(server, example.subject.own, "").bearer(token::ADMINISTRATOR);
            example.reads_body().then(|| request.body(Some("application/json"), large.clone()))
        },
        |name, status, body| assert_eq!((status, body), (413, expected), "{name}"),
    );
}

#[test]
fn b5_an_unread_body_may_be_anything() {
    for (content_type, bytes) in [("application/json", "{"), ("text/plain", "x"), ("nonsense", "\u{0}")] {
        for example in EXAMPLES.iter().filter(|example| !example.reads_body()) {
            let server = Server::start();
            let request = example.bare(&server, example.subject.own, "").bearer(token::ADMINISTRATOR);
            request.body(Some(content_type), bytes).send().expect(example.success);
        }
    }
}

#[test]
fn b1_the_level_is_checked_before_query_body_and_record() {
    each(
        |server, example| {
            let request = example.bare(server, example.subject.unknown, "?a=%zz").bearer(token::PUNCH_CLOCK);
            (!example.is_open_to_everybody()).then(|| request.body(Some("text/plain"), "{"))
        },
        |name, status, body| assert_eq!((status, body), (403, NOT_PERMITTED), "{name}"),
    );
}

#[test]
fn b1_query_and_body_are_checked_before_the_record() {
    each(
        |server, example| {
            let request = example.bare(server, example.subject.unknown, "?a=%zz").bearer(token::ADMINISTRATOR);
            Some(request)
        },
        |name, status, body| assert!(status == 400, "{name}: {status} {body}"),
    );
    each(
        |server, example| {
            let request = example.bare(server, example.subject.unknown, "").bearer(token::ADMINISTRATOR);
            example.reads_body().then(|| request.body(Some("application/json"), "["))
        },
        |name, status, body| assert!(status == 400, "{name}: {status} {body}"),
    );
}

#[test]
fn an_unsupported_method_is_a_404() {
    for method in ["BREW", "OPTIONS", "CONNECTED", "COPY"] {
        each(
            |server, example| {
                let path = example.path(example.subject.own);
                Some(server.request(method, &path).bearer(token::ADMINISTRATOR))
            },
            |name, status, body| assert_eq!((status, body), (404, NOT_FOUND), "{name} by {method}"),
        );
    }
}

#[test]
fn every_operation_counts_for_the_general_limit() {
    for example in EXAMPLES {
        let server = Server::start_with(&[("rate_general", "1")]);
        let ask = || example.request(&server, example.subject.own).bearer(token::ADMINISTRATOR).send();
        ask().expect(example.success);
        let before = server.everything_stored();
        let refused = ask().expect(429);
        assert_eq!(
            refused.text(),
            r#"{"errors":[{"type":"system","message":"Rate limit exceeded. Please try again later."}]}"#
        );
        assert_eq!(server.everything_stored(), before);
        // Each token has its own limit, and an invalid token is refused before any limit.
        assert_ne!(example.request(&server, example.subject.own).bearer(token::COLLABORATOR).send().status, 429);
        example.request(&server, example.subject.unknown).bearer("wrong").send().expect(401);
        server.advance_seconds(60);
        assert_ne!(ask().status, 429);
    }
}

#[test]
fn every_operation_refuses_a_canceled_account() {
    let expected = r#"{"errors":[{"type":"system","message":"Your account has been canceled"}]}"#;
    for example in EXAMPLES {
        let server = Server::start();
        server.alter_stored("UPDATE accounts SET canceled_at = created_at WHERE id = 1");
        for (name, token) in token::EVERYBODY {
            let answer = example.request(&server, example.subject.own).bearer(token).send().expect(403);
            assert_eq!(answer.text(), expected, "{:?} by {name}", example.operation);
        }
        // The other account is unaffected. Its only member is the owner, who can be neither disabled nor removed.
        let other = example.request(&server, example.subject.foreign).bearer(token::OTHER_ADMINISTRATOR).send();
        assert!(other.status == example.success || other.status == 422, "{other}");
    }
}
