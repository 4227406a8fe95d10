//! The statements that the server sends for an update, as a script of pgbench.
//!
//! They are read from the database's own log, into which a server has them written for a moment. Were they written down
//! here, or made anew by calling the server's functions, a change of the server would leave them behind.
//!
//! Values that the load varies become random ones of pgbench, all others become variables with the value of that moment.
//! Every value stays a parameter, so that what the database prepares is the same.

use std::fmt::Write as _;

use anyhow::{Context, Result};

/// What the statement begins with that makes a transaction the one of an update.
const OF_UPDATE: &str = "UPDATE account_invitations ";

/// A value that the load varies: by what it is found in the log, and between which numbers it is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Varied {
    pub(crate) name: &'static str,
    pub(crate) marker: i64,
    pub(crate) least: i64,
    pub(crate) most: i64,
}

/// A statement as the log tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    session: String,
    text: String,
    /// The values of `$1 $2 …`; `None` for null.
    values: Vec<Option<String>>,
}

/// How a script asks for the statements of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// One after the other, as a program does that uses a connection in the plain way.
    OneByOne,
    /// In the fewest round trips that are possible: all up to the record, then all that follows from it.
    InTwo,
}

/// A script and the variables that it is given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) variables: Vec<(String, String)>,
}

/// The statements of the last update of a log that was committed, from `BEGIN` to `COMMIT`.
pub(crate) fn of_update(log: &str) -> Result<Vec<Statement>> {
    let statements = read(log);
    let update = statements.iter().rposition(|statement| statement.text.starts_with(OF_UPDATE));
    let update = update.context("the log of the database has no update")?;
    let session = &statements[update].session;
    let is_of_session = |statement: &&Statement| statement.session == *session;
    let (before, after) = statements.split_at(update);
    let begin = before.iter().rposition(|statement| statement.session == *session && statement.is("BEGIN"));
    let begin = begin.context("the log of the database has no beginning of the update")?;
    let commit = after.iter().position(|statement| statement.session == *session && statement.is("COMMIT"));
    let commit = update + commit.context("the log of the database has no end of the update")?;
    Ok(statements[begin..=commit].iter().filter(is_of_session).flat_map(Statement::apart).collect())
}

impl Statement {
    fn is(&self, word: &str) -> bool {
        self.text.split([' ', ';']).next().is_some_and(|first| first.eq_ignore_ascii_case(word))
    }

    /// Each by itself of several that came as one text, which only those without values can.
    fn apart(&self) -> Vec<Statement> {
        if !self.values.is_empty() {
            return vec![self.clone()];
        }
        let texts = self.text.split(';').map(str::trim).filter(|text| !text.is_empty());
        texts.map(|text| Statement { text: text.to_owned(), ..self.clone() }).collect()
    }
}

/// Reads the lines of a log whose prefix is the number of the session's process and a blank.
fn read(log: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    for line in log.lines() {
        let Some((session, message)) = line.split_once(' ') else { continue };
        let (kind, text) = message.split_once(": ").unwrap_or_default();
        let text = text.trim_start();
        match kind {
            "LOG" => {
                if let Some(text) = statement(text) {
                    statements.push(Statement { session: session.to_owned(), text, values: Vec::new() });
                }
            }
            // A detail belongs to the last statement of its session.
            "DETAIL" => {
                let of_session = statements.iter_mut().rev().find(|statement| statement.session == session);
                if let (Some(statement), Some(values)) = (of_session, values(text)) {
                    statement.values = values;
                }
            }
            _ => {}
        }
    }
    statements
}

/// The text of a statement: `statement: …` where it came as text, `execute NAME: …` where it was prepared.
fn statement(message: &str) -> Option<String> {
    let (how, text) = message.split_once(": ")?;
    (how == "statement" || how.starts_with("execute ")).then(|| text.to_owned())
}

/// The values of a line such as `parameters: $1 = '7', $2 = NULL, $3 = 'it''s'`.
fn values(detail: &str) -> Option<Vec<Option<String>>> {
    let (name, mut rest) = detail.split_once(": ")?;
    if !name.eq_ignore_ascii_case("parameters") {
        return None;
    }
    let mut values = Vec::new();
    loop {
        rest = rest.split_once(" = ")?.1;
        if let Some(after) = rest.strip_prefix("NULL") {
            values.push(None);
            rest = after;
        } else {
            let (value, after) = quoted(rest.strip_prefix('\'')?)?;
            values.push(Some(value));
            rest = after;
        }
        if rest.is_empty() {
            return Some(values);
        }
    }
}

/// A text up to its closing quote, and what follows. Quotes inside are doubled.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (piece, after) = rest.split_once('\'')?;
        value.push_str(piece);
        match after.strip_prefix('\'') {
            Some(further) => {
                value.push('\'');
                rest = further;
            }
            None => return Some((value, after)),
        }
    }
}

/// The script that sends these statements.
pub(crate) fn script(statements: &[Statement], varied: &[Varied], pace: Pace) -> Script {
    let mut script = Script { text: String::new(), variables: Vec::new() };
    // Writing into a string cannot fail.
    for Varied { name, least, most, .. } in varied {
        let _ = writeln!(script.text, "\\set {name} random({least}, {most})");
    }
    let first_answer = statements.iter().position(|statement| statement.is("SELECT"));
    if pace == Pace::InTwo {
        script.text.push_str("\\startpipeline\n");
    }
    for (at, statement) in statements.iter().enumerate() {
        let mut text = statement.text.clone();
        // From the last to the first, so that `$1` is not found in `$10`.
        for (index, value) in statement.values.iter().enumerate().rev() {
            let placeholder = format!("${}", index + 1);
            let marker = |varied: &&Varied| value.as_ref().is_some_and(|value| *value == varied.marker.to_string());
            let word = match (value, varied.iter().find(marker)) {
                (_, Some(varied)) => format!(":{}", varied.name),
                // pgbench knows no null.
                (None, None) => "NULL".to_owned(),
                (Some(value), None) => {
                    let name = format!("value_{}_of_statement_{}", index + 1, at + 1);
                    script.variables.push((name.clone(), value.clone()));
                    format!(":{name}")
                }
            };
            text = text.replace(&placeholder, &word);
        }
        let _ = writeln!(script.text, "{text};");
        if pace == Pace::InTwo && first_answer == Some(at) {
            script.text.push_str("\\endpipeline\n\\startpipeline\n");
        }
    }
    if pace == Pace::InTwo {
        script.text.push_str("\\endpipeline\n");
    }
    script
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
    fn the_transaction_of_an_update_is_found_among_those_of_others() {
        let statements = of_update(LOG).unwrap();
        let texts: Vec<&str> = statements.iter().filter_map(|statement| statement.text.split(' ').next()).collect();
        assert_eq!(texts, ["BEGIN", "SET", "SELECT", "INSERT", "UPDATE", "COMMIT"]);
        let audit: Vec<Option<&str>> = statements[3].values.iter().map(Option::as_deref).collect();
        assert_eq!(audit, [Some("5321"), None, Some("{\"name\":\"it's, $1 = 'x'\"}")]);
        assert!(of_update("").is_err());
    }

    #[test]
    fn values_become_variables_and_those_that_the_load_varies_random_ones() {
        let script = script(&of_update(LOG).unwrap(), VARIED, Pace::OneByOne);
        assert_eq!(
            script.text,
            "\\set id random(1000, 1999)\n\\set rate random(0, 9)\nBEGIN;\nSET LOCAL lock_timeout = '5s';\n\
             SELECT t.name FROM account_invitations t WHERE +t.account_id = :value_1_of_statement_3 AND t.id = :id \
             FOR UPDATE OF t;\nINSERT INTO audit VALUES (:id, NULL, :value_3_of_statement_4);\n\
             UPDATE account_invitations SET name = :rate WHERE id = :id RETURNING id;\nCOMMIT;\n"
        );
        assert_eq!(script.variables[0], ("value_1_of_statement_3".to_owned(), "1".to_owned()));
    }

    #[test]
    fn in_two_round_trips_the_record_comes_before_what_follows_from_it() {
        let script = script(&of_update(LOG).unwrap(), VARIED, Pace::InTwo);
        let (first, second) = script.text.split_once("\\endpipeline\n\\startpipeline\n").unwrap();
        assert!(first.contains("\\startpipeline\nBEGIN;") && first.ends_with("FOR UPDATE OF t;\n"), "{first}");
        assert!(second.starts_with("INSERT") && second.ends_with("COMMIT;\n\\endpipeline\n"), "{second}");
    }

    #[test]
    fn the_tenth_value_is_not_taken_for_the_first() {
        let statement = Statement {
            text: "VALUES ($1, $10)".to_owned(),
            values: (1..=10).map(|number| Some(number.to_string())).collect(),
            ..Statement::default()
        };
        let script = script(&[statement], &[], Pace::OneByOne);
        assert_eq!(script.text, "VALUES (:value_1_of_statement_1, :value_10_of_statement_1);\n");
    }
}
