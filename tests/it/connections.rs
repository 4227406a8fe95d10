//! What a connection must be like, how long it may rest, and how many a peer may have.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::{Server, token, within};

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Reads an answer whose body ends with a brace.
#[track_caller]
fn answer(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut piece = [0; 1_024];
    while !received.ends_with(b"}") {
        match stream.read(&mut piece).expect("the server answers") {
            0 => panic!("the connection is closed after {}", String::from_utf8_lossy(&received)),
            length => received.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8(received).unwrap()
}

/// Waits until the server closes; whether it did before the read timeout.
fn is_closed(mut stream: &TcpStream) -> bool {
    loop {
        match stream.read(&mut [0; 1_024]) {
            Ok(1..) => {}
            Ok(0) => return true,
            // A reset connection counts as closed.
            Err(cause) => return !matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

/// Whether the connection is still open, and silent, after a while.
fn rests(mut stream: &TcpStream, a_while: Duration) -> bool {
    stream.set_read_timeout(Some(a_while)).unwrap();
    let read = stream.read(&mut [0]).map_err(|cause| cause.kind());
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    matches!(read, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn a_head_of_more_than_64_kib_is_431() {
    for server in [Server::start(), Server::start_plain(&[])] {
        let ask = |target: usize, headers: &[usize]| {
            let lines: String = headers.iter().map(|length| format!("X-Long: {}\r\n", "y".repeat(*length))).collect();
            let target = format!("/health/live?{}", "x".repeat(target));
            let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
            String::from_utf8(server.raw(head.as_bytes())).unwrap()
        };
        for (target, headers) in [(60_000, &[][..]), (10, &[60_000]), (20_000, &[20_000, 20_000])] {
            let said = ask(target, headers);
            assert!(said.starts_with("HTTP/1.1 200"), "{target} {headers:?}: {}", &said[..said.len().min(200)]);
        }
        for (target, headers) in
            [(66_000, &[][..]), (10, &[66_000]), (20_000, &[20_000, 26_000]), (10, &[300_000]), (400_000, &[])]
        {
            let said = ask(target, headers);
            // A target that is too long by itself may get another status.
            let is_refused = said.starts_with("HTTP/1.1 431") || target > 65_536 && said.starts_with("HTTP/1.1 414");
            assert!(is_refused, "{target} {headers:?}: {}", &said[..said.len().min(200)]);
        }
    }
}

#[test]
fn http_1_1_has_exactly_one_host() {
    for server in [Server::start(), Server::start_plain(&[])] {
        let before = server.everything_stored();
        for path in ["/health/live", "/api/v1/account_invitations/1", "/docs"] {
            for (version, hosts, status) in [
                ("1.1", "", "400"),
                ("1.1", "Host: localhost\r\nHost: localhost\r\n", "400"),
                ("1.1", "Host: localhost\r\nhost: 127.0.0.1\r\n", "400"),
                ("1.0", "Host: localhost\r\nHost: 127.0.0.1\r\n", "400"),
                ("1.0", "", "20"),
                ("1.1", "Host: localhost\r\n", "20"),
            ] {
                let method = if path.starts_with("/api") { "DELETE" } else { "GET" };
                if status != "400" && method == "DELETE" {
                    continue;
                }
                let bearer = token::OWNER;
                let head = format!(
                    "{method} {path} HTTP/{version}\r\n{hosts}Authorization: Bearer {bearer}\r\n\
                     Connection: close\r\n\r\n"
                );
                let said = String::from_utf8(server.raw(head.as_bytes())).unwrap();
                assert!(said.starts_with(&format!("HTTP/{version} {status}")), "{head}{said}");
                assert!(status != "400" || said.contains("exactly one Host header"), "{said}");
            }
        }
        assert_eq!(server.everything_stored(), before);
    }
}

#[test]
fn a_client_that_closes_its_sending_half_gets_its_answer() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"headline":"Half"}}"#;
    let put = format!(
        "PUT /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        token::OWNER,
        body.len()
    );
    // The last one waits for a mail that only comes afterwards.
    for request in [LIVE, &put, "GET /sandbox/mailbox?wait=20 HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut stream = connect(&server);
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        if request.contains("mailbox") {
            assert!(rests(&stream, Duration::from_millis(300)), "the answer is waited for");
            server.invite_by_mail("nia@example.test");
        }
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 200"), "{request}: {said}");
    }
}

#[test]
fn a_pause_between_requests_may_be_longer_than_a_head_takes() {
    let server = Server::start_with(&[("header_timeout", "1"), ("idle_timeout", "60")]);
    let mut stream = connect(&server);
    for _ in 0..2 {
        stream.write_all(LIVE.as_bytes()).unwrap();
        assert!(answer(&mut stream).starts_with("HTTP/1.1 200"));
        assert!(rests(&stream, Duration::from_millis(1_500)), "closed although it may rest for a minute");
    }
    // A head that has begun has its own time, after a pause and on a new connection.
    stream.write_all(b"GET /hea").unwrap();
    assert!(is_closed(&stream), "a head that stops");
    assert!(is_closed(&connect(&server)), "a silent new connection");
}

#[test]
fn a_pause_between_requests_has_an_end() {
    let server = Server::start_with(&[("header_timeout", "60"), ("idle_timeout", "1")]);
    let mut stream = connect(&server);
    stream.write_all(LIVE.as_bytes()).unwrap();
    answer(&mut stream);
    assert!(is_closed(&stream));
}

#[test]
fn one_peer_cannot_take_all_connections() {
    let server = Server::start_plain(&[("max_connections_per_peer", "3")]);
    let works = |stream: &mut TcpStream| {
        let is_sent = stream.write_all(LIVE.as_bytes()).is_ok();
        let mut received = [0; 12];
        is_sent && stream.read_exact(&mut received).is_ok() && received == *b"HTTP/1.1 200"
    };
    let mut open: Vec<TcpStream> = (0..3).map(|_| connect(&server)).collect();
    assert!(open.iter_mut().all(works), "three may be open");
    assert!(!works(&mut connect(&server)), "the fourth is closed");
    open.pop();
    assert!(within(Duration::from_secs(10), || works(&mut connect(&server))), "a place is free again");
    let proxied = Server::start_plain(&[("max_connections_per_peer", "3"), ("trusted_proxies", "127.0.0.0/8")]);
    let mut many: Vec<TcpStream> = (0..10).map(|_| connect(&proxied)).collect();
    assert!(many.iter_mut().all(works), "a proxy speaks for many");
}
