//! The program as its users meet it: on the command line, in a pipe, under a supervisor.
//!
//! - `sandbox`: the greeting, the JSON line, the temporary database, stopping.
//! - `serving`: `serve`, its settings, accounts and tokens, migrations.
//! - `telling`: help, the API description, health, metrics and the log.

mod sandbox;
mod serving;
mod telling;
