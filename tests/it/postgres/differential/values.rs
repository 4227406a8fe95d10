//! Values: usual ones, edge cases, and invalid ones.

use invited::testing::Kind;
use serde_json::{Value, json};

use super::dice::Dice;
use super::known::Known;
use crate::support::LEVELS;

/// Texts on which engines could differ: letters beyond ASCII and beyond 16 bits, locale-dependent case or order,
/// pattern and SQL syntax, all kinds of blanks, and what no column can store.
const TEXTS: &[&str] = &[
    "Ada",
    "ada",
    "Person",
    "a",
    "e",
    "é",
    "É",
    "e\u{301}",
    "Ünï Cödé",
    "İstanbul",
    "ı",
    "ΣΊΣΥΦΟΣ",
    "ς",
    "ß",
    "ẞ",
    "日本語",
    "Ж",
    "😀",
    "👩‍👩‍👧",
    "\u{ffff}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{202e}right to left",
    "\u{feff}mark",
    "\u{a0}blank\u{a0}",
    "\u{3000}",
    "O'Hara",
    "\"quoted\"",
    "back\\slash",
    "\\",
    "%",
    "_",
    "100%",
    "a_b",
    "*",
    "'; DROP TABLE users; --",
    "?1",
    "$1",
    "{id}",
    "::text",
    "NULL",
    "null",
    "true",
    "0",
    "1e3",
    "-",
    "--",
    "@",
    "@example.test",
    ".",
    ",",
    "a,b",
    " ",
    "",
    "  padded  ",
    "tab\there",
    "line\nbreak",
    "\u{1}",
    "\u{2}a",
    "\u{0}",
    "a\u{0}b",
    "Ada\u{0}",
    "\u{7f}",
    "\u{85}",
];

/// Numbers as text: limits of 16, 31, 32, 63 and 64 bits, and near-numbers.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "007",
    "100",
    "101",
    "32768",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "1.0",
    "1.5",
    "1e2",
    "1E400",
    "+5",
    " 7 ",
    "0x10",
    "٣",
    "1_000",
    "",
    "x",
];

/// Ids that are invalid, unused, or another account's.
const ODD_IDS: &[&str] = &[
    "0",
    "007",
    "5",
    "21",
    "22",
    "111",
    "221",
    "999999",
    "2147483648",
    "4294967297",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551617",
    "99999999999999999999",
    "-1",
    "abc",
    "1abc",
    "%31",
    "1%00",
    "%00",
    "%ff",
    "1.5",
    "me",
];

const MOMENTS: &[&str] = &[
    "2031-01-02",
    "2031-01-02T03:04:05Z",
    "2030-12-01T00:00:00+02:00",
    "2031-01-05T00:00:00",
    "0001-01-01",
    "9999-12-30T22:00:00Z",
    "-009999-01-02",
    "10000-01-01",
    "2031-13-01",
    "2031-02-30",
    "yesterday",
    "0",
    "",
];

/// Any text, or part of a known name.
pub(super) fn text(dice: &mut Dice, known: &Known) -> String {
    match dice.below(12) {
        0 => {
            let name: Vec<char> = dice.pick(&known.names).map(|name| name.chars().collect()).unwrap_or_default();
            let from = dice.below(name.len());
            let length = 1 + dice.below(4);
            name.iter().skip(from).take(length).collect()
        }
        1 => dice.pick(&known.addresses).cloned().unwrap_or_default(),
        2 => format!("{} {}", dice.one_of(TEXTS), dice.one_of(TEXTS)),
        3 => "long ".repeat(50 + dice.below(3)) + &"x".repeat(dice.below(8)),
        _ => dice.one_of(TEXTS).to_owned(),
    }
}

/// An id for a path, mostly an existing one.
pub(super) fn id(dice: &mut Dice, known: &Known, resource: &str) -> String {
    match dice.below(8) {
        0 => dice.one_of(ODD_IDS).to_owned(),
        // An id of another resource.
        1 => known.id(dice, "users").unwrap_or_default(),
        _ => known.id(dice, resource).unwrap_or_else(|| "1".to_owned()),
    }
}

/// A list of ids with commas, and invalid pieces.
pub(super) fn ids(dice: &mut Dice, known: &Known, resource: &str) -> String {
    let length = if dice.once_in(30) { 300 } else { dice.below(6) };
    let ids: Vec<String> = (0..length).map(|_| id(dice, known, resource)).collect();
    ids.join(if dice.once_in(10) { ", " } else { "," })
}

pub(super) fn number(dice: &mut Dice) -> String {
    if dice.once_in(3) { dice.below(60).to_string() } else { dice.one_of(NUMBERS).to_owned() }
}

pub(super) fn moment(dice: &mut Dice) -> String {
    dice.one_of(MOMENTS).to_owned()
}

pub(super) fn day(dice: &mut Dice) -> &'static str {
    dice.one_of(&["2031-01-01", "2031-01-06", "2031-01-31", "2031-01-31", "2033-01-01", "tomorrow", ""])
}

pub(super) fn flag(dice: &mut Dice) -> String {
    dice.one_of(&["true", "false", "true", "false", "TRUE", "FALSE", "1", "0", "t", "f", "yes", "", " ", "\u{0}"])
        .to_owned()
}

/// A value for an attribute, mostly a valid one.
pub(super) fn of_kind(dice: &mut Dice, known: &mut Known, name: &str, kind: Kind) -> Value {
    if dice.once_in(20) {
        return wrong(dice, known);
    }
    match kind {
        Kind::Email => json!(address(dice, known)),
        Kind::Line => json!(if dice.once_in(5) { text(dice, known) } else { full_name(dice, known) }),
        Kind::Reference => match dice.below(3) {
            0 => json!(dice.below(20)),
            1 => serde_json::from_str(dice.one_of(NUMBERS)).unwrap_or_default(),
            _ => json!(format!("ref-{}", dice.below(30))),
        },
        Kind::Choice(choices) if name == "permission" => {
            json!(if dice.once_in(6) { dice.one_of(choices) } else { dice.one_of(&LEVELS) })
        }
        Kind::Choice(choices) if name == "value_type" && dice.once_in(2) => json!(choices[0]),
        Kind::Choice(choices) => json!(dice.one_of(choices)),
        // Most known users have never joined, and only members have skills.
        Kind::Id("users") if name == "user_id" => json!(1 + dice.below(12)),
        Kind::NumberedId("subject") => {
            let resource =
                dice.one_of(&["users", "users", "users", "roles", "skills", "custom_fields", "custom_field_values"]);
            json!(known.id(dice, resource))
        }
        Kind::Id(resource) | Kind::NumberedId(resource) => match dice.below(8) {
            0 => Value::Null,
            1 => json!(dice.one_of(NUMBERS)),
            2 => serde_json::from_str(dice.one_of(NUMBERS)).unwrap_or_default(),
            _ => json!(known.id(dice, resource)),
        },
        Kind::Cents => match dice.below(5) {
            0 => Value::Null,
            1 => serde_json::from_str(dice.one_of(NUMBERS)).unwrap_or_default(),
            2 => json!(dice.one_of(NUMBERS)),
            _ => json!(dice.below(5) * 1_000),
        },
        Kind::Percent => match dice.below(5) {
            0 => json!(dice.once_in(2)),
            1 => json!(dice.one_of(NUMBERS)),
            2 => json!(-30),
            _ => json!(dice.below(104)),
        },
        Kind::Bool => match dice.below(4) {
            0 => json!(flag(dice)),
            1 => Value::Null,
            _ => json!(dice.once_in(2)),
        },
        Kind::Object(members) => {
            let mut object = serde_json::Map::new();
            for member in members {
                if (member.required && !dice.once_in(20)) || dice.once_in(3) {
                    let value = match member.name {
                        "service_name" => json!(dice.one_of(&["hr", "crm", "HR", "Ünï"])),
                        "service_model" => json!(dice.one_of(&["Employee", "Person"])),
                        _ => of_kind(dice, known, member.name, member.kind),
                    };
                    object.insert(member.name.to_owned(), value);
                }
            }
            Value::Object(object)
        }
        Kind::Objects(members) => {
            let object = |dice: &mut Dice, known: &mut Known| of_kind(dice, known, name, Kind::Object(members));
            (0..dice.below(4)).map(|_| object(dice, known)).collect()
        }
        Kind::Typed => match dice.below(7) {
            0 | 4 => json!(format!("Word {}", dice.below(9))),
            1 => json!(dice.one_of(&["2031-02-01", "2030-12-31", "13"])),
            2 => serde_json::from_str(dice.one_of(NUMBERS)).unwrap_or_default(),
            5 => json!(text(dice, known)),
            3 => json!([dice.below(3) * 499, dice.one_of(&["USD", "EUR", "usd"])]),
            _ => json!([known.id(dice, "custom_field_choices"), 822]),
        },
        Kind::Whole(least, most) => match dice.below(5) {
            0 => json!(dice.one_of(NUMBERS)),
            1 => json!(most + 1),
            _ => json!(least + i64::try_from(dice.below(6)).unwrap_or_default()),
        },
        Kind::LongText => json!(format!("{}\n{}", text(dice, known), text(dice, known))),
        Kind::Currency => json!(dice.one_of(&["USD", "EUR", "EUR", "usd", "US"])),
        Kind::Date => {
            json!(dice.one_of(&["2031-01-01", "2031-02-30", "2032-02-29", "2031-01-01T10:00:00Z", "1.1.2031"]))
        }
        Kind::Ids(_) | Kind::Number | Kind::Time | Kind::Picture | Kind::Pointer | Kind::Document | Kind::Changes => {
            wrong(dice, known)
        }
    }
}

fn full_name(dice: &mut Dice, known: &Known) -> String {
    let first =
        dice.one_of(&["Ada", "ada", "Émile", "Zoë", "Ωmega", "日本", "😀 Smile", "O'Hara", "Łukasz", "ångström", "Q"]);
    format!("{first} {}", known.people % 97)
}

/// A new address, a known one in another case, or an invalid one.
fn address(dice: &mut Dice, known: &mut Known) -> String {
    match dice.below(20) {
        0 => dice.pick(&known.addresses).map(|known| known.to_uppercase()).unwrap_or_default(),
        1 => dice.pick(&known.addresses).cloned().unwrap_or_default(),
        2 => text(dice, known),
        3 => format!("{}@example.test", "x".repeat(240 + dice.below(8))),
        _ => {
            known.people += 1;
            let first = dice.one_of(&["Person", "person", "o'hara", "a+b", "x_y", "100%"]);
            format!("{first}.{}@Example.test", known.people)
        }
    }
}

pub(super) fn wrong(dice: &mut Dice, known: &Known) -> Value {
    match dice.below(9) {
        0 => Value::Null,
        1 => json!(dice.once_in(2)),
        2 => serde_json::from_str(dice.one_of(NUMBERS)).unwrap_or_default(),
        3 => json!([]),
        4 => json!({}),
        5 => json!([text(dice, known)]),
        6 => json!({"a": [1, {"b": null}]}),
        _ => json!(text(dice, known)),
    }
}
