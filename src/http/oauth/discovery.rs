//! Server metadata (RFC 8414).
//!
//! The same document is served where OpenID Connect looks for it, since clients look there first. It claims nothing of
//! that standard: there are no identity tokens.

use serde_json::{Value, json};

use crate::http::extract::Visit;
use crate::http::json::{Json, Ordered};
use crate::oauth::pkce;

pub async fn metadata(visit: Visit) -> Json<Ordered<Value>> {
    let issuer = visit.app.base_url();
    let at = |path: &str| json!(format!("{issuer}{path}"));
    let authentication = json!(["client_secret_basic", "client_secret_post"]);
    Json(Ordered(vec![
        ("issuer", at("")),
        ("authorization_endpoint", at("/oauth/authorize")),
        ("token_endpoint", at("/oauth/token")),
        ("revocation_endpoint", at("/oauth/revoke")),
        ("introspection_endpoint", at("/oauth/introspect")),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("grant_types_supported", json!(["authorization_code", "refresh_token", "client_credentials"])),
        ("token_endpoint_auth_methods_supported", authentication.clone()),
        ("revocation_endpoint_auth_methods_supported", authentication.clone()),
        ("introspection_endpoint_auth_methods_supported", authentication),
        ("code_challenge_methods_supported", json!(pkce::METHODS.map(|(_, name)| name))),
        ("request_uri_parameter_supported", json!(false)),
        ("service_documentation", at("/docs")),
    ]))
}
