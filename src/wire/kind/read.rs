//! Reading of scalars, from JSON and from the text of forms by the same rules (C5 to C10).

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde_json::{Value as Json, json};

use crate::wire::kind::{Kind, LONGEST_LINE, LONGEST_TEXT, MOST_OBJECTS, Property, Value};

/// A boolean in a query parameter or in an attribute given as text (rules B10 and C10).
pub fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "TRUE" | "1" | "t" => Some(true),
        "false" | "FALSE" | "0" | "f" => Some(false),
        _ => None,
    }
}

/// A moment in a query parameter, in microseconds since 1970: ISO 8601, in UTC unless it has a zone, or a day, which is
/// its midnight in UTC (rule G8). An unescaped plus arrives as a blank.
pub fn moment(text: &str) -> Option<i64> {
    let text = text.trim().replace(' ', "+");
    let in_utc = |moment: DateTime| Offset::UTC.to_timestamp(moment).ok();
    let timestamp = text.parse().ok().or_else(|| text.parse().ok().and_then(in_utc))?;
    Some(Timestamp::as_microsecond(timestamp))
}

/// The day in a text such as `2031-02-01`, in days since 1970. Of a moment, its day in UTC.
pub fn day(text: &str) -> Option<i64> {
    let text = text.trim();
    let days =
        |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok().map(|midnight| midnight.as_second() / 86_400);
    match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => days(date),
        _ => moment(text).map(|moment| moment.div_euclid(86_400_000_000)),
    }
}

/// A whole number, given as a number or as text. The outer `None` is not a whole number; the inner one exceeds 64 bits.
#[expect(clippy::option_option, reason = "a wrong kind and a wrong size have different messages")]
pub(super) fn integer(input: &Json) -> Option<Option<i64>> {
    let text = match input {
        Json::Number(number) => Cow::Owned(number.to_string()),
        Json::String(text) => Cow::Borrowed(text.trim_matches([' ', '\t'])),
        _ => return None,
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().ok())
}

/// Digits are the percentage, `1` and `0`, too (rule C10).
pub(super) fn percent(input: &Json) -> Option<i64> {
    match input {
        Json::Bool(truth) => Some(if *truth { 100 } else { 0 }),
        Json::String(text) if matches!(text.as_str(), "true" | "TRUE") => Some(100),
        Json::String(text) if matches!(text.as_str(), "false" | "FALSE") => Some(0),
        _ => integer(input).flatten().and_then(i64::checked_abs),
    }
}

pub(super) fn boolean(input: &Json) -> Option<bool> {
    match input {
        Json::Bool(value) => Some(*value),
        Json::String(text) => truth(text),
        _ => None,
    }
}

/// What is wrong with a text that contains control characters.
pub(super) const CONTROL: &str = "must not contain control characters.";

/// A line of text, trimmed before control characters are refused.
pub(super) fn line(input: &Json) -> Result<String, &'static str> {
    let Json::String(text) = input else {
        return Err("must be text.");
    };
    let text = text.trim();
    if text.chars().any(char::is_control) {
        Err(CONTROL)
    } else if text.chars().count() > LONGEST_LINE {
        Err("must be at most 255 characters.")
    } else if text.is_empty() {
        Err("is required.")
    } else {
        Ok(text.to_owned())
    }
}

/// Text of several lines, trimmed. Of the control characters, it may have tabs and ends of lines.
pub(super) fn long_text(input: &Json) -> Result<String, &'static str> {
    let Json::String(text) = input else {
        return Err("must be text.");
    };
    let text = text.trim();
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        Err(CONTROL)
    } else if text.chars().count() > LONGEST_TEXT {
        Err("must be at most 10000 characters.")
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// In bytes, before the `@` (RFC 5321, section 4.5.3.1.1). No mail server takes more.
const LONGEST_LOCAL_PART: usize = 64;

/// Whether the text is one mailbox: dot-separated atoms, `@`, dot-separated labels (rule F1). Whatever passes can be
/// mailed.
///
/// Narrower than RFC 5321 on purpose: quoted local parts, address literals and non-ASCII characters are not used by
/// invitees in practice, and have caused vulnerabilities elsewhere.
pub fn is_mailbox(text: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match text.split_once('@') {
        Some((local, domain)) => {
            local.len() <= LONGEST_LOCAL_PART && local.split('.').all(is_atom) && domain.split('.').all(is_label)
        }
        None => false,
    }
}

/// The known members of an object as JSON text; `None` if one is wrong or missing.
pub(super) fn object(members: &[Property], input: &Json) -> Option<Value> {
    let Json::Object(given) = input else {
        return None;
    };
    let mut kept = serde_json::Map::new();
    for member in members {
        match given.get(member.name) {
            None | Some(Json::Null) if member.required => return None,
            None | Some(Json::Null) => {}
            Some(Json::String(text)) if text.is_empty() && !member.required => {}
            Some(value) => {
                let value = match (member.kind, member.kind.read(member.name, value).ok()?) {
                    (_, Value::Null) => continue,
                    (Kind::Bool, Value::Int(truth)) => Json::Bool(truth != 0),
                    (_, Value::Int(number)) => json!(number),
                    (_, Value::Text(text)) => Json::String(text),
                };
                kept.insert(member.name.to_owned(), value);
            }
        }
    }
    Some(Value::Text(Json::Object(kept).to_string()))
}

/// The objects of a list as JSON text; `None` if one is wrong or there are too many.
pub(super) fn objects(members: &[Property], input: &Json) -> Option<Value> {
    let elements = elements(input).filter(|elements| elements.len() <= MOST_OBJECTS)?;
    let mut texts = Vec::with_capacity(elements.len());
    for element in elements {
        match object(members, element)? {
            Value::Text(text) => texts.push(text),
            _ => return None,
        }
    }
    Some(Value::Text(format!("[{}]", texts.join(","))))
}

/// Text, a number or a list of these as JSON text.
pub(super) fn typed(input: &Json) -> Option<Value> {
    let is_plain = |value: &Json| matches!(value, Json::String(_) | Json::Number(_));
    if is_plain(input) {
        return Some(Value::Text(input.to_string()));
    }
    let elements = elements(input).filter(|elements| elements.iter().copied().all(is_plain))?;
    Some(Value::Text(Json::Array(elements.into_iter().cloned().collect()).to_string()))
}

/// The elements of a list in JSON, or in a form with numbers in its brackets.
fn elements(input: &Json) -> Option<Vec<&Json>> {
    match input {
        Json::Array(elements) => Some(elements.iter().collect()),
        Json::Object(members) => {
            let number = |key: &String| key.parse::<u16>().ok();
            let mut numbered: Vec<(u16, &Json)> =
                members.iter().map(|(key, value)| Some((number(key)?, value))).collect::<Option<_>>()?;
            numbered.sort_by_key(|(number, _)| *number);
            Some(numbered.into_iter().map(|(_, value)| value).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_with_and_without_a_zone_and_as_days() {
        let midday = Some(1_925_035_200_000_000);
        for (text, expected) in [
            ("2031-01-01T12:00:00Z", midday),
            ("2031-01-01T12:00:00", midday),
            ("2031-01-01T14:00:00+02:00", midday),
            ("2031-01-01T14:00:00 02:00", midday),
            ("2031-01-01T12:00:00.000001Z", midday.map(|moment| moment + 1)),
            ("2031-01-01", Some(1_924_992_000_000_000)),
            ("2031-13-01", None),
            ("yesterday", None),
            ("", None),
            ("1925035200", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_read_from_numbers_and_from_text_by_one_rule() {
        for (input, expected) in [
            (json!(5), Some(Some(5))),
            (json!("-5"), Some(Some(-5))),
            (json!(" 7\t"), Some(Some(7))),
            (json!("99999999999999999999"), Some(None)),
            (json!("+5"), None),
            (json!("1e2"), None),
            (json!("1_000"), None),
            (json!("0x10"), None),
            (json!("-"), None),
            (json!(true), None),
            (json!([1]), None),
        ] {
            assert_eq!(integer(&input), expected, "{input}");
        }
        for (text, expected) in [("1.0", None), ("1e2", None), ("-0", Some(Some(0))), ("1E400", None)] {
            let input: Json = serde_json::from_str(text).unwrap_or_default();
            assert_eq!(integer(&input), expected, "{text}");
        }
        assert_eq!(percent(&json!("-9223372036854775808")), None, "its sign cannot be dropped");
    }

    #[test]
    fn a_percent_takes_every_form_that_the_vendor_documents() {
        for (input, expected) in [
            (json!(75), Some(75)),
            (json!("75"), Some(75)),
            (json!(-30), Some(30)),
            (json!(true), Some(100)),
            (json!("FALSE"), Some(0)),
            (json!("1"), Some(1)),
            (json!("t"), None),
            (json!("-9223372036854775808"), None),
        ] {
            assert_eq!(percent(&input), expected, "{input}");
        }
    }

    #[test]
    fn mailboxes_follow_the_table_of_the_corners() {
        for good in ["a@b.test", "A.b+tag@sub.example.test", "o'hara@x-y.test", "1@2.test"] {
            assert!(is_mailbox(good), "{good}");
        }
        let bad = "|a|@b.test|a@|a@@b.test|a@b@c.test|.a@b.test|a.@b.test|a..b@c.test|a@.b.test|a@b.test.|a@b..test|\
                   a b@c.test|a@b.test,c@d.test|Name <a@b.test>|a@-b.test|a@b-.test";
        for bad in bad.split('|') {
            assert!(!is_mailbox(bad), "{bad}");
        }
        let long = |length: usize| format!("{}@b.test", "l".repeat(length));
        assert!(is_mailbox(&long(64)) && !is_mailbox(&long(65)));
    }
}
