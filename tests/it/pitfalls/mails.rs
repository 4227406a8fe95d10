//! Mail as a weapon: floods, links that lead elsewhere, text that becomes markup, domains that are not allowed.

use invited::testing::Transport;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::markup::{Element, elements};
use crate::support::{Answer, Server, token};

fn create(server: &Server, bearer: &str, address: &str) -> Answer {
    let body = json!({"account_invitation": {"full_name": "Vera", "email_address": address}});
    server.post("/account_invitations").bearer(bearer).json(&body).send()
}

/// Tried: flooding an address by creates, resends, bulks, several accounts, repeated requests and a restart.
#[test]
fn pitfall_14_no_address_can_be_flooded_with_mail() {
    let mut server = Server::start_with(&[
        ("rate_create", "4"),
        ("rate_resend", "3"),
        ("rate_resend_per_invitation", "1"),
        ("rate_mails_per_address", "5"),
    ]);
    let mails_to =
        |server: &Server| server.number("SELECT count(*) FROM outbox WHERE recipient_key = 'victim@example.test'");
    let id = create(&server, token::ADMINISTRATOR, "victim@example.test").expect(200).ids().remove(0);
    let resend =
        |server: &Server, bearer: &str| server.put(&format!("/account_invitations/{id}/resend")).bearer(bearer).send();
    // The limit of an invitation covers all callers.
    assert_eq!(resend(&server, token::ADMINISTRATOR).status, 200);
    assert_eq!(resend(&server, token::OWNER).status, 429);
    assert_eq!(mails_to(&server), 2);
    // Revoking and inviting again is stopped by the limit of creates, then by that of the address.
    let take_back_and_invite = |server: &Server, bearer: &str| {
        let of_address =
            "SELECT id FROM account_invitations WHERE account_id = 1 AND email_key = 'victim@example.test'";
        let id = server.number(of_address);
        server.delete(&format!("/account_invitations/{id}")).bearer(token::OWNER).send().expect(204);
        create(server, bearer, "Victim@example.test").status
    };
    let statuses: Vec<u16> = (0..3).map(|_| take_back_and_invite(&server, token::ADMINISTRATOR)).collect();
    assert_eq!((statuses, mails_to(&server)), (vec![200, 200, 200], 5));
    let refused = create(&server, token::OTHER_ADMINISTRATOR, "victim@example.test").expect(429);
    assert!(refused.header("retry-after").is_some(), "{refused}");
    create(&server, token::ADMINISTRATOR, "another@example.test").expect(429);
    server.restart();
    server.advance_seconds(600);
    create(&server, token::OTHER_ADMINISTRATOR, "victim@example.test").expect(429);
    let bulk = json!({"account_invitations": [{"full_name": "V", "email_address": "victim@example.test"}]});
    server.post("/account_invitations").bearer(token::OTHER_ADMINISTRATOR).json(&bulk).send().expect(429);
    assert_eq!(mails_to(&server), 5);
    // A repeated request with an idempotency key is one request and sends one mail.
    let before = server.number("SELECT count(*) FROM outbox");
    for _ in 0..3 {
        let person = json!({"account_invitation": {"full_name": "Once", "email_address": "once@example.test"}});
        let request = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&person);
        request.header("Idempotency-Key", "once").send().expect(200);
    }
    assert_eq!(server.number("SELECT count(*) FROM outbox"), before + 1);
    // Postponed mails are sent without duplicates.
    server.deliver();
    assert_eq!(server.mailbox("victim@example.test").as_array().unwrap().len(), 1, "the others were canceled in time");
}

/// Tried: every way to name another host in a request, and links that start with it.
#[test]
fn pitfall_15_no_request_chooses_where_links_lead() {
    const BASE: &str = "https://people.example.com";
    let server = Server::start_plain(&[("base_url", BASE)]);
    let hosts = [
        ("", "Host: evil.test"),
        ("", "Host: people.example.com@evil.test"),
        ("", "Host: [::1]:80"),
        ("", "Host: evil.test:80#people.example.com"),
        ("", "Host: people.example.com\r\nHost: evil.test"),
        ("", "Host: x\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Server: evil.test"),
        (
            "",
            "Host: x\r\nForwarded: host=evil.test;proto=http\r\nX-Original-URL: http://evil.test/\r\nX-Host: evil.test",
        ),
        ("http://evil.test", "Host: x"),
        ("http://evil.test:1", "Host: evil.test\r\nOrigin: http://evil.test\r\nReferer: http://evil.test/"),
    ];
    for (number, (place, headers)) in hosts.into_iter().enumerate() {
        let send = |method: &str, path: &str, body: &str| {
            let head = format!(
                "{method} {place}{path} HTTP/1.1\r\n{headers}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                token::ADMINISTRATOR,
                body.len()
            );
            String::from_utf8(server.raw(head.as_bytes())).unwrap()
        };
        let address = format!("host.{number}@example.test");
        let person = json!({"account_invitation": {"full_name": "Vera", "email_address": address}}).to_string();
        let created = send("POST", "/api/v1/account_invitations", &person);
        let is_taken = created.starts_with("HTTP/1.1 200");
        assert!(is_taken || created.starts_with("HTTP/1.1 400"), "{headers:?}: {created}");
        assert!(!created.contains("evil"), "{created}");
        if is_taken {
            server.deliver();
            let Transport::Memory(mailbox) = &server.app().mail else { panic!("mail stays in memory") };
            let mail = mailbox.mails(Some(&address)).remove(0);
            let link = mail.link.expose_secret();
            assert!(link.starts_with(&format!("{BASE}/invitations/lnk_")), "{link}");
            let whole = String::from_utf8_lossy(&mail.bytes);
            assert!(!whole.contains("evil"), "{whole}");
            for text in [&mail.text, &mail.html] {
                assert!(!text.contains("evil"), "{text}");
                assert_eq!(text.matches("http").count(), 1, "{text}");
                assert!(text.contains(link), "{text}");
            }
        }
        let handed = send("POST", "/invitations/1/link", "");
        assert!(
            handed.starts_with("HTTP/1.1 400") || handed.contains(&format!("\"{BASE}/invitations/lnk_")),
            "{handed}"
        );
        assert!(!handed.contains("evil"), "{handed}");
        let page = send("GET", "/invitations/lnk_unknown", "");
        assert!(!page.contains("evil"), "{page}");
    }
}

/// Inputs that try to become more than text in a mail or page.
const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</p><a href=\"https://evil.test\">click</a>",
    "\"><b>x</b>",
    "' onmouseover='alert(1)",
    "\" onmouseover=\"alert(1)",
    "</title><h1>x</h1>",
    "</strong></p></body></html><p>y",
    "<!-- ",
    "--><i>",
    "]]><svg/onload=alert(1)>",
    "&lt;b&gt; &#60;b&#62;",
    "{{ link }}{% if true %}<b>{% endif %}",
    "{account} {inviter} {0}",
    "https://evil.test/click",
    "www.evil.test",
    "javascript:alert(1)",
    "mailto:evil@evil.test",
    "[click](https://evil.test)",
    "<https://evil.test>",
    "</style><style>*{display:none}",
    "<base href=//evil.test>",
    "<form action=//evil.test><input name=password>",
    "<meta http-equiv=refresh content=0;url=//evil.test>",
    "\u{202e}gnp.evil\u{2066}",
    "＜b＞ ‹b›",
    "${7*7} #{7*7} <%= 7*7 %>",
    "%3Cb%3E \\u003cb\\u003e \\x3cb\\x3e",
];

/// Each tag with its attribute names and its target.
type Skeleton = Vec<(String, Vec<String>, Option<String>)>;

fn skeleton(text: &str) -> Skeleton {
    let of_element = |element: Element| {
        let leads_to = ["href", "src", "action"].iter().find_map(|name| element.attribute(name)).map(str::to_owned);
        let names = element.attributes.iter().map(|(name, _)| name.clone()).collect();
        (element.name, names, leads_to)
    };
    elements(text).into_iter().map(of_element).collect()
}

/// The skeletons of mail and page, with the token as a placeholder, and the mail.
fn seen(
    server: &Server,
    bearer: &str,
    full_name: &str,
    headline: &str,
    role: &str,
    number: usize,
) -> (Value, [Skeleton; 2]) {
    let address = format!("payload.{number}@example.test");
    let person = json!({
        "full_name": full_name, "headline": headline, "email_address": address, "permission": "collaborator",
        "default_role_id": role,
    });
    server.invite_by(bearer, &person);
    let link = server.mailed(&address);
    let mail = server.mailbox(&address)[0].take();
    let page = server.open(&link).expect(200);
    assert_eq!(mail["html"].as_str().unwrap().matches(&link).count(), 1, "{mail}");
    let without_token = |text: &str| text.replace(&link, "TOKEN");
    let skeletons = [skeleton(&without_token(mail["html"].as_str().unwrap())), skeleton(&without_token(page.text()))];
    (mail, skeletons)
}

/// Tried: markup, links and templates in everything that people can name: persons, titles, accounts, roles.
#[test]
fn pitfall_16_typed_text_stays_text_in_mail_and_page() {
    let server = Server::start();
    let harmless = seen(&server, token::OWNER, "Vera", "Analyst", "101", 0).1;
    assert_eq!(harmless[0].iter().filter(|(name, ..)| name == "a").count(), 1, "the mail has one link");
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let sql_text = payload.replace('\'', "''");
        server.alter_stored(&format!("UPDATE accounts SET name = '{sql_text}' WHERE id = 1"));
        let renamed = json!({"user": {"full_name": payload}});
        server.put("/users/2").bearer(token::ADMINISTRATOR).json(&renamed).send().expect(200);
        let role = server.post("/roles").bearer(token::ADMINISTRATOR).json(&json!({"role": {"name": payload}}));
        let role = role.send().expect(200).ids().remove(0);
        let (mail, skeletons) = seen(&server, token::ADMINISTRATOR, payload, payload, &role, number + 1);
        assert_eq!(skeletons, harmless, "{payload:?}");
        let text = mail["text"].as_str().unwrap();
        assert_eq!(text.matches("://").count(), 1, "{payload:?} is a link in {text}");
        for word in ["www.evil", "evil.test", "https://evil", "javascript:alert", "mailto:evil"] {
            for part in ["text", "html", "subject"] {
                assert!(!mail[part].as_str().unwrap().contains(word), "{payload:?} in {}", mail[part]);
            }
        }
        let subject = mail["subject"].as_str().unwrap();
        assert!(!subject.contains(['\r', '\n', '\u{202e}', '\u{2066}']), "{subject:?}");
    }
}

/// Tried: addresses whose domain ends with, begins with or resembles an allowed one.
#[test]
fn pitfall_22_a_domain_is_compared_as_a_whole() {
    let domains = " Example.COM , *.example.org,xn--mller-kva.test., single ";
    let server = Server::start_with(&[("invite_domains", domains)]);
    let refusals =
        ["Email address is of a domain that may not be invited.", "Email address is not a valid email address."];
    for (address, is_invitable) in [
        ("a@example.com", true),
        ("b@EXAMPLE.com", true),
        ("a.b+c@example.com", true),
        ("a@sub.example.org", true),
        ("a@b.sub.Example.Org", true),
        ("a@xn--mller-kva.test", true),
        ("a@single", true),
        ("a@attacker-example.com", false),
        ("a@attackerexample.com", false),
        ("a@sub.example.com", false),
        ("a@example.com.attacker.test", false),
        ("a@example.org", false),
        ("a@attackerexample.org", false),
        ("a@x-example.org", false),
        ("a@.example.org", false),
        ("a@sub..example.org", false),
        ("a@example.org.attacker.test", false),
        ("a@example.com.", false),
        ("a@example.co", false),
        ("a@example.comm", false),
        ("a@com", false),
        ("a@*.example.org", false),
        ("a@mller-kva.test", false),
        ("a@m\u{fc}ller.test", false),
        ("a@ex\u{430}mple.com", false),
        ("a@example\u{3002}com", false),
        ("a@\u{ff45}xample.com", false),
        ("a@attacker.test@example.com", false),
        ("\"a@attacker.test\"@example.com", false),
        ("a@attacker.test,b@example.com", false),
        ("a@attacker.test#@example.com", false),
        ("a%attacker.test@example.com", true),
        ("<a@attacker.test>a@example.com", false),
        ("a@[127.0.0.1]", false),
        ("a@127.0.0.1", false),
    ] {
        let answer = create(&server, token::ADMINISTRATOR, address);
        assert_eq!(answer.status, if is_invitable { 200 } else { 422 }, "{address}: {answer}");
        if !is_invitable {
            let errors = answer.errors();
            assert!(errors.len() == 1 && refusals.contains(&errors[0].3.as_str()), "{address}: {answer}");
        }
    }
    // A bulk with one forbidden address is refused whole, and the error names it.
    let people = json!({"account_invitations": [
        {"full_name": "In", "email_address": "in@example.com"}, {"full_name": "Out", "email_address": "out@evil.test"},
    ]});
    let refused = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&people).send().expect(422);
    assert_eq!(refused.errors()[0].2, Some(1));
    assert_eq!(server.number("SELECT count(*) FROM account_invitations WHERE email_key = 'in@example.com'"), 0);
}
