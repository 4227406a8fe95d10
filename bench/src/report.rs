//! The report of a run, as tables for the documentation; serialised it is the JSON of `--json`.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use crate::figures::{Figure, Row, Sample, Table, median, quantile};
use crate::options::Engine;

#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) engine: Engine,
    pub(crate) rounds: usize,
    /// Seconds of a cell.
    pub(crate) seconds: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) tables: Vec<Table>,
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Requests that failed.
    pub(crate) fn errors(&self) -> u64 {
        self.tables.iter().map(Table::errors).sum()
    }

    pub(crate) fn figure(&mut self, name: &str, unit: &'static str, values: Vec<f64>) {
        self.figures.push(Figure { name: name.to_owned(), unit, values });
    }

    pub(crate) fn markdown(&self) -> Result<String> {
        let mut text = String::new();
        let Report { machine, rounds, seconds, .. } = self;
        writeln!(text, "{machine} {rounds} rounds, {seconds} s a cell by wrk, which shares the cores.")?;
        for table in &self.tables {
            write_table(&mut text, table)?;
        }
        if !self.figures.is_empty() {
            writeln!(text, "\n| | median | from | to | |\n|---|---:|---:|---:|---|")?;
        }
        for Figure { name, unit, values } in &self.figures {
            let [median, least, most] = [0.5, 0.0, 1.0].map(|part| decimals(quantile(values, part), 2));
            writeln!(text, "| {name} | {median} | {least} | {most} | {unit} |")?;
        }
        for note in &self.notes {
            writeln!(text, "\n{note}")?;
        }
        writeln!(text, "\nFailed requests: {}.", self.errors())?;
        Ok(text)
    }
}

fn write_table(text: &mut String, table: &Table) -> std::fmt::Result {
    let first = &table.contestants[0];
    writeln!(
        text,
        "\n{}:\n\n| Operation | Connections | | Per second | Mean, p50, p99 ms | Rate, of {first} | \
         Processor µs per answer | Commits per write | Bytes |\n|---|---:|---|---:|---:|---:|---:|---:|---:|",
        table.title
    )?;
    for row in &table.rows {
        for (index, contestant) in table.contestants.iter().enumerate() {
            let figure = |of: fn(&Sample) -> Option<f64>, digits| {
                let values: Vec<f64> = row.samples[index].iter().filter_map(of).collect();
                decimals(median(&values), digits)
            };
            writeln!(
                text,
                "| {} | {} | {contestant} | {} | {}, {}, {} | {} | {} | {} | {} |",
                row.operation.name(),
                row.connections,
                figure(|sample| Some(sample.per_second), 0),
                figure(|sample| Some(sample.mean_in_ms), 2),
                figure(|sample| sample.p50_in_ms, 2),
                figure(|sample| sample.p99_in_ms, 2),
                if index == 0 { String::new() } else { percents(row, index) },
                figure(|sample| sample.processor_in_us, 0),
                figure(|sample| sample.commits, 3),
                figure(|sample| sample.bytes, 0),
            )?;
        }
    }
    Ok(())
}

/// The median of the rounds' ratios, and the quarters of the rounds below and above.
fn percents(row: &Row, contestant: usize) -> String {
    let ratios = row.ratios(contestant);
    let [median, lower, upper] = [0.5, 0.25, 0.75].map(|part| quantile(&ratios, part).map(|ratio| ratio * 100.0));
    format!("{} % ({} to {})", decimals(median, 1), decimals(lower, 0), decimals(upper, 0))
}

fn decimals(value: Option<f64>, digits: usize) -> String {
    value.map(|value| format!("{value:.digits$}")).unwrap_or_default()
}
