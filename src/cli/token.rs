//! `invited token`: creates, lists and revokes bearer tokens.

use anyhow::{Result, bail};
use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::within::{InAccount, InDatabase, PersonArgs};
use crate::engine::tokens;
use crate::ids::TokenId;
use crate::oauth;
use crate::resources::accounts;
use crate::wire::kind::time;

/// Manage bearer tokens
#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a token for a member and print it; it is shown only now
    Create {
        /// What the token is for
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        label: String,
        #[command(flatten)]
        member: PersonArgs,
    },
    /// List the tokens of an account, without their secrets
    List(InAccount),
    /// Revoke a token, with the grant that it came from: running servers refuse it within a second
    Revoke {
        /// Id of the token, from `token list`
        id: TokenId,
        #[command(flatten)]
        within: InDatabase,
    },
}

impl TokenCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create { label, member: PersonArgs { email, within } } => {
                within.write_and_tell(move |db, context, account| {
                    let user = oauth::active_member(db, account, &email)?;
                    let (id, token) = accounts::create_token(db, &context.entropy, account, user, &label, context.now)?;
                    let token = token.expose_secret();
                    Ok((json!({"id": id.get(), "token": token}), format!("Token {id}, shown only now: {token}")))
                })
            }
            Self::List(within) => {
                let listed = within.read(|db, operator| Ok(tokens::list(db, operator.account_id)?))?;
                let lines: String = listed.iter().map(line).collect();
                within.print(&json!({ "tokens": listed }), lines)
            }
            Self::Revoke { id, within } => {
                if !within.write(false, move |db, context| Ok(accounts::revoke_token(db, id, context.now)?))? {
                    bail!("there is no valid token with the id {id}: `invited token list` shows them");
                }
                within.print(&json!({"id": id.get(), "revoked": true}), format_args!("Revoked token {id}."))
            }
        }
    }
}

fn line(token: &tokens::ListedToken) -> String {
    let revoked = token.revoked_at.map_or_else(String::new, |moment| format!("  revoked {}", time(moment.0)));
    let created_at = time(token.created_at.0);
    format!("{:>6}  {created_at}  {}  {}{revoked}\n", token.id, token.email_address, token.label)
}
