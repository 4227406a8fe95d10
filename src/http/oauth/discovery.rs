//! What this server can do, for programs that find it by its address (RFC 8414).
//!
//! The same document stands where OpenID Connect looks for it, since clients look there first. It claims nothing of that
//! standard: there are no identity tokens.

use hyper::{Response, StatusCode};

use crate::http::object::Object;
use crate::oauth::pkce;
use crate::server::app::App;
use crate::server::listen::Body;

/// The document.
pub fn document(app: &App) -> Response<Body> {
    let tuning = app.tuned.get();
    let at = |path: &str| format!("{}{path}", tuning.base_url);
    let authentication = ["client_secret_basic", "client_secret_post"];
    Object::new()
        .text("issuer", &tuning.base_url)
        .text("authorization_endpoint", &at("/oauth/authorize"))
        .text("token_endpoint", &at("/oauth/token"))
        .text("revocation_endpoint", &at("/oauth/revoke"))
        .text("introspection_endpoint", &at("/oauth/introspect"))
        .texts("response_types_supported", &["code"])
        .texts("response_modes_supported", &["query"])
        .texts("grant_types_supported", &["authorization_code", "refresh_token", "client_credentials"])
        .texts("token_endpoint_auth_methods_supported", &authentication)
        .texts("revocation_endpoint_auth_methods_supported", &authentication)
        .texts("introspection_endpoint_auth_methods_supported", &authentication)
        .texts("code_challenge_methods_supported", &pkce::METHODS.map(|(_, name)| name))
        .truth("request_uri_parameter_supported", false)
        .text("service_documentation", &at("/docs"))
        .answer(StatusCode::OK)
}
