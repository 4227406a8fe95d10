//! The values of a seed file, each judged where it stands, by the rules that the API has for the same attribute.

use std::ops::RangeInclusive;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value as Json, json};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::entropy::Entropy;
use crate::language::{LANGUAGES, Language};
use crate::oauth::passwords::HashedPassword;
use crate::oauth::redirects;
use crate::resources::external_references::KIND;
use crate::sandbox::seed::file::{self, At, Named, Wrong};
use crate::sandbox::seed::references::Once;
use crate::sandbox::seed::{STATES, State};
use crate::wire::kind::{Kind, Value, moment};

/// Days that a seed may reach back and ahead.
pub(super) const MOST_DAYS: i64 = 10_000;

/// Seats that an account may have contracted.
pub(super) const MOST_SEATS: i64 = 1_000_000;

/// The longest token.
pub(super) const LONGEST_TOKEN: usize = 255;

/// The moments at which a seed may start, from 2000 to 9899: whatever it reaches has a date then.
const STARTS: RangeInclusive<Timestamp> = Timestamp(946_684_800_000_000)..=Timestamp(250_246_108_799_999_999);

/// The moment of a text at which a sandbox may start.
pub fn read_start(text: &str) -> Result<Timestamp, &'static str> {
    moment(text)
        .map(Timestamp)
        .filter(|moment| STARTS.contains(moment))
        .ok_or("Write a moment from 2000 to 9899, like 2031-02-01T00:00:00Z.")
}

pub(super) fn start(text: &At<String>) -> Result<Timestamp, Wrong> {
    read_start(&text.value).map_err(|sentence| Wrong::with(text, sentence))
}

/// A text that the API would take for the attribute of this name.
pub(super) fn text(kind: Kind, name: &str, text: &At<String>) -> Result<String, Wrong> {
    match kind.read(name, &Json::from(text.value.as_str())) {
        Ok(Value::Text(text)) => Ok(text),
        Ok(_) => Err(Wrong::with(text, "Write a text here.")),
        Err(sentence) => Err(Wrong::with(text, sentence)),
    }
}

/// A number that the API would take for the attribute of this name.
pub(super) fn number(kind: Kind, name: &str, number: Option<&At<i64>>) -> Result<Option<i64>, Wrong> {
    let Some(number) = number else { return Ok(None) };
    match kind.read(name, &Json::from(number.value)) {
        Ok(Value::Int(number)) => Ok(Some(number)),
        Ok(_) => Err(Wrong::with(number, "Write a whole number here.")),
        Err(sentence) => Err(Wrong::with(number, sentence)),
    }
}

pub(super) fn seats(seats: &At<i64>) -> Result<i64, Wrong> {
    match (0..=MOST_SEATS).contains(&seats.value) {
        true => Ok(seats.value),
        false => Err(Wrong::with(seats, format!("Write a whole number of seats from 0 to {MOST_SEATS}."))),
    }
}

pub(super) fn language(code: &At<String>) -> Result<Language, Wrong> {
    Language::of_code(&code.value).ok_or_else(|| {
        let known: Vec<&str> = LANGUAGES.iter().map(|(_, code)| *code).collect();
        Wrong::with(code, format!("There is no language {}; there is {}.", code.value, known.join(", ")))
    })
}

pub(super) fn state(name: &At<String>) -> Result<State, Wrong> {
    STATES.iter().find(|(_, known)| *known == name.value).map(|(state, _)| *state).ok_or_else(|| {
        let known: Vec<&str> = STATES.iter().map(|(_, name)| *name).collect();
        Wrong::with(name, format!("An invitation is never {}; write {}.", name.value, known.join(", ")))
    })
}

/// A number of days before the start, and not `too_early`.
pub(super) fn days_ago(days: Option<&At<i64>>, most: i64, too_early: &str) -> Result<Option<i64>, Wrong> {
    let Some(days) = days else { return Ok(None) };
    if !(0..=MOST_DAYS).contains(&days.value) {
        return Err(Wrong::with(
            days,
            format!("Write a whole number of days before the start, from 0 to {MOST_DAYS}."),
        ));
    }
    if days.value > most {
        return Err(Wrong::with(days, format!("{} days ago is {too_early}; write at most {most}.", days.value)));
    }
    Ok(Some(days.value))
}

/// The last day of an invitation, which fits its state.
pub(super) fn last_day(file: &file::Invitation, state: State, age: i64) -> Result<Option<i64>, Wrong> {
    let Some(days) = &file.expires_in_days else {
        return Ok((state == State::Expired).then_some(-1));
    };
    let refusal = match (state, days.value) {
        (_, days) if days > MOST_DAYS => Some(format!("Write at most {MOST_DAYS} days.")),
        (_, days) if days < -age => {
            Some("The last day is before the day on which it was made; write more days.".to_owned())
        }
        (State::Expired, 0..) => Some("An expired invitation has its last day behind it; write -1 or less.".to_owned()),
        (State::Pending, ..=-1) => Some("Its last day is over; write state: expired, or 0 days or more.".to_owned()),
        _ => None,
    };
    refusal.map_or(Ok(Some(days.value)), |sentence| Err(Wrong::with(days, sentence)))
}

/// When the person said yes or no: a day after the invitation unless it is said.
pub(super) fn answer(file: &file::Invitation, state: State, age: i64) -> Result<i64, Wrong> {
    let is_answered = matches!(state, State::Accepted | State::Declined);
    match &file.answered_days_ago {
        Some(days) if !is_answered => {
            Err(Wrong::with(days, "Nobody has answered; write state: accepted or declined, or leave this out."))
        }
        days => Ok(days_ago(days.as_ref(), age, "before it was made")?.unwrap_or((age - 1).max(0))),
    }
}

/// Tokens stand in headers and in addresses.
pub(super) fn judge_token(token: &At<String>) -> Result<(), Wrong> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let length = token.value.len();
    match (1..=LONGEST_TOKEN).contains(&length) && token.value.bytes().all(is_token) {
        true => Ok(()),
        false => {
            Err(Wrong::with(token, "A token has 1 to 255 of the characters A-Z, a-z, 0-9 and -._~; write another."))
        }
    }
}

/// The salt follows the user, so that the same seed makes the same rows.
pub(super) fn password(password: &At<String>, user_id: i64) -> Result<Arc<HashedPassword>, Wrong> {
    let salts = Entropy::seeded(u64::try_from(user_id).unwrap_or_default());
    HashedPassword::new(&SecretString::from(password.value.clone()), &salts).map(Arc::new).map_err(
        |error| match error {
            Error::Syntax(sentence) => Wrong::with(password, sentence),
            _ => Wrong::with(password, "This password cannot be hashed; take another."),
        },
    )
}

pub(super) fn redirect_uris(uris: &At<Vec<At<String>>>) -> Result<Vec<String>, Wrong> {
    if uris.value.is_empty() {
        return Err(Wrong::with(uris, "An application has at least one redirect URI; add one."));
    }
    let judged = |uri: &At<String>| match redirects::fault(&uri.value) {
        Some(fault) => Err(Wrong::with(uri, fault)),
        None => Ok(uri.value.clone()),
    };
    uris.value.iter().map(judged).collect()
}

/// What other systems call a record, as the API stores it.
pub(super) fn external_references(references: &[At<file::ExternalReference>]) -> Result<Vec<Json>, Wrong> {
    let mut services = Once::default();
    let read = |at: &At<file::ExternalReference>| {
        let file = &at.value;
        services.note(&file.service_name, file.service_name.value.trim().to_owned(), "A reference in")?;
        let text = |text: &Option<At<String>>| text.as_ref().map(|text| text.value.clone());
        let service_model_ref = match &file.service_model_ref.value {
            Named::Id(number) => number.to_string(),
            Named::Text(text) => text.clone(),
        };
        let given = json!({
            "service_name": file.service_name.value,
            "service_model": file.service_model.value,
            "service_model_ref": service_model_ref,
            "status": text(&file.status),
            "external_message": text(&file.external_message),
            "external_link": text(&file.external_link),
            "external_status": text(&file.external_status),
            "locked": file.locked,
        });
        match KIND.read("external_reference", &given) {
            Ok(Value::Text(kept)) => Ok(serde_json::from_str(&kept).unwrap_or(given)),
            _ => Err(Wrong::with(
                at,
                "One of these values is none that the API takes; see the schema, which --seed-schema prints.",
            )),
        }
    };
    references.iter().map(read).collect()
}
