//! `invited grant`: lists what members have allowed applications, and ends it.

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::cli::output;
use crate::cli::within::{InAccount, InDatabase};
use crate::engine::audit::Actor;
use crate::ids::GrantId;
use crate::oauth::grants;

const COLUMNS: &[&str] = &["id", "application", "email_address", "scope", "created_at", "renewed_at", "revoked_at"];

/// Manage what members have allowed OAuth applications
#[derive(Subcommand)]
pub enum GrantCommand {
    /// List the grants of an account: who has allowed which application to act in their name
    List(InAccount),
    /// End a grant with its access and refresh tokens: running servers refuse them within a second
    Revoke {
        /// Id of the grant, from `grant list`
        id: GrantId,
        #[command(flatten)]
        within: InDatabase,
    },
}

impl GrantCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::List(within) => {
                let listed = within.read(|db, operator| Ok(grants::list(db, operator.account_id)?))?;
                let rows: Vec<Json> = listed.iter().map(|grant| json!(grant)).collect();
                let table = output::table(COLUMNS, &rows);
                within.print(&json!({ "grants": rows }), table)
            }
            Self::Revoke { id, within } => {
                let end = move |db: &mut _, now| Ok(grants::end(db, id, Actor::OPERATOR, now)?);
                if !within.write(false, move |db, context| end(db, context.now))? {
                    bail!("there is no grant in force with the id {id}: `invited grant list` shows them");
                }
                within.print(&json!({"id": id.get(), "revoked": true}), format_args!("Revoked grant {id}."))
            }
        }
    }
}
