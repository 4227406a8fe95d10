//! JSON objects beside the API, whose keys keep their order.

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use crate::http::html;
use crate::server::listen::Body;
use crate::wire::kind::print_text;

/// An object that is being printed.
pub struct Object(Vec<u8>);

impl Object {
    /// Without keys.
    pub fn new() -> Self {
        Self(vec![b'{'])
    }

    /// With a text.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        print_text(value, &mut self.0);
        self
    }

    /// With a text, unless it is blank.
    pub fn text_unless_blank(self, name: &str, value: &str) -> Self {
        if value.trim().is_empty() { self } else { self.text(name, value) }
    }

    /// With a text, or null.
    pub fn text_or_null(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, b"null"),
        }
    }

    /// With what is JSON already.
    pub fn raw(mut self, name: &str, json: &[u8]) -> Self {
        self.name(name);
        self.0.extend_from_slice(json);
        self
    }

    /// With a whole number.
    pub fn int(mut self, name: &str, value: i64) -> Self {
        self.name(name);
        self.0.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// With a truth value.
    pub fn truth(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// With a list of texts.
    pub fn texts(mut self, name: &str, values: &[&str]) -> Self {
        self.name(name);
        self.0.push(b'[');
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                self.0.push(b',');
            }
            print_text(value, &mut self.0);
        }
        self.0.push(b']');
        self
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        print_text(name, &mut self.0);
        self.0.push(b':');
    }

    /// The object as JSON.
    pub fn into_json(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    /// The whole answer.
    pub fn answer(self, status: StatusCode) -> Response<Body> {
        let mut response = Response::new(Body::from(self.into_json()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        html::keep_private(headers);
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}

/// Objects as an array.
pub fn array(objects: impl Iterator<Item = Object>) -> Vec<u8> {
    let mut out = vec![b'['];
    for object in objects {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(&object.0);
        out.push(b'}');
    }
    out.push(b']');
    out
}
