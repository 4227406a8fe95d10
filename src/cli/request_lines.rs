//! One line per request for the person who runs a sandbox in a terminal.

use crate::cli::output;
use crate::sandbox::exchange::RecordedExchange;
use crate::wire::{display, kind};

/// Colours by their codes (ECMA-48, section 8.3.117).
const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const MAGENTA: &str = "35";
const FAINT: &str = "2";

pub fn print(exchange: &RecordedExchange) {
    let is_coloured = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // A terminal that was closed is no reason to stop.
    let _ = output::print_as_is(&line(exchange, is_coloured));
}

fn line(exchange: &RecordedExchange, is_coloured: bool) -> String {
    let painted = |text: &str, colour: &str| {
        if is_coloured { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let status = exchange.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    let colour = match exchange.status {
        None => MAGENTA,
        Some(0..400) => GREEN,
        Some(400..500) => YELLOW,
        Some(_) => RED,
    };
    let time = painted(kind::time(exchange.at.0).get(11..19).unwrap_or_default(), FAINT);
    let milliseconds = format!("{}.{} ms", exchange.microseconds / 1_000, exchange.microseconds % 1_000 / 100);
    let (status, milliseconds) = (painted(&status, colour), painted(&milliseconds, FAINT));
    let (method, target) = (exchange.method.as_str(), readable(exchange.target()));
    let mut line = format!("{time} {status} {method:<6} {target}  {milliseconds}");
    if let Some(fault) = exchange.fault {
        line.push_str(&format!("  {}", painted(&format!("fault {fault}"), MAGENTA)));
    }
    if let Some(ignored) = &exchange.ignored {
        let ignored = ignored.trim_start_matches("Strict mode: ").trim_end_matches('.');
        line.push_str(&format!("  {}", painted(&readable(ignored), YELLOW)));
    }
    line
}

/// A text with its hidden characters marked: a terminal would obey some, and a tester wants to see all.
fn readable(text: &str) -> String {
    text.chars().map(|letter| if display::is_hidden(letter) { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Method, Uri};

    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::{ExchangeId, FaultId};
    use crate::sandbox::exchange::RecordedBody;

    fn exchange(status: Option<u16>) -> RecordedExchange {
        RecordedExchange {
            id: ExchangeId::new(1),
            at: Timestamp(3_661_000_000),
            method: Method::PUT,
            uri: Uri::from_static("/api/v1/users/1?colour=red"),
            request_headers: HeaderMap::new(),
            request_body: RecordedBody::default(),
            status,
            response_headers: HeaderMap::new(),
            response_body: RecordedBody::default(),
            microseconds: 3_140,
            operation: "UpdateUser",
            caller: None,
            fault: None,
            ignored: Some("Strict mode: unknown parameter colour\u{1b}[2J.".to_owned()),
        }
    }

    #[test]
    fn a_line_has_the_request_and_its_result() {
        assert_eq!(
            line(&exchange(Some(200)), false),
            "01:01:01 200 PUT    /api/v1/users/1?colour=red  3.1 ms  unknown parameter colour\u{fffd}[2J"
        );
        let dropped = line(&RecordedExchange { fault: Some(FaultId::new(7)), ignored: None, ..exchange(None) }, true);
        assert!(
            dropped.contains("\u{1b}[35m---\u{1b}[0m") && dropped.ends_with("\u{1b}[35mfault 7\u{1b}[0m"),
            "{dropped}"
        );
    }
}
