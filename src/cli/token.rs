//! `invited token`: creates, lists and revokes bearer tokens.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::cli::in_account::InAccount;
use crate::cli::output;
use crate::cli::settings::Given;
use crate::cli::{Missing, with_app};
use crate::engine::tokens;
use crate::oauth;
use crate::resources::accounts;
use crate::server::settings::Database;
use crate::wire::kind::time;

/// Manage bearer tokens
#[derive(Subcommand)]
pub enum Token {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

impl Token {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Revoke(command) => command.run(),
        }
    }
}

/// Create a token for a member and print it; it is shown only now
#[derive(Args)]
pub struct Create {
    /// Mail address of the member
    #[arg(value_name = "ADDRESS")]
    email: String,
    /// What the token is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    label: String,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Created<'a> {
    id: i64,
    token: &'a str,
}

impl Create {
    fn run(self) -> Result<()> {
        let Self { email, label, within } = self;
        let (id, token) = within.write(move |db, context| {
            let account = context.caller.account_id;
            let user = oauth::active_member(db, account, &email)?;
            accounts::create_token(db, &context.entropy, (account, user), &label, context.now)
        })?;
        let token = token.expose_secret();
        output::print(within.json, &Created { id, token }, format_args!("Token {id}, shown only now: {token}"))
    }
}

/// List the tokens of an account, without their secrets
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Listed {
    tokens: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    user_id: i64,
    email_address: String,
    label: String,
    created_at: String,
    revoked_at: Option<String>,
}

impl List {
    fn run(self) -> Result<()> {
        let tokens = self.within.read(|db, operator| Ok(tokens::list(db, operator.account_id)?))?;
        let rows = tokens.into_iter().map(|token| Row {
            id: token.id,
            user_id: token.user_id,
            email_address: token.email_address,
            label: token.label,
            created_at: time(token.created_at.0),
            revoked_at: token.revoked_at.map(|moment| time(moment.0)),
        });
        let listed = Listed { tokens: rows.collect() };
        let line = |token: &Row| {
            let revoked = token.revoked_at.as_ref().map_or_else(String::new, |moment| format!("  revoked {moment}"));
            format!("{:>6}  {}  {}  {}{revoked}", token.id, token.created_at, token.email_address, token.label)
        };
        let lines: Vec<String> = listed.tokens.iter().map(line).collect();
        output::print_lines(self.within.json, &listed, &lines)
    }
}

/// Revoke a token: running servers refuse it within a second
#[derive(Args)]
pub struct Revoke {
    /// Id of the token, from `token list`
    id: i64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<Database>,
}

#[derive(Serialize)]
struct Revoked {
    id: i64,
    revoked: bool,
}

impl Revoke {
    fn run(self) -> Result<()> {
        let id = self.id;
        let revoked = with_app(self.settings.read()?, Missing::Refused, |app| async move {
            let now = app.clock.now();
            Ok(app.store.write(move |db| accounts::revoke_token(db, id, now)).await?)
        })?;
        if !revoked {
            bail!("there is no valid token with the id {id}: `invited token list` shows them");
        }
        output::print(self.json, &Revoked { id, revoked }, format_args!("Token {id} is revoked."))
    }
}
