//! Several servers over one database: changes reach the others within a second; limits are per server.

use std::time::Duration;

use invited::testing::{Stopwatch, accounts};

use super::own_cluster::{serve, start};
use crate::support::{Server, token, within};

/// The promised second, and slack for a busy machine.
const KNOWN_WITHIN: Duration = Duration::from_secs(3);

fn status(server: &Server, bearer: &str) -> u16 {
    server.get("/account_invitations").bearer(bearer).send().status
}

/// Asks until a token is refused, within the limit.
#[track_caller]
fn expect_refused(server: &Server, bearer: &str, what: &str) {
    let since = Stopwatch::start();
    assert!(within(KNOWN_WITHIN, || status(server, bearer) == 401), "{what} still counts");
    println!("{what} is refused by the other server after {:?}", since.elapsed());
}

#[test]
fn a_member_shut_out_on_one_server_is_shut_out_on_all_within_a_second() {
    let (_cluster, url) = start();
    let (one, other) = (serve(&url, &[]), serve(&url, &[]));
    for bearer in [token::PROJECT_LEAD, token::REPORTS_VIEWER] {
        assert_eq!((status(&one, bearer), status(&other, bearer)), (200, 200));
    }
    let sql = "SELECT k.id FROM access_tokens k JOIN account_memberships m USING (user_id) WHERE m.id = 205";
    let id = other.stored(sql).remove(0).parse().unwrap();
    let now = one.app().clock.now();
    assert_eq!(status(&other, token::PROJECT_LEAD), 200, "it is cached just before");
    assert!(one.write(move |db| Ok(accounts::revoke_token(db, id, now)?)));
    expect_refused(&other, token::PROJECT_LEAD, "a token that was revoked");
    expect_refused(&one, token::PROJECT_LEAD, "a token that was revoked");

    assert_eq!(status(&other, token::REPORTS_VIEWER), 200);
    one.put("/account_memberships/204/disable").bearer(token::OWNER).send().expect(200);
    assert_eq!(status(&one, token::REPORTS_VIEWER), 401, "the server that made the change applies it at once");
    expect_refused(&other, token::REPORTS_VIEWER, "a member who was disabled");
}

#[test]
fn limits_are_per_server() {
    let (_cluster, url) = start();
    let settings = [("rate_general", "3")];
    let (one, other) = (serve(&url, &settings), serve(&url, &settings));
    for server in [&one, &other] {
        let answers: Vec<u16> = (0..4).map(|_| status(server, token::OWNER)).collect();
        assert_eq!(answers, [200, 200, 200, 429], "requests to other servers do not count");
    }
}
