//! This build against an older one of the same server, so that a change which makes it slower is seen.
//!
//! Both stand side by side like the floor and the server, and the judgement is the median of the ratios of the rounds:
//! what a round met, both met. Each has a database of its own making, since schemas differ, with the same generated
//! rows. Only operations that the oldest build has are compared. The older program is run with the flags of this one.

use std::path::Path;

use anyhow::Result;

use crate::arguments::Options;
use crate::figures::{AgainstRow, Figures};
use crate::operation::{Operation, Requests};
use crate::plan::{Bench, CONNECTIONS, progress};
use crate::process::{RequestLines, Server};

/// Operations that leave the size of the database as it is, then those that make it grow.
const PASSES: [&[Operation]; 2] =
    [&[Operation::Show, Operation::List, Operation::Page, Operation::Update], &[Operation::Create, Operation::Bulk]];

/// Both builds, each over its own database.
struct Builds {
    older: Server,
    newer: Server,
}

/// Compares the program of the run with an older one.
pub(crate) fn measure(bench: &Bench<'_>, older: &Path, figures: &mut Figures) -> Result<()> {
    if !PASSES.concat().iter().any(|operation| bench.options.wants(operation.name())) {
        return Ok(());
    }
    let builds = Builds { older: start(bench, older, "older")?, newer: start(bench, &bench.program, "newer")? };
    let mut requests = Requests::new(Options::SIZE.invitations);
    for pass in PASSES {
        let mut rows: Vec<AgainstRow> = pass
            .iter()
            .filter(|operation| bench.options.wants(operation.name()))
            .flat_map(|operation| CONNECTIONS.map(|connections| AgainstRow::new(*operation, connections)))
            .collect();
        for round in 1..=bench.options.rounds {
            for row in &mut rows {
                compare(bench, &builds, round, row, &mut requests)?;
            }
        }
        figures.against.extend(rows);
    }
    Ok(())
}

/// Starts a program over a database that it has made itself.
fn start(bench: &Bench<'_>, program: &Path, name: &str) -> Result<Server> {
    let database = bench.generate(program, name, Options::SIZE)?;
    Server::sandbox(program, bench.folder.path(), Some(&database), RequestLines::Off)
}

/// One cell of each build; who comes first changes from round to round.
fn compare(
    bench: &Bench<'_>,
    builds: &Builds,
    round: usize,
    row: &mut AgainstRow,
    requests: &mut Requests,
) -> Result<()> {
    progress(&format!(
        "round {round} of {}: {}, older and newer build, connections: {}",
        bench.options.rounds,
        row.operation.title(),
        row.connections
    ));
    let mut cell = |server| bench.cell(server, row.operation, row.connections, requests);
    let (older, newer) = if round % 2 == 1 {
        let older = cell(&builds.older)?;
        (older, cell(&builds.newer)?)
    } else {
        let newer = cell(&builds.newer)?;
        (cell(&builds.older)?, newer)
    };
    row.older.0.push(older);
    row.newer.0.push(newer);
    Ok(())
}
