//! A request without a host, so that it can be sent to two servers and printed as a command.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::dice::Dice;
use crate::support::client::Request;
use crate::support::pictures;

const BOUNDARY: &str = "----differential-b0undary";

const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The operation in the API description, or the name of the path; counts successes.
    pub(super) what: &'static str,
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// Names and values, as in forms and query strings.
pub(super) type Pairs = Vec<(String, String)>;

pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Encodes a query string or form.
pub(super) fn encoded(pairs: &[(String, String)]) -> String {
    // Clients may leave brackets unescaped, and do.
    let name = |name: &str| escaped(name).replace("%5B", "[").replace("%5D", "]").replace("%5F", "_");
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", name(key), escaped(value))).collect();
    pairs.join("&")
}

impl Asked {
    pub(super) fn new(method: &'static str, target: &str) -> Self {
        Self { what: "beside the API", method, target: target.to_owned(), headers: Vec::new(), body: None }
    }

    pub(super) fn called(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds parameters to the query string.
    pub(super) fn query(mut self, pairs: &[(String, String)]) -> Self {
        if !pairs.is_empty() {
            self.target.push(if self.target.contains('?') { '&' } else { '?' });
            self.target.push_str(&encoded(pairs));
        }
        self
    }

    pub(super) fn form(self, pairs: &[(String, String)]) -> Self {
        self.body(Some(FORM), encoded(pairs).into_bytes())
    }

    pub(super) fn body(mut self, content_type: Option<&str>, body: Vec<u8>) -> Self {
        self.body = Some(body);
        match content_type {
            Some(content_type) => self.header("Content-Type", content_type),
            None => self,
        }
    }

    /// Sends parameters in one of the encodings that clients use.
    pub(super) fn params(self, dice: &mut Dice, params: &Map<String, Value>) -> Self {
        let json = || Value::Object(params.clone()).to_string().into_bytes();
        match dice.below(10) {
            0..5 => self.body(Some("application/json"), json()),
            5 | 6 => self.form(&pairs(params)),
            7 => self.body(None, encoded(&pairs(params)).into_bytes()),
            8 => self.query(&pairs(params)),
            _ => self.body(Some(&format!("multipart/form-data; boundary={BOUNDARY}")), multipart(&pairs(params))),
        }
    }

    /// Sends a file, mostly a picture.
    pub(super) fn file(self, dice: &mut Dice, part: &str) -> Self {
        let part = if dice.once_in(12) { "nonsense" } else { part };
        let picture = if dice.once_in(12) { b"GIF89a nonsense".to_vec() } else { pictures::png(1, 2) };
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"f\"\r\n\r\n");
        let body = [head.as_bytes(), &picture, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        self.body(Some(&format!("multipart/form-data; boundary={BOUNDARY}")), body)
    }

    /// Breaks the body as a bad client or connection would: truncated, not UTF-8, or with the wrong type.
    pub(super) fn broken(mut self, dice: &mut Dice) -> Self {
        let types = ["application/json", FORM, "multipart/form-data", "text/plain", "application/json; charset=utf-16"];
        match (dice.below(5), &mut self.body) {
            (0, Some(body)) => body.truncate(dice.below(body.len())),
            (1, Some(body)) => {
                let place = dice.below(body.len());
                body.splice(place..place, [[0xff, 0xfe], [0, 0], [b'"', b'{'], [b'%', b'%']][dice.below(4)]);
            }
            (2, _) => return self.header("Content-Encoding", dice.one_of(&["gzip", "identity", ""])),
            (3, Some(_)) => {
                let other = dice.one_of(&types);
                self.headers.retain(|(name, _)| name != "Content-Type");
                return self.header("Content-Type", other);
            }
            _ => self.target.push_str(dice.one_of(&[
                "?%zz",
                "?a=1&a[b]=2",
                "?%ff=1",
                "/",
                "//",
                "%2F",
                "?",
                "?&&=",
                "/..",
                ".xml",
            ])),
        }
        self
    }

    /// The request to one server.
    pub(super) fn to(&self, address: SocketAddr) -> Request {
        let mut request = Request::new(address, self.method, &self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match &self.body {
            Some(body) => request.body(None, body.clone()),
            None => request,
        }
    }

    /// Whether it may have an effect.
    pub(super) fn is_write(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD")
    }

    /// As a shell command.
    pub(super) fn curl(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut command = format!("curl -i -X {} {}", self.method, quoted(&format!("$SERVER{}", self.target)));
        for (name, value) in &self.headers {
            command.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
        }
        if let Some(body) = &self.body {
            command.push_str(&format!(" --data-binary {}", quoted(&String::from_utf8_lossy(body))));
        }
        command
    }
}

/// A tree as nested form fields.
fn pairs(params: &Map<String, Value>) -> Pairs {
    let mut pairs = Vec::new();
    for (name, value) in params {
        flatten(name.clone(), value, &mut pairs);
    }
    pairs
}

fn flatten(name: String, value: &Value, pairs: &mut Pairs) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                flatten(format!("{name}[{key}]"), value, pairs);
            }
        }
        Value::Array(items) => {
            for item in items {
                flatten(format!("{name}[]"), item, pairs);
            }
        }
        Value::Null => pairs.push((name, String::new())),
        Value::String(text) => pairs.push((name, text.clone())),
        other => pairs.push((name, other.to_string())),
    }
}

fn multipart(pairs: &[(String, String)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in pairs {
        let name = name.replace(['"', '\r', '\n'], "_");
        body.push_str(&format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    body.into_bytes()
}
