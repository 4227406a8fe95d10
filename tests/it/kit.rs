//! Tests of the test kit itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::client::Request;
use crate::support::markup::elements;
use crate::support::{Answer, Server, ordered_json};

#[test]
fn the_reader_keeps_the_order_of_keys() {
    let body = ordered_json::read(r#"{"z":1,"a":{"é":"\n\"x","b":[]},"m":[null,-1.5e3]}"#).unwrap();
    assert_eq!(body.keys(), ["z", "a", "m"]);
    assert_eq!(body.get("a").unwrap().keys(), ["é", "b"]);
    assert_eq!(body.get("a").unwrap().get("é").unwrap().text(), Some("\n\"x"));
    assert_eq!(body.get("m").unwrap().elements().len(), 2);
}

#[test]
fn the_reader_refuses_json_that_the_wire_never_prints() {
    for body in [r#"{"a": 1}"#, r#"{"a":1,"a":2}"#, r#"["\u00e9"]"#, "{}\n", r#"{"a":1"#, ""] {
        assert!(ordered_json::read(body).is_err(), "{body:?} was taken");
    }
}

/// Sends a request to a peer that reads some bytes and then sends a fixed answer.
fn answer_of(bytes: &'static str) -> Result<Answer, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
    });
    let answer = Request::new(address, "GET", "/").try_send().map_err(|lost| lost.to_string());
    peer.join().unwrap();
    answer
}

#[test]
fn the_client_reads_lengths_and_chunks() {
    let sized = answer_of("HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    assert_eq!((sized.status, sized.header("x-one"), sized.text()), (200, Some("1"), "{}"));
    let chunked =
        answer_of("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n")
            .unwrap();
    assert_eq!((chunked.status, chunked.text()), (404, "{}"));
}

#[test]
fn the_client_reports_what_is_wrong_with_an_answer() {
    for (bytes, sentence) in [
        ("", "the connection closed before the headers ended, after ``"),
        ("HTTP/1.0 200 OK\r\n\r\n", "there is no status line: `HTTP/1.0 200 OK\r\n\r\n`"),
        ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "the header line \"nonsense\" has no colon"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "Content-Length is 9, but 2 bytes of body came"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", "a chunk of 5 bytes is cut after 2"),
    ] {
        assert_eq!(answer_of(bytes).unwrap_err(), sentence);
    }
}

#[test]
fn a_stopped_server_accepts_no_connections() {
    let server = Server::start();
    let address = server.address();
    assert!(TcpStream::connect(address).is_ok());
    server.stop();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_markup_reader_finds_what_a_browser_would_find() {
    let page = "<p class=x ID='a>b'>1 < 2 &lt;b&gt; <style>a<b{}</style><a href=\"/x\" onclick>y</a>";
    let found = elements(page);
    let names: Vec<&str> = found.iter().map(|element| element.name.as_str()).collect();
    assert_eq!(names, ["p", "style", "a", "/a"]);
    assert_eq!((found[0].attribute("class"), found[0].attribute("id")), (Some("x"), Some("a>b")));
    assert_eq!((found[2].attribute("href"), found[2].attribute("onclick")), (Some("/x"), Some("")));
}
