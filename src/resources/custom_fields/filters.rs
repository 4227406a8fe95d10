//! The filters of users by their values.
//!
//! A value is `field:test`; several are `field:test;field:test` or `(field:test):(field:test)`. Tests of one field are
//! alternatives, and a user has to pass those of every field. A field alone asks for any value. A field that the caller
//! may not read, or that has another type, is passed by nobody.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::resources::custom_fields::typed::{day_key, number_key};
use crate::wire::condition::{Condition, Relation};
use crate::wire::describe::{Filter, Test};
use crate::wire::fold::fold;
use crate::wire::kind::Value;
use crate::wire::query::digits;

/// The values that a caller may read, seen from users.
pub static OF_USERS: Relation = Relation::new(
    "v.subject_id",
    "custom_field_values v JOIN custom_fields f ON f.id = v.custom_field_id AND f.account_id = ?1 \
           WHERE v.account_id = ?1 AND v.subject_type = 'User' AND f.read_from <= {rung}",
);

/// The fields that a caller may read.
const FIELDS: &str = "custom_fields f WHERE f.account_id = ?1 AND f.read_from <= {rung}";

const KEY: &str = "v.value_key";

/// Most tests in one filter.
const MOST: usize = 200;

pub static FILTERS_OF_USERS: [Filter; 6] = [
    Filter::new("by_custom_choice_value", Test::Special(by_choice), "Users with these choices in custom fields."),
    Filter::new("by_custom_currency_value", Test::Special(by_money), "Users with these amounts in custom fields."),
    Filter::new("by_custom_date_value", Test::Special(by_day), "Users with these days in custom fields."),
    Filter::new("by_custom_number_value", Test::Special(by_number), "Users with these numbers in custom fields."),
    Filter::new(
        "by_custom_text_value",
        Test::Special(by_text),
        "Users with these texts in custom fields, in any case.",
    ),
    Filter::new(
        "has_value_for_custom_field_ids",
        Test::Ids("v.custom_field_id"),
        "Users with a value in one of these custom fields, by id.",
    )
    .of(&OF_USERS),
];

/// What a user has to have in a field.
enum Wanted {
    Value(Condition),
    /// No value.
    Blank,
}

fn by_text(given: &Json) -> Option<Condition> {
    read(given, &["string"], |text| {
        let text = text.trim();
        let is_text = !text.is_empty() && !text.contains('\0');
        is_text.then(|| vec![Wanted::Value(key("=", fold(text)))])
    })
}

fn by_number(given: &Json) -> Option<Condition> {
    read(given, &["number"], |text| Some(vec![Wanted::Value(key("=", number_key(text)?))]))
}

/// Whole cents, or what else is the smallest unit, as in a value.
fn by_money(given: &Json) -> Option<Condition> {
    read(given, &["currency"], |text| {
        let (amount, currency) = text.split_once(':').unwrap_or((text, ""));
        let cents = digits(amount.trim())?;
        Some(vec![Wanted::Value(match currency.trim() {
            // In every currency: between the colon and the character after it.
            "" => Condition::All(vec![key(">", format!("{cents}:")), key("<", format!("{cents};"))]),
            code if code.contains('\0') => return None,
            code => key("=", format!("{cents}:{code}")),
        })])
    })
}

fn by_day(given: &Json) -> Option<Condition> {
    read(given, &["date"], |text| {
        let (first, last) = text.split_once(':').unwrap_or((text, ""));
        let mut bounds = vec![key(">=", day_key(first)?)];
        if !last.trim().is_empty() {
            bounds.push(key("<=", day_key(last)?));
        }
        Some(vec![Wanted::Value(Condition::All(bounds))])
    })
}

fn by_choice(given: &Json) -> Option<Condition> {
    let one = |text: &str| match text.trim() {
        "blank" => Some(Wanted::Blank),
        id => Some(Wanted::Value(Condition::Contains(&[KEY], format!(",{},", digits(id)?)))),
    };
    read(given, &["single", "multi"], |text| text.split(',').map(one).collect())
}

fn key(sign: &'static str, value: String) -> Condition {
    Condition::Compares(KEY, sign, Value::Text(value))
}

/// `None` unless the whole value can be read.
fn read(given: &Json, types: &[&str], read_test: impl Fn(&str) -> Option<Vec<Wanted>>) -> Option<Condition> {
    let texts: Vec<&str> = match given {
        Json::String(text) => vec![text],
        Json::Array(texts) => texts.iter().map(Json::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    let mut fields: BTreeMap<i64, Vec<Wanted>> = BTreeMap::new();
    let mut tests = 0;
    for piece in texts.into_iter().flat_map(pieces).map(str::trim).filter(|piece| !piece.is_empty()) {
        let (field, test) = piece.split_once(':').map_or((piece, None), |(field, test)| (field, Some(test)));
        let wanted = match test {
            Some(test) => read_test(test)?,
            None => vec![Wanted::Value(Condition::All(Vec::new()))],
        };
        tests += wanted.len();
        fields.entry(digits(field.trim())?).or_default().extend(wanted);
    }
    let is_readable = (1..=MOST).contains(&tests);
    is_readable
        .then(|| Condition::All(fields.into_iter().map(|(field, wanted)| of_field(field, types, wanted)).collect()))
}

/// The parts in parentheses, or else between semicolons.
fn pieces(text: &str) -> Vec<&str> {
    match text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(inner) => inner.split("):(").flat_map(|piece| piece.split(");(")).collect(),
        None => text.split(';').collect(),
    }
}

fn of_field(field: i64, types: &[&str], wanted: Vec<Wanted>) -> Condition {
    let is_field = |column| Condition::Compares(column, "=", Value::Int(field));
    let is_of_type = || Condition::OneOf("f.value_type", types.iter().map(|&name| name.to_owned()).collect());
    let mut is_blank = false;
    let mut values = Vec::new();
    for wanted in wanted {
        match wanted {
            Wanted::Value(condition) => values.push(condition),
            Wanted::Blank => is_blank = true,
        }
    }
    let has_value = |values| Condition::Related(&OF_USERS, vec![is_field("v.custom_field_id"), is_of_type(), values]);
    if !is_blank {
        return has_value(Condition::Any(values));
    }
    // A field that the caller may not read is blank for nobody.
    let blank = Condition::All(vec![
        Condition::Exists(FIELDS, vec![is_field("f.id"), is_of_type()]),
        Condition::Unrelated(&OF_USERS, vec![is_field("v.custom_field_id")]),
    ]);
    if values.is_empty() { blank } else { Condition::Any(vec![has_value(Condition::Any(values)), blank]) }
}
