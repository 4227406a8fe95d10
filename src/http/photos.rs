//! Pictures of people, as pages show them: without a token, at addresses that nobody can guess.

use axum::response::{IntoResponse as _, Response};
use hyper::header::{self, HeaderName, HeaderValue};

use crate::engine::error::Error;
use crate::http::extract::Visit;
use crate::http::router::{GET, Routes};
use crate::resources::users::photos::{self, PATH};

const JPEG: HeaderValue = HeaderValue::from_static("image/jpeg");

/// A name never gets another picture. A day bounds how long browsers show one that was replaced or erased.
const FOR_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400, immutable");

/// Nothing in the answer may load or run anything.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'");

pub fn routes() -> Routes {
    Routes::new().on(GET, "/images/profile_photos/{name}", "profile_photo", show)
}

async fn show(visit: Visit) -> Result<Response, Error> {
    let name = visit.head.uri.path().strip_prefix(PATH).unwrap_or_default().to_owned();
    let found = visit.app.store.read(move |db| photos::find(db, &name)).await?;
    let headers = [
        (header::CONTENT_TYPE, JPEG),
        (header::CACHE_CONTROL, FOR_A_DAY),
        (HeaderName::from_static("content-security-policy"), NOTHING),
    ];
    Ok((headers, found.ok_or(Error::NotFound)?).into_response())
}
