//! The tests on each engine of the store.
//!
//! Stories go through the whole program, so the same ones test both engines. What is about PostgreSQL itself (the
//! module
//! `postgres`) starts servers of its own and runs once, and so do the suites of others (`examples`), whose sandboxes are
//! on SQLite. The second run repeats the rest.

use invited_cluster::{Cluster, HASTY};

use crate::command::{cargo, run as run_command};
use crate::tools::has_nextest;

/// The variable that names an engine.
const VARIABLE: &str = "INVITED_TEST_DATABASE";

/// What runs again on the second engine.
const STORIES: &str = "binary(it) and not test(/^(postgres|examples)::/)";

/// The engines of a run: whether SQLite, and whether PostgreSQL. Without the variable a filter selects the first alone:
/// a look at a few tests is meant to be short.
fn wanted(variable: &str, is_filtered: bool) -> Result<(bool, bool), String> {
    match variable {
        "" => Ok((true, !is_filtered)),
        "sqlite" => Ok((true, false)),
        "postgres" => Ok((false, true)),
        other => Err(format!("{VARIABLE} is {other:?}: say sqlite, postgres or the URL of a server")),
    }
}

pub(crate) fn run(filter: &[String]) -> Result<(), String> {
    let variable = std::env::var(VARIABLE).unwrap_or_default();
    if variable.contains("://") {
        return run_tests("Tests on the server", &variable, filter);
    }
    let (on_sqlite, on_postgres) = wanted(&variable, !filter.is_empty())?;
    if on_sqlite {
        run_tests("Tests", "", filter)?;
    }
    if on_postgres {
        let cluster = Cluster::start(HASTY)?;
        run_tests("Stories on PostgreSQL", &cluster.url(), &again(filter))?;
    }
    Ok(())
}

/// The stories that have run on SQLite, or the given filter.
fn again(filter: &[String]) -> Vec<String> {
    let stories: &[&str] = match filter {
        [] if has_nextest() => &["--filterset", STORIES],
        [] => &["--test", "it", "--", "--skip", "postgres::", "--skip", "examples::"],
        some => return some.to_vec(),
    };
    stories.iter().map(|word| (*word).to_owned()).collect()
}

fn run_tests(heading: &str, database: &str, arguments: &[String]) -> Result<(), String> {
    let runner: &[&str] = if has_nextest() { &["nextest", "run", "--workspace"] } else { &["test", "--workspace"] };
    run_command(heading, cargo(runner).args(arguments).env(VARIABLE, database), "see the failures above")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_runs_on_both_engines_and_a_look_at_a_few_on_one() {
        assert_eq!([wanted("", false), wanted("", true)], [Ok((true, true)), Ok((true, false))]);
        assert_eq!([wanted("sqlite", false), wanted("postgres", true)], [Ok((true, false)), Ok((false, true))]);
        assert!(wanted("mysql", false).is_err());
    }
}
