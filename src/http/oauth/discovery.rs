//! Server metadata (RFC 8414).
//!
//! The same document is served where OpenID Connect looks for it, since clients look there first. It claims nothing of
//! that standard: there are no identity tokens.

use serde::Serialize;

use crate::http::extract::Visit;
use crate::http::json::Json;
use crate::oauth::pkce;

const AUTHENTICATION: [&str; 2] = ["client_secret_basic", "client_secret_post"];

#[derive(Serialize)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 2],
    request_uri_parameter_supported: bool,
    service_documentation: String,
}

pub async fn metadata(visit: Visit) -> Json<Metadata> {
    let issuer = visit.app.base_url();
    let at = |path: &str| format!("{issuer}{path}");
    Json(Metadata {
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
        token_endpoint_auth_methods_supported: AUTHENTICATION,
        revocation_endpoint_auth_methods_supported: AUTHENTICATION,
        introspection_endpoint_auth_methods_supported: AUTHENTICATION,
        code_challenge_methods_supported: pkce::METHODS.map(|(_, name)| name),
        request_uri_parameter_supported: false,
        service_documentation: at("/docs"),
        issuer,
    })
}
