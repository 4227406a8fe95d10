//! JSON beside the API, printed from serde structs: keys in the order of the fields.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderValue};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::engine::error::Error;
use crate::http::headers;

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

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        headers::error(self).into_response()
    }
}

/// An object whose keys keep their order.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Ordered<T>(#[schemars(with = "HashMap<String, T>")] pub Vec<(&'static str, T)>);

impl Ordered<Value> {
    /// Leaves out what is null.
    pub fn given(mut pairs: Vec<(&'static str, Value)>) -> Self {
        pairs.retain(|(_, value)| !value.is_null());
        Self(pairs)
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
