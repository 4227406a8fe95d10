//! Concurrent use: single-use secrets work once.

use super::{CALLBACK, code, encoded, tokens_of};
use crate::concurrency::together;
use crate::support::{Server, token};

const CLIENTS: usize = 64;

/// The statuses of one form posted by many clients at once.
fn at_once(server: &Server, form: &str) -> Vec<u16> {
    let answers = together(CLIENTS, |_| server.request_at_root("POST", "/oauth/token").form(form).send());
    answers.iter().map(|answer| answer.status).collect()
}

fn given(server: &Server) -> Vec<String> {
    server.stored("SELECT count(*) FROM access_tokens WHERE application_id IS NOT NULL")
}

#[test]
fn sixty_four_uses_of_one_code_give_one_token() {
    let server = Server::start();
    let code = code(&server, &[]);
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("client_id", "sandbox-app"),
        ("client_secret", "sandbox-secret"),
    ]);
    let statuses = at_once(&server, &form);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), CLIENTS - 1, "{statuses:?}");
    assert_eq!(given(&server), ["1"]);
}

#[test]
fn sixty_four_uses_of_one_refresh_token_give_one_more() {
    let server = Server::start();
    let (_, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    let form = encoded(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &renewal),
        ("client_id", "sandbox-app"),
        ("client_secret", "sandbox-secret"),
    ]);
    let statuses = at_once(&server, &form);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(given(&server), ["2"]);
}
