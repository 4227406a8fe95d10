//! `/sandbox/clock`: the sandbox's time.
//!
//! What follows from the time has happened when a change is answered: invitations have expired, retention has deleted,
//! mail that had to wait is sent. Rate limits and sessions read the same clock when they are used.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::json::Json;
use crate::http::sandbox::extract::{Control, JsonBody};
use crate::server::{delivery, retention};

/// The last moment that can be set: a year before 9999-12-31T23:59:59Z, since expiration dates lie ahead of it.
const LAST: Timestamp = Timestamp(253_370_764_799_000_000);

/// The clock.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Clock")]
pub struct ClockAnswer {
    now: Timestamp,
    frozen: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct ClockChange {
    /// From 1970 to 9998.
    #[schemars(extend("format" = "date-time"))]
    now: Option<String>,
    frozen: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockAdvance {
    seconds: u64,
}

pub async fn show(control: Control) -> Json<ClockAnswer> {
    let clock = &control.app.clock;
    Json(ClockAnswer { now: clock.now(), frozen: clock.is_frozen() })
}

pub async fn set(control: Control, JsonBody(change): JsonBody<ClockChange>) -> Result<Json<ClockAnswer>, Error> {
    if change.now.is_none() && change.frozen.is_none() {
        return Err(Error::Syntax("Say now, frozen, or both.".to_owned()));
    }
    control.app.clock.set(change.now.as_deref().map(moment).transpose()?, change.frozen);
    settle(control).await
}

pub async fn advance(control: Control, JsonBody(by): JsonBody<ClockAdvance>) -> Result<Json<ClockAnswer>, Error> {
    let duration = Duration::from_secs(by.seconds);
    if control.app.clock.now().plus(duration) > LAST {
        return Err(beyond("seconds"));
    }
    control.app.clock.advance(duration);
    settle(control).await
}

async fn settle(control: Control) -> Result<Json<ClockAnswer>, Error> {
    retention::sweep(&control.app, control.app.clock.now()).await?;
    delivery::rest(&control.app).await?;
    Ok(show(control).await)
}

/// A moment in RFC 3339.
fn moment(text: &str) -> Result<Timestamp, Error> {
    let moment: jiff::Timestamp =
        text.parse().map_err(|_| Error::Syntax(format!("now is {text:?}; write it like 2031-02-01T00:00:00Z.")))?;
    let moment = Timestamp(moment.as_microsecond());
    if (Timestamp(0)..=LAST).contains(&moment) { Ok(moment) } else { Err(beyond("now")) }
}

fn beyond(name: &str) -> Error {
    Error::Syntax(format!("{name} is out of range: the sandbox's time is from 1970 to 9998."))
}
