//! What a run has measured, before it is judged or printed.

use crate::disk::Disk;
use crate::driver::Measured;
use crate::mail::MailFigures;
use crate::operation::Operation;
use crate::postgres::comparison::PgbenchFigures;
use crate::statistics::{median, percentile};

/// One cell of one round.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    /// Median and 99th percentile of the time to answer, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) errors: u64,
    pub(crate) bytes_per_answer: f64,
    /// Microseconds of processor time that the server spent on an answer, over all its threads. It moves far less than
    /// the rate when other work shares the machine.
    pub(crate) processor_time: f64,
    /// Commits per answered write, each of which is one sync of the log.
    pub(crate) commits_per_write: Option<f64>,
}

/// What a server spent on a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) microseconds: f64,
    pub(crate) commits: Option<f64>,
}

impl Sample {
    pub(crate) fn of(measured: &Measured, spent: Spent) -> Sample {
        let milliseconds = |percent| f64::from(percentile(&measured.latencies, percent)) / 1e6;
        let answers = measured.answers.max(1) as f64;
        let answers_in_all = measured.answers_in_all.max(1) as f64;
        Sample {
            per_second: measured.per_second(),
            p50: milliseconds(50),
            p99: milliseconds(99),
            errors: measured.errors,
            bytes_per_answer: measured.bytes as f64 / answers,
            processor_time: spent.microseconds / answers_in_all,
            commits_per_write: spent.commits.map(|commits| commits / answers_in_all),
        }
    }
}

/// The cells of one server for one operation, one per round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column(pub(crate) Vec<Sample>);

impl Column {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn per_second(&self) -> f64 {
        median(self.0.iter().map(|sample| sample.per_second))
    }

    pub(crate) fn p50(&self) -> f64 {
        median(self.0.iter().map(|sample| sample.p50))
    }

    pub(crate) fn p99(&self) -> f64 {
        median(self.0.iter().map(|sample| sample.p99))
    }

    pub(crate) fn bytes_per_answer(&self) -> f64 {
        median(self.0.iter().map(|sample| sample.bytes_per_answer))
    }

    pub(crate) fn processor_time(&self) -> f64 {
        median(self.0.iter().map(|sample| sample.processor_time))
    }

    pub(crate) fn commits_per_write(&self) -> Option<f64> {
        let all: Vec<f64> = self.0.iter().filter_map(|sample| sample.commits_per_write).collect();
        (!all.is_empty()).then(|| median(all))
    }

    pub(crate) fn errors(&self) -> u64 {
        self.0.iter().map(|sample| sample.errors).sum()
    }

    /// This column's rate in parts of the other's, round by round: both cells of a round stood side by side, so that
    /// what slowed the machine slowed both.
    pub(crate) fn ratios(&self, other: &Column) -> Vec<f64> {
        self.0.iter().zip(&other.0).map(|(mine, theirs)| mine.per_second / theirs.per_second).collect()
    }
}

/// An operation at a number of connections.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) connections: usize,
    pub(crate) floor: Column,
    /// Empty for hello-world, which only the floor has. On PostgreSQL the column before is empty.
    pub(crate) invited: Column,
    /// With one log line per request; measured at the highest number of connections only.
    pub(crate) with_request_lines: Column,
}

impl Row {
    pub(crate) fn new(operation: Operation, connections: usize) -> Row {
        Row {
            operation,
            connections,
            floor: Column::default(),
            invited: Column::default(),
            with_request_lines: Column::default(),
        }
    }
}

/// The default page of a long list against that of a short one.
#[derive(Clone, Debug)]
pub(crate) struct PageRow {
    pub(crate) connections: usize,
    pub(crate) short: Column,
    pub(crate) long: Column,
}

/// An operation at a number of connections, of two builds.
#[derive(Clone, Debug)]
pub(crate) struct AgainstRow {
    pub(crate) operation: Operation,
    pub(crate) connections: usize,
    pub(crate) older: Column,
    pub(crate) newer: Column,
}

impl AgainstRow {
    pub(crate) fn new(operation: Operation, connections: usize) -> AgainstRow {
        AgainstRow { operation, connections, older: Column::default(), newer: Column::default() }
    }
}

/// Everything that a run has measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) rows: Vec<Row>,
    pub(crate) pages: Vec<PageRow>,
    /// This build and an older one, where that was asked for.
    pub(crate) against: Vec<AgainstRow>,
    /// Updates against pgbench, on PostgreSQL.
    pub(crate) pgbench: Option<PgbenchFigures>,
    /// Creates with three kinds of mail.
    pub(crate) mail: Option<MailFigures>,
    /// One measurement of the disk in each round, beside its updates.
    pub(crate) disk: Vec<Disk>,
    /// Milliseconds from the start of the process to its first 200.
    pub(crate) starts: Vec<f64>,
    /// Milliseconds of a sandbox's return to the standard seed.
    pub(crate) resets: Vec<f64>,
    /// Milliseconds of a fresh account.
    pub(crate) accounts: Vec<f64>,
    /// MiB of each started sandbox after its first answer and a rest.
    pub(crate) idle_memory: Vec<f64>,
    /// MiB after the whole load: the floor, then invited.
    pub(crate) memory_after_load: Option<(Option<f64>, f64)>,
    pub(crate) long_list: u32,
    pub(crate) short_list: u32,
}

impl Figures {
    pub(crate) fn row(&self, operation: Operation, connections: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.operation == operation && row.connections == connections)
    }

    pub(crate) fn errors(&self) -> u64 {
        let rows = self.rows.iter().flat_map(|row| [&row.floor, &row.invited, &row.with_request_lines]);
        let pages = self.pages.iter().flat_map(|row| [&row.short, &row.long]);
        let against = self.against.iter().flat_map(|row| [&row.older, &row.newer]);
        let mail = self.mail.iter().flat_map(|mail| [&mail.off, &mail.answering, &mail.hanging]);
        let pgbench = self.pgbench.iter().flat_map(|pgbench| pgbench.invited.iter().map(|(_, column)| column));
        rows.chain(pages).chain(pgbench).chain(against).chain(mail).map(Column::errors).sum()
    }
}
