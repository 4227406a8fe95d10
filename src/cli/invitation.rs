//! `invited invitation`: lists and shows invitations, and prints a link to one.

use anyhow::Result;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::cli::in_account::{InAccount, LinkSettings};
use crate::cli::mail;
use crate::cli::output::{self, Form};
use crate::cli::people::{self, Fields};
use crate::clock::{Clock, Timestamp};
use crate::engine::error::Error;
use crate::engine::records;
use crate::mail::outbox;
use crate::resources::invitations::states::{self, About, Listed};
use crate::resources::invitations::{self, RESOURCE, links};
use crate::store::Db;
use crate::wire::kind::date;

const COLUMNS: &[&str] = &["id", "state", "email_address", "full_name", "permission", "expiration_date", "mail_state"];

/// Look at the invitations of an account, and print a link to one
#[derive(Subcommand)]
pub enum Invitation {
    List(List),
    Show(Show),
    Link(Link),
}

impl Invitation {
    pub fn run(self) -> Result<()> {
        match self {
            Self::List(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Link(command) => command.run(),
        }
    }
}

/// List the pending invitations of an account
#[derive(Args)]
pub struct List {
    /// Include accepted, declined and expired invitations
    #[arg(long)]
    all: bool,
    /// Print comma-separated values (RFC 4180) with a header line
    ///
    /// A cell that begins with = + - @ ' a tab or a carriage return gets an apostrophe in front, or a spreadsheet would
    /// take it for a formula. To get the original text, remove one leading apostrophe from each cell that has one.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Row {
    id: String,
    state: String,
    email_address: String,
    full_name: String,
    permission: String,
    expiration_date: String,
    mail_state: Option<String>,
}

impl List {
    fn run(self) -> Result<()> {
        let (all, now) = (self.all, Clock::system().now());
        let listed = self.within.read(move |db, operator| {
            let account = operator.account_id;
            let about = if all { About::Account(account) } else { About::Pending(account) };
            Ok(states::list(db, about, now)?)
        })?;
        let rows = listed.into_iter().map(|invitation| Row {
            id: invitation.id.to_string(),
            state: invitation.state,
            email_address: invitation.email_address,
            full_name: invitation.full_name,
            permission: invitation.permission,
            expiration_date: date(invitation.expires_on),
            mail_state: invitation.mail_state,
        });
        let form = if self.csv { Form::Csv } else { Form::json_if(self.within.json) };
        output::print_rows(form, "account_invitations", COLUMNS, &rows.collect::<Vec<_>>())
    }
}

/// The invitation with this id, or an error that says how to find the right one.
fn find(db: &mut Db, account: i64, id: i64, now: Timestamp) -> Result<Listed, Error> {
    states::list(db, About::Invitation(account, id), now)?.pop().ok_or_else(|| {
        Error::Syntax(format!("Account {account} has no invitation {id}: `invited invitation list --all` shows them."))
    })
}

/// Show an invitation and what became of its mails
#[derive(Args)]
pub struct Show {
    /// Id of the invitation, from `invitation list`
    id: i64,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Shown {
    account_invitation: Fields,
    state: String,
    mails: Vec<mail::Row>,
}

impl Show {
    fn run(self) -> Result<()> {
        let (id, now) = (self.id, Clock::system().now());
        let (listed, account_invitation, mails) = self.within.read(move |db, operator| {
            let account = operator.account_id;
            let listed = find(db, account, id, now)?;
            let mails = outbox::list(db, outbox::About::Invitation(account, id))?;
            Ok((listed, people::record(db, &RESOURCE, operator, id)?, mails))
        })?;
        let Listed { state, email_address, full_name, .. } = listed;
        let mut lines = vec![format!("{id:>6}  {state:<9}  {email_address}  {full_name}")];
        lines.extend(people::lines(&account_invitation));
        let shown = Shown { account_invitation, state, mails: mails.into_iter().map(mail::Row::from).collect() };
        output::print_lines(self.within.json, &shown, &lines)?;
        if self.within.json || shown.mails.is_empty() {
            return Ok(());
        }
        output::print_rows(Form::Table, "mails", mail::COLUMNS, &shown.mails)
    }
}

/// Print a new link to an invitation, which replaces all earlier ones; it is shown only now
///
/// It also reopens an invitation that was declined or has expired.
#[derive(Args)]
pub struct Link {
    /// Id of the invitation, from `invitation list`
    id: i64,
    #[command(flatten)]
    within: InAccount<LinkSettings>,
}

#[derive(Serialize)]
struct Printed<'a> {
    invitation_id: String,
    link: &'a str,
    token: &'a str,
    expiration_date: &'a str,
}

impl Link {
    fn run(self) -> Result<()> {
        let id = self.id;
        let (base_url, (token, last_day)) = self.within.write_for_link(move |db, context| {
            let account = context.caller.account_id;
            find(db, account, id, context.now)?;
            let record = records::find(db, &RESOURCE, account, Some(id))?;
            let token = invitations::hand_over(db, context, &record)?;
            Ok((token, find(db, account, id, context.now)?.expires_on))
        })?;
        let (link, expiration_date) = (links::address(&base_url, &token), &date(last_day));
        let (link, token, invitation_id) = (link.expose_secret(), token.expose_secret(), id.to_string());
        output::print(
            self.within.json,
            &Printed { invitation_id, link, token, expiration_date },
            format_args!("The link, shown only now, is valid through {expiration_date} (UTC): {link}"),
        )
    }
}
