//! A connection that is lost around a commit: nobody knows what became of the write, and the answer says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use serde_json::json;

use super::own_cluster::{serve, start};
use crate::support::proxy::{self, Fate, Judge};
use crate::support::{Answer, Server, token};

const FORWARD: u8 = 0;
/// The commit reaches the database, its answer is lost.
const LOSE_ANSWER: u8 = 1;
/// The commit itself is lost.
const LOSE_COMMIT: u8 = 2;

/// Cuts the connection of the next commit as ordered.
struct Cutting {
    order: Arc<AtomicU8>,
    is_answer_lost: AtomicBool,
}

fn has_commit(piece: &[u8]) -> bool {
    piece.windows(6).any(|word| word == b"COMMIT")
}

impl Judge for Cutting {
    fn question(&self, piece: &[u8]) -> Fate {
        let given = if has_commit(piece) { self.order.swap(FORWARD, Ordering::SeqCst) } else { FORWARD };
        self.is_answer_lost.fetch_or(given == LOSE_ANSWER, Ordering::SeqCst);
        if given == LOSE_COMMIT { Fate::Cuts } else { Fate::Arrives }
    }

    fn answer(&self, piece: &[u8]) -> Fate {
        match self.is_answer_lost.load(Ordering::SeqCst) {
            false => Fate::Arrives,
            // The database says that it has committed.
            true if has_commit(piece) => Fate::Cuts,
            true => Fate::IsLost,
        }
    }
}

fn invite(server: &Server, address: &str) -> Answer {
    let body = json!({"account_invitation": {"full_name": "N", "email_address": address}});
    let request = server.post("/account_invitations").bearer(token::ADMINISTRATOR);
    request.header("Idempotency-Key", address).json(&body).send()
}

#[test]
fn a_write_whose_commit_is_cut_says_that_it_may_have_happened_and_its_repetition_tells_the_truth() {
    let (_cluster, url) = start();
    let order = Arc::new(AtomicU8::new(FORWARD));
    let given = Arc::clone(&order);
    let through =
        proxy::before(&url, move || Cutting { order: Arc::clone(&given), is_answer_lost: AtomicBool::new(false) });
    let server = serve(&url, &[("database", &through), ("connections", "1")]);
    let there = |address: &str| {
        server.stored(&format!("SELECT count(*) FROM account_invitations WHERE email_key = '{address}'"))[0] == "1"
    };
    invite(&server, "first@example.test").expect(200);
    for (given, address, has_happened) in
        [(LOSE_ANSWER, "happened@example.test", true), (LOSE_COMMIT, "lost@example.test", false)]
    {
        order.store(given, Ordering::SeqCst);
        let answer = invite(&server, address).expect(503);
        assert!(answer.text().contains("may have happened"), "{answer}");
        assert!(answer.text().contains("Idempotency-Key"), "{answer}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(there(address), has_happened);
        let repeated = invite(&server, address).expect(200);
        assert_eq!(repeated.header("idempotent-replayed").is_some(), has_happened, "{repeated}");
        assert!(there(address));
    }
}
