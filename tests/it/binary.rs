//! The program as its users meet it: on the command line, in a pipe, under a supervisor.
//!
//! - `sandbox`: the greeting, the JSON line, the temporary database, stopping.
//! - `serving`: `serve`, its settings, accounts and tokens, migrations.
//! - `operators`: what commands leave behind, and which database they refuse to touch.
//! - `people`: the commands for users and memberships.
//! - `invitations`, `mail`, `seats`, `forgetting`: the commands for what is between an invitation and its person; `team` is what
//!   their stories begin with.
//! - `copying`, `backup`: databases that move, and those that are kept aside.
//! - `telling`: help, the API description, health, metrics and the log.

mod backup;
mod copying;
mod forgetting;
mod invitations;
mod mail;
mod operators;
mod people;
mod sandbox;
mod seats;
pub(crate) mod serving;
mod team;
mod telling;

pub(crate) use copying::{Answers, Crowd, copied, invite_new, kill_while_copying, rows_of, while_somebody_writes};
pub(crate) use serving::{UNLIMITED, create_account, fails, folder, serve, succeeds};
pub(crate) use team::Team;
