//! Files that come slowly, in crowds, or broken.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use invited::testing::Stopwatch;

use super::{Watched, body_of, status_of};
use crate::exact::refusal;
use crate::support::{Answer, pictures, token};

const PART: &str = "user[profile_photo_attachment_file]";

/// The places that one account can have.
const PLACES_OF_ACCOUNT: usize = 4;

fn upload(watched: &Watched, user: &str, bearer: &str) -> Answer {
    let request = watched.server.post(&format!("/users/{user}/profile_photo")).bearer(bearer);
    request.file(PART, &pictures::png(3, 2)).send()
}

/// Begins an upload and does not go on.
fn begun(watched: &Watched) -> TcpStream {
    let mut stream = TcpStream::connect(watched.server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /api/v1/users/6/profile_photo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n--b\r\n",
        token::ADMINISTRATOR
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn slow_uploads_of_one_account_hold_up_nobody_else() {
    let watched = Watched::start_with(&[("body_timeout", "4")]);
    let since = Stopwatch::start();
    let slow: Vec<TcpStream> = (0..20).map(|_| begun(&watched)).collect();
    // Those that wait for a place give up after half of the time. Requests without a file need no place, and the other account has its own.
    while since.elapsed() < Duration::from_millis(1_500) {
        upload(&watched, "21", token::OTHER_ADMINISTRATOR).expect(200);
        watched.server.get("/users/6").bearer(token::ADMINISTRATOR).send().expect(200);
    }
    let answers: Vec<Vec<u8>> = slow
        .into_iter()
        .map(|mut stream| {
            let mut received = Vec::new();
            let _ = stream.read_to_end(&mut received);
            received
        })
        .collect();
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    let too_slow = answers.iter().filter(|answer| status_of(answer) == Some(408)).count();
    let waited = answers.iter().filter(|answer| status_of(answer) == Some(503)).count();
    assert_eq!((too_slow, waited), (PLACES_OF_ACCOUNT, 20 - PLACES_OF_ACCOUNT));
    let busy = refusal("system", "The service is temporarily unavailable. Please try again.");
    assert!(answers.iter().any(|answer| body_of(answer) == busy));
    upload(&watched, "6", token::ADMINISTRATOR).expect(200);
}

#[test]
fn clients_that_break_off_give_their_places_back() {
    let watched = Watched::start();
    for _ in 0..5 * PLACES_OF_ACCOUNT {
        drop(begun(&watched));
    }
    let since = Stopwatch::start();
    upload(&watched, "6", token::ADMINISTRATOR).expect(200);
    assert!(since.elapsed() < Duration::from_secs(10), "the body timeout is 30 seconds");
}

#[test]
fn a_crowd_of_uploads_is_served_one_after_the_other() {
    let watched = Watched::start();
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| upload(&watched, "6", token::ADMINISTRATOR).expect(200));
            scope.spawn(|| upload(&watched, "21", token::OTHER_ADMINISTRATOR).expect(200));
        }
    });
}

#[test]
fn a_broken_form_with_a_file_changes_nothing() {
    let watched = Watched::start();
    let picture = pictures::png(30, 20);
    let head = format!("--b\r\nContent-Disposition: form-data; name=\"{PART}\"; filename=\"p\"\r\n\r\n");
    let whole = [head.as_bytes(), &picture, b"\r\n--b--\r\n"].concat();
    let send = |kind: &str, body: &[u8]| {
        let request = watched.server.post("/users/6/profile_photo").bearer(token::ADMINISTRATOR);
        request.body(Some(kind), body).send()
    };
    let malformed = "The multipart body is malformed: ";
    for length in (1..whole.len() - 4).step_by(7) {
        let answer = send("multipart/form-data; boundary=b", &whole[..length]).expect(400);
        assert!(answer.errors()[0].3.starts_with(malformed), "{length}: {answer}");
    }
    for kind in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other"] {
        assert!(send(kind, &whole).expect(400).errors()[0].3.starts_with(malformed), "{kind}");
    }
    let twice =
        [head.as_bytes(), b"x\r\n", &head.replace(PART, "user[headline]").into_bytes(), b"y\r\n--b--\r\n"].concat();
    assert!(send("multipart/form-data; boundary=b", &twice).expect(400).text().contains("a part is a file"));
    for name in ["user", "user[]", "user[profile_photo_attachment_file][]", "profile_photo_attachment_file", ""] {
        let body = String::from_utf8_lossy(&whole).replace(PART, name);
        assert!(
            send("multipart/form-data; boundary=b", body.as_bytes()).expect(400).text().contains("a part is a file")
        );
    }
    watched.is_unharmed();
}
