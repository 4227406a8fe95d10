//! The targets, and whether a run reaches them.
//!
//! A target that was not measured is named as such, never counted as reached.

use crate::arguments::Engine;
use crate::figures::{AgainstRow, Figures};
use crate::operation::Operation;
use crate::plan::{CONNECTIONS, MOST_CONNECTIONS};
use crate::postgres::comparison::PgbenchFigures;
use crate::statistics::{median, range};

/// Least part of the floor's rate for show, list and update.
const PART_OF_FLOOR: f64 = 0.70;

/// Least part of pgbench's rate for updates at the most connections.
const PART_OF_PGBENCH: f64 = 0.70;

/// Least part of an older build's rate.
const PART_OF_OLDER: f64 = 0.95;

/// Least multiple of the disk's sync rate for updates at the most connections.
const TIMES_DISK: f64 = 4.0;

/// Most milliseconds of an update at one connection beside a lone sync.
const BESIDE_SYNC: f64 = 0.5;

/// Most time of a page of the long list, in parts of one of the short list.
const LONG_LIST: f64 = 1.3;

/// Most time of a create while the mail server hangs, in parts of that while it answers.
const WHILE_HANGING: f64 = 1.05;

/// Most milliseconds of a sandbox's return to its seed, and of a fresh account.
const RESET: f64 = 10.0;
const ACCOUNT: f64 = 5.0;

/// Most milliseconds from the start to the first answer.
const START: f64 = 100.0;

/// Most MiB of an idle server. A megabyte of the target is taken as the smaller unit, 10⁶ bytes.
const MEMORY: f64 = 40e6 / 1_048_576.0;

/// A target and how it was met.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) target: String,
    pub(crate) measured: String,
    /// `None` when it was not measured.
    pub(crate) reached: Option<bool>,
}

impl Verdict {
    fn of(target: String, found: Option<(bool, String)>) -> Verdict {
        match found {
            Some((reached, measured)) => Verdict { target, measured, reached: Some(reached) },
            None => Verdict { target, measured: "not measured".to_owned(), reached: None },
        }
    }
}

/// Every target of the project on an engine, and one for each row of a comparison with an older build.
pub(crate) fn judge(engine: Engine, figures: &Figures) -> Vec<Verdict> {
    let mut verdicts = match engine {
        Engine::Sqlite => on_sqlite(figures),
        Engine::Postgres => vec![part_of_pgbench(figures), page_of_long_list(figures)],
    };
    verdicts.extend(figures.against.iter().map(part_of_older));
    verdicts
}

fn on_sqlite(figures: &Figures) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for operation in [Operation::Show, Operation::List, Operation::Update] {
        for connections in CONNECTIONS {
            verdicts.push(part_of_floor(figures, operation, connections));
        }
    }
    verdicts.push(Verdict::of(
        format!("durable, authenticated, audited update at 64 connections ≥ {TIMES_DISK} × the fdatasync rate"),
        times_disk(figures),
    ));
    verdicts.push(Verdict::of(
        format!("the same at one connection ≤ a lone fdatasync + {BESIDE_SYNC} ms"),
        beside_sync(figures),
    ));
    verdicts.push(page_of_long_list(figures));
    verdicts.push(Verdict::of(format!("start to first answer < {START} ms"), limit(&figures.starts, START, "ms")));
    verdicts.push(Verdict::of(format!("return to the seed < {RESET} ms"), limit(&figures.resets, RESET, "ms")));
    verdicts.push(Verdict::of(format!("a fresh account < {ACCOUNT} ms"), limit(&figures.accounts, ACCOUNT, "ms")));
    verdicts.push(Verdict::of("idle memory < 40 MB".to_owned(), limit(&figures.idle_memory, MEMORY, "MiB")));
    verdicts.push(Verdict::of(
        format!("median time of a create while the mail server hangs ≤ {WHILE_HANGING} × that while it answers"),
        while_hanging(figures),
    ));
    verdicts.push(Verdict::of(
        "no mail is lost when it recovers".to_owned(),
        figures.mail.as_ref().map(|mail| (mail.lost == 0.0, format!("{:.0} of {:.0} lost", mail.lost, mail.waiting))),
    ));
    verdicts
}

/// With the first of the numbers of connections that write, which is what everything else is measured with.
fn part_of_pgbench(figures: &Figures) -> Verdict {
    let percent = PART_OF_PGBENCH * 100.0;
    let ratios = figures.pgbench.as_ref().and_then(|pgbench| {
        let (_, invited) = pgbench.invited.first()?;
        Some(PgbenchFigures::ratios(invited, &pgbench.one_by_one))
    });
    Verdict::of(
        format!("durable, authenticated, audited update at {MOST_CONNECTIONS} connections ≥ {percent:.0} % of pgbench"),
        at_least(PART_OF_PGBENCH, ratios.unwrap_or_default()),
    )
}

fn page_of_long_list(figures: &Figures) -> Verdict {
    let (long, short) = (figures.long_list, figures.short_list);
    Verdict::of(
        format!("a page out of {long} ≤ {LONG_LIST} × the time of one out of {short}, the exact count included"),
        long_list(figures),
    )
}

/// Round by round, since the cells of a round stood side by side.
fn while_hanging(figures: &Figures) -> Option<(bool, String)> {
    let mail = figures.mail.as_ref()?;
    let pairs = mail.hanging.0.iter().zip(&mail.answering.0);
    let times: Vec<f64> = pairs.map(|(hanging, answering)| hanging.p50 / answering.p50).collect();
    let (least, most) = range(&times);
    let time = median(times);
    Some((time <= WHILE_HANGING, format!("{time:.2} × (rounds from {least:.2} to {most:.2})")))
}

fn part_of_floor(figures: &Figures, operation: Operation, connections: usize) -> Verdict {
    let ratios = figures.row(operation, connections).map(|row| row.invited.ratios(&row.floor)).unwrap_or_default();
    let percent = PART_OF_FLOOR * 100.0;
    let target = format!("{} at {connections} ≥ {percent:.0} % of the floor", operation.name());
    Verdict::of(target, at_least(PART_OF_FLOOR, ratios))
}

fn part_of_older(row: &AgainstRow) -> Verdict {
    let percent = PART_OF_OLDER * 100.0;
    let target = format!("{} at {} ≥ {percent:.0} % of the older build", row.operation.name(), row.connections);
    Verdict::of(target, at_least(PART_OF_OLDER, row.newer.ratios(&row.older)))
}

/// Whether the median of the rounds' ratios is at least `part`.
fn at_least(part: f64, ratios: Vec<f64>) -> Option<(bool, String)> {
    if ratios.is_empty() {
        return None;
    }
    let (least, most) = range(&ratios);
    let ratio = median(ratios);
    let measured = format!("{:.0} % (rounds from {:.0} to {:.0})", ratio * 100.0, least * 100.0, most * 100.0);
    Some((ratio >= part, measured))
}

/// Round by round, since the disk is measured in each.
fn times_disk(figures: &Figures) -> Option<(bool, String)> {
    let row = figures.row(Operation::Update, MOST_CONNECTIONS)?;
    let pairs = row.invited.0.iter().zip(&figures.disk);
    let times: Vec<f64> = pairs.map(|(sample, disk)| sample.per_second / disk.per_second).collect();
    if times.is_empty() {
        return None;
    }
    let times = median(times);
    let disk = median(figures.disk.iter().map(|disk| disk.per_second));
    let measured = format!("{times:.1} × ({:.0}/s against {disk:.0}/s)", row.invited.per_second());
    Some((times >= TIMES_DISK, measured))
}

fn beside_sync(figures: &Figures) -> Option<(bool, String)> {
    let row = figures.row(Operation::Update, 1)?;
    let pairs = row.invited.0.iter().zip(&figures.disk);
    let beside: Vec<f64> = pairs.map(|(sample, disk)| sample.p50 - disk.milliseconds).collect();
    if beside.is_empty() {
        return None;
    }
    let beside = median(beside);
    let disk = median(figures.disk.iter().map(|disk| disk.milliseconds));
    let measured = format!("{:.2} ms against {disk:.2} ms: {beside:+.2} ms (medians)", row.invited.p50());
    Some((beside <= BESIDE_SYNC, measured))
}

/// The worse of the two numbers of connections counts.
fn long_list(figures: &Figures) -> Option<(bool, String)> {
    let each: Vec<(usize, f64)> = figures
        .pages
        .iter()
        // Time per answer is the inverse of the rate.
        .map(|row| (row.connections, median(row.short.ratios(&row.long))))
        .collect();
    let worst = each.iter().map(|(_, ratio)| *ratio).reduce(f64::max)?;
    let texts: Vec<String> = each.iter().map(|(connections, ratio)| format!("{ratio:.2} × at {connections}")).collect();
    Some((worst <= LONG_LIST, texts.join(", ")))
}

fn limit(values: &[f64], most: f64, unit: &str) -> Option<(bool, String)> {
    if values.is_empty() {
        return None;
    }
    let (least, highest) = range(values);
    let value = median(values.iter().copied());
    let measured = format!("{value:.1} {unit} (median of {}, from {least:.1} to {highest:.1})", values.len());
    Some((value < most, measured))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Column, Row, Sample};
    use crate::postgres::pgbench::Told;

    fn column(rates: &[f64]) -> Column {
        let sample = |per_second: &f64| Sample {
            per_second: *per_second,
            p50: 1.0,
            p99: 2.0,
            errors: 0,
            bytes_per_answer: 100.0,
            processor_time: 10.0,
            commits_per_write: None,
        };
        Column(rates.iter().map(sample).collect())
    }

    #[test]
    fn ratios_are_judged_round_by_round() {
        let row = Row {
            floor: column(&[100.0, 1_000.0, 10.0]),
            invited: column(&[71.0, 690.0, 8.0]),
            ..Row::new(Operation::Show, 16)
        };
        let figures = Figures { rows: vec![row], ..Figures::default() };
        let verdict = part_of_floor(&figures, Operation::Show, 16);
        assert_eq!(verdict.reached, Some(true));
        assert_eq!(verdict.measured, "71 % (rounds from 69 to 80)");
    }

    #[test]
    fn a_build_that_is_six_percent_slower_is_found_whatever_the_machine_did_meanwhile() {
        let older = column(&[100.0, 1_000.0, 10.0]);
        let row = |newer: &[f64]| AgainstRow {
            older: older.clone(),
            newer: column(newer),
            ..AgainstRow::new(Operation::Show, 16)
        };
        let slower = part_of_older(&row(&[94.0, 940.0, 20.0]));
        assert_eq!(slower.measured, "94 % (rounds from 94 to 200)");
        assert_eq!(slower.reached, Some(false));
        assert_eq!(part_of_older(&row(&[96.0, 960.0, 5.0])).reached, Some(true));
    }

    #[test]
    fn pgbench_is_what_updates_are_judged_by_on_a_database_server() {
        let told = |per_second| Told { per_second, latency: 1.0 };
        let pgbench = PgbenchFigures {
            invited: vec![(None, column(&[69.0, 800.0, 7.5])), (Some(64), column(&[1.0; 3]))],
            one_by_one: vec![told(100.0), told(1_000.0), told(10.0)],
            ..PgbenchFigures::default()
        };
        let verdict = part_of_pgbench(&Figures { pgbench: Some(pgbench), ..Figures::default() });
        assert_eq!((verdict.reached, verdict.measured.as_str()), (Some(true), "75 % (rounds from 69 to 80)"));
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let verdicts = judge(engine, &Figures::default());
            assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.reached.is_none()));
        }
    }
}
