//! JSON for applications: refusals as RFC 6749 has them.

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::http::object::Object;
use crate::oauth::refusal::{Code, Refusal};
use crate::server::listen::Body;

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
    let description: String =
        error.to_string().chars().map(|letter| if letter == '"' { '\'' } else { letter }).collect();
    body(code, &description).answer(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}
