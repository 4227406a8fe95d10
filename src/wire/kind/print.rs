//! How values look on the wire: ids, texts, dates and times.

use jiff::civil;
use jiff::tz::Offset;

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
    fn dates_and_times_are_printed_in_utc() {
        assert_eq!(date(22_311), "2031-02-01");
        assert_eq!(time(1_927_681_445_999_999), "2031-02-01T03:04:05Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59Z");
    }
}
