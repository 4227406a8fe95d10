//! Bad input: whatever arrives, the refusal has the documented shape, nothing changes, and the next request works.
//!
//! - `bodies`: truncated, nested, unreadable and compressed bodies, conflicting keys, malformed query strings.
//! - `sizes`: the mebibyte that a body may have, announced, chunked and lied about.
//! - `paths`: ids and paths that are none, and the tricks that are played with them.
//! - `bytes`: what is not HTTP at all, or hardly.
//! - `slow`: clients that stop halfway or send one byte at a time.
//! - `rates`: clients that ask too often.

mod bodies;
mod bytes;
mod paths;
mod rates;
mod sizes;
mod slow;

use crate::exact::{everything, put_json};
use crate::support::{Server, token};

/// A server, and what it held before the bad input came.
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

    /// Nothing changed, reading still works, and writing too.
    fn is_unharmed(&self) {
        assert_eq!(everything(&self.server), self.before, "something was changed");
        let nothing = r#"{"account_invitation":{}}"#;
        put_json(&self.server, "/account_invitations/1", token::ADMINISTRATOR, nothing).expect(200);
    }
}

/// The status of an answer that came as bytes; `None` when nothing or something else came.
fn status_of(bytes: &[u8]) -> Option<u16> {
    let line = str::from_utf8(bytes.get(..12)?).ok()?;
    line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?.parse().ok()
}

/// What follows the headers of an answer that came as bytes.
fn body_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}
