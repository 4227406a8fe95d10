//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::operation::Operation;

/// Measures invited beside a bare program on SQLite, beside pgbench on PostgreSQL, or beside an older build. Figures
/// are medians over interleaved rounds. Needs wrk.
#[derive(Parser)]
#[command(name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Fewer rounds, shorter cells, and a long list of 100,000 invitations instead of 1,000,000
    #[arg(long)]
    pub(crate) quick: bool,

    /// Print every round of every cell as JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    /// Where the servers keep their data; PostgreSQL is started for the run
    #[arg(long, value_enum, default_value_t = Engine::Sqlite)]
    pub(crate) engine: Engine,

    /// Rounds; every figure is the median of its rounds [default: 5, with --quick 3]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,

    /// Seconds of a cell, in whole seconds as wrk takes them [default: 2, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: Option<u64>,

    /// Measure only these parts [default: all that the engine has]
    #[arg(long, value_enum, value_delimiter = ',')]
    parts: Vec<Part>,

    /// Measure only these operations
    #[arg(long, value_enum, value_delimiter = ',')]
    operations: Vec<Operation>,

    /// Pending invitations in the databases
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10_000..=1_000_000))]
    pub(crate) invitations: u32,

    /// Connections of the server that write to PostgreSQL [default: that of the server]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=128))]
    pub(crate) connections: Option<u16>,

    /// The program to measure [default: invited beside this program]
    #[arg(long)]
    pub(crate) server: Option<PathBuf>,

    /// Measure only an older build beside this one: each operation, each on a database of its own
    #[arg(long, value_name = "PROGRAM", conflicts_with = "parts")]
    pub(crate) against: Option<PathBuf>,

    /// Where to keep the databases during the run [default: the folder of this program, since /tmp is often in memory].
    /// As root, the user postgres must be able to enter it
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve a database of invited by the bare program, until killed
    Floor {
        #[arg(long)]
        database: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Start to first answer, idle memory, reset, fresh account (SQLite)
    Start,
    /// Creates while mail is off, is taken, and hangs (SQLite)
    Mail,
    /// Updates beside pgbench (PostgreSQL)
    Pgbench,
    /// Each operation, on SQLite beside the bare program
    Operations,
    /// The default page of a long list beside that of a short one
    Lists,
    /// Members with their skills, out of many and out of few
    Members,
    /// How long an account waits while another one reads slowly
    Neighbours,
}

impl Options {
    pub(crate) fn rounds(&self) -> usize {
        usize::from(self.rounds.unwrap_or(if self.quick { 3 } else { 5 }))
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(if self.quick { 1 } else { 2 })
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        let is_there = match part {
            Part::Start | Part::Mail => self.engine == Engine::Sqlite,
            Part::Pgbench => self.engine == Engine::Postgres,
            Part::Operations | Part::Lists | Part::Members | Part::Neighbours => true,
        };
        is_there && (self.parts.is_empty() || self.parts.contains(&part))
    }

    /// The operations to measure: first those that leave the size of the database as it is.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(|one| self.operations.is_empty() || self.operations.contains(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["bench"], arguments].concat())
    }

    #[test]
    fn explicit_values_win_over_quick() {
        let options = parse(&["--rounds", "7", "--quick", "--operations", "create,show"]).unwrap();
        assert_eq!((options.rounds(), options.seconds()), (7, 1));
        assert!(options.operations().eq([Operation::Show, Operation::Create]));
        assert!(options.wants(Part::Start) && !options.wants(Part::Pgbench));
    }

    #[test]
    fn unbounded_or_contradictory_runs_are_refused() {
        for wrong in [["--rounds", "0"], ["--seconds", "0.5"], ["--seconds", "61"], ["--only", "show"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
