//! The report of a run: a table for people and for the documentation, or JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::arguments::{Engine, Options};
use crate::dates;
use crate::figures::{Column, Figures};
use crate::machine::Machine;
use crate::mail::MailFigures;
use crate::postgres::comparison::PgbenchFigures;
use crate::postgres::pgbench::Told;
use crate::statistics::median;
use crate::verdict::Verdict;

/// The report as Markdown.
pub(crate) fn markdown(options: &Options, machine: &Machine, figures: &Figures, verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = write_markdown(&mut text, options, machine, figures, verdicts);
    text
}

fn write_markdown(
    text: &mut String,
    options: &Options,
    machine: &Machine,
    figures: &Figures,
    verdicts: &[Verdict],
) -> std::fmt::Result {
    writeln!(
        text,
        "Measured on {} with {} cores ({}), {} MiB of memory, Linux {}, databases on {}, load average {:.1} before the run. \
         {} {} rounds, {:.1} s a cell; every figure is the median of its rounds.\n",
        today(),
        machine.cores,
        machine.processor,
        machine.memory_in_mebibytes,
        machine.kernel,
        machine.file_system,
        machine.load_before,
        circumstances(options.engine),
        options.rounds,
        options.cell.as_secs_f64()
    )?;
    if let Some(pgbench) = &figures.pgbench {
        write_pgbench(text, pgbench)?;
    }
    if !figures.rows.is_empty() {
        match options.engine {
            Engine::Sqlite => write_rows(text, figures)?,
            Engine::Postgres => write_rows_without_floor(text, figures)?,
        }
    }
    if !figures.disk.is_empty() {
        let per_second = median(figures.disk.iter().map(|disk| disk.per_second));
        let milliseconds = median(figures.disk.iter().map(|disk| disk.milliseconds));
        writeln!(
            text,
            "\nThe disk: {per_second:.0} appends of 4 KiB with `fdatasync` per second, one takes {milliseconds:.2} ms."
        )?;
    }
    if let Some((floor, invited)) = figures.memory_after_load {
        let floor = floor.map(|floor| format!("floor {floor:.0} MiB, ")).unwrap_or_default();
        writeln!(text, "\nResident memory after the whole load: {floor}invited {invited:.0} MiB.")?;
    }
    if !figures.pages.is_empty() {
        write_pages(text, figures)?;
    }
    if !figures.against.is_empty() {
        write_against(text, figures)?;
    }
    if let Some(mail) = &figures.mail {
        write_mail(text, mail)?;
    }
    writeln!(text, "\n| Target | Measured | |\n|---|---|---|")?;
    for verdict in verdicts {
        writeln!(text, "| {} | {} | {} |", verdict.target, verdict.measured, in_words(verdict.reached))?;
    }
    writeln!(text, "\nAnswers with an unexpected status: {}.", figures.errors())
}

fn write_rows(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(
        text,
        "| Operation | Connections | Floor, per second | p50 / p99 ms | invited, per second | p50 / p99 ms | \
         invited / floor | with request lines | Processor µs per answer: floor, invited | Syncs per write: floor, invited | \
         Body, bytes |"
    )?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
    for row in &figures.rows {
        let ratios = row.invited.ratios(&row.floor);
        let ratio = if ratios.is_empty() { String::new() } else { format!("{:.0} %", median(ratios) * 100.0) };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {ratio} | {} | {} | {} | {:.0} |",
            row.operation.title(),
            row.connections,
            rate(&row.floor),
            latency(&row.floor),
            rate(&row.invited),
            latency(&row.invited),
            rate(&row.with_request_lines),
            processor_time(&row.floor, &row.invited),
            syncs(&row.floor, &row.invited),
            row.floor.bytes_per_answer()
        )?;
    }
    Ok(())
}

/// What every figure of a run has in common.
fn circumstances(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "The load generator shares the cores with the server. Floor and invited side by side in each round, \
             durability `full` on both sides."
        }
        Engine::Postgres => {
            "The load generator, the server and PostgreSQL share the cores. `fsync` and `synchronous_commit` are on."
        }
    }
}

fn write_rows_without_floor(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(
        text,
        "| Operation | Connections | invited, per second | p50 / p99 ms | with request lines | \
         Processor µs per answer, without PostgreSQL's | Commits per write | Answer, bytes |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for row in &figures.rows {
        let commits = row.invited.commits_per_write().map(|commits| format!("{commits:.3}")).unwrap_or_default();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.0} | {commits} | {:.0} |",
            row.operation.title(),
            row.connections,
            rate(&row.invited),
            latency(&row.invited),
            rate(&row.with_request_lines),
            row.invited.processor_time(),
            row.invited.bytes_per_answer()
        )?;
    }
    Ok(())
}

fn write_pgbench(text: &mut String, figures: &PgbenchFigures) -> std::fmt::Result {
    let one_by_one = PgbenchFigures::per_second(&figures.one_by_one);
    writeln!(
        text,
        "PostgreSQL {}, update of two fields at 64 connections.\n\n\
         | Update against pgbench | Connections that write | per second | p50 / p99 ms | of pgbench | \
         of pgbench in two round trips |\n|---|---:|---:|---:|---:|---:|",
        figures.version
    )?;
    for (connections, column) in &figures.invited {
        let connections = connections.map_or_else(|| "default".to_owned(), |connections| connections.to_string());
        let ratio = |told: &[Told]| median(PgbenchFigures::ratios(column, told)) * 100.0;
        writeln!(
            text,
            "| invited | {connections} | {} | {} | {:.0} % | {:.0} % |",
            rate(column),
            latency(column),
            ratio(&figures.one_by_one),
            ratio(&figures.in_two)
        )?;
    }
    for (name, told) in [("pgbench", &figures.one_by_one), ("pgbench, in two round trips", &figures.in_two)] {
        let per_second = PgbenchFigures::per_second(told);
        let latency = median(told.iter().map(|told| told.latency));
        writeln!(
            text,
            "| {name} | 64 | {per_second:.0} | {latency:.2} (mean) | {:.0} % | |",
            per_second / one_by_one * 100.0
        )?;
    }
    writeln!(text, "\nWhat pgbench ran:\n\n```text\n{}```\n", figures.script)
}

fn write_pages(text: &mut String, figures: &Figures) -> std::fmt::Result {
    let (short, long) = (figures.short_list, figures.long_list);
    writeln!(
        text,
        "\n| Default page of 20 with its exact count | Connections | out of {short}, per second | p50 / p99 ms | \
         out of {long}, per second | p50 / p99 ms | time, long / short |\n|---|---:|---:|---:|---:|---:|---:|"
    )?;
    for row in &figures.pages {
        writeln!(
            text,
            "| invited | {} | {} | {} | {} | {} | {:.2} |",
            row.connections,
            rate(&row.short),
            latency(&row.short),
            rate(&row.long),
            latency(&row.long),
            median(row.short.ratios(&row.long))
        )?;
    }
    Ok(())
}

fn write_against(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(
        text,
        "\n| This build against an older one | Connections | Older, per second | p50 / p99 ms | newer, per second | \
         p50 / p99 ms | newer / older | Processor µs per answer: older, newer | Syncs per write: older, newer | \
         Answer, bytes: older, newer |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for row in &figures.against {
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {:.3} | {} | {} | {:.0}, {:.0} |",
            row.operation.title(),
            row.connections,
            rate(&row.older),
            latency(&row.older),
            rate(&row.newer),
            latency(&row.newer),
            median(row.newer.ratios(&row.older)),
            processor_time(&row.older, &row.newer),
            syncs(&row.older, &row.newer),
            row.older.bytes_per_answer(),
            row.newer.bytes_per_answer()
        )?;
    }
    Ok(())
}

fn write_mail(text: &mut String, mail: &MailFigures) -> std::fmt::Result {
    writeln!(
        text,
        "\n| Create at 16 connections, while | per second | p50 / p99 ms | rate, of that without mail | \
         Processor µs per answer |\n|---|---:|---:|---:|---:|"
    )?;
    for (kind, column) in
        [("mail is off", &mail.off), ("a mail server answers", &mail.answering), ("it hangs", &mail.hanging)]
    {
        let ratio = median(column.ratios(&mail.off)) * 100.0;
        let (rate, latency, time) = (rate(column), latency(column), column.processor_time());
        writeln!(text, "| {kind} | {rate} | {latency} | {ratio:.0} % | {time:.0} |")?;
    }
    writeln!(
        text,
        "\nWhen the mail server that hung recovered, {:.0} mails waited; they had arrived after {:.1} s, {:.0} never.",
        mail.waiting, mail.drained_in, mail.lost
    )
}

fn rate(column: &Column) -> String {
    if column.is_empty() { String::new() } else { format!("{:.0}", column.per_second()) }
}

fn latency(column: &Column) -> String {
    if column.is_empty() { String::new() } else { format!("{:.2} / {:.2}", column.p50(), column.p99()) }
}

fn processor_time(floor: &Column, invited: &Column) -> String {
    match invited.is_empty() {
        true => format!("{:.0}", floor.processor_time()),
        false => format!("{:.0}, {:.0}", floor.processor_time(), invited.processor_time()),
    }
}

fn syncs(floor: &Column, invited: &Column) -> String {
    match (floor.commits_per_write(), invited.commits_per_write()) {
        (Some(floor), Some(invited)) => format!("{floor:.3}, {invited:.3}"),
        _ => String::new(),
    }
}

fn in_words(reached: Option<bool>) -> &'static str {
    match reached {
        Some(true) => "reached",
        Some(false) => "**not reached**",
        None => "not measured",
    }
}

fn today() -> String {
    let mut day = Vec::new();
    dates::print_day(dates::now_in_microseconds() / dates::DAY, &mut day);
    String::from_utf8(day).unwrap_or_default()
}

/// The report as JSON, with every round of every cell.
pub(crate) fn json(options: &Options, machine: &Machine, figures: &Figures, verdicts: &[Verdict]) -> Value {
    let rows: Vec<Value> = figures
        .rows
        .iter()
        .map(|row| {
            json!({
                "operation": row.operation.name(),
                "connections": row.connections,
                "floor": column(&row.floor),
                "invited": column(&row.invited),
                "with_request_lines": column(&row.with_request_lines),
                "ratios": row.invited.ratios(&row.floor),
            })
        })
        .collect();
    let pages: Vec<Value> = figures
        .pages
        .iter()
        .map(|row| {
            json!({
                "connections": row.connections,
                "short": column(&row.short),
                "long": column(&row.long),
                "ratios": row.short.ratios(&row.long),
            })
        })
        .collect();
    let against: Vec<Value> = figures
        .against
        .iter()
        .map(|row| {
            json!({
                "operation": row.operation.name(),
                "connections": row.connections,
                "older": column(&row.older),
                "newer": column(&row.newer),
                "ratios": row.newer.ratios(&row.older),
            })
        })
        .collect();
    let disk: Vec<Value> = figures
        .disk
        .iter()
        .map(|disk| json!({"per_second": disk.per_second, "milliseconds": disk.milliseconds}))
        .collect();
    let verdicts: Vec<Value> = verdicts
        .iter()
        .map(|verdict| json!({"target": verdict.target, "measured": verdict.measured, "reached": verdict.reached}))
        .collect();
    json!({
        "date": today(),
        "machine": {
            "cores": machine.cores,
            "processor": machine.processor,
            "memory_in_mebibytes": machine.memory_in_mebibytes,
            "kernel": machine.kernel,
            "file_system": machine.file_system,
            "load_before": machine.load_before,
        },
        "rounds": options.rounds,
        "cell_in_seconds": options.cell.as_secs_f64(),
        "rows": rows,
        "pages": pages,
        "against": against,
        "pgbench": figures.pgbench.as_ref().map(pgbench),
        "mail": figures.mail.as_ref().map(|mail| {
            json!({
                "off": column(&mail.off),
                "answering": column(&mail.answering),
                "hanging": column(&mail.hanging),
                "waiting": mail.waiting,
                "drained_in_seconds": mail.drained_in,
                "lost": mail.lost,
            })
        }),
        "page_lists": {"short": figures.short_list, "long": figures.long_list},
        "disk": disk,
        "starts_in_milliseconds": figures.starts,
        "resets_in_milliseconds": figures.resets,
        "accounts_in_milliseconds": figures.accounts,
        "idle_memory_in_mebibytes": figures.idle_memory,
        "memory_after_load_in_mebibytes": figures.memory_after_load.map(|(floor, invited)| {
            json!({"floor": floor, "invited": invited})
        }),
        "verdicts": verdicts,
        "errors": figures.errors(),
    })
}

fn pgbench(figures: &PgbenchFigures) -> Value {
    let told = |told: &[Told]| -> Vec<Value> {
        told.iter().map(|told| json!({"per_second": told.per_second, "mean_in_milliseconds": told.latency})).collect()
    };
    let invited: Vec<Value> = figures
        .invited
        .iter()
        .map(|(connections, measured)| {
            json!({
                "writing_connections": connections,
                "invited": column(measured),
                "ratios": PgbenchFigures::ratios(measured, &figures.one_by_one),
            })
        })
        .collect();
    json!({
        "version": figures.version,
        "script": figures.script,
        "invited": invited,
        "one_by_one": told(&figures.one_by_one),
        "in_two_round_trips": told(&figures.in_two),
    })
}

fn column(column: &Column) -> Vec<Value> {
    column
        .0
        .iter()
        .map(|sample| {
            json!({
                "per_second": sample.per_second,
                "p50_in_milliseconds": sample.p50,
                "p99_in_milliseconds": sample.p99,
                "errors": sample.errors,
                "bytes_per_answer": sample.bytes_per_answer,
                "processor_microseconds_per_answer": sample.processor_time,
                "commits_per_write": sample.commits_per_write,
            })
        })
        .collect()
}
