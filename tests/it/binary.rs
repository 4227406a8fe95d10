//! The program as its users see it: on the command line, in a pipe, under a supervisor.
//!
//! - `sandbox`: the greeting, the JSON line, the temporary database, stopping.
//! - `seeds`: the contents of a sandbox, generated rows, repeatable runs.
//! - `serving`: `serve`, its settings, accounts and tokens, migrations.
//! - `environment`: settings in variables, in files of secrets, and in the settings file.
//! - `operators`: the audit rows of commands, and the databases that commands refuse.
//! - `output`: standard output that is closed or full, and secrets that are printed once.
//! - `people`: the commands for users and memberships.
//! - `invitations`, `mail`, `seats`, `forgetting`: the commands for invitations; `team` is their common setup.
//! - `copying`, `backup`: databases that are moved or backed up. `modes`: who can read the files.
//! - `telling`: help, the API description, health, metrics and the log.

mod backup;
mod copying;
mod environment;
mod forgetting;
mod invitations;
mod mail;
mod modes;
mod operators;
#[cfg(target_os = "linux")]
mod output;
mod people;
mod sandbox;
mod seats;
mod seeds;
pub(crate) mod serving;
mod team;
mod telling;

pub(crate) use copying::{Answers, Crowd, copied, invite_new, kill_while_copying, rows_of, while_inviting};
pub(crate) use serving::{UNLIMITED, create_account, fails, folder, new_database, serve, succeeds};
pub(crate) use team::Team;
