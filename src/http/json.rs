//! JSON beside the API, printed from serde structs: keys in the order of the fields.

use std::borrow::Cow;
use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::headers;
use crate::wire::kind;

/// An answer. It may hold a secret, so it is not stored on the way.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let mut response = body.into_response();
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, headers::JSON);
                headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
                headers::keep_private(headers);
                response
            }
            Err(cause) => Error::Internal(cause.to_string()).into_response(),
        }
    }
}

/// A refusal in the shape of the API's errors. It carries the error along, for the log and for those who show it
/// otherwise.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = headers::error(&self).map(axum::body::Body::new);
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

/// A number that is text in JSON.
pub struct Digits<T>(pub T);

impl<T: Display> Serialize for Digits<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T> JsonSchema for Digits<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Digits".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+$"})
    }
}

/// A moment, with whole seconds.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Time(#[schemars(extend("format" = "date-time"))] String);

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(kind::time(moment.0))
    }
}
