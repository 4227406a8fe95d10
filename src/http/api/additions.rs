//! What a request may ask for beyond the vendor's API, by headers of its own (protocol.md section 9).
//!
//! A client that sends none of them is answered as the vendor answers it.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::engine::context::Remarks;
use crate::engine::error::Error;
use crate::engine::tuning::Profile;
use crate::wire::entity_tag::Expected;

/// Names a request, so that it can be sent again without a second effect.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Makes loud what is otherwise ignored.
const STRICT: HeaderName = HeaderName::from_static("invited-strict");

/// Asks for everything but the effect.
pub const DRY_RUN: HeaderName = HeaderName::from_static("invited-dry-run");

/// Tells that an answer is that of an earlier request with the same key.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Tells how many seats are taken beyond the contracted number.
const SEATS_OVER: HeaderName = HeaderName::from_static("invited-seats-over");

/// Longest key.
const LONGEST_KEY: usize = 255;

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// The name of the request.
    pub idempotency_key: Option<String>,
    /// What the record has to be.
    pub expected: Option<Expected>,
    /// Whether everything that would be ignored is an error.
    pub is_strict: bool,
    /// Whether the effect is undone.
    pub is_dry_run: bool,
}

impl Additions {
    /// Reads the headers of a write. One that is there but cannot be read is never as good as absent: the client relies on
    /// it.
    pub fn of_write(headers: &HeaderMap, profile: &Profile) -> Result<Self, Error> {
        Ok(Self {
            idempotency_key: idempotency_key(headers)?,
            expected: expected(headers)?,
            is_strict: truth(headers, &STRICT)? || profile.is_strict,
            is_dry_run: truth(headers, &DRY_RUN)?,
        })
    }

    /// Reads the headers of a read, of which only one means something there.
    pub fn of_read(headers: &HeaderMap, profile: &Profile) -> Result<Self, Error> {
        Ok(Self { is_strict: truth(headers, &STRICT)? || profile.is_strict, ..Self::default() })
    }
}

/// Writes down what the rules had to say beside the record.
pub fn tell(remarks: &Remarks, headers: &mut HeaderMap) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(HeaderName, &'static str)]) -> Result<Additions, u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        Additions::of_write(&map, &Profile::default()).map_err(|error| error.status())
    }

    #[test]
    fn headers_that_cannot_be_read_are_refused_and_not_forgotten() {
        assert_eq!(read(&[]), Ok(Additions::default()));
        assert_eq!(read(&[(STRICT, "True")]), Ok(Additions { is_strict: true, ..Additions::default() }));
        assert_eq!(read(&[(DRY_RUN, "false")]), Ok(Additions::default()));
        for wrong in [
            &[(STRICT, "yes")][..],
            &[(DRY_RUN, "")],
            &[(IDEMPOTENCY_KEY, "")],
            &[(IDEMPOTENCY_KEY, "a b")],
            &[(IDEMPOTENCY_KEY, "a"), (IDEMPOTENCY_KEY, "b")],
            &[(header::IF_MATCH, "plain")],
        ] {
            assert_eq!(read(wrong), Err(400), "{wrong:?}");
        }
    }
}
