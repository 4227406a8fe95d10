//! The discovery documents.

use serde_json::{Value, json};

use crate::support::Server;

const PATHS: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

fn document(server: &Server, path: &str) -> Value {
    // A host named by the client changes nothing.
    let request = server.request_at_root("GET", path).header("X-Forwarded-Host", "evil.example");
    request.header("Forwarded", "host=evil.example").send().expect(200).json()
}

#[test]
fn both_documents_describe_the_server() {
    let server = Server::start();
    let issuer = format!("http://{}", server.address());
    let clients = json!(["client_secret_basic", "client_secret_post"]);
    for path in PATHS {
        let expected = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/oauth/authorize"),
            "token_endpoint": format!("{issuer}/oauth/token"),
            "revocation_endpoint": format!("{issuer}/oauth/revoke"),
            "introspection_endpoint": format!("{issuer}/oauth/introspect"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": clients,
            "revocation_endpoint_auth_methods_supported": clients,
            "introspection_endpoint_auth_methods_supported": clients,
            "code_challenge_methods_supported": ["S256", "plain"],
            "request_uri_parameter_supported": false,
            "service_documentation": format!("{issuer}/docs"),
        });
        assert_eq!(document(&server, path), expected);
        server.request_at_root("POST", path).send().expect(404);
    }
}

#[test]
fn the_issuer_is_the_setting_and_never_a_header() {
    let server = Server::start_plain(&[("base_url", "https://people.example.com")]);
    let raw = server.raw(
        b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    let text = String::from_utf8(raw).unwrap();
    assert!(text.contains(r#""issuer":"https://people.example.com""#), "{text}");
    assert!(!text.contains("evil"), "{text}");
}
