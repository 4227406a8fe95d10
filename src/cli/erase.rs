//! `invited erase`: takes what says who somebody was out of an account, and leaves what was done.

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;

use crate::cli::{Missing, people, settings, spoken, with_app};
use crate::engine::context::Context;
use crate::engine::error::read_text;
use crate::resources::erasure::{self, Erased};
use crate::wire::kind::Kind;

pub fn command() -> Command {
    let command = Command::new("erase")
        .about("Erase a person from an account for good; without --yes, say what that would erase")
        .long_about(
            "Erase a person from an account for good; without --yes, say what that would erase.\n\n\
             Name and address go from everywhere, and with them membership, pending invitations, tokens and password. The \
             audit trail keeps its rows, in which only what tells the person is replaced. It cannot be undone, and can be \
             done again.",
        )
        .args([
            people::address_argument(),
            Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Erase, and do not only say what"),
            people::account_argument(),
            people::json_argument().help("Print JSON"),
        ]);
    settings::add_flags(command, settings::is_of_database)
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let email = matches.get_one::<String>("email").cloned().unwrap_or_default();
    let is_meant = matches.get_flag("yes");
    let erased = with_app(matches, Missing::Refused, |app| async move {
        let work = people::job(matches, &app, move |db, context| {
            // A piece of an address is in many, and nobody is to be erased by a slip of the hand.
            let address = read_text(Kind::Email, "email_address", &email)?;
            let context = Context { is_rehearsal: !is_meant, ..context.clone() };
            erasure::erase(db, &context, &address)
        });
        let done = if is_meant { app.store.write(work).await } else { app.store.rehearse(work).await };
        done.map_err(|error| spoken(&error))
    })?;
    let Erased { users, invitations, audit_rows } = erased;
    if matches.get_flag("json") {
        let counts = json!({"erased": is_meant, "users": users, "invitations": invitations, "audit_rows": audit_rows});
        println!("{counts}");
        return Ok(());
    }
    let counts = format!("users: {users}, invitations: {invitations}, rows of the audit trail: {audit_rows}");
    if is_meant {
        println!("Erased. {counts}");
    } else {
        println!("This would be erased. {counts}");
        println!("Nothing has happened yet: give --yes to erase it for good.");
    }
    Ok(())
}
