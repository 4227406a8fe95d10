//! Bad input: the refusal has the documented shape, nothing changes, and the next request works.
//!
//! - `bodies`: truncated, nested, unreadable and compressed bodies, conflicting keys, malformed query strings.
//! - `sizes`: the limit of a mebibyte per body, announced, chunked and lied about.
//! - `paths`: invalid ids and paths, and path tricks.
//! - `bytes`: bytes that are barely HTTP, or not at all.
//! - `slow`: clients that stop halfway or send one byte at a time.
//! - `uploads`: files that come slowly, in crowds, or broken.
//! - `rates`: clients over a rate limit.

mod bodies;
mod bytes;
mod paths;
mod rates;
mod sizes;
mod slow;
mod uploads;

use crate::exact::{everything, put_json};
use crate::support::{Server, token};

/// A server, and its data before the bad input.
struct Watched {
    server: Server,
    before: String,
}

impl Watched {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let server = Server::start_with(settings);
        let before = everything(&server);
        Self { server, before }
    }

    /// Expects that nothing changed, and that reading and writing still work.
    fn is_unharmed(&self) {
        assert_eq!(everything(&self.server), self.before, "something was changed");
        let nothing = r#"{"account_invitation":{}}"#;
        put_json(&self.server, "/account_invitations/1", token::ADMINISTRATOR, nothing).expect(200);
    }
}

/// The head of a PUT of JSON, with another header line.
fn head(header: &str) -> String {
    format!(
        "PUT /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n{header}\r\n\r\n",
        token::ADMINISTRATOR
    )
}

/// The status of a raw answer; `None` if it is no answer.
fn status_of(bytes: &[u8]) -> Option<u16> {
    let line = str::from_utf8(bytes.get(..12)?).ok()?;
    line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?.parse().ok()
}

/// The body of a raw answer.
fn body_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}
