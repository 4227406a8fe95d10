//! Clients that stop halfway, send one byte at a time, or do not read their answers.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;

use super::{Watched, body_of, head, status_of};
use crate::exact::refusal;

const TOO_SLOW: &str = "The request took too long to arrive.";
const QUICK: &[(&str, &str)] = &[("header_timeout", "1"), ("body_timeout", "1"), ("idle_timeout", "1")];

fn connect(watched: &Watched) -> TcpStream {
    let stream = TcpStream::connect(watched.server.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Reads until the server closes, which must happen within five seconds of `start`.
fn rest(mut stream: TcpStream, start: Stopwatch) -> Vec<u8> {
    let mut received = Vec::new();
    // A reset connection counts as closed.
    let _ = stream.read_to_end(&mut received);
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(5), "the server held the connection for {elapsed:?}");
    received
}

/// Sends the first bytes at once and then one every 100 ms, until the server closes.
fn drip(watched: &Watched, at_once: &str, bytes: &str) -> Vec<u8> {
    let start = Stopwatch::start();
    let mut stream = connect(watched);
    stream.write_all(at_once.as_bytes()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let bytes = bytes.to_owned();
    let dripping = thread::spawn(move || {
        for byte in bytes.bytes() {
            thread::sleep(Duration::from_millis(100));
            if writer.write_all(&[byte]).is_err() {
                return;
            }
        }
    });
    let received = rest(stream, start);
    dripping.join().unwrap();
    received
}

fn is_408_or_nothing(received: &[u8]) {
    assert!(received.is_empty() || status_of(received) == Some(408), "{}", String::from_utf8_lossy(received));
}

#[test]
fn a_silent_connection_is_closed() {
    let watched = Watched::start_with(QUICK);
    let start = Stopwatch::start();
    is_408_or_nothing(&rest(connect(&watched), start));
    watched.is_unharmed();
}

#[test]
fn a_head_that_stops_halfway_is_given_up() {
    let watched = Watched::start_with(QUICK);
    for half in
        ["D", "DELETE /api/v1/account_invitations/1", "DELETE /api/v1/account_invitations/1 HTTP/1.1\r\nHost: local"]
    {
        let start = Stopwatch::start();
        let mut stream = connect(&watched);
        stream.write_all(half.as_bytes()).unwrap();
        is_408_or_nothing(&rest(stream, start));
    }
    watched.is_unharmed();
}

#[test]
fn a_head_that_comes_byte_by_byte_is_given_up() {
    let watched = Watched::start_with(QUICK);
    is_408_or_nothing(&drip(&watched, "", &head("Content-Length: 0")[..40]));
    watched.is_unharmed();
}

#[test]
fn an_idle_kept_alive_connection_is_closed() {
    let watched = Watched::start_with(QUICK);
    let start = Stopwatch::start();
    let mut stream = connect(&watched);
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(status_of(&rest(stream, start)), Some(200));
    watched.is_unharmed();
}

#[test]
fn a_body_that_stops_halfway_is_408_and_the_connection_closes() {
    let watched = Watched::start_with(QUICK);
    let half = r#"{"account_invitation":{"permission":"colla"#;
    for lines in ["Content-Length: 60", "Transfer-Encoding: chunked"] {
        let body = if lines.starts_with('C') { half.to_owned() } else { format!("{:x}\r\n{half}\r\n", half.len()) };
        let start = Stopwatch::start();
        let mut stream = connect(&watched);
        stream.write_all(format!("{}{body}", head(lines)).as_bytes()).unwrap();
        let received = rest(stream, start);
        assert_eq!(status_of(&received), Some(408), "with {lines}");
        assert_eq!(body_of(&received), refusal("system", TOO_SLOW));
    }
    watched.is_unharmed();
}

#[test]
fn a_body_that_comes_byte_by_byte_is_408_although_it_never_pauses() {
    let watched = Watched::start_with(QUICK);
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    let received = drip(&watched, &head(&format!("Content-Length: {}", body.len())), body);
    assert_eq!(status_of(&received), Some(408));
    assert_eq!(body_of(&received), refusal("system", TOO_SLOW));
    watched.is_unharmed();
}

#[test]
fn a_client_that_disconnects_inside_a_body_changes_nothing() {
    let watched = Watched::start_with(QUICK);
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    for sent in [0, 1, body.len() - 1] {
        let mut stream = connect(&watched);
        let text = format!("{}{}", head(&format!("Content-Length: {}", body.len())), &body[..sent]);
        stream.write_all(text.as_bytes()).unwrap();
        drop(stream);

        let start = Stopwatch::start();
        let mut stream = connect(&watched);
        stream.write_all(text.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let status = status_of(&rest(stream, start));
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "after {sent} bytes: {status:?}");
    }
    watched.is_unharmed();
}

#[test]
fn a_hundred_slow_clients_do_not_stop_a_quick_one() {
    let watched = Watched::start_with(&[("header_timeout", "5"), ("body_timeout", "5")]);
    let slow: Vec<TcpStream> = (0..100)
        .map(|number| {
            let mut stream = connect(&watched);
            let text = if number % 2 == 0 { "PUT /api/v1".to_owned() } else { head("Content-Length: 50") };
            stream.write_all(text.as_bytes()).unwrap();
            stream
        })
        .collect();
    let start = Stopwatch::start();
    watched.is_unharmed();
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(4), "it took {elapsed:?}");
    drop(slow);
}

#[test]
fn a_client_that_never_reads_is_cut_off_and_the_next_one_is_served() {
    // The other deadlines are long, so only the write deadline can end this.
    let settings = [("write_timeout", "1"), ("header_timeout", "60"), ("body_timeout", "60"), ("max_connections", "1")];
    let watched = Watched::start_with(&settings);
    let page = |more: &str| format!("GET /docs HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let length = watched.server.raw(page("Connection: close\r\n").as_bytes()).len();
    // More than any system's buffers hold.
    let times = 64 * 1_048_576 / length;
    let start = Stopwatch::start();
    let mut deaf = connect(&watched);
    deaf.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    // The server stops reading while its answers are stuck, so part of this may never arrive.
    let _ = deaf.write_all(page("").repeat(times).as_bytes());

    let mut next = connect(&watched);
    next.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(status_of(&rest(next, start)), Some(200));
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_secs(1), "the deaf client was given only {elapsed:?}");
    let received = rest(deaf, Stopwatch::start());
    println!("cut off after {elapsed:?} and {} of {} bytes", received.len(), times * length);
    assert!(received.len() < times * length, "nothing was cut off");
    watched.is_unharmed();
}

#[test]
fn a_client_that_reads_slowly_but_steadily_gets_everything() {
    let watched = Watched::start_with(&[("write_timeout", "2"), ("header_timeout", "60"), ("body_timeout", "60")]);
    let page = |more: &str| format!("GET /docs HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let length = watched.server.raw(page("Connection: close\r\n").as_bytes()).len();
    // More than any system's buffers hold, so the server has to wait before each of four reads.
    let times = 64 * 1_048_576 / length;
    let start = Stopwatch::start();
    let mut slow = connect(&watched);
    slow.write_all((page("").repeat(times - 1) + &page("Connection: close\r\n")).as_bytes()).unwrap();
    let mut received = Vec::new();
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(800));
        (&slow).take(12 * 1_048_576).read_to_end(&mut received).unwrap();
    }
    let elapsed = start.elapsed();
    assert!(elapsed > Duration::from_secs(3), "the whole took longer than the deadline: {elapsed:?}");
    slow.read_to_end(&mut received).unwrap();
    let received = String::from_utf8(received).unwrap();
    assert_eq!(received.matches("HTTP/1.1 200 OK\r\n").count(), times);
    assert!(received.ends_with("</html>"), "the last page is whole");
    watched.is_unharmed();
}
