//! pgbench, PostgreSQL's own client in C, which knows no HTTP, no token and no rule. It sends what the server sends for
//! an update of two rates.
//!
//! The statements are read from the database's log, so a change of the server cannot leave them behind. Every value
//! stays a parameter: those that the load varies are drawn at random, the others are variables.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::database::FIRST_ID;
use crate::figures::Sample;
use crate::postgres::Postgres;

/// The two ways to send a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Wait for the answer to each statement, as programs usually do.
    OneByOne,
    /// Wait for the record and for the end: the least for an update that has to see the record first.
    TwoRoundTrips,
}

/// A value that the load varies.
#[derive(Clone, Copy)]
pub(crate) struct Varied {
    pub(crate) name: &'static str,
    /// What it is in the update whose statements are logged.
    pub(crate) marker: u32,
    pub(crate) least: u32,
    pub(crate) most: u32,
}

/// Record and rates of an update. The markers occur nowhere else in it.
pub(crate) fn varied(invitations: u32) -> [Varied; 3] {
    let last = FIRST_ID + invitations - 1;
    [
        Varied { name: "id", marker: last, least: FIRST_ID, most: last },
        Varied { name: "bill_rate", marker: 70_001, least: 0, most: 99_999 },
        Varied { name: "cost_rate", marker: 70_003, least: 0, most: 99_999 },
    ]
}

/// A statement with the values of `$1 $2 …`.
type Statement = (String, Vec<Option<String>>);

/// A script and the arguments that define its variables.
pub(crate) struct Script {
    pub(crate) text: String,
    definitions: Vec<String>,
    file: PathBuf,
}

impl Script {
    pub(crate) fn new(folder: &Path, log: &str, varied: &[Varied], pace: Pace) -> Result<Script> {
        let statements = transaction(log, &varied[0].marker.to_string()).context("the update was not logged")?;
        let (text, definitions) = script(&statements, varied, pace);
        let file = folder.join(format!("{pace:?}.sql"));
        std::fs::write(&file, &text)?;
        Ok(Script { text, definitions, file })
    }

    /// Runs the script over and over.
    pub(crate) fn run(&self, postgres: &Postgres, database: &str, connections: usize, seconds: u64) -> Result<Sample> {
        let (connections, seconds) = (connections.to_string(), seconds.to_string());
        let mut command = postgres.program("pgbench");
        command.args(["-M", "prepared", "-n", "-j", "2", "-c", &connections, "-T", &seconds]);
        command.args(&self.definitions).arg("-f").arg(&self.file).arg(postgres.url(database));
        let output = command.output().context("starting pgbench")?;
        let said = String::from_utf8_lossy(&output.stdout);
        match sample(&said) {
            Some(sample) if output.status.success() => Ok(sample),
            _ => bail!("pgbench failed: {said}{}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// The rate without the time to connect; `None` if a transaction failed.
fn sample(said: &str) -> Option<Sample> {
    let number = |name: &str| -> Option<f64> {
        let line = said.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches([' ', '=', ':']).split_whitespace().next()?.parse().ok()
    };
    // Before version 15 there is no such line: there the first failure ends the run.
    if number("number of failed transactions").is_some_and(|failed| failed > 0.0) {
        return None;
    }
    Some(Sample { per_second: number("tps")?, mean_in_ms: number("latency average")?, ..Sample::default() })
}

/// The statements of the transaction that has this value, from `BEGIN` to `COMMIT`. Each line begins with its session.
fn transaction(log: &str, value: &str) -> Option<Vec<Statement>> {
    let lines = || log.lines().filter_map(|line| line.split_once(' '));
    let quoted = format!("'{value}'");
    let (session, _) = lines().find(|(_, message)| message.contains(&quoted))?;
    let mut statements: Vec<Statement> = Vec::new();
    for (_, message) in lines().filter(|(of, _)| *of == session) {
        if let Some(text) = statement(message) {
            if text.starts_with("BEGIN") {
                // What follows it in the same text has no values, and so no semicolons in them.
                statements = text.split(';').map(|one| (one.trim().to_owned(), Vec::new())).collect();
            } else {
                statements.push((text.to_owned(), Vec::new()));
            }
            let mut values = statements.iter().flat_map(|(_, values)| values.iter().flatten());
            if text == "COMMIT" && values.any(|one| one == value) {
                return Some(statements);
            }
        } else if let (Some(values), Some(last)) = (values(message), statements.last_mut()) {
            last.1 = values;
        }
    }
    None
}

/// The text of `LOG:  statement: …` or, where it was prepared, `LOG:  execute NAME: …`.
fn statement(message: &str) -> Option<&str> {
    let (how, text) = message.strip_prefix("LOG:")?.trim_start().split_once(": ")?;
    (how == "statement" || how.starts_with("execute ")).then_some(text)
}

/// The values of `DETAIL:  parameters: $1 = '7', $2 = NULL, $3 = 'it''s'`.
fn values(message: &str) -> Option<Vec<Option<String>>> {
    let (name, mut rest) = message.strip_prefix("DETAIL:")?.trim_start().split_once(": ")?;
    if !name.eq_ignore_ascii_case("parameters") {
        return None;
    }
    let mut values = Vec::new();
    while let Some((_, after)) = rest.split_once(" = ") {
        let Some(text) = after.strip_prefix('\'') else {
            values.push(None);
            rest = after;
            continue;
        };
        // The closing quote is the first that has no other beside it.
        let mut end = text.find('\'')?;
        while text[end + 1..].starts_with('\'') {
            end += 2 + text[end + 2..].find('\'')?;
        }
        values.push(Some(text[..end].replace("''", "'")));
        rest = &text[end + 1..];
    }
    Some(values)
}

/// The script that sends these statements, and the definitions of its variables.
fn script(statements: &[Statement], varied: &[Varied], pace: Pace) -> (String, Vec<String>) {
    let (mut script, mut definitions) = (String::new(), Vec::new());
    // Writing into a string cannot fail.
    for Varied { name, least, most, .. } in varied {
        let _ = writeln!(script, "\\set {name} random({least}, {most})");
    }
    let record = statements.iter().position(|(text, _)| text.starts_with("SELECT"));
    let mark = |script: &mut String, text| {
        if pace == Pace::TwoRoundTrips {
            script.push_str(text);
        }
    };
    mark(&mut script, "\\startpipeline\n");
    for (at, (text, values)) in statements.iter().enumerate() {
        let mut text = text.clone();
        // From the last to the first, so that `$1` is not found in `$10`.
        for (index, value) in values.iter().enumerate().rev() {
            let word = match value {
                // pgbench knows no null.
                None => "NULL".to_owned(),
                Some(value) => match varied.iter().find(|varied| varied.marker.to_string() == *value) {
                    Some(varied) => format!(":{}", varied.name),
                    None => {
                        let name = format!("value_{}_of_statement_{}", index + 1, at + 1);
                        definitions.extend(["-D".to_owned(), format!("{name}={value}")]);
                        format!(":{name}")
                    }
                },
            };
            text = text.replace(&format!("${}", index + 1), &word);
        }
        let _ = writeln!(script, "{text};");
        if record == Some(at) {
            mark(&mut script, "\\endpipeline\n\\startpipeline\n");
        }
    }
    mark(&mut script, "\\endpipeline\n");
    (script, definitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
40 LOG:  database system is ready to accept connections
41 LOG:  statement: BEGIN; SET LOCAL lock_timeout = '5s'
41 LOG:  execute s1: SELECT t.name FROM account_invitations t WHERE +t.account_id = $1 AND t.id = $2 FOR UPDATE OF t
42 LOG:  statement: BEGIN READ ONLY
41 DETAIL:  parameters: $1 = '1', $2 = '5321'
41 LOG:  execute s2: INSERT INTO audit VALUES ($1, $2, $3)
41 DETAIL:  Parameters: $1 = '5321', $2 = NULL, $3 = '{\"name\":\"it''s, $1 = ''x''\"}'
42 LOG:  statement: COMMIT
41 LOG:  execute s3: UPDATE account_invitations SET name = $2 WHERE id = $1 RETURNING id
41 DETAIL:  parameters: $1 = '5321', $2 = '70001'
41 LOG:  statement: COMMIT
43 LOG:  execute s9: SELECT 1
";

    const VARIED: &[Varied] = &[
        Varied { name: "id", marker: 5321, least: 1000, most: 1999 },
        Varied { name: "rate", marker: 70_001, least: 0, most: 9 },
    ];

    #[test]
    fn values_become_variables_and_varied_ones_are_random() {
        let statements = transaction(LOG, "5321").unwrap();
        assert_eq!(statements[3].1[2].as_deref(), Some("{\"name\":\"it's, $1 = 'x'\"}"));
        let (text, definitions) = script(&statements, VARIED, Pace::OneByOne);
        assert_eq!(
            text,
            "\\set id random(1000, 1999)\n\\set rate random(0, 9)\nBEGIN;\nSET LOCAL lock_timeout = '5s';\n\
             SELECT t.name FROM account_invitations t WHERE +t.account_id = :value_1_of_statement_3 AND t.id = :id \
             FOR UPDATE OF t;\nINSERT INTO audit VALUES (:id, NULL, :value_3_of_statement_4);\n\
             UPDATE account_invitations SET name = :rate WHERE id = :id RETURNING id;\nCOMMIT;\n"
        );
        assert_eq!(definitions[..2], ["-D", "value_1_of_statement_3=1"]);
        assert!(transaction(LOG, "5322").is_none());
    }

    #[test]
    fn in_two_round_trips_the_record_comes_before_what_follows_from_it() {
        let (text, _) = script(&transaction(LOG, "5321").unwrap(), VARIED, Pace::TwoRoundTrips);
        let (first, second) = text.split_once("\\endpipeline\n\\startpipeline\n").unwrap();
        assert!(first.ends_with("FOR UPDATE OF t;\n") && second.starts_with("INSERT"), "{text}");
        assert!(first.contains("\\startpipeline\nBEGIN;") && second.ends_with("COMMIT;\n\\endpipeline\n"), "{text}");
    }

    #[test]
    fn a_run_with_a_failed_transaction_has_no_rate() {
        let said = "number of failed transactions: 0 (0.000%)\nlatency average = 11.956 ms\n\
                    tps = 5353.057894 (without initial connection time)\n";
        let measured = sample(said).unwrap();
        assert_eq!((measured.per_second, measured.mean_in_ms), (5_353.057_894, 11.956));
        assert!(sample(&said.replace("transactions: 0", "transactions: 3")).is_none());
    }
}
