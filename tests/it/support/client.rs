//! A small HTTP/1.1 client that hides nothing: it sends exactly what a test says and shows exactly what came back.
//!
//! Each request has its own connection. A library would repair targets, merge headers and reuse connections, which some
//! tests are about. A failure is a [`Lost`] with a message: [`Request::send`] panics with it, [`Request::try_send`]
//! returns it, for tests in which the server is killed.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::contract;
use super::server::Server;

/// The base path of everything in the contract.
pub(crate) const BASE: &str = "/api/v1";
/// How long a test waits for the next byte.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long [`Server::raw`] waits for more.
const RAW_PATIENCE: Duration = Duration::from_secs(3);
const BOUNDARY: &str = "----story-boundary-7f3a";

/// An entry of `errors`: type, field, index, message.
pub(crate) type ErrorEntry = (String, Option<String>, Option<u64>, String);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Lost(String);

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Server {
    pub(crate) fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    pub(crate) fn put(&self, path: &str) -> Request {
        self.request("PUT", path)
    }

    pub(crate) fn patch(&self, path: &str) -> Request {
        self.request("PATCH", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Request {
        self.request("DELETE", path)
    }

    /// A request with any method, below the base path.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        self.request_at_root(method, &format!("{BASE}{path}"))
    }

    /// A request with any method and the raw target.
    pub(crate) fn request_at_root(&self, method: &str, target: &str) -> Request {
        Request::new(self.address(), method, target)
    }

    /// Sends raw bytes and returns everything until the server closes or is silent for three seconds.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut received = Vec::new();
        let Ok(mut stream) = TcpStream::connect(self.address()) else {
            return received;
        };
        // The server may refuse before it has read everything; its answer is what matters.
        let _ = stream.write_all(bytes);
        if stream.set_read_timeout(Some(RAW_PATIENCE)).is_err() {
            return received;
        }
        // An error is a timeout or a reset; either way there is no more.
        let _ = stream.read_to_end(&mut received);
        received
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers and body.
    pub(crate) fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        Self { address, method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: None }
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Adds a header, even if there is one of that name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A JSON body.
    pub(crate) fn json(self, value: &Value) -> Self {
        self.body(Some("application/json"), value.to_string())
    }

    /// An encoded form.
    pub(crate) fn form(self, encoded: &str) -> Self {
        self.body(Some("application/x-www-form-urlencoded"), encoded)
    }

    /// A multipart form of plain parts.
    pub(crate) fn multipart(self, parts: &[(&str, &str)]) -> Self {
        let mut body = String::new();
        for (name, value) in parts {
            body.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!("--{BOUNDARY}--\r\n"));
        self.body(Some(&format!("multipart/form-data; boundary={BOUNDARY}")), body)
    }

    /// A multipart form of one file.
    pub(crate) fn file(self, part: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"picture.png\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let end = format!("\r\n--{BOUNDARY}--\r\n");
        let body = [head.as_bytes(), bytes, end.as_bytes()].concat();
        self.body(Some(&format!("multipart/form-data; boundary={BOUNDARY}")), body)
    }

    /// Any body, with any Content-Type or none.
    pub(crate) fn body(mut self, content_type: Option<&str>, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        match content_type {
            Some(content_type) => self.header("Content-Type", content_type),
            None => self,
        }
    }

    /// Sends the request; panics without an answer, or if it breaks the contract.
    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        let asked = self.describe();
        match self.clone().try_send() {
            Ok(answer) => {
                if let Err(breach) = contract::check(&self.method, &self.target, &self.headers, &answer) {
                    panic!("the answer to {asked} breaks the contract: {breach}\n{answer}");
                }
                answer
            }
            Err(lost) => panic!("no answer to {asked}: {lost}"),
        }
    }

    /// Sends the request without checking the contract.
    pub(crate) fn try_send(self) -> Result<Answer, Lost> {
        let lost = |what: &str| {
            let what = what.to_owned();
            move |cause: std::io::Error| Lost(format!("{what}: {cause}"))
        };
        let mut stream = TcpStream::connect(self.address).map_err(lost("cannot connect"))?;
        stream.set_nodelay(true).map_err(lost("cannot set up the connection"))?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(lost("cannot set up the connection"))?;
        let sent = stream.write_all(&self.to_bytes());
        let mut received = Vec::new();
        // A server that refuses a large body early closes while the client still writes. Its answer counts.
        let read = stream.read_to_end(&mut received);
        if received.is_empty() {
            sent.map_err(lost("cannot send"))?;
        }
        match Answer::parse(&self.method, self.describe(), &received) {
            Ok(answer) => Ok(answer),
            Err(fault) => Err(match read {
                Ok(_) => fault,
                Err(cause) => Lost(format!("{fault} ({cause})")),
            }),
        }
    }

    /// The request, for messages.
    fn describe(&self) -> String {
        let mut text = format!("{} {}", self.method, self.target);
        if let Some(body) = &self.body {
            let shown = String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
            text.push_str(&format!(" with {} bytes `{shown}`", body.len()));
        }
        text
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.method, self.target, self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = self.body.as_deref();
        // Methods that usually have a body announce an empty one, as every client does.
        if body.is_some() || ["POST", "PUT", "PATCH"].contains(&self.method.as_str()) {
            head.push_str(&format!("Content-Length: {}\r\n", body.map_or(0, <[u8]>::len)));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        bytes
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, in order.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    asked: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} → {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            writeln!(out, "{name}: {value}")?;
        }
        write!(out, "\n{}", String::from_utf8_lossy(&self.body))
    }
}

impl Answer {
    fn parse(method: &str, asked: String, bytes: &[u8]) -> Result<Self, Lost> {
        let shown = || String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]).into_owned();
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Err(Lost(format!("the connection closed before the headers ended, after `{}`", shown())));
        };
        let head =
            str::from_utf8(&bytes[..end]).map_err(|_| Lost(format!("the headers are not UTF-8: `{}`", shown())))?;
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|line| line.get(..3))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| Lost(format!("there is no status line: `{}`", shown())))?;
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) =
                line.split_once(':').ok_or_else(|| Lost(format!("the header line {line:?} has no colon")))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Self { status, headers, body: Vec::new(), asked };
        answer.body = answer.read_body(method, &bytes[end + 4..])?;
        Ok(answer)
    }

    fn read_body(&self, method: &str, rest: &[u8]) -> Result<Vec<u8>, Lost> {
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return read_chunks(rest);
        }
        // An answer to HEAD has the length of a missing body.
        if method == "HEAD" {
            return Ok(rest.to_vec());
        }
        let Some(length) = self.header("content-length") else {
            return Ok(rest.to_vec());
        };
        let length: usize = length.parse().map_err(|_| Lost(format!("Content-Length is {length:?}")))?;
        if rest.len() != length {
            return Err(Lost(format!("Content-Length is {length}, but {} bytes of body came", rest.len())));
        }
        Ok(rest.to_vec())
    }

    /// The first value of a header, by lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap_or_else(|_| panic!("the body is not UTF-8: {self}"))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|cause| panic!("the body is not JSON ({cause}): {self}"))
    }

    /// The ids of `results`, in order.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        let json = self.json();
        let Some(results) = json["results"].as_array() else { panic!("missing results: {self}") };
        results.iter().filter_map(|entry| entry["id"].as_str()).map(str::to_owned).collect()
    }

    /// The records of `results`, in order.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        let json = self.json();
        let Some(results) = json["results"].as_array() else { panic!("missing results: {self}") };
        let find = |entry: &Value| Some(json.get(entry["key"].as_str()?)?.get(entry["id"].as_str()?)?.clone());
        results.iter().filter_map(find).collect()
    }

    /// The only record.
    #[track_caller]
    pub(crate) fn record(&self) -> Value {
        match self.records().as_slice() {
            [record] => record.clone(),
            records => panic!("{} records instead of one: {self}", records.len()),
        }
    }

    /// The entries of `errors`, in order.
    #[track_caller]
    pub(crate) fn errors(&self) -> Vec<ErrorEntry> {
        let json = self.json();
        let Some(errors) = json["errors"].as_array() else { panic!("missing errors: {self}") };
        let text = |entry: &Value, name: &str| entry[name].as_str().map(str::to_owned);
        errors
            .iter()
            .map(|entry| {
                (
                    text(entry, "type").unwrap_or_default(),
                    text(entry, "field"),
                    entry["index"].as_u64(),
                    text(entry, "message").unwrap_or_default(),
                )
            })
            .collect()
    }

    /// The comparable parts of an answer: without request id, time and duration.
    pub(crate) fn face(&self) -> (u16, Vec<(String, String)>, String) {
        let varying = ["x-request-id", "x-runtime", "date"];
        let headers = self.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str())).cloned();
        (self.status, headers.collect(), self.text().to_owned())
    }

    /// Panics if the status is different.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "expected {status}, got {self}");
        self
    }
}

fn read_chunks(mut rest: &[u8]) -> Result<Vec<u8>, Lost> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n");
        let line = end.and_then(|end| str::from_utf8(&rest[..end]).ok());
        let size = line.and_then(|line| usize::from_str_radix(line.split(';').next()?.trim(), 16).ok());
        let (Some(end), Some(size)) = (end, size) else {
            return Err(Lost(format!("the chunked body is cut after {} bytes", body.len())));
        };
        rest = &rest[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        if rest.len() < size + 2 {
            return Err(Lost(format!("a chunk of {size} bytes is cut after {}", rest.len())));
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}
