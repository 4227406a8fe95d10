//! `/sandbox/settings`: settings that can be changed while the sandbox runs.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::error::Error;
use crate::engine::limits::PerMinute;
use crate::engine::tuning::{self, Profile, Tuning};
use crate::http::json::Json;
use crate::http::sandbox::extract::{Control, JsonBody, unreadable};
use crate::server::settings;
use crate::wire::kind::Dates;

/// The current settings. A limit of 0 is none.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Requests per minute and user.
    rate_general: u32,
    /// Invitations created per minute and user.
    rate_create: u32,
    /// Resends per minute and user.
    rate_resend: u32,
    /// Resends per minute of one invitation.
    rate_resend_per_invitation: u32,
    /// Sign-ins per minute and address.
    rate_sign_in: u32,
    /// Sign-ins per minute and network address.
    rate_sign_in_per_peer: u32,
    /// Token requests per minute and application.
    rate_token: u32,
    /// The limits of an account are those of a user times this.
    rate_account_factor: u32,
    /// Mails that one account may cause in 24 hours.
    rate_mails_per_account: u32,
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
    dates: String,
}

/// Settings left out keep their value.
#[derive(Deserialize, JsonSchema)]
pub struct SettingsChange(#[schemars(schema_with = "requiring_none")] Map<String, Value>);

/// A schema of its own, not a reference: the settings that are answered are all there.
fn requiring_none(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Settings::json_schema(generator);
    schema.remove("required");
    schema
}

pub async fn show(control: Control) -> Json<Settings> {
    Json(Settings::from(&*control.app.tuned.get()))
}

pub async fn change(control: Control, JsonBody(change): JsonBody<SettingsChange>) -> Result<Json<Settings>, Error> {
    let current = serde_json::to_value(Settings::from(&*control.app.tuned.get()));
    let mut settings: Map<String, Value> = current.and_then(serde_json::from_value).map_err(unreadable)?;
    settings.extend(change.0.into_iter().filter(|(_, value)| !value.is_null()));
    let settings: Settings = serde_json::from_value(settings.into()).map_err(unreadable)?;
    control.app.tuned.set(settings.tuning()?);
    Ok(show(control).await)
}

impl Settings {
    fn tuning(&self) -> Result<Tuning, Error> {
        let wrong = |name: &'static str| move |reason: String| Error::Syntax(format!("{name} {reason}."));
        Ok(Tuning {
            rates: PerMinute {
                general: self.rate_general,
                create: self.rate_create,
                resend: self.rate_resend,
                resend_of_record: self.rate_resend_per_invitation,
                sign_in: self.rate_sign_in,
                sign_in_of_peer: self.rate_sign_in_per_peer,
                token_request: self.rate_token,
                account_factor: self.rate_account_factor,
            },
            rate_mails_per_account: self.rate_mails_per_account,
            rate_mails_per_address: self.rate_mails_per_address,
            invitation_days: settings::days(&self.invitation_days.to_string()).map_err(wrong("invitation_days"))?,
            base_url: settings::base_url(&self.base_url).map_err(wrong("base_url"))?,
            profile: Profile {
                is_strict: self.strict,
                activates_at_once: self.activate_new_users_at_once,
                tells_when_to_retry: self.tell_when_to_retry,
                dates: tuning::dates(&self.dates).map_err(wrong("dates"))?,
            },
        })
    }
}

impl From<&Tuning> for Settings {
    fn from(tuning: &Tuning) -> Self {
        let (rates, profile) = (&tuning.rates, &tuning.profile);
        Self {
            rate_general: rates.general,
            rate_create: rates.create,
            rate_resend: rates.resend,
            rate_resend_per_invitation: rates.resend_of_record,
            rate_sign_in: rates.sign_in,
            rate_sign_in_per_peer: rates.sign_in_of_peer,
            rate_token: rates.token_request,
            rate_account_factor: rates.account_factor,
            rate_mails_per_account: tuning.rate_mails_per_account,
            rate_mails_per_address: tuning.rate_mails_per_address,
            invitation_days: tuning.invitation_days,
            base_url: tuning.base_url.clone(),
            strict: profile.is_strict,
            activate_new_users_at_once: profile.activates_at_once,
            tell_when_to_retry: profile.tells_when_to_retry,
            dates: match profile.dates {
                Dates::Days => "days".to_owned(),
                Dates::Times => "times".to_owned(),
            },
        }
    }
}
