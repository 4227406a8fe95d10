//! What handlers of the control plane take of a request, read strictly.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use hyper::http::request::Parts;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::engine::error::Error;
use crate::http::extract::call;
use crate::http::request;
use crate::sandbox::Sandbox;
use crate::server::app::App;

/// The server and what makes it a sandbox.
pub struct Control {
    pub app: Arc<App>,
    pub sandbox: Arc<Sandbox>,
}

impl<S: Sync> FromRequestParts<S> for Control {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Error> {
        let app = Arc::clone(&call(head)?.app);
        let sandbox = app.sandbox.clone().ok_or(Error::NotFound)?;
        Ok(Self { app, sandbox })
    }
}

/// A JSON body, since the gate refuses any other; an empty one counts as `{}`.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        let bytes = request::collect(&*call(&head)?, body).await?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
        serde_json::from_slice(text).map(Self).map_err(unreadable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
pub fn unreadable(cause: serde_json::Error) -> Error {
    Error::Syntax(format!("The body cannot be read: {cause}."))
}

/// A body without a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The id or name in `/sandbox/COLLECTION/NAME`, not percent-decoded.
pub struct NameInPath(pub String);

impl<S: Sync> FromRequestParts<S> for NameInPath {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self(head.uri.path().split('/').nth(3).unwrap_or_default().to_owned()))
    }
}
