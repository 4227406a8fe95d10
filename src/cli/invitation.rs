//! `invited invitation`: which invitations there are, what became of each, and a link to hand over.

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use crate::cli::{Missing, listing, mail, people, settings, spoken, with_app};
use crate::clock::{Clock, Timestamp};
use crate::engine::error::Error;
use crate::engine::records;
use crate::ids::{AccountId, InvitationId};
use crate::mail::outbox;
use crate::resources::invitations::states::{self, About, Listed};
use crate::resources::invitations::{self, RESOURCE, links};
use crate::store::Db;
use crate::wire::kind::date;

const COLUMNS: &[&str] = &["id", "state", "email_address", "full_name", "permission", "expiration_date", "mail_state"];

pub fn command() -> Command {
    let id = Arg::new("id")
        .value_name("ID")
        .required(true)
        .value_parser(value_parser!(InvitationId))
        .help("The invitation's id, from `invitation list`");
    let list = Command::new("list")
        .about("List the invitations of an account that wait for an answer")
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help("Also those that were accepted or declined, or have expired"),
        )
        .args([people::account_argument(), listing::csv_argument(), people::json_argument()]);
    let show = Command::new("show").about("Show an invitation and what became of its mails").args([
        id.clone(),
        people::account_argument(),
        people::json_argument(),
    ]);
    let link = Command::new("link")
        .about("Print a link to hand over, in place of all links before; it is told this once")
        .long_about(
            "Print a link to hand over, in place of all links before; it is told this once.\n\n\
             An invitation that was declined or has expired can be accepted again with it.",
        )
        .args([id, people::account_argument(), people::json_argument()]);
    Command::new("invitation")
        .about("Look at the invitations of an account, and hand one over")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([list, show].map(|command| settings::add_flags(command, settings::is_of_database)))
        .subcommand(settings::add_flags(link, |setting| {
            settings::is_of_database(setting) || ["listen", "base_url"].contains(&setting.name)
        }))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("show", matches)) => show(matches),
        Some(("link", matches)) => link(matches),
        _ => Ok(()),
    }
}

fn list(matches: &ArgMatches) -> Result<()> {
    let (all, now) = (matches.get_flag("all"), Clock::system().now());
    let listed = people::read(matches, move |db, operator| {
        let account = operator.account_id;
        let about = if all { About::Account(account) } else { About::Pending(account) };
        Ok(states::list(db, about, now)?)
    })?;
    let rows = listed.iter().map(|invitation| {
        json!({
            "id": invitation.id.to_string(),
            "state": invitation.state,
            "email_address": invitation.email_address,
            "full_name": invitation.full_name,
            "permission": invitation.permission,
            "expiration_date": date(invitation.expires_on),
            "mail_state": invitation.mail_state,
        })
    });
    listing::print(matches, "account_invitations", COLUMNS, rows.collect());
    Ok(())
}

/// The invitation of an id, of which a mistyped one is told with the way to the right one.
fn find(db: &mut Db, account: AccountId, id: InvitationId, now: Timestamp) -> Result<Listed, Error> {
    states::list(db, About::Invitation(account, id), now)?.pop().ok_or_else(|| {
        Error::Syntax(format!("Account {account} has no invitation {id}: `invited invitation list --all` shows them."))
    })
}

fn show(matches: &ArgMatches) -> Result<()> {
    let (id, now) = (given_id(matches), Clock::system().now());
    let (listed, invitation, mails) = people::read(matches, move |db, operator| {
        let account = operator.account_id;
        let listed = find(db, account, id, now)?;
        let mails = outbox::list(db, outbox::About::Invitation(account, id))?;
        Ok((listed, people::record(db, &RESOURCE, operator, id.record())?, mails))
    })?;
    let mails: Vec<Json> = mails.iter().map(mail::row).collect();
    if matches.get_flag("json") {
        println!("{}", json!({"account_invitation": invitation, "state": listed.state, "mails": mails}));
        return Ok(());
    }
    println!("{:>6}  {:<9}  {}  {}", listed.id, listed.state, listed.email_address, listed.full_name);
    people::print_fields(&invitation);
    if !mails.is_empty() {
        listing::print(matches, "mails", mail::COLUMNS, mails);
    }
    Ok(())
}

fn link(matches: &ArgMatches) -> Result<()> {
    let id = given_id(matches);
    let (address, token, last_day) = with_app(matches, Missing::Refused, |app| async move {
        app.config.require_base_url()?;
        let work = people::job(matches, &app, move |db, context| {
            let account = context.caller.account_id;
            find(db, account, id, context.now)?;
            let record = records::find(db, &RESOURCE, account, Some(id.record()))?;
            let token = invitations::hand_over(db, context, &record)?;
            Ok((token, find(db, account, id, context.now)?.expires_on))
        });
        let (token, last_day) = app.store.write(work).await.map_err(|error| spoken(&error))?;
        Ok((links::address(&app.base_url(), &token), token, last_day))
    })?;
    let (address, last_day) = (address.expose_secret(), date(last_day));
    if matches.get_flag("json") {
        let link = json!({
            "invitation_id": id.to_string(),
            "link": address,
            "token": token.expose_secret(),
            "expiration_date": last_day,
        });
        println!("{link}");
    } else {
        println!("The link, told this once, works through {last_day} (UTC): {address}");
    }
    Ok(())
}

fn given_id(matches: &ArgMatches) -> InvitationId {
    matches.get_one("id").copied().unwrap_or(InvitationId::new(0))
}
