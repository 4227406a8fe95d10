//! What commands print, and the two forms of a list for people: tables, and CSV for spreadsheets.
//!
//! The rows of a list are JSON objects, and columns are names of their members: the forms of a list cannot disagree.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _, stdout};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value as Json;

use crate::wire::display;

/// A cell that begins with one of these gets an apostrophe in front.
///
/// A spreadsheet takes a cell that begins like a formula for one, so a name could run code on the machine of its
/// reader. Quotes do not help: they are removed before a spreadsheet looks for formulas. A cell that begins with an
/// apostrophe gets another one, so the original text can be restored.
const GUARDED: &[char] = &['=', '+', '-', '@', '\t', '\r', '\''];

const FAILED: &str = "cannot write to standard output";

/// Prints a text of any number of lines to standard output. It may hold what people typed, or the reply of a mail
/// server: a terminal would obey some of that.
pub fn print(text: impl Display) -> Result<()> {
    print_as_is(&readable(&text.to_string()))
}

/// Prints JSON.
pub fn print_json(record: &Json) -> Result<()> {
    print_json_text(&record.to_string())
}

/// Prints JSON that is text already.
pub fn print_json_text(text: &str) -> Result<()> {
    print_as_is(&display::json(text))
}

/// Prints a text that may keep its control characters, such as those for colours. A reader that has gone, such as
/// `head`, wants no more of it: that is not a failure.
pub fn print_as_is(text: &str) -> Result<()> {
    match write(text) {
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context(FAILED),
    }
}

/// Prints what must not be lost, such as a secret that is shown only once.
pub fn tell(text: impl Display) -> Result<()> {
    write(&readable(&text.to_string())).context(FAILED)
}

/// The same as JSON.
pub fn tell_json(record: &impl Serialize) -> Result<()> {
    write(&display::json(&serde_json::to_string(record)?)).context(FAILED)
}

/// A text without the characters that a terminal would obey.
fn readable(text: &str) -> String {
    text.split_inclusive("\r\n").map(readable_line).collect()
}

/// One line of a table in CSV ends with a carriage return, too.
fn readable_line(piece: &str) -> String {
    match piece.strip_suffix("\r\n") {
        Some(line) => format!("{}\r\n", display::lines(line)),
        None => display::lines(piece).into_owned(),
    }
}

/// The only place that writes to standard output; `println!` would panic where this fails.
fn write(text: &str) -> io::Result<()> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let mut out = stdout();
    write!(out, "{text}{end}").and_then(|()| out.flush())
}

fn cells(columns: &[&str], rows: &[Json], shown: fn(&str) -> String) -> Vec<Vec<String>> {
    let cell = |row: &Json, column: &str| match row.get(column) {
        None | Some(Json::Null) => shown(""),
        Some(Json::String(text)) => shown(text),
        Some(other) => shown(&other.to_string()),
    };
    let lines = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect());
    [columns.iter().map(|column| (*column).to_owned()).collect()].into_iter().chain(lines).collect()
}

/// Comma-separated values (RFC 4180).
pub fn csv(columns: &[&str], rows: &[Json]) -> String {
    let cell = |text: &str| {
        let guard = if text.starts_with(GUARDED) { "'" } else { "" };
        match text.contains(['"', ',', '\r', '\n']) {
            true => format!("\"{guard}{}\"", text.replace('"', "\"\"")),
            false => format!("{guard}{text}"),
        }
    };
    cells(columns, rows, cell).iter().map(|line| line.join(",") + "\r\n").collect()
}

/// A table with columns as wide as their widest cell.
pub fn table(columns: &[&str], rows: &[Json]) -> String {
    // Before the widths are measured.
    let lines = cells(columns, rows, |text| match text {
        "" => "-".to_owned(),
        text => display::line(text).into_owned(),
    });
    let width =
        |column: usize| lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_straight_columns_and_no_control_characters() {
        let rows = [json!({"id": 10, "name": "Ada\u{1b}[2J"}), json!({"id": 7, "name": null})];
        assert_eq!(table(&["id", "name"], &rows), "id  name\n10  Ada [2J\n7   -\n");
    }

    #[test]
    fn csv_quotes_cells_and_guards_those_that_begin_like_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
            ("'quoted", "''quoted"),
            ("ada@example.com", "ada@example.com"),
            ("1=1", "1=1"),
            ("", ""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("c,d", "\"c,d\""),
            ("g\r\nh", "\"g\r\nh\""),
        ] {
            assert_eq!(csv(&["x"], &[json!({"x": cell})]), format!("x\r\n{expected}\r\n"), "{cell:?}");
        }
    }
}
