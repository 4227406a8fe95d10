//! JSON for applications: objects whose keys keep their order, and refusals as RFC 6749 has them.

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use super::page;
use crate::error::Error;
use crate::oauth::refusal::{Code, Refusal};
use crate::server::Body;
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
        for (position, value) in values.iter().enumerate() {
            self.0.push(if position == 0 { b'[' } else { b',' });
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

    /// The whole answer.
    pub fn answer(mut self, status: StatusCode) -> Response<Body> {
        self.0.push(b'}');
        let mut response = Response::new(Body::from(self.0));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        page::keep_private(headers);
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}

/// The answer to an application that is refused.
pub fn refused(refusal: &Refusal, is_challenged: bool) -> Response<Body> {
    let status = match refusal.code {
        Code::InvalidClient => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = body(refusal.code, refusal.description).answer(status);
    if status == StatusCode::UNAUTHORIZED && is_challenged {
        // Only who has tried the scheme is told of it (RFC 6749, section 5.2).
        let challenge = HeaderValue::from_static("Basic realm=\"OAuth\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn body(code: Code, description: &str) -> Object {
    Object::new().text("error", code.name()).text("error_description", description)
}

/// The answer to a request that ends early for a reason that is not OAuth's own.
pub fn error(error: &Error) -> Response<Body> {
    let (status, code) = match error {
        Error::Syntax(_) | Error::Unsupported(_) => (400, Code::InvalidRequest),
        Error::TooSlow | Error::TooLarge(_) => (error.status(), Code::InvalidRequest),
        Error::RateLimited(_) | Error::Unavailable(_) => (error.status(), Code::TemporarilyUnavailable),
        _ => (500, Code::ServerError),
    };
    let description: String = error.message().chars().map(|letter| if letter == '"' { '\'' } else { letter }).collect();
    body(code, &description).answer(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}
