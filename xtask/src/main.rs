//! The chores of the project: `cargo xtask help`.
//!
//! One place says what "the tests pass" means, so that a contributor, a script and a build server all run
//! the same commands. It is a small Rust program rather than a makefile because it then needs nothing that
//! the project does not need anyway, and it uses only the standard library so that it builds in a second.
//!
//! Two rules hold for every chore. A step that cannot run is a failure that says what to install, never a
//! step that is skipped. And the first step that fails ends the chore with its exit status.

mod debian;
mod engines;
mod peers;
mod requirement;
mod step;

use std::process::ExitCode;

use requirement::Requirement;
use step::Step;

const HELP: &str = "\
The chores of the project.

  cargo xtask test [FILTER …]           run every test, on both engines, the doc tests too
  cargo xtask ci                        formatting, lints, documentation, then the tests
  cargo xtask bench [--engine postgres] [--quick] [--json]
                                        build for release, measure, print the table
  cargo xtask help                      this text

`test` needs a C compiler for the bundled SQLite, and Python 3.11 with venv, Node 20 and npm (or newer) for
the clients of other makes that the tests run; those are installed into target/peers, once. It needs
Chromium for the pages, too; as root on a machine with apt-get it installs that by itself. It runs the tests
with cargo-nextest where that is installed and with `cargo test` elsewhere. `ci` needs rustfmt and clippy as
well.
It needs PostgreSQL's programs, PgBouncer and openssl, for the tests that start a server of their own; as root on
a machine with apt-get it installs those as well.
The stories run on SQLite and then once more on a PostgreSQL server that is made for them and is gone afterwards.
INVITED_TEST_DATABASE names one engine, sqlite or postgres, or the URL of a server that is there already. With a
FILTER and without the variable they run on SQLite only.
`bench` needs wrk. `bench --engine postgres` makes such a server, too, a durable one.
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

/// What every run of the tests needs. Some stories are about PostgreSQL itself, whatever the others run on.
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

fn test(filter: &[String]) -> Result<(), String> {
    debian::provide(FOR_TESTS)?;
    requirement::check(FOR_TESTS)?;
    tests(filter)
}

fn ci() -> Result<(), String> {
    let needed = [FOR_TESTS, &[Requirement::Rustfmt, Requirement::Clippy]].concat();
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
    engines::run(filter)?;
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

/// Builds both programs apart, because cargo would otherwise merge their features and measure a server
/// that nobody ships.
fn bench(arguments: &[String]) -> Result<(), String> {
    let on_postgres = arguments.windows(2).any(|pair| pair[0] == "--engine" && pair[1] == "postgres");
    let server = on_postgres.then_some(Requirement::Postgres);
    let needed: Vec<Requirement> = [Requirement::CCompiler, Requirement::Wrk].into_iter().chain(server).collect();
    debian::provide(&needed)?;
    requirement::check(&needed)?;
    Step::cargo(
        "Build of the server",
        &["build", "--profile", "dist", "--package", "invited"],
        "the server does not build",
    )
    .quiet()
    .run()?;
    Step::cargo(
        "Build of the bench",
        &["build", "--profile", "dist", "--package", "invited-bench"],
        "the bench does not build",
    )
    .quiet()
    .run()?;
    let mut run = vec!["run", "--quiet", "--profile", "dist", "--package", "invited-bench", "--"];
    run.extend(arguments.iter().map(String::as_str));
    Step::cargo("Bench", &run, "the measurement did not finish").quiet().run()
}
