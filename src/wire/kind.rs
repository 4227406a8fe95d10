//! Kinds of values: for each, how it is read from a body, checked, printed and documented – all in one place.
//!
//! One rule serves JSON, forms and query strings (protocol-corners C5 to C10): a scalar of a form is text, so every kind
//! also reads its textual form. Null and `""` never reach a kind; they are the business of [`super::changes`].

use std::borrow::Cow;

use jiff::civil;
use jiff::tz::Offset;
use serde_json::{Value as Json, json};

/// Largest amount of money, in cents: the wire's integers have 32 bits.
const MOST_CENTS: i64 = i32::MAX as i64;

/// Longest one-line text and longest address, in characters (Unicode scalar values).
const LONGEST_LINE: usize = 255;

/// A stored value that is looked at where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A number, an id, a truth value (0 or 1), microseconds or days since 1970.
    Int(i64),
    /// A text.
    Text(&'a str),
}

/// A stored value on its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// No value.
    Null,
    /// As in [`Cell::Int`].
    Int(i64),
    /// A text.
    Text(String),
}

impl Value {
    /// Looks at the value.
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text),
        }
    }
}

impl Cell<'_> {
    /// Copies the value.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(number),
            Self::Text(text) => Value::Text(text.to_owned()),
        }
    }
}

/// The kinds of values.
#[derive(Clone, Copy)]
pub enum Kind {
    /// The id of a record of the named resource; printed as text.
    Id(&'static str),
    /// Whole cents, 0 to 2³¹−1.
    Cents,
    /// Whole percent, 0 to 100; a negative one becomes positive, `true` is 100 and `false` 0.
    Percent,
    /// A truth value, stored as 0 or 1.
    Bool,
    /// One of the listed texts, exactly.
    Choice(&'static [&'static str]),
    /// One mailbox, at most 255 characters.
    Email,
    /// One line of text of at most 255 characters, stored trimmed.
    Line,
    /// As [`Kind::Line`], but a whole number is taken as its digits.
    Reference,
    /// An object of these members, stored as JSON text.
    Object(&'static [Member]),
    /// A day in UTC, stored as days since 1970-01-01.
    Date,
    /// A moment, stored as microseconds since 1970-01-01T00:00:00Z.
    Time,
}

/// A member of a [`Kind::Object`].
pub struct Member {
    /// Key.
    pub name: &'static str,
    /// Kind of its value.
    pub kind: Kind,
    /// Whether the object must have it.
    pub required: bool,
}

impl Kind {
    /// Reads a value of an attribute called `name`. The error is the sentence for the `message` of a 422.
    pub fn read(self, name: &str, input: &Json) -> Result<Value, String> {
        let refuse = |rest: &str| Err(format!("{} {rest}", label(name)));
        match self {
            Self::Id(_) => match integer(input) {
                Some(Some(id)) if id > 0 => Ok(Value::Int(id)),
                Some(_) | None => refuse("must be an id."),
            },
            Self::Cents => match integer(input) {
                Some(Some(cents)) if (0..=MOST_CENTS).contains(&cents) => Ok(Value::Int(cents)),
                Some(_) => refuse(&format!("must be between 0 and {MOST_CENTS}.")),
                None => refuse("must be a whole number."),
            },
            Self::Percent => match percent(input) {
                Some(percent @ 0..=100) => Ok(Value::Int(percent)),
                _ => refuse("must be a whole number from 0 to 100."),
            },
            Self::Bool => match boolean(input) {
                Some(truth) => Ok(Value::Int(i64::from(truth))),
                None => refuse("must be true or false."),
            },
            Self::Choice(choices) => match input {
                Json::String(text) if choices.contains(&text.as_str()) => Ok(Value::Text(text.clone())),
                _ => refuse(&format!("must be one of {}.", choices.join(", "))),
            },
            Self::Email => match line(input) {
                Ok(text) if is_mailbox(&text) => Ok(Value::Text(text)),
                Ok(_) | Err(LineFault::Control) => refuse("is not a valid email address."),
                Err(fault) => refuse(fault.text()),
            },
            Self::Line => line(input).map(Value::Text).or_else(|fault| refuse(fault.text())),
            Self::Reference => match input {
                Json::Number(_) => match integer(input).flatten() {
                    Some(number) => Ok(Value::Text(number.to_string())),
                    None => refuse("must be text."),
                },
                _ => Self::Line.read(name, input),
            },
            Self::Object(members) => match object(members, input) {
                Some(value) => Ok(value),
                None => {
                    let required: Vec<&str> =
                        members.iter().filter(|member| member.required).map(|member| member.name).collect();
                    refuse(&format!("must be an object with {}.", enumerate(&required)))
                }
            },
            Self::Date | Self::Time => refuse("cannot be set."),
        }
    }

    /// Whether blanks around the text do not count, so that a text of blanks only is no text (protocol-corners H7).
    pub fn is_trimmed_text(self) -> bool {
        matches!(self, Self::Email | Self::Line | Self::Reference)
    }

    /// Appends the value as JSON.
    pub fn print(self, cell: Cell<'_>, out: &mut Vec<u8>) {
        match (self, cell) {
            (_, Cell::Null) => out.extend_from_slice(b"null"),
            (Self::Bool, Cell::Int(truth)) => out.extend_from_slice(if truth == 0 { b"false" } else { b"true" }),
            (Self::Id(_), Cell::Int(id)) => print_id(id, out),
            (Self::Date, Cell::Int(days)) => print_text(&date(days), out),
            (Self::Time, Cell::Int(microseconds)) => print_text(&time(microseconds), out),
            (_, Cell::Int(number)) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            (Self::Object(_), Cell::Text(json)) => out.extend_from_slice(json.as_bytes()),
            (_, Cell::Text(text)) => print_text(text, out),
        }
    }

    /// What a value is, in a few words for people.
    pub fn text(self) -> String {
        match self {
            Self::Id(resource) => format!("id of one of the {resource}"),
            Self::Cents => format!("whole cents, 0 to {MOST_CENTS}"),
            Self::Percent => "whole percent, 0 to 100".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
            Self::Email => format!("mail address of at most {LONGEST_LINE} characters"),
            Self::Line | Self::Reference => format!("text of at most {LONGEST_LINE} characters"),
            Self::Object(members) => {
                let names: Vec<&str> = members.iter().map(|member| member.name).collect();
                format!("object with {}", enumerate(&names))
            }
            Self::Date => "day in UTC, such as 2031-02-01".to_owned(),
            Self::Time => "time in UTC, such as 2031-02-01T09:30:00Z".to_owned(),
        }
    }

    /// Schema of the value in an API description, as it is printed or, with `input`, as it is read.
    pub fn schema(self, nullable: bool, input: bool) -> Json {
        let mut schema = match self {
            Self::Id(_) if input => json!({"type": "integer", "format": "int64", "minimum": 1}),
            Self::Id(_) => json!({"type": "string", "pattern": "^[1-9][0-9]*$"}),
            Self::Cents => {
                json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": MOST_CENTS})
            }
            Self::Percent if input => {
                json!({"type": ["integer", "boolean"], "minimum": -100, "maximum": 100})
            }
            Self::Percent => json!({"type": "integer", "minimum": 0, "maximum": 100}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Choice(choices) => json!({"type": "string", "enum": choices}),
            Self::Email => json!({"type": "string", "format": "email", "maxLength": LONGEST_LINE}),
            Self::Line | Self::Reference => json!({"type": "string", "maxLength": LONGEST_LINE}),
            Self::Object(members) => {
                let properties: serde_json::Map<String, Json> =
                    members.iter().map(|member| (member.name.into(), member.kind.schema(false, true))).collect();
                let required: Vec<&str> =
                    members.iter().filter(|member| member.required).map(|member| member.name).collect();
                json!({"type": "object", "properties": properties, "required": required})
            }
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::Time => json!({"type": "string", "format": "date-time"}),
        };
        if nullable && let Some(object) = schema.as_object_mut() {
            if let Some(choices) = object.get_mut("enum").and_then(Json::as_array_mut) {
                choices.push(Json::Null);
            }
            if let Some(kind) = object.get_mut("type") {
                match kind {
                    Json::Array(kinds) => kinds.push(json!("null")),
                    single => *single = json!([single.clone(), "null"]),
                }
            }
        }
        schema
    }
}

/// The name of an attribute as a sentence begins with it: `bill_rate_in_cents` is `Bill rate in cents`.
pub fn label(name: &str) -> String {
    let mut label = name.replace('_', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

/// Appends an id as the wire has it: digits in quotes.
pub fn print_id(id: i64, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
    out.push(b'"');
}

/// Appends a text as a JSON string: only what JSON demands is escaped, everything else stays UTF-8.
pub fn print_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain_from..]);
    out.push(b'"');
}

/// `2031-02-01` for a number of days since 1970-01-01.
pub fn date(days: i64) -> String {
    let date = i32::try_from(days)
        .ok()
        .and_then(|days| civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).ok())
        .unwrap_or(civil::Date::MAX);
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `2031-02-01T09:30:00Z` for microseconds since 1970; fractions of a second are cut off.
pub fn time(microseconds: i64) -> String {
    let moment = jiff::Timestamp::from_microsecond(microseconds).unwrap_or(jiff::Timestamp::MAX);
    let moment = Offset::UTC.to_datetime(moment);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        moment.year(),
        moment.month(),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    )
}

/// A truth value of a query parameter, or of an attribute given as text (rule B10, protocol-corners C10).
pub fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "TRUE" | "1" | "t" => Some(true),
        "false" | "FALSE" | "0" | "f" => Some(false),
        _ => None,
    }
}

/// A whole number, given as a number or as text. The outer `None` is no whole number; the inner one exceeds 64 bits.
#[expect(clippy::option_option, reason = "a wrong kind and a wrong size have different messages")]
fn integer(input: &Json) -> Option<Option<i64>> {
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

/// A share of the working time. Digits are the percent, also `1` and `0` (protocol-corners C10).
fn percent(input: &Json) -> Option<i64> {
    match input {
        Json::Bool(truth) => Some(if *truth { 100 } else { 0 }),
        Json::String(text) if matches!(text.as_str(), "true" | "TRUE") => Some(100),
        Json::String(text) if matches!(text.as_str(), "false" | "FALSE") => Some(0),
        _ => integer(input).flatten().and_then(i64::checked_abs),
    }
}

fn boolean(input: &Json) -> Option<bool> {
    match input {
        Json::Bool(value) => Some(*value),
        Json::String(text) => truth(text),
        _ => None,
    }
}

/// What is wrong with a line of text.
enum LineFault {
    Kind,
    Control,
    Length,
    Blank,
}

impl LineFault {
    fn text(&self) -> &'static str {
        match self {
            Self::Kind => "must be text.",
            Self::Control => "must not contain control characters.",
            Self::Length => "must be at most 255 characters.",
            Self::Blank => "is required.",
        }
    }
}

/// A trimmed line of text. Control characters inside are refused; at the ends, blanks are trimmed first.
fn line(input: &Json) -> Result<String, LineFault> {
    let Json::String(text) = input else {
        return Err(LineFault::Kind);
    };
    let text = text.trim();
    if text.chars().any(char::is_control) {
        Err(LineFault::Control)
    } else if text.chars().count() > LONGEST_LINE {
        Err(LineFault::Length)
    } else if text.is_empty() {
        Err(LineFault::Blank)
    } else {
        Ok(text.to_owned())
    }
}

/// Whether the text is one mailbox: dot-separated atoms, `@`, dot-separated labels (protocol-corners F1).
///
/// Narrower than RFC 5321 on purpose: quoted local parts, address literals and characters beyond ASCII are refused,
/// since nobody is invited under such an address, and each of them has opened a hole somewhere.
fn is_mailbox(text: &str) -> bool {
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
        Some((local, domain)) => local.split('.').all(is_atom) && domain.split('.').all(is_label),
        None => false,
    }
}

/// The members of an object that are given and known, as JSON text; `None` when one is wrong or missing.
fn object(members: &[Member], input: &Json) -> Option<Value> {
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

/// `a, b and c`.
fn enumerate(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for bad in [
            "",
            "a",
            "@b.test",
            "a@",
            "a@@b.test",
            "a@b@c.test",
            ".a@b.test",
            "a.@b.test",
            "a..b@c.test",
            "a@.b.test",
            "a@b.test.",
            "a@b..test",
            "a b@c.test",
            "a@b.test,c@d.test",
            "Name <a@b.test>",
            "a@-b.test",
            "a@b-.test",
        ] {
            assert!(!is_mailbox(bad), "{bad}");
        }
    }

    #[test]
    fn text_is_printed_as_json_reads_it_back() {
        for text in ["plain", "q\"uote\\", "line\nfeed\u{1}\u{7f}", "Zoë 😀\u{2028}"] {
            let mut out = Vec::new();
            print_text(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).ok().as_deref(), Some(text));
        }
    }

    #[test]
    fn dates_and_times_are_printed_in_utc() {
        assert_eq!(date(22_311), "2031-02-01");
        assert_eq!(time(1_927_681_445_999_999), "2031-02-01T03:04:05Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59Z");
    }
}
