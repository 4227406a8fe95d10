//! `invited account create`: how a team begins.

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::ExposeSecret as _;

use super::{Missing, settings, spoken, with_app};
use crate::accounts;

pub fn command() -> Command {
    let create = Command::new("create")
        .about("Make an account with its owner, and print the owner's first token")
        .long_about(
            "Make an account with its owner, and print the owner's first token.\n\n\
             The token is told this once; the database keeps only its hash.",
        )
        .arg(Arg::new("name").value_name("NAME").required(true).help("Name of the account"))
        .arg(
            Arg::new("owner_email")
                .long("owner-email")
                .value_name("ADDRESS")
                .required(true)
                .help("The owner's mail address"),
        )
        .arg(Arg::new("owner_name").long("owner-name").value_name("NAME").required(true).help("The owner's full name"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one line of JSON"));
    Command::new("account")
        .about("Manage accounts")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(settings::add_flags(create, |setting| setting.name == "database"))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let Some(("create", matches)) = matches.subcommand() else {
        return Ok(());
    };
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (name, owner_name, owner_email) = (text("name"), text("owner_name"), text("owner_email"));
    let created = with_app(matches, Missing::Made, |app| async move {
        let (entropy, now) = (app.entropy.clone(), app.clock.now());
        let work = app.store.write(move |db| accounts::create(db, &entropy, &name, (&owner_name, &owner_email), now));
        work.await.map_err(|error| spoken(&error))
    })?;
    let token = created.token.expose_secret();
    if matches.get_flag("json") {
        let line = serde_json::json!({"account_id": created.account_id, "user_id": created.user_id, "token": token});
        println!("{line}");
    } else {
        println!("Account {} was made, its owner is user {}.", created.account_id, created.user_id);
        println!("The owner's token, told this once: {token}");
    }
    Ok(())
}
