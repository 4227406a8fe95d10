//! The tests on each engine of the store.
//!
//! Stories go through the whole program, so the same ones test both engines. Some run once, whatever the engine: those
//! about PostgreSQL itself, which start servers of their own, and those that start the program as a process, which is a
//! sandbox on SQLite. The second run repeats the rest.

use std::num::NonZero;
use std::thread::available_parallelism;

use invited_cluster::Cluster;

use crate::command::{cargo, run as run_command};
use crate::tools::has_nextest;

/// The variable that names an engine.
const VARIABLE: &str = "INVITED_TEST_DATABASE";

/// The variable that names the server for tests about PostgreSQL, when the others run on SQLite.
const SERVER: &str = "INVITED_TEST_POSTGRES";

/// The variable by which nextest is told how many tests run at once.
const THREADS: &str = "NEXTEST_TEST_THREADS";

/// The modules that run once, since they would only repeat what they did on SQLite. `postgres` and `deadlines` choose
/// their databases; the others pass with the URL of a server that does not exist.
///
/// No other module's path ends with one of these names, since `cargo test` skips what contains the text.
const ONCE: [&str; 12] = [
    "postgres",
    "binary",
    "breakage",
    "browser",
    "clock_jumps",
    "crash",
    "crash_of_mail",
    "deadlines",
    "layers",
    "peers",
    "plans",
    "suites",
];

/// The engines of a run: whether SQLite, and whether PostgreSQL. Without the variable a filter selects SQLite alone,
/// since a look at a few tests is meant to be short.
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
        return run_tests("Tests on the server", &variable, None, filter);
    }
    let (on_sqlite, on_postgres) = wanted(&variable, !filter.is_empty())?;
    let cluster = if on_postgres { Some(Cluster::start_hasty(&[])?) } else { None };
    let server = cluster.as_ref().map(Cluster::url);
    if on_sqlite {
        run_tests("Tests", "", server.as_deref(), filter)?;
    }
    match server {
        Some(server) => run_tests("Stories on PostgreSQL", &server, None, &again(filter)),
        None => Ok(()),
    }
}

/// The stories that have run on SQLite, or the given filter.
fn again(filter: &[String]) -> Vec<String> {
    match filter {
        [] if has_nextest() => vec![format!("-Ebinary(it) and not test(/^({})::/)", ONCE.join("|"))],
        [] => ["--test", "it", "--"]
            .map(str::to_owned)
            .into_iter()
            .chain(ONCE.map(|it| format!("--skip={it}::")))
            .collect(),
        some => some.to_vec(),
    }
}

/// Runs tests on an engine, with a server for those that are about PostgreSQL: without it each starts its own.
fn run_tests(heading: &str, database: &str, server: Option<&str>, arguments: &[String]) -> Result<(), String> {
    let runner: &[&str] = if has_nextest() { &["nextest", "run", "--workspace"] } else { &["test", "--workspace"] };
    let mut command = cargo(runner);
    // Many stories wait for another process or for a deadline: two for each core keep the cores busy.
    if std::env::var_os(THREADS).is_none() {
        command.env(THREADS, (2 * available_parallelism().map_or(1, NonZero::get)).to_string());
    }
    if let Some(server) = server {
        command.env(SERVER, server);
    }
    run_command(heading, command.args(arguments).env(VARIABLE, database), "see the failures above")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::command::workspace;

    /// Calls `look` with the path of each module that holds tests, below a folder of them.
    fn each_module(folder: &Path, path: &[String], look: &mut impl FnMut(&[String])) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            let path = [path, &[file.file_stem().unwrap().to_str().unwrap().to_owned()]].concat();
            if file.is_dir() {
                each_module(&file, &path, look);
            } else if std::fs::read_to_string(&file).is_ok_and(|text| text.contains("#[test]")) {
                look(&path);
            }
        }
    }

    #[test]
    fn a_module_that_runs_once_is_there_and_its_name_skips_no_other() {
        let folder = workspace().join("tests").join("it");
        for name in ONCE {
            assert!(folder.join(name).with_extension("rs").exists(), "{name} is no module");
        }
        each_module(&folder, &[], &mut |path| {
            if !ONCE.contains(&path[0].as_str()) {
                let met = ONCE.iter().find(|name| path.iter().any(|part| part.ends_with(*name)));
                assert_eq!(met, None, "--skip={}:: would skip {}", met.unwrap_or(&""), path.join("::"));
            }
        });
    }

    #[test]
    fn everything_runs_on_both_engines_and_a_look_at_a_few_on_one() {
        assert_eq!([wanted("", false), wanted("", true)], [Ok((true, true)), Ok((true, false))]);
        assert_eq!([wanted("sqlite", false), wanted("postgres", true)], [Ok((true, false)), Ok((false, true))]);
        assert!(wanted("mysql", false).is_err());
    }
}
