//! Spellings of paths, ids and methods.

use serde_json::json;

use super::{NOT_FOUND, UNAUTHENTICATED};
use crate::support::{Answer, Server, token};

fn get(server: &Server, path: &str) -> Answer {
    server.get(path).bearer(token::ADMINISTRATOR).send()
}

#[test]
fn c15_json_may_end_a_path_once() {
    let server = Server::start();
    assert_eq!(get(&server, "/account_invitations.json").expect(200).ids(), ["3", "2", "1"]);
    assert_eq!(get(&server, "/account_invitations.json?per_page=1").expect(200).ids(), ["3"]);
    assert_eq!(get(&server, "/account_invitations/2.json").expect(200).ids(), ["2"]);
    let resend = server.put("/account_invitations/2/resend.json").bearer(token::ADMINISTRATOR).send();
    assert_eq!(resend.expect(200).ids(), ["2"]);
    let change = json!({"account_invitation": {"billability_target": 1}});
    let update = server.put("/account_invitations/2.json").bearer(token::ADMINISTRATOR).json(&change).send();
    assert_eq!(update.expect(200).record()["billability_target"], 1);
    let person = json!({"account_invitation": {"full_name": "New", "email_address": "new@example.test"}});
    let create = server.post("/account_invitations.json").bearer(token::ADMINISTRATOR).json(&person).send();
    let id = create.expect(200).ids().remove(0);
    let delete = server.delete(&format!("/account_invitations/{id}.json")).bearer(token::ADMINISTRATOR).send();
    delete.expect(204);
    for path in [
        "/account_invitations.JSON",
        "/account_invitations.xml",
        "/account_invitations.json.json",
        "/account_invitations.",
        "/account_invitations.json/2",
        "/account_invitations/2.JSON",
        "/account_invitations/2.xml",
        "/account_invitations/2.json.json",
        "/account_invitations/2.jso",
        "/account_invitations/2.",
        "/account_invitations/.json",
        "/account_invitations/json",
    ] {
        assert_eq!(get(&server, path).expect(404).text(), NOT_FOUND, "{path}");
    }
    for path in ["/account_invitations/2.json/resend", "/account_invitations/2/resend.xml"] {
        server.put(path).bearer(token::ADMINISTRATOR).send().expect(404);
    }
}

#[test]
fn c15_one_trailing_slash_is_accepted() {
    let server = Server::start();
    assert_eq!(get(&server, "/account_invitations/").expect(200).ids(), ["3", "2", "1"]);
    assert_eq!(get(&server, "/account_invitations/?per_page=1").expect(200).ids(), ["3"]);
    assert_eq!(get(&server, "/account_invitations/2/").expect(200).ids(), ["2"]);
    server.put("/account_invitations/2/resend/").bearer(token::ADMINISTRATOR).send().expect(200);
    for path in [
        "/account_invitations//",
        "/account_invitations/2//",
        "/account_invitations//2",
        "//account_invitations",
        "//account_invitations/2",
        "/account_invitations/2/resend//",
    ] {
        assert_eq!(get(&server, path).expect(404).text(), NOT_FOUND, "{path}");
    }
    let doubled = server.put("/account_invitations/2//resend").bearer(token::ADMINISTRATOR).send();
    doubled.expect(404);
}

#[test]
fn c15_a_path_is_percent_decoded_and_case_sensitive() {
    let server = Server::start();
    assert_eq!(get(&server, "/account_invitations/%32").expect(200).ids(), ["2"]);
    assert_eq!(get(&server, "/%61ccount_invitations/2").expect(200).ids(), ["2"]);
    assert_eq!(get(&server, "/account%5Finvitations").expect(200).ids(), ["3", "2", "1"]);
    assert_eq!(get(&server, "/account%5finvitations/2.%6Ason").expect(200).ids(), ["2"]);
    for path in [
        "/Account_invitations",
        "/ACCOUNT_INVITATIONS/2",
        "/account_invitations%2F2",
        "/account_invitations/%2532",
        "/account_invitations/2%20",
        "/account_invitations/%ff",
        "/account_invitations/%zz",
        "/account_invitations/2%00",
        "/account_invitations/%",
        "/account_invitations/2%3Fonly_pending=false",
        "/../v1/account_invitations",
        "/./account_invitations",
        "/account_invitations/1/../2",
    ] {
        assert_eq!(get(&server, path).expect(404).text(), NOT_FOUND, "{path}");
    }
    let elsewhere = server.request_at_root("GET", "/API/v1/account_invitations").bearer(token::ADMINISTRATOR).send();
    elsewhere.expect(404);
}

#[test]
fn c16_an_id_is_digits_only() {
    let server = Server::start();
    for id in ["2", "02", "007", "0000000000000000000000000000002"] {
        let status = if id == "007" { 404 } else { 200 };
        let answer = get(&server, &format!("/account_invitations/{id}")).expect(status);
        assert!(status == 404 || answer.ids() == ["2"], "{answer}");
    }
    for id in [
        "0",
        "-1",
        "+2",
        "%2B2",
        "2abc",
        "1e3",
        "2.0",
        "0x2",
        "2,1",
        "%202",
        "me",
        "999",
        "%D9%A2",
        "%EF%BC%92",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551618",
        "99999999999999999999",
        "340282366920938463463374607431768211458",
    ] {
        assert_eq!(get(&server, &format!("/account_invitations/{id}")).expect(404).text(), NOT_FOUND, "{id}");
        for (method, path) in [("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("PUT", "/resend")] {
            let path = format!("/account_invitations/{id}{path}");
            let change = json!({"account_invitation": {"permission": "collaborator"}});
            let answer = server.request(method, &path).bearer(token::ADMINISTRATOR).json(&change).send();
            assert_eq!(answer.expect(404).text(), NOT_FOUND, "{method} {path}");
        }
    }
}

#[test]
fn c16_leading_zeros_do_not_count() {
    let server = Server::start();
    let ids = server.invite_crowd(2);
    let answer = get(&server, &format!("/account_invitations/00{}", ids[0])).expect(200);
    assert_eq!(answer.ids(), [&*ids[0]]);
}

#[test]
fn c17_patch_is_put_on_a_record_but_not_on_an_action() {
    let server = Server::start();
    let change = json!({"account_invitation": {"billability_target": 33}});
    let answer = server.patch("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&change).send().expect(200);
    assert_eq!(answer.record()["billability_target"], 33);
    let resend = server.patch("/account_invitations/1/resend").bearer(token::ADMINISTRATOR).send();
    assert_eq!(resend.expect(404).text(), NOT_FOUND);
}

#[test]
fn c17_head_is_get_without_the_body() {
    let server = Server::start();
    for path in
        ["/account_invitations", "/account_invitations/2?include=inviter", "/account_invitations/999", "/nowhere"]
    {
        let full = get(&server, path);
        let head = server.request("HEAD", path).bearer(token::ADMINISTRATOR).send().expect(full.status);
        assert_eq!(head.body, b"");
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(name), full.header(name), "{name} of {path}");
        }
    }
    server.request("HEAD", "/account_invitations").send().expect(401);
    server.request("HEAD", "/account_invitations").bearer(token::COLLABORATOR).send().expect(403);
}

#[test]
fn c17_other_methods_are_not_found() {
    let server = Server::start();
    let before = server.everything();
    for method in ["OPTIONS", "TRACE", "LINK", "PURGE", "get", "FOO", "PROPFIND"] {
        for path in ["/account_invitations", "/account_invitations/1", "/account_invitations/1/resend"] {
            let answer = server.request(method, path).bearer(token::ADMINISTRATOR).send().expect(404);
            assert_eq!(answer.text(), NOT_FOUND, "{method} {path}");
            assert_eq!(answer.header("allow"), None);
        }
    }
    for (method, path) in [
        ("PUT", "/account_invitations"),
        ("PATCH", "/account_invitations"),
        ("DELETE", "/account_invitations"),
        ("POST", "/account_invitations/1"),
        ("GET", "/account_invitations/1/resend"),
        ("POST", "/account_invitations/1/resend"),
        ("DELETE", "/account_invitations/1/resend"),
        ("PUT", "/account_invitations/1/accept"),
        ("PUT", "/account_invitations/1/resend/again"),
        ("GET", "/account_invitations/1/inviter"),
    ] {
        let answer = server.request(method, path).bearer(token::ADMINISTRATOR).send();
        assert_eq!(answer.expect(404).text(), NOT_FOUND, "{method} {path}");
    }
    assert_eq!(server.everything(), before);
}

#[test]
fn c17_no_header_and_no_parameter_overrides_the_method() {
    let server = Server::start();
    let before = server.everything();
    let form = "_method=delete&account_invitation[permission]=collaborator";
    let posted = server.post("/account_invitations/1").bearer(token::ADMINISTRATOR).form(form).send();
    posted.expect(404);
    for header in ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"] {
        let answer = get(&server, "/account_invitations/1?_method=delete");
        assert_eq!(answer.expect(200).ids(), ["1"]);
        let answer = server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).header(header, "DELETE").send();
        assert_eq!(answer.expect(200).ids(), ["1"], "{header}");
        let answer = server.post("/account_invitations/1").bearer(token::ADMINISTRATOR).header(header, "PUT").send();
        answer.expect(404);
    }
    assert_eq!(server.everything(), before);
}

#[test]
fn a_sandbox_says_of_the_vendors_other_paths_that_it_does_not_serve_them() {
    let server = Server::start();
    for path in ["/workspaces", "/workspaces/1", "/time_entries.json", "/expenses/1/x"] {
        let answer = get(&server, path).expect(404);
        let collection = path.split(['/', '.']).nth(1).unwrap();
        let message = format!("Not found. This sandbox does not serve /{collection}; it serves account_invitations, ");
        assert!(answer.text().contains(&message), "{answer}");
    }
    assert_eq!(get(&Server::start_plain(&[]), "/workspaces").expect(404).text(), NOT_FOUND, "no sandbox");
}

#[test]
fn unknown_paths_are_the_same_404() {
    let server = Server::start();
    for path in ["", "/", "/nowhere", "/account_invitation", "/account_invitations_x", "/account_invitations/1/x"] {
        assert_eq!(get(&server, path).expect(404).text(), NOT_FOUND, "{path}");
    }
    // Without a token an unknown path looks like any other.
    for path in ["/nowhere", "/account_invitations", "/account_invitations/999", "/account_invitations/abc"] {
        assert_eq!(server.get(path).send().expect(401).text(), UNAUTHENTICATED, "{path}");
        assert_eq!(server.get(path).bearer("wrong").send().expect(401).text(), UNAUTHENTICATED, "{path}");
    }
}

#[test]
fn o1_an_unknown_path_or_method_precedes_the_level() {
    let server = Server::start();
    for token in [token::COLLABORATOR, token::PUNCH_CLOCK] {
        server.get("/nowhere").bearer(token).send().expect(404);
        server.post("/account_invitations/1").bearer(token).send().expect(404);
        // An unknown id does not: the level is checked first.
        server.get("/account_invitations/abc").bearer(token).send().expect(403);
        server.get("/account_invitations/999").bearer(token).send().expect(403);
    }
}

#[test]
fn a_bare_question_mark_changes_nothing() {
    let server = Server::start();
    assert_eq!(get(&server, "/account_invitations?").text(), get(&server, "/account_invitations").text());
    assert_eq!(get(&server, "/account_invitations/1?").expect(200).ids(), ["1"]);
    server.put("/account_invitations/1/resend?").bearer(token::ADMINISTRATOR).send().expect(200);
}
