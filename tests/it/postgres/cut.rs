//! A connection that is lost around a commit: nobody knows what became of the write, and the answer says so.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

use serde_json::json;

use super::own_cluster::{serve, start};
use crate::support::{Answer, Server, token};

const FORWARD: u8 = 0;
/// The commit reaches the database, its answer is lost.
const LOSE_ANSWER: u8 = 1;
/// The commit itself is lost.
const LOSE_COMMIT: u8 = 2;

/// A proxy before the database of a URL that cuts the connection of the next commit as ordered; the URL through it.
fn cutting(url: &str) -> (Arc<AtomicU8>, String) {
    let (user, place) = url.rsplit_once('@').unwrap();
    let (server, name) = place.split_once('/').unwrap();
    let server = server.to_socket_addrs().unwrap().next().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let through = format!("{user}@{}/{name}", listener.local_addr().unwrap());
    let order = Arc::new(AtomicU8::new(FORWARD));
    let given = Arc::clone(&order);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (server, order) = (TcpStream::connect(server).unwrap(), Arc::clone(&given));
            let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let is_lost = Arc::new(AtomicBool::new(false));
            let loses = Arc::clone(&is_lost);
            thread::spawn(move || carry(client, server, |piece| ask(piece, &order, &is_lost)));
            thread::spawn(move || carry(from_server, to_client, |piece| answer(piece, &loses)));
        }
    });
    (order, through)
}

/// What becomes of a piece on its way.
enum Fate {
    Arrives,
    IsLost,
    Cuts,
}

fn has_commit(piece: &[u8]) -> bool {
    piece.windows(6).any(|word| word == b"COMMIT")
}

fn ask(piece: &[u8], order: &AtomicU8, is_answer_lost: &AtomicBool) -> Fate {
    let given = if has_commit(piece) { order.swap(FORWARD, Ordering::SeqCst) } else { FORWARD };
    is_answer_lost.fetch_or(given == LOSE_ANSWER, Ordering::SeqCst);
    if given == LOSE_COMMIT { Fate::Cuts } else { Fate::Arrives }
}

fn answer(piece: &[u8], is_lost: &AtomicBool) -> Fate {
    match is_lost.load(Ordering::SeqCst) {
        false => Fate::Arrives,
        // The database says that it has committed.
        true if has_commit(piece) => Fate::Cuts,
        true => Fate::IsLost,
    }
}

/// Forwards what is to arrive until one side has closed or the connection is cut; then closes both sides.
fn carry(mut from: TcpStream, mut to: TcpStream, fate: impl Fn(&[u8]) -> Fate) {
    let mut piece = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        match fate(&piece[..length]) {
            Fate::Arrives if to.write_all(&piece[..length]).is_ok() => {}
            Fate::IsLost => {}
            Fate::Arrives | Fate::Cuts => break,
        }
    }
    for stream in [from, to] {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Both);
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
    let (order, through) = cutting(&url);
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
