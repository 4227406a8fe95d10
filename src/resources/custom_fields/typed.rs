//! Values of fields, read as their type says.

use serde_json::Value as Json;

use crate::wire::fold::fold;
use crate::wire::kind::{Kind, Value, date, day, label, print_text};
use crate::wire::query::listed;

/// Most digits of a number: every client can keep as many.
const MOST_DIGITS: usize = 15;

/// Currencies whose smallest unit is not a hundredth, with the digits after the point (ISO 4217).
const FRACTIONS: [(u8, &str); 2] =
    [(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"), (3, "BHD IQD JOD KWD LYD OMR TND")];

/// Currencies that people know by a sign.
const SIGNS: [(&str, &str); 4] = [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥")];

/// A value in the forms in which it is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// As it is printed.
    pub json: String,
    /// As it is compared.
    pub key: String,
    /// As people read it; `None` for choices.
    pub display: Option<String>,
    /// The ids of choices.
    pub choices: Vec<i64>,
}

pub fn has_choices(value_type: &str) -> bool {
    matches!(value_type, "single" | "multi")
}

/// Reads a value of this type. The error is the `message` of a 422.
pub fn read(value_type: &str, given: &Json) -> Result<Typed, String> {
    match value_type {
        "date" => read_day(given).ok_or_else(|| sentence("must be a day, such as 2031-02-01.")),
        "number" => {
            read_number(given).ok_or_else(|| sentence(&format!("must be a number of at most {MOST_DIGITS} digits.")))
        }
        "currency" => read_money(given),
        "single" => read_choices(given)
            .filter(|typed| typed.choices.len() == 1)
            .ok_or_else(|| sentence("must be a list with the id of one choice.")),
        "multi" => read_choices(given).ok_or_else(|| sentence("must be a list of ids of choices.")),
        _ => match Kind::Line.read("value", given)? {
            Value::Text(text) => Ok(Typed::of_text(quoted(&text), fold(&text), text)),
            Value::Int(_) | Value::Null => Err(sentence("must be text.")),
        },
    }
}

fn sentence(rest: &str) -> String {
    format!("{} {rest}", label("value"))
}

fn quoted(text: &str) -> String {
    let mut json = Vec::with_capacity(text.len() + 2);
    print_text(text, &mut json);
    String::from_utf8(json).unwrap_or_default()
}

impl Typed {
    fn of_text(json: String, key: String, display: String) -> Self {
        Self { json, key, display: Some(display), choices: Vec::new() }
    }
}

fn read_day(given: &Json) -> Option<Typed> {
    let text = day_key(given.as_str()?)?;
    Some(Typed::of_text(quoted(&text), text.clone(), text))
}

/// A day with four digits for its year, which sorts as text.
pub fn day_key(text: &str) -> Option<String> {
    let days = day(text)?;
    let text = date(days);
    (day(&text) == Some(days)).then_some(text)
}

fn read_number(given: &Json) -> Option<Typed> {
    let key = match given {
        Json::Number(number) => number_key(&number.to_string()),
        Json::String(text) => number_key(text),
        _ => None,
    }?;
    Some(Typed::of_text(key.clone(), key.clone(), key))
}

/// A decimal number without zeros that mean nothing.
pub fn number_key(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.len() + fraction.len() > MOST_DIGITS {
        return None;
    }
    Some(match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        ("", fraction) => format!("{sign}0.{fraction}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

fn read_money(given: &Json) -> Result<Typed, String> {
    let (amount, currency) = match given.as_array().map(Vec::as_slice) {
        Some([amount, currency]) => (amount, currency),
        _ => return Err(sentence("must be a list of cents and a currency, such as [998, \"USD\"].")),
    };
    match (Kind::Cents.read("value", amount)?, Kind::Currency.read("value", currency)?) {
        (Value::Int(cents), Value::Text(code)) => {
            Ok(Typed::of_text(format!("[{cents},\"{code}\"]"), format!("{cents}:{code}"), written(cents, &code)))
        }
        _ => Err(sentence("must be a list of cents and a currency, such as [998, \"USD\"].")),
    }
}

/// `$1,234.56`, or with the letters of the currency: `CHF 1,234.56`.
fn written(subunits: i64, currency: &str) -> String {
    let places = FRACTIONS.iter().find(|(_, codes)| codes.contains(currency)).map_or(2, |(places, _)| *places);
    let unit = 10_i64.pow(places.into());
    let digits = (subunits / unit).to_string();
    let mut whole = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            whole.push(',');
        }
        whole.push(digit);
    }
    let fraction = if places == 0 { String::new() } else { format!(".{:0>1$}", subunits % unit, usize::from(places)) };
    match SIGNS.iter().find(|(code, _)| *code == currency) {
        Some((_, sign)) => format!("{sign}{whole}{fraction}"),
        None => format!("{currency} {whole}{fraction}"),
    }
}

fn read_choices(given: &Json) -> Option<Typed> {
    let mut choices = listed(given)?;
    choices.sort_unstable();
    choices.dedup();
    let ids = choices.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let is_whole = !choices.is_empty();
    is_whole.then(|| Typed { json: format!("[{ids}]"), key: format!(",{ids},"), display: None, choices })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn forms(value_type: &str, given: &Json) -> Option<(String, String, String)> {
        let typed = read(value_type, given).ok()?;
        Some((typed.json, typed.key, typed.display.unwrap_or_default()))
    }

    #[test]
    fn a_value_is_read_as_its_type_says() {
        for (value_type, given, json, key, display) in [
            ("string", json!(" Straße \"7\" "), r#""Straße \"7\"""#, "straße \"7\"", "Straße \"7\""),
            ("date", json!("2031-02-01"), r#""2031-02-01""#, "2031-02-01", "2031-02-01"),
            ("number", json!(13), "13", "13", "13"),
            ("number", json!("-0012.500"), "-12.5", "-12.5", "-12.5"),
            ("number", json!("-0.0"), "0", "0", "0"),
            ("number", json!("0.000000000000001"), "0.000000000000001", "0.000000000000001", "0.000000000000001"),
            ("currency", json!([998, "USD"]), r#"[998,"USD"]"#, "998:USD", "$9.98"),
            ("currency", json!(["123456789", "CHF"]), r#"[123456789,"CHF"]"#, "123456789:CHF", "CHF 1,234,567.89"),
            ("currency", json!([1_005, "JPY"]), r#"[1005,"JPY"]"#, "1005:JPY", "¥1,005"),
            ("currency", json!([1_005, "KWD"]), r#"[1005,"KWD"]"#, "1005:KWD", "KWD 1.005"),
            ("single", json!([4]), "[4]", ",4,", ""),
            ("single", json!("4"), "[4]", ",4,", ""),
            ("multi", json!([4, "1", 4]), "[1,4]", ",1,4,", ""),
        ] {
            let due = Some((json.to_owned(), key.to_owned(), display.to_owned()));
            assert_eq!(forms(value_type, &given), due, "{value_type} {given}");
        }
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        let exponent = serde_json::from_str("1e2").unwrap_or_default();
        for (value_type, given) in [
            ("string", json!(7)),
            ("string", json!(["a"])),
            ("string", json!("a\u{7}")),
            ("date", json!("2031-02-30")),
            ("date", json!(2031)),
            ("date", json!("-009999-01-01T00:00:00Z")),
            ("number", json!("NaN")),
            ("number", json!("Infinity")),
            ("number", json!("1,5")),
            ("number", json!(".5")),
            ("number", json!("5.")),
            ("number", json!("--5")),
            ("number", exponent),
            ("number", json!("1234567890123456")),
            ("number", json!([1])),
            ("currency", json!(998)),
            ("currency", json!([998])),
            ("currency", json!([998, "usd"])),
            ("currency", json!([9.98, "USD"])),
            ("currency", json!([-1, "USD"])),
            ("currency", json!([2_147_483_648_i64, "USD"])),
            ("currency", json!(["USD", 998])),
            ("single", json!([1, 2])),
            ("single", json!([])),
            ("multi", json!([])),
            ("multi", json!(["x"])),
            ("multi", json!([-1])),
            ("multi", json!([1.5])),
        ] {
            assert!(read(value_type, &given).is_err(), "{value_type} {given}");
        }
    }
}
