//! The order in which contestants are measured.
//!
//! In each round the contestants stand side by side in each cell, and who comes first changes from round to round. A
//! round goes through all rows, so that a slow minute of the machine falls on one round of many rows instead of on all
//! rounds of one. Operations that make the database grow have their rounds after all others.

use anyhow::{Context as _, Result};

use crate::figures::{Row, Sample, Table};
use crate::load::Cell;
use crate::operation::Operation;
use crate::progress;

pub(crate) struct Contestant<'a> {
    name: String,
    run: Box<Measure<'a>>,
}

type Measure<'a> = dyn Fn(&Cell) -> Result<Sample> + 'a;

impl<'a> Contestant<'a> {
    pub(crate) fn new(name: impl Into<String>, run: impl Fn(&Cell) -> Result<Sample> + 'a) -> Contestant<'a> {
        Contestant { name: name.into(), run: Box::new(run) }
    }
}

/// The operations to measure, and at how many connections each.
pub(crate) type Rows<'a> = (&'a [Operation], &'a [usize]);

pub(crate) fn run(
    title: &str,
    contestants: &[Contestant<'_>],
    (operations, connections): Rows<'_>,
    rounds: usize,
) -> Result<Table> {
    let row = |&operation| {
        let samples = vec![Vec::new(); contestants.len()];
        connections.iter().map(move |&connections| Row { operation, connections, samples: samples.clone() })
    };
    let mut rows: Vec<Row> = operations.iter().flat_map(row).collect();
    let mut seed = 0;
    for grows in [false, true] {
        for round in 0..rounds {
            for row in rows.iter_mut().filter(|row| row.operation.grows() == grows) {
                seed += 1;
                let cell = Cell { operation: row.operation, connections: row.connections, seed };
                let name = cell.operation.name();
                progress::step(&format!("{title}: round {} of {rounds}, {name} at {}", round + 1, cell.connections))?;
                for turn in 0..contestants.len() {
                    let index = (turn + round) % contestants.len();
                    let Contestant { name: contestant, run } = &contestants[index];
                    let sample =
                        run(&cell).with_context(|| format!("{name} at {} of {contestant}", cell.connections))?;
                    row.samples[index].push(sample);
                }
            }
        }
    }
    let contestants = contestants.iter().map(|contestant| contestant.name.clone()).collect();
    Ok(Table { title: title.to_owned(), contestants, rows })
}
