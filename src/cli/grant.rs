//! `invited grant`: lists the grants that members have given to applications, and ends them.

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::cli::output;
use crate::cli::within::{InAccount, InDatabase};
use crate::engine::audit::Actor;
use crate::engine::context::Context;
use crate::ids::GrantId;
use crate::oauth::grants;
use crate::store::Db;

const COLUMNS: &[&str] = &["id", "application", "email_address", "scope", "created_at", "renewed_at", "revoked_at"];

/// Manage the grants that members have given to OAuth applications
#[derive(Subcommand)]
pub enum GrantCommand {
    /// List the grants of an account: which member has allowed which application to act for them
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
                let end = move |db: &mut Db, context: &Context| Ok(grants::end(db, id, Actor::OPERATOR, context.now)?);
                if !within.write(false, end)? {
                    bail!("there is no grant in force with the id {id}: `invited grant list` shows them");
                }
                within.print(&json!({"id": id.get(), "revoked": true}), format_args!("Revoked grant {id}."))
            }
        }
    }
}
