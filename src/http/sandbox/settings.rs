//! `/sandbox/settings`: settings that can be changed while the sandbox runs.

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::error::Error;
use crate::engine::tuning::Tuning;
use crate::http::json::Json;
use crate::http::sandbox::extract::{Body, Control};
use crate::server::settings;
use crate::wire::kind::Dates;

/// The current settings. Limits are 0 for no limit.
#[derive(Serialize, JsonSchema)]
pub struct Settings {
    /// Requests per minute and token.
    rate_general: u32,
    /// Creates per minute and token.
    rate_create: u32,
    /// Resends per minute and token.
    rate_resend: u32,
    /// Resends per minute of one invitation.
    rate_resend_per_invitation: u32,
    /// Sign-ins per minute and address.
    rate_sign_in: u32,
    /// Sign-ins per minute and network address.
    rate_sign_in_per_peer: u32,
    /// Token requests per minute and application.
    rate_token: u32,
    /// Mails to one address in 24 hours.
    rate_mails_per_address: u32,
    /// Days from sending an invitation to its expiration date.
    #[schemars(range(min = 1, max = 3650))]
    invitation_days: i64,
    /// Where links lead, without a path.
    #[schemars(extend("format" = "uri"))]
    base_url: String,
    /// Whether every request is in strict mode.
    strict: bool,
    /// Whether invited users become members at once.
    activate_new_users_at_once: bool,
    /// Whether a 429 has Retry-After.
    tell_when_to_retry: bool,
    /// How days are written: days or times.
    #[schemars(extend("enum" = ["days", "times"]))]
    dates: &'static str,
}

/// Settings left out keep their value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    rate_general: Option<u32>,
    rate_create: Option<u32>,
    rate_resend: Option<u32>,
    rate_resend_per_invitation: Option<u32>,
    rate_sign_in: Option<u32>,
    rate_sign_in_per_peer: Option<u32>,
    rate_token: Option<u32>,
    rate_mails_per_address: Option<u32>,
    invitation_days: Option<i64>,
    base_url: Option<String>,
    strict: Option<bool>,
    activate_new_users_at_once: Option<bool>,
    tell_when_to_retry: Option<bool>,
    dates: Option<String>,
}

pub async fn show(State(control): State<Control>) -> Json<Settings> {
    Json(Settings::of(&control.app.tuned.get()))
}

pub async fn change(
    State(control): State<Control>,
    Body(change): Body<SettingsChange>,
) -> Result<Json<Settings>, Error> {
    let app = &control.app;
    app.tune(change.applied_to((*app.tuned.get()).clone())?);
    Ok(show(State(control)).await)
}

impl SettingsChange {
    fn applied_to(self, mut tuning: Tuning) -> Result<Tuning, Error> {
        let wrong = |name: &str, reason: String| Error::Syntax(format!("{name} {reason}."));
        let rates = &mut tuning.rates;
        for (rate, wanted) in [
            (&mut rates.general, self.rate_general),
            (&mut rates.create, self.rate_create),
            (&mut rates.resend, self.rate_resend),
            (&mut rates.resend_of_record, self.rate_resend_per_invitation),
            (&mut rates.sign_in, self.rate_sign_in),
            (&mut rates.sign_in_of_peer, self.rate_sign_in_per_peer),
            (&mut rates.token_request, self.rate_token),
            (&mut tuning.rate_mails_per_address, self.rate_mails_per_address),
        ] {
            *rate = wanted.unwrap_or(*rate);
        }
        if let Some(days) = self.invitation_days {
            tuning.invitation_days =
                settings::days(&days.to_string()).map_err(|reason| wrong("invitation_days", reason))?;
        }
        if let Some(base_url) = self.base_url {
            tuning.base_url = settings::base_url(&base_url).map_err(|reason| wrong("base_url", reason))?;
        }
        if let Some(dates) = self.dates {
            tuning.profile.dates = settings::dates(&dates).map_err(|reason| wrong("dates", reason))?;
        }
        let profile = &mut tuning.profile;
        profile.is_strict = self.strict.unwrap_or(profile.is_strict);
        profile.activates_at_once = self.activate_new_users_at_once.unwrap_or(profile.activates_at_once);
        profile.tells_when_to_retry = self.tell_when_to_retry.unwrap_or(profile.tells_when_to_retry);
        Ok(tuning)
    }
}

impl Settings {
    fn of(tuning: &Tuning) -> Self {
        let (rates, profile) = (&tuning.rates, &tuning.profile);
        Self {
            rate_general: rates.general,
            rate_create: rates.create,
            rate_resend: rates.resend,
            rate_resend_per_invitation: rates.resend_of_record,
            rate_sign_in: rates.sign_in,
            rate_sign_in_per_peer: rates.sign_in_of_peer,
            rate_token: rates.token_request,
            rate_mails_per_address: tuning.rate_mails_per_address,
            invitation_days: tuning.invitation_days,
            base_url: tuning.base_url.clone(),
            strict: profile.is_strict,
            activate_new_users_at_once: profile.activates_at_once,
            tell_when_to_retry: profile.tells_when_to_retry,
            dates: match profile.dates {
                Dates::Days => "days",
                Dates::Times => "times",
            },
        }
    }
}
