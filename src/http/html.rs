//! Pages for people, and the headers that protect them.
//!
//! A page loads and runs nothing, cannot be framed, and its forms go only where they are meant to. Browsers apply that
//! to redirects after a form, too, so the consent page also names the address of the application.
//!
//! Every value passes [`display`], so no template can forget it. Only what a form sends back is printed exactly.

use std::sync::{Arc, LazyLock};

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{self, HeaderName, HeaderValue};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, HtmlEscape, Output, State, UndefinedBehavior, context, escape_formatter};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::engine::error::Error;
use crate::http::headers;
use crate::wire::display;

/// The style of every page, part of the page and allowed by its hash.
const STYLE: &str = include_str!("../../templates/pages/style.css");

static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

const TEMPLATES: &[(&str, &str)] = &[
    ("reference.html", include_str!("../../templates/reference.html")),
    ("pages/layout.html", include_str!("../../templates/pages/layout.html")),
    ("pages/notice.html", include_str!("../../templates/pages/notice.html")),
    ("addresses/claim.html", include_str!("../../templates/addresses/claim.html")),
    ("addresses/claim.en.html", include_str!("../../templates/addresses/claim.en.html")),
    ("addresses/claim.de.html", include_str!("../../templates/addresses/claim.de.html")),
    ("addresses/notice.en.html", include_str!("../../templates/addresses/notice.en.html")),
    ("addresses/notice.de.html", include_str!("../../templates/addresses/notice.de.html")),
    ("invitations/offer.html", include_str!("../../templates/invitations/offer.html")),
    ("invitations/offer.en.html", include_str!("../../templates/invitations/offer.en.html")),
    ("invitations/offer.de.html", include_str!("../../templates/invitations/offer.de.html")),
    ("invitations/notice.en.html", include_str!("../../templates/invitations/notice.en.html")),
    ("invitations/notice.de.html", include_str!("../../templates/invitations/notice.de.html")),
    ("oauth/consent.html", include_str!("../../templates/oauth/consent.html")),
    ("oauth/link.html", include_str!("../../templates/oauth/link.html")),
    ("oauth/sign_in.html", include_str!("../../templates/oauth/sign_in.html")),
    ("sandbox/requests.html", include_str!("../../templates/sandbox/requests.html")),
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(show);
    environment.add_filter("exact", |text: &str| Value::from_safe_string(HtmlEscape(text).to_string()));
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    for (name, text) in TEMPLATES {
        if let Err(cause) = environment.add_template(name, text) {
            tracing::error!(name, %cause, "a page template cannot be read");
        }
    }
    environment
});

/// Prints every value of a page without hidden characters, except what a template calls `exact`.
fn show(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(&*display::lines(text))),
        _ => escape_formatter(out, state, value),
    }
}

/// Fills a template.
pub fn render(template: &str, values: &impl Serialize) -> Result<String, Error> {
    let rendered = ENVIRONMENT.get_template(template).and_then(|template| template.render(Serde(values)));
    rendered.map_err(|cause| Error::Internal(format!("{template}: {cause:#}")))
}

/// A page as an answer. Its forms go to this server and on to `form_target`, a source of a content security policy.
pub fn page(status: StatusCode, template: &str, values: &impl Serialize, form_target: &str) -> Result<Response, Error> {
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self' {form_target}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_SOURCE
    );
    let policy = HeaderValue::try_from(policy).map_err(|cause| Error::Internal(cause.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (HeaderName::from_static("content-security-policy"), policy),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    let mut response = (status, headers, render(template, values)?).into_response();
    headers::keep_private(response.headers_mut());
    Ok(response)
}

/// A page with a heading and a sentence.
pub fn notice(status: StatusCode, heading: &str, text: &str) -> Result<Response, Error> {
    page(status, "pages/notice.html", &context! { heading, text }, "")
}

/// Shows a refusal on a page. Any other answer stays as it is.
pub async fn show_refusal(response: Response) -> Response {
    let Some(error) = response.extensions().get::<Arc<Error>>().cloned() else { return response };
    let notice = notice(response.status(), "This does not work", &error.to_string());
    // The status counts even if the page cannot be printed.
    let mut page = notice.unwrap_or_else(|_| response.status().into_response());
    headers::refuse(page.headers_mut(), &error);
    page.extensions_mut().insert(error);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        for (name, _) in TEMPLATES {
            assert!(ENVIRONMENT.get_template(name).is_ok(), "{name}");
        }
    }
}
