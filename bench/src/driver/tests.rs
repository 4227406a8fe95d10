//! The generator against a server that is awkward on purpose.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::{Load, drive};
use crate::interrupt::Interrupt;

/// Answers each request in three pieces, and every fourth with 503, until the client goes.
fn answer_in_pieces(stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut answered = 0;
    while let Some(Ok(line)) = lines.next() {
        if !line.is_empty() {
            continue;
        }
        answered += 1;
        let status = if answered % 4 == 0 { "503 Service Unavailable" } else { "200 OK" };
        for piece in [&format!("HTTP/1.1 {status}\r\ncontent-"), "length: 6\r\n\r\nabc", "def"] {
            if out.write_all(piece.as_bytes()).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

fn serve(handle: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || handle(stream));
        }
    });
    address
}

fn load(address: SocketAddr) -> Load {
    Load {
        address,
        connections: 3,
        warm_up: Duration::from_millis(20),
        duration: Duration::from_millis(200),
        expected_status: 200,
    }
}

fn request(out: &mut Vec<u8>) {
    out.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
}

#[test]
fn answers_in_pieces_are_counted_once_and_wrong_ones_as_errors() {
    let measured = drive(&load(serve(answer_in_pieces)), &Interrupt::default(), &mut request).unwrap();
    assert!(measured.answers > 10, "{}", measured.answers);
    assert_eq!(measured.answers, measured.latencies.len() as u64);
    assert!(measured.latencies.is_sorted());
    assert!(measured.answers_in_all >= measured.answers);
    // Each of the three connections may be up to three answers before its next wrong one.
    let expected = measured.answers_in_all / 3;
    assert!(measured.errors <= expected && measured.errors + 3 >= expected, "{} of {expected}", measured.errors);
    assert!(measured.first_fault.unwrap().contains("503 instead of 200"));
}

#[test]
fn a_server_that_goes_away_ends_the_load_with_an_error() {
    let address = serve(drop);
    let failure = drive(&load(address), &Interrupt::default(), &mut request).unwrap_err();
    assert!(!format!("{failure:#}").is_empty());
}
