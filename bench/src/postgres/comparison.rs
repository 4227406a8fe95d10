//! Updates through the server against pgbench, which sends the database the same statements.
//!
//! Both drive one database with the same number of connections, one after the other in each round; who comes first changes
//! from round to round, and the judgement is the median of the ratios of the rounds. The server is driven by as many
//! clients, and comes to the database with as many connections as it is set to.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Postgres;
use super::pgbench::{self, Told};
use super::statements::{self, Pace, Script, Varied};
use crate::arguments::Options;
use crate::client;
use crate::data::FIRST_ID;
use crate::database::Database;
use crate::figures::Column;
use crate::operation::{Operation, Requests, TOKEN};
use crate::plan::{Bench, MOST_CONNECTIONS, progress};
use crate::process::{RequestLines, Server};
use crate::statistics::median;

/// The name of the database that both work on.
const DATABASE: &str = "pgbench";

/// What makes the database write each statement into its log, as a part of a URL.
const LOGGED: &str = "?options=-c%20log_statement%3Dall";

/// What an update is told apart by in the log. The record is one of the generated ones.
const MARKERS: [Varied; 3] = [
    Varied { name: "id", marker: 54_321, least: FIRST_ID, most: FIRST_ID + Options::SIZE.invitations as i64 - 1 },
    Varied { name: "bill_rate", marker: 70_001, least: 0, most: 99_999 },
    Varied { name: "cost_rate", marker: 70_003, least: 0, most: 99_999 },
];

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct PgbenchFigures {
    /// The version of the database server.
    pub(crate) version: String,
    /// The script that pgbench ran, without the values of its variables.
    pub(crate) script: String,
    /// The server, for each number of connections that write.
    pub(crate) invited: Vec<(Option<usize>, Column)>,
    /// pgbench, one statement after the other.
    pub(crate) one_by_one: Vec<Told>,
    /// pgbench, in two round trips.
    pub(crate) in_two: Vec<Told>,
}

impl PgbenchFigures {
    /// The server's rate in parts of that of pgbench, round by round.
    pub(crate) fn ratios(invited: &Column, pgbench: &[Told]) -> Vec<f64> {
        invited.0.iter().zip(pgbench).map(|(sample, told)| sample.per_second / told.per_second).collect()
    }

    /// The median rate of pgbench.
    pub(crate) fn per_second(pgbench: &[Told]) -> f64 {
        median(pgbench.iter().map(|told| told.per_second))
    }
}

/// Compares updates of two fields at the most connections.
pub(crate) fn measure(bench: &Bench<'_>, postgres: &Postgres) -> Result<PgbenchFigures> {
    let database = bench.generate(&bench.program, DATABASE, Options::SIZE)?;
    let logged = statements_of_update(bench, postgres, &database)?;
    let script = |pace| (statements::script(&logged, &MARKERS, pace), file(bench, pace));
    let (one_by_one, in_two) = (script(Pace::OneByOne), script(Pace::InTwo));
    let mut figures =
        PgbenchFigures { version: postgres.version()?, script: one_by_one.0.text.clone(), ..PgbenchFigures::default() };
    let mut servers = Vec::new();
    for connections in bench.options.all_writing_connections() {
        let database = database.with_writing_connections(connections);
        servers.push(Server::sandbox(&bench.program, bench.folder.path(), Some(&database), RequestLines::Off)?);
        figures.invited.push((connections, Column::default()));
    }
    let mut requests = Requests::new(Options::SIZE.invitations);
    for round in 1..=bench.options.rounds {
        progress(&format!("round {round} of {}: update, invited and pgbench", bench.options.rounds));
        // The servers and the two ways of pgbench take turns; each of them is first as often as any other.
        let contestants = servers.len() + 2;
        for turn in 0..contestants {
            match (turn + round) % contestants {
                0 => figures.one_by_one.push(run(bench, postgres, &one_by_one)?),
                1 => figures.in_two.push(run(bench, postgres, &in_two)?),
                other => {
                    let sample = bench.cell(&servers[other - 2], Operation::Rates, MOST_CONNECTIONS, &mut requests)?;
                    figures.invited[other - 2].1.0.push(sample);
                }
            }
        }
    }
    Ok(figures)
}

fn file(bench: &Bench<'_>, pace: Pace) -> PathBuf {
    bench.folder.path().join(match pace {
        Pace::OneByOne => "one-by-one.sql",
        Pace::InTwo => "in-two.sql",
    })
}

fn run(bench: &Bench<'_>, postgres: &Postgres, (script, file): &(Script, PathBuf)) -> Result<Told> {
    // It counts whole seconds.
    let seconds = bench.options.cell.as_secs_f64().ceil();
    let seconds = Duration::from_secs_f64(seconds).as_secs();
    pgbench::run(postgres, DATABASE, (script, file), MOST_CONNECTIONS, seconds, bench.interrupt)
}

/// Has a server make one update while the database writes down what it is sent.
fn statements_of_update(
    bench: &Bench<'_>,
    postgres: &Postgres,
    database: &Database,
) -> Result<Vec<statements::Statement>> {
    let logged = Database::OnServer { url: format!("{}{LOGGED}", database.setting()), writing_connections: Some(1) };
    let server = Server::sandbox(&bench.program, bench.folder.path(), Some(&logged), RequestLines::Off)?;
    let [id, bill_rate, cost_rate] = MARKERS.map(|varied| varied.marker);
    let body =
        format!("{{\"account_invitation\":{{\"bill_rate_in_cents\":{bill_rate},\"cost_rate_in_cents\":{cost_rate}}}}}");
    let request = format!(
        "PUT /api/v1/account_invitations/{id} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = client::exchange(server.address, request.as_bytes())?;
    if status != 200 {
        bail!("the update whose statements are wanted was answered {status}: {answer}");
    }
    let log = std::fs::read_to_string(postgres.cluster.log_file()).context("reading the log of the database")?;
    statements::of_update(&log)
}
