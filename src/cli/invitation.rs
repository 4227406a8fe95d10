//! `invited invitation`: lists and shows invitations, and prints a link to one.

use anyhow::Result;
use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use crate::cli::within::{InAccount, LinkSettings};
use crate::cli::{mail, output, people};
use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::engine::records;
use crate::ids::{AccountId, InvitationId};
use crate::mail::outbox;
use crate::resources::invitations::states::{self, ListedInvitation};
use crate::resources::invitations::{self, RESOURCE, links};
use crate::store::Db;
use crate::wire::kind::date;

const COLUMNS: &[&str] = &["id", "state", "email_address", "full_name", "permission", "expiration_date", "mail_state"];

/// Look at the invitations of an account, and print a link to one
#[derive(Subcommand)]
pub enum InvitationCommand {
    /// List the pending invitations of an account
    List {
        /// Include accepted, declined and expired invitations
        #[arg(long)]
        all: bool,
        /// Print comma-separated values (RFC 4180) with a header line
        ///
        /// A cell that begins with = + - @ or ' or with a tab or a carriage return gets an apostrophe in front, so that
        /// no spreadsheet takes it for a formula. To restore the text, remove one leading apostrophe from each cell
        /// that begins with one.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        #[command(flatten)]
        within: InAccount,
    },
    /// Show an invitation and what became of its mails
    Show {
        /// Id of the invitation, from `invitation list`
        id: InvitationId,
        #[command(flatten)]
        within: InAccount,
    },
    /// Print a new link to an invitation, which replaces all earlier ones; it is shown only now
    ///
    /// It also reopens an invitation that was declined or has expired.
    Link {
        /// Id of the invitation, from `invitation list`
        id: InvitationId,
        #[command(flatten)]
        within: InAccount<LinkSettings>,
    },
}

impl InvitationCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::List { all, csv, within } => {
                let listed = within.read_at(move |db, operator, now| {
                    let state = if all { None } else { Some(states::PENDING) };
                    Ok(states::list(db, operator.account_id, None, state, now)?)
                })?;
                let rows: Vec<Json> = listed.iter().map(|listed| json!(listed)).collect();
                let form = if csv { output::csv } else { output::table };
                let text = form(COLUMNS, &rows);
                within.print(&json!({ "account_invitations": rows }), text)
            }
            Self::Show { id, within } => {
                let (ListedInvitation { state, email_address, full_name, .. }, record, mails) =
                    within.read_at(move |db, operator, now| {
                        let account = operator.account_id;
                        let listed = find(db, account, id, now)?;
                        let mails = outbox::of_invitation(db, account, id)?;
                        Ok((listed, people::record(db, &RESOURCE, operator, id.record())?, mails))
                    })?;
                let mails: Vec<Json> = mails.iter().map(mail::row).collect();
                let table = if mails.is_empty() { String::new() } else { output::table(mail::COLUMNS, &mails) };
                let text =
                    format!("{id:>6}  {state:<9}  {email_address}  {full_name}\n{}{table}", people::lines(&record));
                within.print(&json!({"account_invitation": record, "state": state, "mails": mails}), text)
            }
            Self::Link { id, within } => {
                let base_url = within.base_url()?;
                within.write_and_tell(move |db, context, account| {
                    find(db, account, id, context.now)?;
                    let record = records::find(db, &RESOURCE, account, Some(id.record()))?;
                    let token = invitations::hand_over(db, context, &record)?;
                    let last_day = date(find(db, account, id, context.now)?.expires_on);
                    let link = links::address(&base_url, &token);
                    let (link, token) = (link.expose_secret(), token.expose_secret());
                    Ok((
                        json!({"invitation_id": id, "link": link, "token": token, "expiration_date": last_day}),
                        format!("The link, shown only now, is valid through {last_day} (UTC): {link}"),
                    ))
                })
            }
        }
    }
}

/// The invitation with this id, or an error that says how to find the right one.
fn find(db: &mut Db, account: AccountId, id: InvitationId, now: Timestamp) -> Result<ListedInvitation, Error> {
    states::list(db, account, Some(id), None, now)?.pop().ok_or_else(|| {
        Error::Syntax(format!("Account {account} has no invitation {id}: `invited invitation list --all` shows them."))
    })
}
