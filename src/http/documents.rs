//! The pages beside the API: health, metrics, the API description, and a reference that works offline.
//!
//! None of them needs a token, and none of them tells anything about an account.

use std::sync::Arc;

use askama::Template;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::engine::access::Level;
use crate::engine::error::Error;
use crate::engine::schema::MIGRATIONS;
use crate::http::{BASE_PATH, headers};
use crate::resources::registry::REGISTRY;
use crate::server::app::App;
use crate::server::listen::Body;
use crate::store::migrate;
use crate::wire::describe::{Field, Resource, Rung, Shown, Verb};
use crate::wire::openapi;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Whether the process runs.
    Live,
    /// Whether it can serve: the database answers.
    Ready,
    /// Metrics for Prometheus.
    Metrics,
    /// The API description.
    OpenApi,
    /// The reference for people.
    Reference,
}

/// Every page: its path and its name in logs and metrics.
const PAGES: &[(&str, Page, &str)] = &[
    ("/health/live", Page::Live, "health.live"),
    ("/health/ready", Page::Ready, "health.ready"),
    ("/metrics", Page::Metrics, "metrics"),
    ("/api/v1/openapi.json", Page::OpenApi, "openapi"),
    ("/docs", Page::Reference, "docs"),
];

/// The page that a request asks for, if it is one.
pub fn find<B>(app: &App, request: &Request<B>) -> Option<Page> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let (_, page, _) = PAGES.iter().find(|(path, ..)| *path == request.uri().path())?;
    (*page != Page::Metrics || metrics_are_here(app)).then_some(*page)
}

/// Metrics tell how busy a server is, so they are only served to the same machine or on a listener of their own.
fn metrics_are_here(app: &App) -> bool {
    app.config.metrics_listen.is_none() && app.config.address.listen.ip().is_loopback()
}

impl Page {
    /// Name in logs and metrics.
    pub fn name(self) -> &'static str {
        PAGES.iter().find(|(_, page, _)| *page == self).map_or("", |(_, _, name)| name)
    }

    /// The page itself.
    pub async fn answer(self, app: &Arc<App>) -> Result<Response<Body>, Error> {
        match self {
            Self::Live => Ok(headers::json(200, br#"{"status":"live"}"#.to_vec())),
            Self::Ready => {
                // Whatever is wrong with the schema, another program at this place may be ready: that is for a while.
                let checked = migrate::check(&app.store, MIGRATIONS).await;
                checked.map_err(|cause| Error::Unavailable(cause.to_string()))?;
                Ok(headers::json(200, br#"{"status":"ready"}"#.to_vec()))
            }
            Self::Metrics => Ok(metrics(app)),
            Self::OpenApi => Ok(headers::json(200, api_description().into_bytes())),
            Self::Reference => reference(),
        }
    }
}

/// The answer of a listener that serves metrics and nothing else.
pub fn metrics_only(app: &App, path: &str) -> Response<Body> {
    if path == "/metrics" { metrics(app) } else { headers::error(&Error::NotFound) }
}

fn metrics(app: &App) -> Response<Body> {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    document(app.metrics.text(&app.store, app.password_checks.made()), HeaderValue::from_static(content_type))
}

/// The API description as JSON text, with the paths that the registry serves.
pub fn api_description() -> String {
    let resources: Vec<&'static Resource> = REGISTRY.iter().map(|entry| entry.resource).collect();
    openapi::document(&resources, BASE_PATH).to_string()
}

/// The reference page.
#[derive(Template)]
#[template(path = "reference.html")]
struct Reference {
    resources: Vec<&'static Resource>,
    base_path: &'static str,
    version: &'static str,
}

impl Reference {
    /// When a printed field is there, as a sentence that follows its text; `None` when it never is.
    fn shown(&self, field: &Field) -> Option<String> {
        match field.shown {
            Shown::From(rung) => {
                Some(self.open_to(&rung).map(|readers| format!(" Only for {readers}.")).unwrap_or_default())
            }
            Shown::OnRequest => Some(format!(" Only with optional_fields={}.", field.name)),
            Shown::Never => None,
        }
    }

    /// Whom something is open to, where that is not everybody.
    fn open_to(&self, rung: &Rung) -> Option<String> {
        Level::on_rung(*rung).filter(|level| *level > Level::PunchClock).map(|level| match level {
            Level::Administrator => "administrators".to_owned(),
            level => format!("{} and above", level.name()),
        })
    }

    /// What a body may set.
    fn inputs(&self, resource: &Resource, verb: &Verb) -> Vec<&'static Field> {
        let mut fields: Vec<&'static Field> =
            resource.fields.iter().filter(|field| openapi::is_settable(field, *verb)).collect();
        fields.sort_by_key(|field| field.input.map(|input| input.position));
        fields
    }
}

fn reference() -> Result<Response<Body>, Error> {
    let resources = REGISTRY.iter().map(|entry| entry.resource).collect();
    let page = Reference { resources, base_path: BASE_PATH, version: env!("CARGO_PKG_VERSION") };
    let html = page.render().map_err(|cause| Error::Internal(cause.to_string()))?;
    let mut response = document(html, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    Ok(response)
}

fn document(text: String, content_type: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
