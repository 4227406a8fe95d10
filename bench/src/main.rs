//! Measures `invited` against a floor on the same stack: `cargo xtask bench`.
//!
//! One run starts the servers as processes of their own, drives them over loopback with the generator in [`driver`],
//! and prints one table with a verdict for each target. [`floor`] says what the comparison is made with, [`plan`] in
//! which order, [`operation`] what is sent, [`postgres`] what stands in the floor's place on that engine. Measurements
//! of separate runs are never compared with each other: on a shared machine they differ by more than most changes to the
//! code.

mod against;
mod arguments;
mod client;
mod data;
mod database;
mod dates;
mod disk;
mod driver;
mod figures;
mod floor;
mod folder;
mod interrupt;
mod machine;
mod mail;
mod operation;
mod plan;
mod postgres;
mod process;
mod report;
mod same_answers;
mod start;
mod statistics;
mod verdict;

use std::process::ExitCode;

use anyhow::{Result, bail};

use arguments::{Command, Options};
use interrupt::Interrupt;
use machine::Machine;

fn main() -> ExitCode {
    match arguments::read(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Help => {
            print!("{}", arguments::HELP);
            Ok(())
        }
        Command::Floor { database } => floor::run(&database),
        Command::Run(options) => measure(&options),
    }
}

fn measure(options: &Options) -> Result<()> {
    if cfg!(debug_assertions) {
        bail!("figures of a debug build mean nothing: start this with `cargo xtask bench`");
    }
    let interrupt = Interrupt::listen()?;
    let program = plan::server_program(options)?;
    let machine = Machine::inspect(options.folder.as_deref().unwrap_or(&program));
    let figures = plan::run(options, program, &interrupt)?;
    let verdicts = verdict::judge(options.engine, &figures);
    if options.json {
        println!("{}", report::json(options, &machine, &figures, &verdicts));
    } else {
        print!("{}", report::markdown(options, &machine, &figures, &verdicts));
    }
    // A wrong answer makes the figures worthless, a missed target does not.
    if figures.errors() > 0 {
        bail!("{} answers had another status than the expected one", figures.errors());
    }
    Ok(())
}
