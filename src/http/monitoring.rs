//! Health and metrics. Neither needs a token, and neither shows anything of an account.

use std::time::Duration;

use hyper::header::{self, HeaderValue};
use hyper::{Request, Response};

use crate::engine::error::Error;
use crate::engine::schema::MIGRATIONS;
use crate::http::extract::Visit;
use crate::http::headers;
use crate::http::router::{GET, Routes};
use crate::http::wellformed;
use crate::mail::outbox;
use crate::server::app::App;
use crate::server::listen::Body;
use crate::store::migrate;

const METRICS: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// How long metrics wait for the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// Metrics show how busy a server is, so they are only served here if a setting says so. A listener on loopback does
/// not keep them private: a proxy on the same machine may make it public.
pub fn routes(app: &App) -> Routes {
    let routes =
        Routes::new().on(GET, "/health/live", "health.live", live).on(GET, "/health/ready", "health.ready", ready);
    match app.config.metrics_listen.is_none() && app.config.metrics_on_main_listener {
        true => routes.on(GET, "/metrics", "metrics", metrics),
        false => routes,
    }
}

async fn live() -> Response<Body> {
    headers::json(200, br#"{"status":"live"}"#.to_vec())
}

/// Whether the database answers, has this program's schema, and takes writes.
async fn ready(visit: Visit) -> Result<Response<Body>, Error> {
    // Whatever is wrong with the schema, another version of the program may be ready soon: that is temporary.
    let checked = migrate::check(&visit.app.store, MIGRATIONS).await;
    checked.map_err(|cause| Error::Unavailable(cause.to_string()))?;
    visit.app.store.require_writes().await?;
    Ok(headers::json(200, br#"{"status":"ready"}"#.to_vec()))
}

async fn metrics(visit: Visit) -> Response<Body> {
    current_metrics(&visit.app).await
}

/// The answer of a listener that serves metrics and nothing else.
pub async fn metrics_only<B>(app: &App, request: &Request<B>) -> Response<Body> {
    match wellformed::admit(app, request) {
        Ok(()) if request.uri().path() == "/metrics" => current_metrics(app).await,
        Ok(()) => headers::error(Error::NotFound),
        Err(refusal) => headers::error(refusal),
    }
}

async fn current_metrics(app: &App) -> Response<Body> {
    // The process's own counts are served even when the database does not answer.
    let mails = tokio::time::timeout(PATIENCE, app.store.read(outbox::queue_state)).await.ok().and_then(Result::ok);
    let text =
        app.metrics.text(&app.store, app.password_checks.made(), mails, app.clock.now(), app.timekeeper.is_doubting());
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, METRICS);
    response
}
