//! `invited account`: how a team begins, and which language it speaks to people outside.

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::{Missing, people, settings, spoken, with_app};
use crate::language::{LANGUAGES, Language};
use crate::resources::accounts;

/// What is given in place of a language that an account no longer has.
const NONE: &str = "none";

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
    let codes = LANGUAGES.iter().map(|(_, code)| *code).chain([NONE]);
    let language = Command::new("language")
        .about("Choose the language of an account's mails and their pages")
        .arg(
            Arg::new("code")
                .value_name("CODE")
                .required(true)
                .value_parser(PossibleValuesParser::new(codes))
                .help("The language, or none for that of the setting mail_language"),
        )
        .args([people::account_argument(), people::json_argument().help("Print JSON")]);
    Command::new("account")
        .about("Manage accounts")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([create, language].map(|command| settings::add_flags(command, settings::is_of_database)))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("create", matches)) => create(matches),
        Some(("language", matches)) => choose_language(matches),
        _ => Ok(()),
    }
}

fn create(matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (name, owner_name, owner_email) = (text("name"), text("owner_name"), text("owner_email"));
    let created = with_app(matches, Missing::Made, |app| async move {
        let (entropy, now) = (app.entropy.clone(), app.clock.now());
        let work = app.store.write(move |db| accounts::create(db, &entropy, &name, (&owner_name, &owner_email), now));
        work.await.map_err(|error| spoken(&error))
    })?;
    let token = created.token.expose_secret();
    if matches.get_flag("json") {
        let line = json!({"account_id": created.account_id.get(), "user_id": created.user_id.get(), "token": token});
        println!("{line}");
    } else {
        println!("Account {} was made, its owner is user {}.", created.account_id, created.user_id);
        println!("The owner's token, told this once: {token}");
    }
    Ok(())
}

fn choose_language(matches: &ArgMatches) -> Result<()> {
    let language = matches.get_one::<String>("code").and_then(|code| Language::of_code(code));
    let account = people::write(matches, move |db, context| {
        let account = context.caller.account_id;
        accounts::set_language(db, account, language, context.now)?;
        Ok(account)
    })?;
    let code = language.map(Language::code);
    if matches.get_flag("json") {
        println!("{}", json!({"account_id": account.get(), "language": code}));
    } else {
        println!("Language of account {account}: {}", code.unwrap_or(NONE));
    }
    Ok(())
}
