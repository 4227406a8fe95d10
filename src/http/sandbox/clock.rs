//! `/sandbox/clock`: what time it is, and when it will be another.
//!
//! What follows from the time has happened when the answer comes: invitations have expired, what is kept no longer is gone, mails that
//! had to wait are sent. Rate limits and the ends of sessions are looked up when they are needed, by the same clock.

use std::time::Duration;

use hyper::{Response, StatusCode};
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::object::Object;
use crate::http::sandbox::Asked;
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};
use crate::server::{delivery, retention};
use crate::wire::kind;

/// The last moment that can be set, 9999-12-31T23:59:59Z less a year for what lies ahead of it.
const LAST: Timestamp = Timestamp(253_370_764_799_000_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    now: Option<String>,
    frozen: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// What the clock says.
pub(super) fn show(asked: &Asked<'_>) -> Response<Body> {
    state(asked.visit.app)
}

/// Sets the clock, stops it, or lets it go on.
pub(super) async fn set(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let Setting { now, frozen } = asked.body(body).await?;
    if now.is_none() && frozen.is_none() {
        return Err(Error::Syntax("Say now, frozen, or both.".to_owned()));
    }
    let now = now.as_deref().map(moment).transpose()?;
    asked.visit.app.clock.set(now, frozen);
    settle(asked).await
}

/// Moves the clock forward.
pub(super) async fn advance(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let Advance { seconds } = asked.body(body).await?;
    let duration = Duration::from_secs(seconds);
    let clock = &asked.visit.app.clock;
    if clock.now().plus(duration) > LAST {
        return Err(beyond("seconds"));
    }
    clock.advance(duration);
    settle(asked).await
}

async fn settle(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    let app = asked.visit.app;
    retention::sweep(app).await?;
    if app.mail.is_on() {
        delivery::rest(app).await?;
    }
    Ok(state(app))
}

fn state(app: &App) -> Response<Body> {
    let object = Object::new().text("now", &kind::time(app.clock.now().0)).truth("frozen", app.clock.is_frozen());
    object.answer(StatusCode::OK)
}

/// A moment as people write it (RFC 3339).
fn moment(text: &str) -> Result<Timestamp, Error> {
    let moment: jiff::Timestamp =
        text.parse().map_err(|_| Error::Syntax(format!("now is {text:?}; write it like 2031-02-01T00:00:00Z.")))?;
    let moment = Timestamp(moment.as_microsecond());
    if (Timestamp(0)..=LAST).contains(&moment) { Ok(moment) } else { Err(beyond("now")) }
}

fn beyond(name: &str) -> Error {
    Error::Syntax(format!("{name} leads out of the time that the sandbox has, which is from 1970 to 9998."))
}
