//! The chores of the project: `cargo xtask help`.
//!
//! One place says what "the tests pass" means, so that a contributor, a script and a build server all run
//! the same commands. It is a small Rust program rather than a makefile because it then needs nothing that
//! the project does not need anyway, and it uses only the standard library so that it builds in a second.
//!
//! Two rules hold for every chore. A step that cannot run is a failure that says what to install, never a
//! step that is skipped. And the first step that fails ends the chore with its exit status.

mod debian;
mod peers;
mod requirement;
mod step;

use std::process::ExitCode;

use invited_cluster::{Cluster, HASTY};
use requirement::Requirement;
use step::Step;

const HELP: &str = "\
The chores of the project.

  cargo xtask test [FILTER …]           run every test, the doc tests too
  cargo xtask ci                        formatting, lints, documentation, then the tests
  cargo xtask bench [--quick] [--json]  build for release, measure, print the table
  cargo xtask help                      this text

`test` needs a C compiler for the bundled SQLite, and Python 3.11 with venv, Node 20 and npm (or newer) for
the clients of other makes that the tests run; those are installed into target/peers, once. It needs
Chromium for the pages, too; as root on a machine with apt-get it installs that by itself. It runs the tests
with cargo-nextest where that is installed and with `cargo test` elsewhere. `ci` needs rustfmt and clippy as
well.
It needs PostgreSQL's programs, PgBouncer and openssl, for the tests that start a server of their own; as root on
a machine with apt-get it installs those as well.
With INVITED_TEST_DATABASE=postgres all tests run on a PostgreSQL server that is made for them. With the URL of
a server they run there.
Everything after `bench` goes to the bench program; `cargo xtask bench --help` lists its options.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match chore.as_deref() {
        Some("test") => test(&rest),
        Some("ci") if rest.is_empty() => ci(),
        Some("bench") => bench(&rest),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("\nxtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// What every run of the tests needs.
const FOR_TESTS: &[Requirement] = &[
    Requirement::CCompiler,
    Requirement::Python,
    Requirement::Node,
    Requirement::Npm,
    Requirement::Chromium,
    Requirement::Postgres,
    Requirement::PgBouncer,
    Requirement::Openssl,
];

/// The variable that says which engine the tests run on.
const ENGINE: &str = "INVITED_TEST_DATABASE";

/// Whether the tests run on a PostgreSQL server that is made for them.
fn wants_cluster() -> bool {
    std::env::var(ENGINE).is_ok_and(|wanted| wanted == "postgres")
}

fn needed_for_tests() -> Vec<Requirement> {
    let server = wants_cluster().then_some(Requirement::Postgres);
    FOR_TESTS.iter().copied().chain(server).collect()
}

fn test(filter: &[String]) -> Result<(), String> {
    let needed = needed_for_tests();
    debian::provide(&needed)?;
    requirement::check(&needed)?;
    tests(filter)
}

fn ci() -> Result<(), String> {
    let needed = [needed_for_tests(), vec![Requirement::Rustfmt, Requirement::Clippy]].concat();
    debian::provide(&needed)?;
    requirement::check(&needed)?;
    Step::cargo("Formatting", &["fmt", "--all", "--check"], "`cargo fmt --all` repairs it").run()?;
    Step::cargo(
        "Lints",
        &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"],
        "every warning counts as an error here",
    )
    .run()?;
    Step::cargo(
        "Documentation",
        &["doc", "--workspace", "--no-deps"],
        "a broken link in a comment counts as an error here",
    )
    .with_variable("RUSTDOCFLAGS", "--deny warnings")
    .run()?;
    tests(&[])
}

/// Prepares the peers, then runs the unit and integration tests, then the examples inside the documentation, which
/// nextest cannot run.
fn tests(filter: &[String]) -> Result<(), String> {
    peers::prepare()?;
    let mut runner: Vec<&str> = if requirement::nextest_is_installed() {
        vec!["nextest", "run", "--workspace"]
    } else {
        println!("cargo-nextest is not installed: `cargo test` runs the same tests, one binary after the other.");
        vec!["test", "--workspace", "--all-targets"]
    };
    runner.extend(filter.iter().map(String::as_str));
    run_on_engine(&runner)?;
    if filter.is_empty() {
        Step::cargo(
            "Examples in the documentation",
            &["test", "--doc", "--package", "invited"],
            "see the failures above",
        )
        .run()?;
    }
    Ok(())
}

/// Runs the tests on SQLite, or on what the variable says: `postgres` for a server that is made for them, or the URL of one.
fn run_on_engine(runner: &[&str]) -> Result<(), String> {
    let tests = |heading| Step::cargo(heading, runner, "see the failures above");
    if wants_cluster() {
        let cluster = Cluster::start(HASTY)?;
        return tests("Tests on PostgreSQL").with_variable(ENGINE, &cluster.url()).run();
    }
    tests("Tests").run()
}

/// Builds both programs apart, because cargo would otherwise merge their features and measure a server
/// that nobody ships.
fn bench(arguments: &[String]) -> Result<(), String> {
    requirement::check(&[Requirement::CCompiler])?;
    Step::cargo("Build of the server", &["build", "--release", "--package", "invited"], "the server does not build")
        .quiet()
        .run()?;
    Step::cargo(
        "Build of the bench",
        &["build", "--release", "--package", "invited-bench"],
        "the bench does not build",
    )
    .quiet()
    .run()?;
    let mut run = vec!["run", "--quiet", "--release", "--package", "invited-bench", "--"];
    run.extend(arguments.iter().map(String::as_str));
    Step::cargo("Bench", &run, "the measurement did not finish").quiet().run()
}
