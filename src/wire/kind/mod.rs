//! Kinds of values: how each is read from a body, validated, printed and documented.
//!
//! One rule serves JSON, forms and query strings (C5 to C10): scalars of a form are text, so every kind also reads its
//! textual form. Null and `""` never reach a kind; [`super::changes`] handles them.

mod print;
mod read;

use serde_json::{Value as Json, json};

pub use print::{DEFAULT_PICTURE, date, ids_in, picture, pointed_id, print_id, print_text, serialize_date, time};
use print::{changes, print_ids, print_pointer};
use read::{CONTROL, boolean, integer, is_currency, line, long_text, object, objects, percent, typed};
pub use read::{day, is_mailbox, moment, truth};

/// Largest amount of money, in cents: the wire's integers have 32 bits.
const MOST_CENTS: i64 = i32::MAX as i64;

/// Digits of the largest id.
const LONGEST_ID: usize = 19;

/// Longest line and longest address, in Unicode scalar values.
const LONGEST_LINE: usize = 255;

/// Longest text of several lines, in Unicode scalar values.
const LONGEST_TEXT: usize = 10_000;

/// Longest list of objects.
const MOST_OBJECTS: usize = 500;

/// A borrowed stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    Null,
    /// A number, an id, a boolean (0 or 1), microseconds or days since 1970.
    Int(i64),
    Text(&'a str),
}

/// The stored booleans.
pub const FALSE: Cell<'static> = Cell::Int(0);
pub const TRUE: Cell<'static> = Cell::Int(1);

/// An owned stored value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

impl Value {
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text),
        }
    }
}

impl Cell<'_> {
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(number),
            Self::Text(text) => Value::Text(text.to_owned()),
        }
    }
}

/// How answers print days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// `2031-02-01`.
    #[default]
    Days,
    /// `2031-02-01T00:00:00Z`, the moment at which the day begins.
    Times,
}

#[derive(Clone, Copy)]
pub enum Kind {
    /// The id of a record of the named resource; printed as text.
    Id(&'static str),
    /// The ids of records of the named resource, stored as a JSON array of numbers; printed as texts.
    Ids(&'static str),
    /// The id of a record of the named resource; printed as a number.
    NumberedId(&'static str),
    /// A read-only whole number.
    Number,
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// Whole cents, 0 to 2³¹−1.
    Cents,
    /// Whole percent, 0 to 100; the sign is dropped, `true` is 100 and `false` 0.
    Percent,
    /// A boolean, stored as 0 or 1.
    Bool,
    /// One of the listed texts, exactly.
    Choice(&'static [&'static str]),
    /// One mailbox, at most 255 characters.
    Email,
    /// One line of text of at most 255 characters, stored trimmed.
    Line,
    /// As [`Kind::Line`], but a whole number is accepted as its digits.
    Reference,
    /// Text of at most 10,000 characters, which may have several lines.
    LongText,
    /// The three letters of a currency (ISO 4217).
    Currency,
    /// An object with these members, stored as JSON text.
    Object(&'static [Property]),
    /// An array of objects with these members, stored as JSON text.
    Objects(&'static [Property]),
    /// A value whose type a rule of the record knows: text, a number or a list of these, stored as JSON text.
    Typed,
    /// A day in UTC, stored as days since 1970-01-01.
    Date,
    /// A moment, stored as microseconds since 1970-01-01T00:00:00Z.
    Time,
    /// The address of a picture: a path below the server's own address or a whole address. Null is the default picture.
    Picture,
    /// The class and id of a record of one of several resources, stored as `name:id`; printed as `{"key": …, "id": …}`.
    Pointer,
    /// Read-only JSON text, printed as text.
    Document,
    /// The attributes of a record before and after a change, stored as a JSON array of two objects, either of which may
    /// be null; printed as JSON text in which each changed attribute has a pair of values.
    Changes,
}

/// A member of a [`Kind::Object`].
pub struct Property {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

impl Kind {
    /// Reads the value of the attribute `name`. The error is the `message` of a 422.
    pub fn read(self, name: &str, input: &Json) -> Result<Value, String> {
        let refuse = |rest: &str| Err(format!("{} {rest}", label(name)));
        match self {
            Self::Id(_) | Self::NumberedId(_) => match integer(input) {
                Some(Some(id)) if id > 0 => Ok(Value::Int(id)),
                Some(_) | None => refuse("must be an id."),
            },
            Self::Cents => match integer(input) {
                Some(Some(cents)) if (0..=MOST_CENTS).contains(&cents) => Ok(Value::Int(cents)),
                Some(_) => refuse(&format!("must be between 0 and {MOST_CENTS}.")),
                None => refuse("must be a whole number."),
            },
            Self::Whole(least, most) => match integer(input).flatten() {
                Some(number) if (least..=most).contains(&number) => Ok(Value::Int(number)),
                _ => refuse(&format!("must be a whole number from {least} to {most}.")),
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
                Ok(_) | Err(CONTROL) => refuse("is not a valid email address."),
                Err(reason) => refuse(reason),
            },
            Self::Line => line(input).map(Value::Text).or_else(refuse),
            Self::LongText => long_text(input).map(Value::Text).or_else(refuse),
            Self::Currency => match input {
                Json::String(code) if is_currency(code) => Ok(Value::Text(code.clone())),
                _ => refuse("must be the three capital letters of a currency, such as USD."),
            },
            Self::Date => match input.as_str().and_then(day) {
                Some(day) => Ok(Value::Int(day)),
                None => refuse("must be a day, such as 2031-02-01."),
            },
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
            Self::Objects(members) => match objects(members, input) {
                Some(value) => Ok(value),
                None => {
                    let names: Vec<&str> = members.iter().map(|member| member.name).collect();
                    refuse(&format!("must be a list of at most {MOST_OBJECTS} objects with {}.", enumerate(&names)))
                }
            },
            Self::Typed => typed(input).map_or_else(|| refuse("must be text, a number or a list of these."), Ok),
            Self::Time
            | Self::Ids(_)
            | Self::Number
            | Self::Picture
            | Self::Pointer
            | Self::Document
            | Self::Changes => refuse("cannot be set."),
        }
    }

    /// Whether surrounding blanks do not count, so a text of nothing but blanks is missing (rule H7).
    pub fn is_trimmed_text(self) -> bool {
        matches!(self, Self::Email | Self::Line | Self::LongText | Self::Reference)
    }

    /// Appends the value as JSON, with days as `dates` says.
    pub fn print(self, cell: Cell<'_>, dates: Dates, out: &mut Vec<u8>) {
        match (self, cell) {
            (_, Cell::Null) => out.extend_from_slice(b"null"),
            (Self::Bool, Cell::Int(truth)) => out.extend_from_slice(if truth == 0 { b"false" } else { b"true" }),
            (Self::Id(_), Cell::Int(id)) => print_id(id, out),
            (Self::Date, Cell::Int(days)) if dates == Dates::Times => {
                print_text(&format!("{}T00:00:00Z", date(days)), out);
            }
            (Self::Date, Cell::Int(days)) => print_text(&date(days), out),
            (Self::Time, Cell::Int(microseconds)) => print_text(&time(microseconds), out),
            (_, Cell::Int(number)) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            (Self::Ids(_), Cell::Text(numbers)) => print_ids(numbers, out),
            (Self::Pointer, Cell::Text(pointer)) => print_pointer(pointer, out),
            (Self::Object(_) | Self::Objects(_) | Self::Typed, Cell::Text(json)) => {
                out.extend_from_slice(json.as_bytes());
            }
            (Self::Changes, Cell::Text(both)) => print_text(&changes(both), out),
            (_, Cell::Text(text)) => print_text(text, out),
        }
    }

    /// The kind in a few words, for the reference.
    pub fn text(self) -> String {
        match self {
            Self::Id(resource) | Self::NumberedId(resource) => format!("id of one of the {resource}"),
            Self::Ids(resource) => format!("ids of {resource}"),
            Self::Number => "whole number".to_owned(),
            Self::Whole(least, most) => format!("whole number, {least} to {most}"),
            Self::Cents => format!("whole cents, 0 to {MOST_CENTS}"),
            Self::Percent => "whole percent, 0 to 100".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
            Self::Email => format!("mail address of at most {LONGEST_LINE} characters"),
            Self::Line | Self::Reference => format!("text of at most {LONGEST_LINE} characters"),
            Self::LongText => format!("text of at most {LONGEST_TEXT} characters"),
            Self::Currency => "three letters of a currency, such as USD".to_owned(),
            Self::Picture => "address of a picture".to_owned(),
            Self::Pointer => "object with key and id".to_owned(),
            Self::Document => "JSON as text".to_owned(),
            Self::Changes => "JSON as text, with the values before and after".to_owned(),
            Self::Object(members) => {
                let names: Vec<&str> = members.iter().map(|member| member.name).collect();
                format!("object with {}", enumerate(&names))
            }
            Self::Objects(members) => {
                let names: Vec<&str> = members.iter().map(|member| member.name).collect();
                format!("list of objects with {}", enumerate(&names))
            }
            Self::Typed => "text, number or list, as the type says".to_owned(),
            Self::Date => "day in UTC, such as 2031-02-01".to_owned(),
            Self::Time => "time in UTC, such as 2031-02-01T09:30:00Z".to_owned(),
        }
    }

    /// Schema of the value in an API description, as it is printed or, with `input`, as it is read.
    pub fn schema(self, nullable: bool, input: bool) -> Json {
        let mut schema = match self {
            Self::Id(_) | Self::NumberedId(_) if input => json!({"type": "integer", "format": "int64", "minimum": 1}),
            Self::Id(_) => json!({"type": "string", "pattern": "^[1-9][0-9]*$", "maxLength": LONGEST_ID}),
            Self::Ids(resource) => json!({"type": "array", "items": Self::Id(resource).schema(false, false)}),
            Self::Number | Self::NumberedId(_) => json!({"type": "integer"}),
            Self::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Cents => {
                json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": MOST_CENTS})
            }
            // A body may also have true, false or a negative number, as old clients send them.
            Self::Percent => json!({"type": "integer", "minimum": 0, "maximum": 100}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Choice(choices) => json!({"type": "string", "enum": choices}),
            Self::Email => json!({"type": "string", "format": "email", "maxLength": LONGEST_LINE}),
            Self::Line | Self::Reference => json!({"type": "string", "maxLength": LONGEST_LINE}),
            Self::LongText => json!({"type": "string", "maxLength": LONGEST_TEXT}),
            Self::Currency => json!({"type": "string", "pattern": "^[A-Z]{3}$"}),
            Self::Picture => json!({"type": "string", "format": "uri"}),
            Self::Pointer => json!({
                "type": "object",
                "properties": {"key": {"type": "string"}, "id": Self::Id("").schema(false, false)},
                "required": ["key", "id"],
            }),
            Self::Objects(members) => {
                json!({"type": "array", "maxItems": MOST_OBJECTS, "items": Self::Object(members).schema(false, true)})
            }
            Self::Typed => {
                let one = json!([{"type": "string"}, {"type": "number"}]);
                let (text, number, list) = (&one[0], &one[1], json!({"type": "array", "items": {"oneOf": one}}));
                json!({"oneOf": [text, number, list]})
            }
            Self::Object(members) => {
                let properties: serde_json::Map<String, Json> =
                    members.iter().map(|member| (member.name.into(), member.kind.schema(false, true))).collect();
                let required: Vec<&str> =
                    members.iter().filter(|member| member.required).map(|member| member.name).collect();
                json!({"type": "object", "properties": properties, "required": required})
            }
            Self::Document | Self::Changes => json!({"type": "string", "contentMediaType": "application/json"}),
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

/// The name of an attribute at the beginning of a sentence: `Bill rate in cents` for `bill_rate_in_cents`.
pub fn label(name: &str) -> String {
    let mut label = name.replace('_', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

/// `a, b and c`.
fn enumerate(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
