//! Printing of values: ids, texts, dates and times.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde::Serializer;
use serde_json::{Map, Value as Json};

/// Appends an id: digits in quotes.
pub fn print_id(id: i64, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
    out.push(b'"');
}

/// The path of the picture of people who have none. The vendor's is called so, too.
pub const DEFAULT_PICTURE: &str = "/images/default_profile_photo/default.png";

/// The whole address of a picture of this server or of another one.
pub fn picture(stored: Option<&str>, base_url: &str) -> String {
    match stored {
        None => format!("{base_url}{DEFAULT_PICTURE}"),
        Some(path) if path.starts_with('/') => format!("{base_url}{path}"),
        Some(address) => address.to_owned(),
    }
}

/// Appends an array of numbers such as `[1,2]` as an array of ids.
pub(super) fn print_ids(numbers: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    for (position, digits) in digits_in(numbers).enumerate() {
        out.extend_from_slice(if position == 0 { b"\"" } else { b",\"" });
        out.extend_from_slice(digits.as_bytes());
        out.push(b'"');
    }
    out.push(b']');
}

/// The ids in an array of numbers such as `[1,2]`.
pub fn ids_in(numbers: &str) -> impl Iterator<Item = i64> {
    digits_in(numbers).filter_map(|digits| digits.parse().ok())
}

/// Appends `name:id` as an object.
pub(super) fn print_pointer(pointer: &str, out: &mut Vec<u8>) {
    let (key, id) = pointer.split_once(':').unwrap_or((pointer, ""));
    out.extend_from_slice(b"{\"key\":");
    print_text(key, out);
    out.extend_from_slice(b",\"id\":");
    print_text(id, out);
    out.push(b'}');
}

/// The id in `name:id`, if it is of this name.
pub fn pointed_id(pointer: &str, name: &str) -> Option<i64> {
    pointer.strip_prefix(name)?.strip_prefix(':')?.parse().ok()
}

/// What differs between the two objects in a JSON array, as an object with a pair of values for each attribute. An
/// object that is null has no attributes: its values are null.
pub(super) fn changes(both: &str) -> String {
    let [before, after]: [Option<Map<String, Json>>; 2] = serde_json::from_str(both).unwrap_or_default();
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let value = |object: &Map<String, Json>, name: &String| object.get(name).cloned().unwrap_or_default();
    let pair = |name: &String| [value(&before, name), value(&after, name)];
    let only_after = after.keys().filter(|name| !before.contains_key(*name));
    let pairs = before.keys().chain(only_after).map(|name| (name.clone(), pair(name)));
    let changed = pairs.filter(|(_, [before, after])| before != after);
    Json::Object(changed.map(|(name, pair)| (name, Json::from(pair.to_vec()))).collect()).to_string()
}

fn digits_in(numbers: &str) -> impl Iterator<Item = &str> {
    numbers.split(|character: char| !character.is_ascii_digit()).filter(|digits| !digits.is_empty())
}

/// Appends a JSON string with no more escapes than JSON requires.
pub fn print_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    // Without an early exit, the compiler vectorises this loop. Nearly every text is copied whole.
    if text.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
        print_escaped(text, out);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn print_escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control if control < b' ' => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
            plain => out.push(plain),
        }
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// `2031-02-01` for a number of days since 1970-01-01.
pub fn date(days: i64) -> String {
    let mut text = String::with_capacity(10);
    push_date(moment(Timestamp::from_second(days.saturating_mul(DAY))).date(), &mut text);
    text
}

/// Serialises days since 1970 as a date.
pub fn serialize_date<S: Serializer>(days: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&date(*days))
}

/// `2031-02-01T09:30:00Z` for microseconds since 1970, without fractions of a second.
pub fn time(microseconds: i64) -> String {
    let moment = moment(Timestamp::from_microsecond(microseconds));
    let mut text = String::with_capacity(20);
    push_date(moment.date(), &mut text);
    for (separator, number) in [('T', moment.hour()), (':', moment.minute()), (':', moment.second())] {
        text.push(separator);
        push_two_digits(number, &mut text);
    }
    text.push('Z');
    text
}

/// In UTC; a moment beyond the calendar is its end.
fn moment(timestamp: Result<Timestamp, jiff::Error>) -> DateTime {
    Offset::UTC.to_datetime(timestamp.unwrap_or(Timestamp::MAX))
}

fn push_date(date: Date, text: &mut String) {
    let year = date.year().clamp(0, 9_999);
    for (separator, number) in
        [("", year / 100), ("", year % 100), ("-", date.month().into()), ("-", date.day().into())]
    {
        text.push_str(separator);
        push_two_digits(i8::try_from(number).unwrap_or_default(), text);
    }
}

fn push_two_digits(number: i8, text: &mut String) {
    let digit = |number: i8| char::from(b'0' + number.unsigned_abs() % 10);
    text.push(digit(number / 10));
    text.push(digit(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_printed_as_json_reads_it_back() {
        for text in ["plain", "q\"uote\\", "line\nfeed\u{1}\u{7f}", "Zoë 😀\u{2028}"] {
            let mut out = Vec::new();
            print_text(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).ok().as_deref(), Some(text));
        }
    }

    #[test]
    fn ids_are_printed_as_texts() {
        for (numbers, expected) in [("[]", "[]"), ("[7]", r#"["7"]"#), ("[1,22, 3]", r#"["1","22","3"]"#)] {
            let mut out = Vec::new();
            print_ids(numbers, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }

    #[test]
    fn changes_have_pairs_of_what_differs() {
        for (both, expected) in [
            (r#"[{"a":1,"b":2},{"a":1,"b":3}]"#, r#"{"b":[2,3]}"#),
            (r#"[null,{"a":"x"}]"#, r#"{"a":[null,"x"]}"#),
            (r#"[{"a":"x","b":null},null]"#, r#"{"a":["x",null]}"#),
            ("[null,null]", "{}"),
        ] {
            assert_eq!(changes(both), expected, "{both}");
        }
    }

    #[test]
    fn dates_and_times_are_printed_in_utc() {
        assert_eq!(date(22_311), "2031-02-01");
        assert_eq!(time(1_927_681_445_999_999), "2031-02-01T03:04:05Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59Z");
    }
}
