//! `/sandbox/settings`: what can be changed while the sandbox runs, the profile of the vendor among it.

use hyper::{Response, StatusCode};
use serde::Deserialize;

use crate::engine::error::Error;
use crate::engine::tuning::Tuning;
use crate::http::object::Object;
use crate::http::sandbox::Asked;
use crate::server::listen::{Body, RequestBody};
use crate::server::settings;
use crate::wire::kind::Dates;

/// What is to be changed; what is not said stays. The names are those of the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
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

/// What is in force.
pub(super) fn show(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    Ok(object(&asked.visit.app.tuned.get()).answer(StatusCode::OK))
}

/// Changes some of it, from the next request on.
pub(super) async fn change(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let change: Change = asked.body(body).await?;
    let app = asked.visit.app;
    app.tuned.set(change.applied_to((*app.tuned.get()).clone())?);
    show(asked)
}

impl Change {
    /// The whole as it is then, or what is wrong with the change.
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

fn object(tuning: &Tuning) -> Object {
    let (rates, profile) = (&tuning.rates, &tuning.profile);
    let rates = [
        ("rate_general", rates.general),
        ("rate_create", rates.create),
        ("rate_resend", rates.resend),
        ("rate_resend_per_invitation", rates.resend_of_record),
        ("rate_sign_in", rates.sign_in),
        ("rate_sign_in_per_peer", rates.sign_in_of_peer),
        ("rate_token", rates.token_request),
        ("rate_mails_per_address", tuning.rate_mails_per_address),
    ];
    let dates = match profile.dates {
        Dates::Days => "days",
        Dates::Times => "times",
    };
    rates
        .into_iter()
        .fold(Object::new(), |object, (name, rate)| object.int(name, i64::from(rate)))
        .int("invitation_days", tuning.invitation_days)
        .text("base_url", &tuning.base_url)
        .truth("strict", profile.is_strict)
        .truth("activate_new_users_at_once", profile.activates_at_once)
        .truth("tell_when_to_retry", profile.tells_when_to_retry)
        .text("dates", dates)
}
