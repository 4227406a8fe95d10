//! Request headers beyond the vendor's API (docs/WIRE.md, Additions): idempotency, conditions, strict mode, dry run.
//!
//! A client that sends none of them is answered as the vendor answers it.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::engine::context::Remarks;
use crate::engine::error::Error;
use crate::engine::tuning::Profile;
use crate::wire::entity_tag::Expected;

/// Names a request, so it can be repeated without a second effect.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Turns what is otherwise ignored into errors.
const STRICT: HeaderName = HeaderName::from_static("invited-strict");

/// Asks for the answer without the effect.
pub const DRY_RUN: HeaderName = HeaderName::from_static("invited-dry-run");

/// Marks the answer to an earlier request with the same key.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How many seats are taken beyond the contracted number.
const SEATS_OVER: HeaderName = HeaderName::from_static("invited-seats-over");

const LONGEST_KEY: usize = 255;

#[derive(Default)]
pub struct RequestOptions {
    pub idempotency_key: Option<String>,
    /// Entity tags of which the record must have one.
    pub expected: Option<Expected>,
    pub is_strict: bool,
    pub is_dry_run: bool,
}

impl RequestOptions {
    /// Reads the headers of a write. An unreadable one never counts as absent: the client relies on it.
    pub fn of_write(headers: &HeaderMap, profile: &Profile) -> Result<Self, Error> {
        Ok(Self {
            idempotency_key: idempotency_key(headers)?,
            expected: expected(headers)?,
            is_strict: truth(headers, &STRICT)? || profile.is_strict,
            is_dry_run: truth(headers, &DRY_RUN)?,
        })
    }

    /// Reads the headers of a read, where only strict mode applies.
    pub fn of_read(headers: &HeaderMap, profile: &Profile) -> Result<Self, Error> {
        Ok(Self { is_strict: truth(headers, &STRICT)? || profile.is_strict, ..Self::default() })
    }
}

/// Adds the remarks of the rules to an answer.
pub fn add_remarks(remarks: &Remarks, headers: &mut HeaderMap) {
    if let Some(seats) = remarks.seats_over() {
        headers.insert(SEATS_OVER, HeaderValue::from(seats));
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else {
        return Ok(None);
    };
    let is_key = |key: &&str| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    match key.to_str().ok().map(str::trim).filter(is_key) {
        Some(key) if given.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(Error::Syntax(format!("Idempotency-Key must be 1 to {LONGEST_KEY} visible ASCII characters, once."))),
    }
}

fn expected(headers: &HeaderMap) -> Result<Option<Expected>, Error> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let texts: Result<Vec<&str>, _> = headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str()).collect();
    let expected = texts.ok().and_then(|texts| Expected::read(texts.into_iter()));
    expected.map(Some).ok_or_else(|| Error::Syntax("If-Match must be * or a list of quoted entity tags.".to_owned()))
}

fn truth(headers: &HeaderMap, name: &HeaderName) -> Result<bool, Error> {
    match headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase()).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::Syntax(format!("The header {name} must be true or false."))),
    }
}
