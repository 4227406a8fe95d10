//! Request parameters: however a client sends them, they become one tree.
//!
//! The vendor's clients use query strings, forms, JSON and multipart bodies. Everything behind this module reads one
//! [`Tree`] and cannot tell which it was.
//!
//! Invariants:
//!
//! - Decoders do not judge. A form has only texts and nulls, JSON has its own types, and a number keeps the digits that
//!   the client wrote. What a value means, and that an empty text is null, is decided later, once for all encodings.
//! - Every input gets an answer. Decoders do not recurse, their time is linear, and a tree has at most some two hundred
//!   levels, so its readers may recurse.
//! - Memory is bounded. An object with one field takes three bytes to write and some 600 to store, so a mebibyte could
//!   become 220: requests with more than `VALUES` values are refused.
//! - Nothing is half decoded. One fault anywhere refuses the whole request.
//!
//! No ready-made decoder is used. Those for nested forms differ from Rack, on which clients depend, about conflicts and
//! new list elements. Those for multipart are asynchronous streams, while the body is in memory here and small.
//! `serde_json` parses the tokens of JSON; `json.rs` explains why only those.

use std::borrow::Cow;
use std::ops::Range;

mod json;
#[cfg(test)]
mod laws;
mod multipart;
mod rack;

/// The parameters of a request by name. Numbers keep their digits as written.
pub type Tree = serde_json::Map<String, serde_json::Value>;

/// What a request gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    pub tree: Tree,
    /// The first name that was given again, so that its earlier value is lost. Strict mode refuses it.
    pub repeated: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Undecodable {
    /// With a whole sentence for the client.
    Malformed(Cow<'static, str>),
    UnsupportedType,
    UnsupportedEncoding,
}

/// The end of a sentence that says what is wrong, without the full stop.
type Detail = Cow<'static, str>;

/// Most values of one request, lists and objects included. Fifty complete invitations have fewer than a thousand.
const VALUES: usize = 10_000;

const TOO_MANY: Detail = Cow::Borrowed("it has more than 10000 values");

const NOT_UTF8: Detail = Cow::Borrowed("a name or a value is not valid UTF-8");

/// Decodes a query string without its question mark.
pub fn query(raw: &str) -> Result<Params, Undecodable> {
    rack::params(raw.as_bytes()).map_err(|detail| malformed("The query string", &detail))
}

/// Decodes a body by its `Content-Type`, or as a form if there is none.
///
/// An empty body has no parameters, whatever its headers say: clients announce JSON and then send nothing. A `charset`
/// is ignored like all other parameters; text that is not UTF-8 is refused.
pub fn body(content_type: Option<&[u8]>, content_encoding: Option<&[u8]>, body: &[u8]) -> Result<Params, Undecodable> {
    body_with_file(content_type, content_encoding, body, None).map(|(params, _)| params)
}

/// The same for a body in which one part may be a file, and where in the body that file is. Its parameter is null.
pub fn body_with_file(
    content_type: Option<&[u8]>,
    content_encoding: Option<&[u8]>,
    body: &[u8],
    file_part: Option<&str>,
) -> Result<(Params, Option<Range<usize>>), Undecodable> {
    if body.is_empty() {
        return Ok((Params::default(), None));
    }
    if !content_encoding.is_none_or(is_identity) {
        return Err(Undecodable::UnsupportedEncoding);
    }
    let content_type = content_type.unwrap_or_default();
    let media_type = media_type(content_type);
    let is = |name: &str| media_type.eq_ignore_ascii_case(name.as_bytes());
    let params = if media_type.is_empty() || is("application/x-www-form-urlencoded") {
        rack::params(body).map_err(|detail| malformed("The form body", &detail))?
    } else if is("application/json") {
        json::params(body).map_err(|sentence| Undecodable::Malformed(sentence.into()))?
    } else if is_multipart(content_type) {
        let decoded = multipart::params(content_type, body, file_part);
        return decoded.map_err(|detail| malformed("The multipart body", &detail));
    } else {
        return Err(Undecodable::UnsupportedType);
    };
    Ok((params, None))
}

/// Whether a `Content-Type` is that of a body in parts.
pub fn is_multipart(content_type: &[u8]) -> bool {
    media_type(content_type).eq_ignore_ascii_case(b"multipart/form-data")
}

fn media_type(content_type: &[u8]) -> &[u8] {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Merges the parameters of query and body. As in Rails the merge is shallow: the body's value of a name replaces all
/// of the query's.
pub fn merge(mut query: Params, mut body: Params) -> Params {
    query.tree.append(&mut body.tree);
    query.repeated = query.repeated.or(body.repeated);
    query
}

/// Whether a `Content-Encoding`, which is a list, leaves the body as it is.
fn is_identity(content_encoding: &[u8]) -> bool {
    content_encoding
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

fn malformed(subject: &str, detail: &str) -> Undecodable {
    Undecodable::Malformed(format!("{subject} is malformed: {detail}.").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_content_type_chooses_the_decoder() {
        let form = "a[b]=1";
        let object = r#"{"a":{"b":"1"}}"#;
        let parts = "--x\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\n1\r\n--x--\r\n";
        for (content_type, text) in [
            (None, form),
            (Some(""), form),
            (Some("application/x-www-form-urlencoded"), form),
            (Some("Application/X-WWW-Form-Urlencoded ; charset=UTF-8"), form),
            (Some("application/json"), object),
            (Some("APPLICATION/JSON;charset=iso-8859-1"), object),
            (Some("multipart/form-data; boundary=x"), parts),
        ] {
            let tree = body(content_type.map(str::as_bytes), None, text.as_bytes());
            assert_eq!(tree.map(|params| Value::Object(params.tree)), Ok(json!({"a": {"b": "1"}})), "{content_type:?}");
        }
        for content_type in ["text/plain", "application/vnd.api+json", "multipart/mixed; boundary=x", "json", "\u{ff}"]
        {
            let tree = body(Some(content_type.as_bytes()), None, form.as_bytes());
            assert_eq!(tree, Err(Undecodable::UnsupportedType), "{content_type}");
        }
    }

    #[test]
    fn an_empty_body_is_fine_under_any_header() {
        for content_type in [None, Some("application/json"), Some("multipart/form-data"), Some("text/plain")] {
            assert_eq!(
                body(content_type.map(str::as_bytes), Some(b"gzip"), b""),
                Ok(Params::default()),
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn every_fault_is_a_whole_sentence() {
        let sentence = |tree: Result<Params, Undecodable>| match tree {
            Err(Undecodable::Malformed(sentence)) => sentence.into_owned(),
            other => format!("{other:?}"),
        };
        for (tree, expected) in [
            (query("%zz"), "The query string is malformed: a percent sign is not followed by two hexadecimal digits."),
            (query("%ff"), "The query string is malformed: a name or a value is not valid UTF-8."),
            (
                body(None, None, b"a=1&a[b]=2"),
                "The form body is malformed: the parameter \"a\" is text and cannot also be an object.",
            ),
            (
                body(Some(b"multipart/form-data"), None, b"x"),
                "The multipart body is malformed: the content type names no boundary.",
            ),
            (body(Some(b"application/json"), None, b"{"), "The request body is not valid JSON."),
            (body(Some(b"application/json"), None, b"[]"), "The request body must be a JSON object."),
        ] {
            assert_eq!(sentence(tree), expected);
        }
    }

    #[test]
    fn a_request_has_a_bounded_number_of_values() {
        let json = |values: usize| format!("{{\"a\":[{}]}}", vec!["0"; values].join(","));
        let form = |pairs: usize| vec!["a=1"; pairs].join("&");
        let decode = |kind: &[u8], text: String| body(Some(kind), None, text.as_bytes());
        assert!(decode(b"application/json", json(VALUES - 2)).is_ok());
        assert!(decode(b"application/json", json(VALUES - 1)).is_err());
        assert!(decode(b"application/x-www-form-urlencoded", form(VALUES)).is_ok());
        assert!(decode(b"application/x-www-form-urlencoded", form(VALUES + 1)).is_err());
        assert!(query(&form(VALUES + 1)).is_err());
    }

    #[test]
    fn the_body_wins_and_the_merge_is_shallow() {
        let params = |value: Value| Params { tree: value.as_object().cloned().unwrap_or_default(), repeated: None };
        let query = params(json!({"a": {"b": "1"}, "c": "2"}));
        let body = params(json!({"a": {"d": 3}, "e": null}));
        assert_eq!(merge(query, body), params(json!({"a": {"d": 3}, "c": "2", "e": null})));
    }
}
