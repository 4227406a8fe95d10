//! What commands print: one record or many, as text for people, as JSON for programs, and as CSV for spreadsheets.
//!
//! The rows of a table are serialized once and the columns are names of their fields, so the three forms of a list cannot
//! disagree. JSON has every field; table and CSV have the columns.

use std::fmt::Display;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::cli::csv;

/// An empty cell of a table.
const NOTHING: &str = "-";

/// Prints the record as JSON or the text.
pub fn print(json: bool, record: &impl Serialize, text: impl Display) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(record)?);
    } else {
        println!("{text}");
    }
    Ok(())
}

/// The same with a text of several lines, or of none.
pub fn print_lines(json: bool, record: &impl Serialize, lines: &[String]) -> Result<()> {
    if lines.is_empty() && !json { Ok(()) } else { print(json, record, lines.join("\n")) }
}

#[derive(Clone, Copy)]
pub enum Form {
    Json,
    Csv,
    Table,
}

impl Form {
    pub fn json_if(json: bool) -> Self {
        if json { Self::Json } else { Self::Table }
    }
}

/// Prints rows; `name` is their key in JSON.
pub fn print_rows(form: Form, name: &str, columns: &[&str], rows: &[impl Serialize]) -> Result<()> {
    let rows = rows.iter().map(serde_json::to_value).collect::<Result<Vec<Json>, _>>()?;
    let mut lines = vec![columns.iter().map(|column| (*column).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>()));
    match form {
        Form::Json => println!("{}", Json::Object(Map::from_iter([(name.to_owned(), Json::Array(rows))]))),
        Form::Csv => print!("{}", comma_separated(&lines)),
        Form::Table => print!("{}", table(&lines)),
    }
    Ok(())
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

/// A cell without control characters, which a terminal would obey: the reply of a mail server is untrusted text.
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
    fn a_table_has_straight_columns_and_no_control_characters() {
        let lines = [["id", "name"], ["10", "Ada\u{1b}[2J"], ["7", ""]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(table(&lines), "id  name\n10  Ada [2J\n7   -\n");
    }
}
