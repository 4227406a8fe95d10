//! Lists on standard output: the same rows as a table for people, as JSON for programs, and as CSV for spreadsheets.
//!
//! A row is a JSON object and the columns are names of its members, so that a list is described once and the three forms
//! cannot disagree. JSON has every member, table and CSV have the columns.

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value as Json};

use crate::cli::csv;

/// What stands in a table where there is nothing.
const NOTHING: &str = "-";

/// `--csv`.
pub(super) fn csv_argument() -> Arg {
    Arg::new("csv")
        .long("csv")
        .action(ArgAction::SetTrue)
        .conflicts_with("json")
        .help("Print comma-separated values (RFC 4180) with a header line")
        .long_help(
            "Print comma-separated values (RFC 4180) with a header line.\n\n\
             A cell that begins with = + - @ or ' or with a tab or a carriage return gets an apostrophe in front, so that \
             no spreadsheet takes it for a formula. To have the text itself, remove one leading apostrophe from each cell \
             that begins with one.",
        )
}

/// Prints rows in the form that the arguments ask for; `name` is their key in JSON.
pub(super) fn print(matches: &ArgMatches, name: &str, columns: &[&str], rows: Vec<Json>) {
    if matches.get_flag("json") {
        println!("{}", Json::Object(Map::from_iter([(name.to_owned(), Json::Array(rows))])));
        return;
    }
    let mut lines = vec![columns.iter().map(|column| (*column).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>()));
    // Not every list has the argument.
    let as_csv = matches.try_get_one::<bool>("csv").ok().flatten().copied().unwrap_or_default();
    print!("{}", if as_csv { comma_separated(&lines) } else { table(&lines) });
}

fn cell(row: &Json, column: &str) -> String {
    match row.get(column) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn comma_separated(lines: &[Vec<String>]) -> String {
    let mut out = String::new();
    for line in lines {
        csv::push_record(line.iter().map(String::as_str), &mut out);
    }
    out
}

/// Columns as wide as their widest cell.
fn table(lines: &[Vec<String>]) -> String {
    let shown: Vec<Vec<String>> = lines.iter().map(|line| line.iter().map(|cell| visible(cell)).collect()).collect();
    let mut widths = Vec::new();
    for line in &shown {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for line in &shown {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// A cell without what a terminal would obey: a mail server's reply is a stranger's text.
fn visible(cell: &str) -> String {
    match cell {
        "" => NOTHING.to_owned(),
        text => text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_straight_columns_and_nothing_for_a_terminal_to_obey() {
        let lines = [["id", "name"], ["10", "Ada\u{1b}[2J"], ["7", ""]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(table(&lines), "id  name\n10  Ada [2J\n7   -\n");
    }
}
