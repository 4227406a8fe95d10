//! The lines in which a sandbox tells the person before it what is asked of it.

use std::io::{IsTerminal as _, Write as _, stdout};

use crate::sandbox::journal::Exchange;
use crate::wire::kind;

/// Colours by their codes (ECMA-48, section 8.3.117).
const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const MAGENTA: &str = "35";
const FAINT: &str = "2";

/// Whether somebody sits there who sees lines and colours.
pub fn are_wanted() -> bool {
    stdout().is_terminal()
}

/// Prints the line of a request.
pub fn print(exchange: &Exchange) {
    let is_coloured = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // Whoever closed the terminal reads no line.
    let _ = writeln!(stdout(), "{}", line(exchange, is_coloured));
}

fn line(exchange: &Exchange, is_coloured: bool) -> String {
    let painted = |text: &str, colour: &str| {
        if is_coloured { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let (status, colour) = match exchange.status {
        None => ("---".to_owned(), MAGENTA),
        Some(status) => (status.to_string(), colour(status)),
    };
    let time = kind::time(exchange.at.0);
    let time = time.get(11..19).unwrap_or_default();
    let milliseconds = format!("{}.{} ms", exchange.microseconds / 1_000, exchange.microseconds % 1_000 / 100);
    let mut line = format!(
        "{} {} {:<6} {}  {}",
        painted(time, FAINT),
        painted(&status, colour),
        exchange.method.as_str(),
        readable(exchange.target()),
        painted(&milliseconds, FAINT)
    );
    if let Some(fault) = exchange.fault {
        line.push_str(&format!("  {}", painted(&format!("fault {fault}"), MAGENTA)));
    }
    if let Some(ignored) = &exchange.ignored {
        let ignored = readable(ignored);
        let ignored = ignored.trim_start_matches("Strict mode: ").trim_end_matches('.').to_owned();
        line.push_str(&format!("  {}", painted(&ignored, YELLOW)));
    }
    line
}

fn colour(status: u16) -> &'static str {
    match status {
        0..400 => GREEN,
        400..500 => YELLOW,
        _ => RED,
    }
}

/// A text without what a terminal would take for a command.
fn readable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;
    use hyper::{HeaderMap, Method, Uri};

    use super::*;
    use crate::clock::Timestamp;

    fn exchange(status: Option<u16>) -> Exchange {
        Exchange {
            number: 1,
            at: Timestamp(3_661_000_000),
            method: Method::PUT,
            uri: Uri::from_static("/api/v1/users/1?colour=red"),
            request_headers: HeaderMap::new(),
            request_body: Bytes::new(),
            status,
            response_headers: HeaderMap::new(),
            response_body: Bytes::new(),
            microseconds: 3_140,
            operation: "UpdateUser",
            caller: None,
            fault: None,
            ignored: Some("Strict mode: unknown parameter colour\u{1b}[2J.".to_owned()),
        }
    }

    #[test]
    fn a_line_tells_what_was_asked_and_what_became_of_it() {
        assert_eq!(
            line(&exchange(Some(200)), false),
            "01:01:01 200 PUT    /api/v1/users/1?colour=red  3.1 ms  unknown parameter colour\u{fffd}[2J"
        );
        let dropped = line(&Exchange { fault: Some(7), ignored: None, ..exchange(None) }, true);
        assert!(
            dropped.contains("\u{1b}[35m---\u{1b}[0m") && dropped.ends_with("\u{1b}[35mfault 7\u{1b}[0m"),
            "{dropped}"
        );
    }
}
