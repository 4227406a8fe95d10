//! The chores of the project: `cargo xtask help`.
//!
//! One place defines what "the tests pass" means, so a contributor, a script and a build server run the same commands.
//! It is a Rust program rather than a makefile because that needs nothing the project does not need anyway, and it uses
//! only the standard library, so it builds in a second.
//!
//! Two rules hold for every chore. A step that cannot run is a failure that names what to install; no step is skipped.
//! The first step that fails ends the chore.

#![expect(clippy::disallowed_macros, reason = "a chore talks to a person")]

mod command;
mod engines;
mod tools;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use command::{cargo, run, workspace};
use tools::Tool;

const HELP: &str = "\
The chores of the project.

  cargo xtask test [--install] [FILTER …]   run every test, on both engines, and the examples in the documentation
  cargo xtask ci [--install]                formatting, spelling, dependencies, lints, documentation, then the tests
  cargo xtask pre-commit                    formatting and spelling, in seconds
  cargo xtask bench [--engine postgres] [--quick] [--json]
                                            build as shipped, measure, print the table
  cargo xtask chaos [SECONDS]               kill the program, fill and stop its disk, move its file, turn its clock, for
                                            a minute or SECONDS; print what was lost (nothing) and the answers
  cargo xtask clients [--install] [CLIENT …]
                                            lint the API descriptions, generate eight clients from the API's, and let
                                            each live through an invitation against a sandbox
  cargo xtask help                          this text

The chores need programs of the system: a C compiler, Python with venv, Node with npm, Chromium, PostgreSQL, PgBouncer
and openssl for the tests; rustfmt, clippy and cargo-deny for `ci` as well; wrk for `bench`; Java with a few libraries
for `clients`. A chore lists what is missing and the commands that install it, and stops. With --install it prints them
and runs them, with sudo unless it runs as root.
Python and Node packages go into target/peers, once, and nowhere else.

The tests run with cargo-nextest where that is installed, else with `cargo test`. They run on SQLite and then once more
on a temporary PostgreSQL server. INVITED_TEST_DATABASE names one engine, sqlite or postgres, or the URL of a running
server. With a FILTER and without the variable they run on SQLite only.
Everything after `bench` goes to the bench program; `cargo xtask bench --help` lists its options.
";

/// Some tests are about PostgreSQL itself, whatever the others run on.
const FOR_TESTS: &[&Tool] = &[
    &tools::C_COMPILER,
    &tools::PYTHON,
    &tools::NODE,
    &tools::NPM,
    &tools::CHROMIUM,
    &tools::POSTGRES,
    &tools::PGBOUNCER,
    &tools::OPENSSL,
];

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let chore = if arguments.is_empty() { String::new() } else { arguments.remove(0) };
    let outcome = match chore.as_str() {
        "test" => test(takes_install(&mut arguments), &arguments),
        "ci" if matches!(&arguments[..], [] | [_]) => {
            let may_install = takes_install(&mut arguments);
            if arguments.is_empty() { ci(may_install) } else { Err(format!("ci does not take {}", arguments[0])) }
        }
        "pre-commit" => pre_commit(),
        "bench" => bench(&arguments),
        "clients" => clients(takes_install(&mut arguments), &arguments),
        "chaos" if matches!(&arguments[..], [] | [_]) => chaos(arguments.first().map_or("60", String::as_str)),
        "help" | "--help" | "-h" => {
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

/// Takes `--install` out of the arguments; whether it was there.
fn takes_install(arguments: &mut Vec<String>) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != "--install");
    arguments.len() < before
}

fn test(may_install: bool, filter: &[String]) -> Result<(), String> {
    tools::require(FOR_TESTS, may_install)?;
    tests(filter)
}

fn ci(may_install: bool) -> Result<(), String> {
    let needed = [FOR_TESTS, &[&tools::RUSTFMT, &tools::CLIPPY, &tools::CARGO_DENY]].concat();
    tools::require(&needed, may_install)?;
    pre_commit()?;
    run(
        "Dependencies",
        &mut cargo(&["deny", "check", "licenses", "bans", "sources"]),
        "deny.toml says what a dependency must be",
    )?;
    let lints = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    run("Lints", &mut cargo(&lints), "every warning counts as an error here")?;
    let documentation = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    run(
        "Documentation",
        // Help texts are doc comments, and print addresses without brackets.
        cargo(&documentation).env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::bare_urls"),
        "a broken link in a comment counts as an error here",
    )?;
    tests(&[])
}

fn pre_commit() -> Result<(), String> {
    tools::require(&[&tools::RUSTFMT, &tools::PYTHON], false)?;
    run("Formatting", &mut cargo(&["fmt", "--all", "--check"]), "`cargo fmt --all` repairs it")?;
    let typos = install("typos")?.join("typos").join("bin").join("typos");
    run(
        "Spelling",
        Command::new(typos).current_dir(workspace()),
        "correct it, or add the word to _typos.toml with the reason",
    )
}

/// Prepares the peers, then runs the unit and integration tests, then the examples inside the documentation, which
/// nextest cannot run.
fn tests(filter: &[String]) -> Result<(), String> {
    install("tests")?;
    engines::run(filter)?;
    if filter.is_empty() {
        let examples = ["test", "--doc", "--package", "invited"];
        run("Examples in the documentation", &mut cargo(&examples), "see the failures above")?;
    }
    Ok(())
}

/// Installs the Python and Node packages for the tests or the spelling check, unless they are there; the folder.
fn install(what: &str) -> Result<PathBuf, String> {
    // `target/peers` as a rule, beside the folder of the profile that this program was built into.
    let program = std::env::current_exe().map_err(|cause| format!("this program has no path: {cause}"))?;
    let folder = program.ancestors().nth(2).ok_or("this program is in no target folder")?.join("peers");
    // Of two chores at once the second waits here and then finds everything installed.
    let lock = fs::create_dir_all(&folder).and_then(|()| File::create(folder.join("lock")));
    let lock = lock.and_then(|lock| lock.lock().map(|()| lock));
    let _lock = lock.map_err(|cause| format!("{} cannot be locked: {cause}", folder.display()))?;
    let mut script = Command::new("bash");
    script.arg(workspace().join("tests/peers/install")).args([folder.as_os_str(), what.as_ref()]);
    run("Packages of Python and Node", &mut script, "the first run has to reach the registries of pip and npm")?;
    Ok(folder)
}

/// The long form of one of the tests: it goes on for this many seconds, and its table is shown.
fn chaos(seconds: &str) -> Result<(), String> {
    tools::require(&[&tools::C_COMPILER], false)?;
    let test = ["test", "--package", "invited", "--test", "it", "--", "breakage::chaos::", "--nocapture"];
    run("Chaos", cargo(&test).env("INVITED_CHAOS_SECONDS", seconds), "the lines above say what was lost")
}

/// Generates clients from the API description and runs them: all, or those named.
fn clients(may_install: bool, names: &[String]) -> Result<(), String> {
    tools::require(&[&tools::C_COMPILER, &tools::PYTHON, &tools::NODE, &tools::NPM, &tools::JAVA], may_install)?;
    let peers = install("generators")?;
    run("Build", &mut cargo(&["build", "--package", "invited"]), "the package does not build")?;
    let program = peers.with_file_name("debug").join("invited");
    let mut script = Command::new("bash");
    script.arg(workspace().join("tests/peers/clients/run")).args([peers, program]).args(names);
    run("Clients", &mut script, "the lines above say which generator, and what it or its client said")
}

/// Builds both programs apart: together, cargo would merge their features and measure a server that is never shipped.
fn bench(arguments: &[String]) -> Result<(), String> {
    let on_postgres = arguments.windows(2).any(|pair| pair[0] == "--engine" && pair[1] == "postgres");
    let needed = [&tools::C_COMPILER, &tools::WRK, &tools::POSTGRES];
    tools::require(if on_postgres { &needed } else { &needed[..2] }, false)?;
    for package in ["invited", "invited-bench"] {
        run("Build", &mut cargo(&["build", "--profile", "dist", "--package", package]), "the package does not build")?;
    }
    let program = ["run", "--quiet", "--profile", "dist", "--package", "invited-bench", "--"];
    run("Bench", cargo(&program).args(arguments), "the measurement did not finish")
}
