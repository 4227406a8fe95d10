//! Entity tags (RFC 9110, section 8.8.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A weak tag of 128 bits of the body's hash: the same on every server and in every version.
pub fn of(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16]))
}

/// The tags of an `If-Match` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `*`: any record.
    Any,
    /// One of these tags, without the prefix of a weak one.
    OneOf(Vec<String>),
}

impl Expected {
    /// Parses the values of the header, which may be repeated; `None` if one is not a list of tags.
    pub fn read<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut tags = Vec::new();
        for value in values {
            if value.trim() == "*" {
                return Some(Self::Any);
            }
            for tag in value.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                let opaque = strong(tag);
                let is_quoted = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
                tags.push(is_quoted.then(|| opaque.to_owned())?);
            }
        }
        (!tags.is_empty()).then_some(Self::OneOf(tags))
    }

    /// Whether one of these is the tag of `body`. By RFC 9110 weak tags never match here; but the vendor sends no
    /// others, and a tag of this server identifies one exact body.
    pub fn is_met_by(&self, body: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| tag == strong(&of(body))),
        }
    }
}

fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
