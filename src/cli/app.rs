//! `invited app`: registers, lists and deletes OAuth applications.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::cli::in_account::InAccount;
use crate::cli::output;
use crate::cli::settings::Given;
use crate::cli::{Missing, with_app};
use crate::oauth::applications;
use crate::server::settings::Database;
use crate::wire::kind::time;

/// Manage OAuth applications
#[derive(Subcommand)]
pub enum App {
    Create(Create),
    List(List),
    Delete(Delete),
}

impl App {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Delete(command) => command.run(),
        }
    }
}

/// Register an application and print its secret; it is shown only now
#[derive(Args)]
pub struct Create {
    /// Mail address of the member as whom it acts when it asks for a token in its own name
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
}

#[derive(Serialize)]
struct Created<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    name: &'a str,
    account_id: i64,
    user_id: i64,
    redirect_uris: &'a [String],
}

impl Create {
    fn run(self) -> Result<()> {
        let Self { user, name, redirect_uri, within } = self;
        let created = within.write(move |db, context| {
            let member = (context.caller.account_id, user.as_str());
            applications::create(db, &context.entropy, member, &name, &redirect_uri, context.now)
        })?;
        let (application, client_secret) = (&created.application, created.secret.expose_secret());
        let (name, client_id, account_id) = (&application.name, &application.client_id, application.account_id);
        let (user_id, redirect_uris) = (application.user_id, &application.redirect_uris);
        output::print(
            within.json,
            &Created { client_id, client_secret, name, account_id, user_id, redirect_uris },
            format_args!(
                "Registered the application {name} for account {account_id}.\nclient_id: {client_id}\n\
                 client_secret, shown only now: {client_secret}"
            ),
        )
    }
}

/// List the applications of all accounts, without their secrets
#[derive(Args)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<Database>,
}

#[derive(Serialize)]
struct Listed {
    applications: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    client_id: String,
    name: String,
    account_id: i64,
    user_id: i64,
    email_address: String,
    redirect_uris: Vec<String>,
    created_at: String,
}

impl List {
    fn run(self) -> Result<()> {
        let read = |app: crate::server::app::App| async move { Ok(app.store.read(applications::list).await?) };
        let applications = with_app(self.settings.read()?, Missing::Refused, read)?;
        let rows = applications.into_iter().map(|listed| Row {
            client_id: listed.application.client_id,
            name: listed.application.name,
            account_id: listed.application.account_id,
            user_id: listed.application.user_id,
            email_address: listed.email_address,
            redirect_uris: listed.application.redirect_uris,
            created_at: time(listed.created_at.0),
        });
        let listed = Listed { applications: rows.collect() };
        let lines = |row: &Row| {
            let Row { client_id, account_id, created_at, email_address, name, .. } = row;
            let first = format!("{client_id}  account {account_id}  {created_at}  {email_address}  {name}");
            [first].into_iter().chain(row.redirect_uris.iter().map(|uri| format!("    {uri}"))).collect::<Vec<_>>()
        };
        let lines: Vec<String> = listed.applications.iter().flat_map(lines).collect();
        output::print_lines(self.json, &listed, &lines)
    }
}

/// Delete an application with all its codes and tokens: running servers refuse them within a second
#[derive(Args)]
pub struct Delete {
    /// client_id of the application, from `app list`
    #[arg(value_name = "CLIENT_ID")]
    client_id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<Database>,
}

#[derive(Serialize)]
struct Deleted<'a> {
    client_id: &'a str,
    deleted: bool,
}

impl Delete {
    fn run(self) -> Result<()> {
        let (client_id, wanted) = (&self.client_id, self.client_id.clone());
        let deleted = with_app(self.settings.read()?, Missing::Refused, |app| async move {
            let now = app.clock.now();
            Ok(app.store.write(move |db| applications::delete(db, &wanted, now)).await?)
        })?;
        if !deleted {
            bail!("there is no application {client_id}: `invited app list` shows them");
        }
        let text = format_args!("Deleted the application {client_id} and revoked its tokens.");
        output::print(self.json, &Deleted { client_id, deleted }, text)
    }
}
