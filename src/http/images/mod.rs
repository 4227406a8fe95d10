//! The picture of people who have none. It needs no token: it is the same for everybody, and pages show it by its
//! address.

use hyper::Response;
use hyper::header::{self, HeaderValue};

use crate::http::headers;
use crate::http::router::{GET, Routes};
use crate::server::listen::Body;
use crate::wire::kind::DEFAULT_PICTURE;

const DEFAULT: &[u8] = include_bytes!("default.png");

pub fn routes() -> Routes {
    Routes::new().on(GET, DEFAULT_PICTURE, "default_photo", default)
}

async fn default() -> Response<Body> {
    let mut response = headers::json(200, DEFAULT.to_vec());
    let own = response.headers_mut();
    own.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    own.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    own.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    response
}
