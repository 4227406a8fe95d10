//! `invited erase`: removes what identifies a person from an account, and leaves what was done.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::cli::in_account::InAccount;
use crate::cli::{Missing, output, spoken, with_app};
use crate::engine::context::Context;
use crate::engine::error::read_text;
use crate::resources::erasure::{self, Erased};
use crate::wire::kind::Kind;

/// Erase a person from an account for good; without --yes, only show what that would erase
///
/// Name and address are removed everywhere, and with them the membership, pending invitations, tokens and the password. The
/// audit trail keeps its rows; only what identifies the person is replaced. It cannot be undone, and it can be repeated.
#[derive(Args)]
pub struct Erase {
    /// Mail address of the person
    #[arg(value_name = "ADDRESS")]
    email: String,
    /// Erase, instead of only showing what would be erased
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Counts {
    erased: bool,
    users: usize,
    invitations: usize,
    audit_rows: usize,
}

impl Erase {
    pub fn run(self) -> Result<()> {
        let Self { email, yes, within } = self;
        let Erased { users, invitations, audit_rows } =
            with_app(within.settings.read()?, Missing::Refused, |app| async {
                let app = app;
                let work = within.job(&app, move |db, context| {
                    // A part of an address is in many addresses: only a complete one is accepted.
                    let address = read_text(Kind::Email, "email_address", &email)?;
                    let context = Context { is_rehearsal: !yes, ..context.clone() };
                    erasure::erase(db, &context, &address)
                });
                let done = if yes { app.store.write(work).await } else { app.store.rehearse(work).await };
                done.map_err(|error| spoken(&error))
            })?;
        let counts = format!("users: {users}, invitations: {invitations}, rows of the audit trail: {audit_rows}");
        let text = match yes {
            true => format!("Erased. {counts}"),
            false => format!("Would be erased: {counts}\nNothing was changed: add --yes to erase it for good."),
        };
        output::print(within.json, &Counts { erased: yes, users, invitations, audit_rows }, text)
    }
}
