//! The tests on each engine of the store.
//!
//! Stories go through the whole program, so that the same ones tell of both engines. What is about PostgreSQL itself (its module is
//! `postgres`) starts servers of its own and runs once, with the rest of the tests, and so do the suites of others (`examples`), whose
//! sandboxes are on SQLite; the second run is for the stories that have run on SQLite before.

use invited_cluster::{Cluster, HASTY};

use crate::requirement;
use crate::step::Step;

/// The variable that names an engine.
const VARIABLE: &str = "INVITED_TEST_DATABASE";

/// What runs once more on the second engine.
const STORIES: &str = "binary(it) and not test(/^(postgres|examples)::/)";

/// The engines of a run.
#[derive(Debug, PartialEq, Eq)]
enum Engines {
    Sqlite,
    Postgres,
    Both,
    /// A server that is there already; its URL is in the variable.
    Given,
}

impl Engines {
    /// What the variable says; a look at a few tests is meant to be short.
    fn wanted(variable: Option<&str>, is_filtered: bool) -> Result<Self, String> {
        match variable {
            None | Some("") if is_filtered => Ok(Self::Sqlite),
            None | Some("") => Ok(Self::Both),
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres") => Ok(Self::Postgres),
            Some(url) if url.contains("://") => Ok(Self::Given),
            Some(other) => Err(format!("{VARIABLE} is {other:?}: say sqlite, postgres or the URL of a server")),
        }
    }
}

/// Runs the tests on the engines that are wanted.
pub(crate) fn run(filter: &[String]) -> Result<(), String> {
    let variable = std::env::var(VARIABLE).ok();
    match Engines::wanted(variable.as_deref(), !filter.is_empty())? {
        Engines::Sqlite => on_sqlite(filter),
        Engines::Postgres => on_postgres(filter),
        Engines::Given => run_tests("Tests on the server", None, filter),
        Engines::Both => {
            on_sqlite(filter)?;
            on_postgres(filter)
        }
    }
}

fn on_sqlite(filter: &[String]) -> Result<(), String> {
    run_tests("Tests", Some(""), filter)
}

fn on_postgres(filter: &[String]) -> Result<(), String> {
    let cluster = Cluster::start(HASTY)?;
    run_tests("Stories on PostgreSQL", Some(&cluster.url()), &again(filter))
}

/// The stories that have run on SQLite, or what of them was asked for.
fn again(filter: &[String]) -> Vec<String> {
    match filter {
        [] if requirement::nextest_is_installed() => ["--filterset", STORIES].map(str::to_owned).to_vec(),
        [] => ["--test", "it", "--", "--skip", "postgres::", "--skip", "examples::"].map(str::to_owned).to_vec(),
        some => some.to_vec(),
    }
}

fn run_tests(heading: &str, database: Option<&str>, arguments: &[String]) -> Result<(), String> {
    let mut command: Vec<&str> = if requirement::nextest_is_installed() {
        vec!["nextest", "run", "--workspace"]
    } else {
        println!("cargo-nextest is not installed: `cargo test` runs the same tests, one binary after the other.");
        vec!["test", "--workspace"]
    };
    command.extend(arguments.iter().map(String::as_str));
    let step = Step::cargo(heading, &command, "see the failures above");
    match database {
        Some(database) => step.with_variable(VARIABLE, database).run(),
        None => step.run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_runs_on_both_engines_and_a_look_at_a_few_on_one() {
        for (variable, is_filtered, wanted) in [
            (None, false, Engines::Both),
            (Some(""), false, Engines::Both),
            (None, true, Engines::Sqlite),
            (Some("sqlite"), false, Engines::Sqlite),
            (Some("postgres"), true, Engines::Postgres),
            (Some("postgres://me@127.0.0.1"), false, Engines::Given),
        ] {
            assert_eq!(Engines::wanted(variable, is_filtered), Ok(wanted), "{variable:?}");
        }
        assert!(Engines::wanted(Some("mysql"), false).is_err());
    }
}
