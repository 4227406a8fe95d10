//! Malformed bodies and query strings.

use super::Watched;
use crate::exact::{put_json, refusal};
use crate::support::client::Request;
use crate::support::{Answer, token};

const ONE: &str = "/account_invitations/1";
const NOT_JSON: &str = "The request body is not valid JSON.";

fn put(watched: &Watched, kind: &str, body: &[u8]) -> Answer {
    watched.server.put(ONE).bearer(token::ADMINISTRATOR).body(Some(kind), body).send()
}

fn refuses_json(watched: &Watched, body: &[u8]) {
    let answer = put(watched, "application/json", body).expect(400);
    let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    assert_eq!(answer.text(), refusal("syntax", NOT_JSON), "for {shown}");
}

#[test]
fn every_beginning_of_a_json_body_is_refused() {
    let watched = Watched::start();
    let body = r#"{"account_invitation":{"permission":"collaborator","billability_target":-30}}"#;
    for length in 1..body.len() {
        refuses_json(&watched, &body.as_bytes()[..length]);
    }
    watched.is_unharmed();
}

#[test]
fn json_that_is_almost_json_is_refused() {
    let watched = Watched::start();
    for body in [
        &b"{\"account_invitation\":{\"billability_target\":NaN}}"[..],
        b"{\"account_invitation\":{\"billability_target\":Infinity}}",
        b"{\"account_invitation\":{\"billability_target\":01}}",
        b"{\"account_invitation\":{\"billability_target\":+1}}",
        b"{\"account_invitation\":{\"billability_target\":.5}}",
        b"{\"account_invitation\":{\"billability_target\":5.}}",
        b"{\"account_invitation\":{\"billability_target\":0x10}}",
        b"{\"account_invitation\":{\"billability_target\":5,}}",
        b"{\"account_invitation\":{billability_target:5}}",
        b"{'account_invitation':{'billability_target':5}}",
        b"{\"account_invitation\":{\"billability_target\":5}} trailing",
        b"{\"account_invitation\":{\"billability_target\":5}}{}",
        b"{\"account_invitation\":{\"billability_target\":5}}\x00",
        b"/* comment */{\"account_invitation\":{\"billability_target\":5}}",
        b"\xef\xbb\xbf\xef\xbb\xbf{\"account_invitation\":{\"billability_target\":5}}",
        b"\xfe\xff\0{\0}",
        b"{\"account_invitation\":{\"permission\":\"\xff\"}}",
        b"{\"account_invitation\":{\"permission\":\"\xc0\xaf\"}}",
        b"{\"account_invitation\":{\"permission\":\"\xed\xa0\x80\"}}",
        b"{\"account_invitation\":{\"permission\":\"\\ud800\"}}",
        b"{\"account_invitation\":{\"permission\":\"\\udc00\\ud800\"}}",
        b"{\"account_invitation\":{\"permission\":\"\\x41\"}}",
        b"{\"account_invitation\":{\"permission\":\"\x00\"}}",
        b"{\"account_invitation\":{\"permission\":\"\n\"}}",
        b"\xff\xfe{\x00}\x00",
        b"\x00",
        b" ",
        b"account_invitation[billability_target]=5",
        b"<account_invitation/>",
    ] {
        refuses_json(&watched, body);
    }
    watched.is_unharmed();
}

#[test]
fn json_that_is_not_an_object_gets_its_own_message() {
    let watched = Watched::start();
    for body in ["[]", "[{\"account_invitation\":{}}]", "\"text\"", "5", "true", "null", "-0.5e3"] {
        let answer = put(&watched, "application/json", body.as_bytes()).expect(400);
        assert_eq!(answer.text(), refusal("syntax", "The request body must be a JSON object."), "for {body}");
    }
    watched.is_unharmed();
}

#[test]
fn deeply_nested_json_is_refused_and_moderate_depth_is_not() {
    let watched = Watched::start();
    let nested = |open: &str, middle: &str, close: &str, depth: usize| {
        format!(r#"{{"account_invitation":{{"ignored":{}{middle}{}}}}}"#, open.repeat(depth), close.repeat(depth))
    };
    for (open, middle, close) in [("[", "", "]"), (r#"{"a":"#, "1", "}"), (r#"[{"a":"#, "[]", "}]")] {
        put(&watched, "application/json", nested(open, middle, close, 40).as_bytes()).expect(200);
        refuses_json(&watched, nested(open, middle, close, 101).as_bytes());
        refuses_json(&watched, nested(open, middle, close, 50_000).as_bytes());
        refuses_json(&watched, open.repeat(100_000).as_bytes());
    }
    watched.is_unharmed();
}

#[test]
fn a_malformed_form_is_refused() {
    let watched = Watched::start();
    for body in [
        &b"account_invitation[permission]=%zz"[..],
        b"account_invitation[permission]=%",
        b"account_invitation[permission]=%4",
        b"account_invitation[%zz]=x",
        b"account_invitation[permission]=%ff",
        b"account_invitation[permission]=%c0%af",
        b"account_invitation[permission]=\xff",
        b"account_invitation[\xff]=x",
        b"account_invitation=x&account_invitation[permission]=collaborator",
        b"account_invitation[]=x&account_invitation[permission]=collaborator",
        b"account_invitation[permission]=collaborator&account_invitation[]=x",
        b"account_invitation[permission]=collaborator&account_invitation[permission][a]=x",
        b"account_invitation[permission]=collaborator&account_invitation[permission][]=x",
        b"account_invitation[a][b]=1&account_invitation[a][]=2",
    ] {
        let answer = put(&watched, "application/x-www-form-urlencoded", body).expect(400);
        begins(&answer, "The form body is malformed: ", body);
    }
    let deep = format!("a{}=1&account_invitation[billability_target]=5", "[b]".repeat(101));
    let answer = put(&watched, "application/x-www-form-urlencoded", deep.as_bytes()).expect(400);
    begins(&answer, "The form body is malformed: ", deep.as_bytes());
    let endless = format!("a{}=1&account_invitation[billability_target]=5", "[b]".repeat(100_000));
    put(&watched, "application/x-www-form-urlencoded", endless.as_bytes()).expect(400);
    watched.is_unharmed();
}

fn begins(answer: &Answer, text: &str, asked: &[u8]) {
    let errors = answer.errors();
    let shown = String::from_utf8_lossy(&asked[..asked.len().min(80)]).into_owned();
    assert_eq!((errors.len(), errors[0].0.as_str()), (1, "syntax"), "for {shown}");
    let message = &errors[0].3;
    assert!(message.starts_with(text) && message.ends_with('.'), "for {shown}: {message}");
}

#[test]
fn a_malformed_query_string_is_refused_on_every_known_route() {
    let watched = Watched::start();
    let requests: [fn(&Watched, &str) -> Request; 6] = [
        |watched, query| watched.server.get(&format!("/account_invitations?{query}")),
        |watched, query| watched.server.get(&format!("{ONE}?{query}")),
        |watched, query| watched.server.post(&format!("/account_invitations?{query}")),
        |watched, query| watched.server.put(&format!("{ONE}?{query}")),
        |watched, query| watched.server.put(&format!("{ONE}/resend?{query}")),
        |watched, query| watched.server.delete(&format!("{ONE}?{query}")),
    ];
    for query in ["a=%zz", "%", "a=%ff", "a=1&a[b]=2", "a[]=1&a[b]=2", "a[b]=1&a[]=2"] {
        for request in requests {
            let answer = request(&watched, query).bearer(token::ADMINISTRATOR).send().expect(400);
            begins(&answer, "The query string is malformed: ", query.as_bytes());
        }
    }
    watched.is_unharmed();
}

#[test]
fn odd_but_readable_query_strings_are_fine() {
    let watched = Watched::start();
    let deep = format!("a{}=1", "[b]".repeat(20));
    for query in ["&&&", "=", "a", "a[b", "a]b=1", "[]=1", "a=1;b=2", "a=1&a=2", "a[b]=1&a=2", deep.as_str(), "%00=%00"]
    {
        watched.server.get(&format!("{ONE}?{query}")).bearer(token::ADMINISTRATOR).send().expect(200);
    }
    watched.is_unharmed();
}

#[test]
fn a_malformed_multipart_body_is_refused() {
    let watched = Watched::start();
    let field = "Content-Disposition: form-data; name=\"account_invitation[permission]\"";
    let good = format!("--b\r\n{field}\r\n\r\ncollaborator\r\n--b--\r\n");
    let file = format!("--b\r\n{field}; filename=\"x.txt\"\r\n\r\ncollaborator\r\n--b--\r\n");
    let cut = good.trim_end_matches("--b--\r\n").to_owned();
    let no_name = "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n".to_owned();
    let no_disposition = "--b\r\n\r\nx\r\n--b--\r\n".to_owned();
    let cases = [
        ("multipart/form-data", good.clone()),
        ("multipart/form-data; boundary=", good.clone()),
        ("multipart/form-data; boundary=other", good.clone()),
        ("multipart/form-data; boundary=b", file),
        ("multipart/form-data; boundary=b", cut),
        ("multipart/form-data; boundary=b", good[..30].to_owned()),
        ("multipart/form-data; boundary=b", "hello".to_owned()),
        ("multipart/form-data; boundary=b", no_name),
        ("multipart/form-data; boundary=b", no_disposition),
    ];
    for (kind, body) in cases {
        let answer = put(&watched, kind, body.as_bytes()).expect(400);
        begins(&answer, "The multipart body is malformed: ", body.as_bytes());
    }
    let mut not_text = good.into_bytes();
    let place = not_text.windows(5).position(|window| window == b"colla").unwrap();
    not_text[place] = 0xff;
    begins(
        &put(&watched, "multipart/form-data; boundary=b", &not_text).expect(400),
        "The multipart body is malformed: ",
        &not_text,
    );
    watched.is_unharmed();
}

#[test]
fn a_multipart_body_with_only_the_last_boundary_has_no_parameters() {
    let watched = Watched::start();
    let missing = "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";
    let answer = put(&watched, "multipart/form-data; boundary=b", b"--b--\r\n").expect(400);
    assert_eq!(answer.text(), refusal("syntax", missing));
    watched.is_unharmed();
}

#[test]
fn a_compressed_body_is_refused_and_identity_is_no_compression() {
    let watched = Watched::start();
    let message = "The content encoding is not supported. Send the body uncompressed.";
    for coding in ["gzip", "deflate", "br", "zstd", "x-gzip", "GZIP", "gzip, identity", "identity;q=1", "nonsense"] {
        let answer = watched
            .server
            .put(ONE)
            .bearer(token::ADMINISTRATOR)
            .header("content-encoding", coding)
            .body(Some("application/json"), "{}")
            .send()
            .expect(415);
        assert_eq!(answer.text(), refusal("syntax", message), "for {coding}");
    }
    for coding in ["identity", " Identity ", "", "identity, identity"] {
        watched
            .server
            .put(ONE)
            .bearer(token::ADMINISTRATOR)
            .header("content-encoding", coding)
            .body(Some("application/json"), r#"{"account_invitation":{}}"#)
            .send()
            .expect(200);
    }
    watched.is_unharmed();
}

#[test]
fn nul_and_control_characters_are_refused_outside_text() {
    let watched = Watched::start();
    for value in [r#""\u0000""#, r#""collaborator\u0000""#, r#""\u001b[31m""#, r#""5\u0000""#, r#""\u0000""#] {
        for field in ["permission", "bill_rate_in_cents", "cost_rate_in_cents", "billability_target", "default_role_id"]
        {
            let body = format!(r#"{{"account_invitation":{{"{field}":{value}}}}}"#);
            let answer = put_json(&watched.server, ONE, token::ADMINISTRATOR, &body).expect(422);
            let errors = answer.errors();
            assert_eq!((errors.len(), errors[0].1.as_deref()), (1, Some(field)), "for {body}");
        }
    }
    watched.is_unharmed();
}

#[test]
fn an_odd_top_level_key_is_merely_unknown() {
    let watched = Watched::start();
    let body = r#"{"account_invitation":{"\u0000":1,"":2,"permission\u0000":"x","🚀":[]},"":1,"\u0000":{}}"#;
    put_json(&watched.server, ONE, token::ADMINISTRATOR, body).expect(200);
    let form = "account_invitation[]&account_invitation%00=1&=2";
    watched.server.put(ONE).bearer(token::ADMINISTRATOR).form(form).send().expect(400);
    watched.is_unharmed();
}
