//! A client that polls as docs/WIRE.md says.

use std::collections::BTreeSet;

use serde_json::json;

use super::{ask, id_of, role, write};
use crate::support::Server;

/// How far back it asks, in seconds: longer than a write takes.
const OVERLAP: i64 = 120;

/// What a poller remembers.
#[derive(Default)]
struct Poller {
    /// Events that it has handled within the overlap.
    known: BTreeSet<i64>,
    /// When it has last asked, in seconds since 1970.
    asked: Option<i64>,
    handled: Vec<i64>,
}

impl Poller {
    fn poll(&mut self, server: &Server) {
        let now = server.app().clock.now().0 / 1_000_000;
        let after = self.asked.map(|asked| format!("&created_after={}", moment(asked - OVERLAP))).unwrap_or_default();
        let (mut page, mut found) = (1, BTreeSet::new());
        loop {
            let query = format!("order=created_at:asc&per_page=2&page={page}{after}");
            let events = ask(server, &query).records();
            for id in events.iter().map(id_of) {
                if !self.known.contains(&id) && found.insert(id) {
                    self.handled.push(id);
                }
                found.insert(id);
            }
            if events.len() < 2 {
                break;
            }
            page += 1;
        }
        (self.known, self.asked) = (found, Some(now));
    }
}

fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

#[test]
fn a_poller_misses_nothing_and_handles_nothing_twice() {
    let server = Server::start();
    let mut poller = Poller::default();
    let mut made = 0;
    for pause in [0, 1, 59, 60, 119, 121, 600, 86_400] {
        for _ in 0..3 {
            role(&server, "Sculptor");
            made += 1;
        }
        poller.poll(&server);
        server.advance_seconds(pause);
        poller.poll(&server);
        write(&server, "PUT", "/users/7", &json!({"user": {"headline": format!("After {pause}")}}));
        made += 1;
    }
    poller.poll(&server);
    let stored: Vec<i64> = server
        .stored("SELECT id FROM audit WHERE event_type IS NOT NULL ORDER BY id")
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let mut handled = poller.handled.clone();
    handled.sort_unstable();
    assert_eq!((stored.len(), handled), (made, stored));
}

#[test]
fn an_event_that_is_committed_late_is_in_the_overlap() {
    let server = Server::start();
    let mut poller = Poller::default();
    role(&server, "First");
    poller.poll(&server);
    server.advance_seconds(30);
    poller.poll(&server);
    // A write that began before the last poll, and was committed after it.
    role(&server, "Late");
    server.alter_stored("UPDATE audit SET occurred_at = occurred_at - 60000000 WHERE id = (SELECT max(id) FROM audit)");
    poller.poll(&server);
    assert_eq!(poller.handled.len(), 2);
}
