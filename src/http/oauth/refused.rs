//! Refusals for applications, as JSON in the shape of RFC 6749.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};

use crate::engine::error::Error;
use crate::http::headers;
use crate::http::json::{Json, Ordered};
use crate::oauth::refusal::{Code, Refusal};

/// Why an application is refused.
pub enum Refused {
    Request(Refusal),
    /// It has tried HTTP Basic, so the answer challenges it to do so (RFC 6749, section 5.2).
    Basic(Refusal),
    Failed(Error),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Request(refusal)
    }
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn body(status: StatusCode, code: Code, description: &str) -> Response {
    (status, Json(Ordered(vec![("error", code.name()), ("error_description", description)]))).into_response()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (refusal, is_challenged) = match self {
            Self::Request(refusal) => (refusal, false),
            Self::Basic(refusal) => (refusal, true),
            Self::Failed(error) => return error.into_response(),
        };
        let status = match refusal.code {
            Code::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = body(status, refusal.code, refusal.description);
        if status == StatusCode::UNAUTHORIZED && is_challenged {
            let challenge = HeaderValue::from_static("Basic realm=\"OAuth\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Shows an error that is not OAuth's own in OAuth's shape. Any other answer stays as it is.
pub async fn show_error(response: Response) -> Response {
    let Some(error) = response.extensions().get::<Arc<Error>>().cloned() else { return response };
    let (status, code) = match *error {
        Error::Syntax(_) | Error::Unsupported(_) => (StatusCode::BAD_REQUEST, Code::InvalidRequest),
        Error::TooSlow | Error::TooLarge(_) => (response.status(), Code::InvalidRequest),
        Error::RateLimited(_) | Error::Unavailable(_) | Error::Uncertain(_) => {
            (response.status(), Code::TemporarilyUnavailable)
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, Code::ServerError),
    };
    let mut response = body(status, code, &error.to_string().replace('"', "'"));
    headers::refuse(response.headers_mut(), &error);
    response.extensions_mut().insert(error);
    response
}
