//! `invited erase`: removes what identifies a person from an account, and leaves what was done.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::cli::within::PersonArgs;
use crate::engine::error::{Error, read_text};
use crate::resources::erasure::{self, Erased};
use crate::wire::kind::Kind;

/// Erase a person from an account for good; without --yes, only show what that would erase
///
/// Name and address are removed everywhere, and with them the membership, pending invitations, tokens and the
/// password. The audit trail keeps its rows; only what identifies the person is replaced. This cannot be undone. An
/// address that no one has, or that was erased already, is refused.
#[derive(Args)]
pub struct EraseCommand {
    #[command(flatten)]
    person: PersonArgs,
    /// Erase, instead of only showing what would be erased
    #[arg(long)]
    yes: bool,
}

impl EraseCommand {
    pub fn run(self) -> Result<()> {
        let (PersonArgs { email, within }, is_rehearsal) = (self.person, !self.yes);
        let Erased { users, invitations, audit_rows } = within.write(is_rehearsal, move |db, context, account| {
            // A part of an address is in many addresses: only a complete one is accepted.
            let address = read_text(Kind::Email, "email_address", &email)?;
            match erasure::erase(db, context, &address)? {
                // After a typing error the operator must not believe that the person was erased.
                erased if erased == Erased::default() => {
                    Err(Error::Syntax(format!("There is nobody with the address {address} in account {account}.")))
                }
                erased => Ok(erased),
            }
        })?;
        let counts = format!("users: {users}, invitations: {invitations}, rows of the audit trail: {audit_rows}");
        let text = match self.yes {
            true => format!("Erased. {counts}"),
            false => format!("Would be erased: {counts}\nNothing was changed: add --yes to erase it for good."),
        };
        let record = json!({"erased": self.yes, "users": users, "invitations": invitations, "audit_rows": audit_rows});
        within.print(&record, text)
    }
}
