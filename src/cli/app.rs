//! `invited app`: registers, lists and deletes OAuth applications.

use anyhow::{Result, bail};
use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::within::{InAccount, InDatabase};
use crate::oauth::applications::{self, Application, ListedApplication};
use crate::wire::kind::time;

/// Manage OAuth applications
#[derive(Subcommand)]
pub enum AppCommand {
    /// Register an application and print its secret; it is shown only now
    Create {
        /// Mail address of the member for whom it acts when it asks for a token in its own name
        #[arg(long, value_name = "ADDRESS")]
        user: String,
        /// Name that members see
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Redirect URI, compared character by character; can be given several times
        #[arg(long, value_name = "URI", required = true)]
        redirect_uri: Vec<String>,
        #[command(flatten)]
        within: InAccount,
    },
    /// List the applications of all accounts, without their secrets
    List(InDatabase),
    /// Delete an application with all its codes and tokens: running servers refuse them within a second
    Delete {
        /// client_id of the application, from `app list`
        #[arg(value_name = "CLIENT_ID")]
        client_id: String,
        #[command(flatten)]
        within: InDatabase,
    },
}

impl AppCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create { user, name, redirect_uri, within } => within.write_and_tell(move |db, context, account| {
                let (entropy, now) = (&context.entropy, context.now);
                let (application, secret) =
                    applications::create(db, entropy, account, &user, &name, &redirect_uri, now)?;
                let Application { account_id, client_id, name, .. } = &application;
                let (mut record, secret) = (json!(application), secret.expose_secret());
                record["client_secret"] = secret.into();
                let text = format!("client_id: {client_id}\nclient_secret, shown only now: {secret}");
                Ok((record, format!("Registered the application {name} for account {account_id}.\n{text}")))
            }),
            Self::List(within) => {
                let listed = within.read(|db| Ok(applications::list(db)?))?;
                let lines: String = listed.iter().map(lines).collect();
                within.print(&json!({ "applications": listed }), lines)
            }
            Self::Delete { client_id, within } => {
                let wanted = client_id.clone();
                if !within.write(false, move |db, context| Ok(applications::delete(db, &wanted, context.now)?))? {
                    bail!("there is no application {client_id}: `invited app list` shows them");
                }
                let text = format!("Deleted the application {client_id} and revoked its tokens.");
                within.print(&json!({"client_id": client_id, "deleted": true}), text)
            }
        }
    }
}

fn lines(ListedApplication { application, email_address, created_at }: &ListedApplication) -> String {
    let Application { client_id, account_id, name, redirect_uris, .. } = application;
    let uris: String = redirect_uris.iter().map(|uri| format!("    {uri}\n")).collect();
    format!("{client_id}  account {account_id}  {}  {email_address}  {name}\n{uris}", time(created_at.0))
}
