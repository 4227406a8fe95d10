//! Entity tags: what an answer was, in a few characters (RFC 9110, section 8.8.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A weak tag of 128 bits of the body's hash: equal on every server and in every version.
pub fn of(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16]))
}

/// The tags of an `If-Match` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `*`: whatever is there.
    Any,
    /// One of these, without the mark of a weak tag.
    OneOf(Vec<String>),
}

impl Expected {
    /// Reads the values of the header, of which there may be several; `None` when one is no list of tags.
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

    /// Whether one of these is the tag of a body. RFC 9110 would have weak tags never match here; the vendor's answers have no
    /// others, and a tag of this server names one exact body.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_list_of_quoted_tags_or_a_star() {
        let read = |value: &'static str| Expected::read([value].into_iter());
        let one_of = |tags: &[&str]| Some(Expected::OneOf(tags.iter().map(|tag| (*tag).to_owned()).collect()));
        assert_eq!(read("W/\"a\", \"b\""), one_of(&["\"a\"", "\"b\""]));
        assert_eq!(read(" * "), Some(Expected::Any));
        assert_eq!(read("a"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("\""), None);
    }

    #[test]
    fn a_tag_meets_the_body_that_it_was_made_of() {
        let tag = of(b"body");
        let expected = Expected::read([tag.as_str()].into_iter());
        assert_eq!(expected.as_ref().map(|expected| expected.is_met_by(b"body")), Some(true));
        assert_eq!(expected.map(|expected| expected.is_met_by(b"other")), Some(false));
    }
}
