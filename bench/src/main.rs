//! Measures `invited`: `cargo xtask bench`.
//!
//! A run starts every server as a process of its own, loads them with wrk over loopback, and prints tables. [`plan`]
//! says what is compared with what, [`contest`] in which order. Figures of different runs are never compared: on a
//! shared machine they differ by more than most changes to the code.

mod contest;
mod database;
mod figures;
mod floor;
mod folder;
mod load;
mod machine;
mod mail;
mod neighbours;
mod operation;
mod options;
mod pgbench;
mod plan;
mod postgres;
mod progress;
mod report;
mod server;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser as _;

use options::{Command, Options};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if let Some(Command::Floor { database }) = &options.command {
        return floor::serve(database);
    }
    if cfg!(debug_assertions) {
        bail!("figures of a debug build mean nothing: start this with `cargo xtask bench`");
    }
    progress::listen_for_interrupts()?;
    let report = plan::run(options)?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", report.markdown()?),
    }
    match report.errors() {
        0 => Ok(()),
        errors => bail!("{errors} requests failed, so the figures are worthless"),
    }
}
