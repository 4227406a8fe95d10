//! `invited user`: who is there, and how they come to sign in.

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value as Json, json};

use crate::cli::{people, settings, sign_in};

pub fn command() -> Command {
    let list = Command::new("list")
        .about("List the active members of an account")
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help("Also disabled and removed members, and invitees"),
        )
        .arg(Arg::new("matching").long("matching").value_name("TEXT").help("Only people with this in name or address"))
        .args([people::account_argument(), people::json_argument()]);
    let show = Command::new("show").about("Show a person and the membership").args([
        people::address_argument(),
        people::account_argument(),
        people::json_argument(),
    ]);
    Command::new("user")
        .about("Look at the people of an account, and let them sign in")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([list, show].map(|command| settings::add_flags(command, settings::is_of_database)))
        .subcommands([sign_in::password_command(), sign_in::link_command()])
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("show", matches)) => show(matches),
        Some(("password", matches)) => sign_in::set_password(matches),
        Some(("sign-in-link", matches)) => sign_in::print_link(matches),
        _ => Ok(()),
    }
}

fn list(matches: &ArgMatches) -> Result<()> {
    let mut params = Map::new();
    params.insert("show_disabled".to_owned(), matches.get_flag("all").to_string().into());
    if let Some(text) = matches.get_one::<String>("matching") {
        params.insert("matching".to_owned(), text.clone().into());
    }
    let users = people::read(matches, move |db, operator| people::every_user(db, operator, &params))?;
    if matches.get_flag("json") {
        println!("{}", json!({"users": users}));
        return Ok(());
    }
    for user in users {
        println!("{}", people::line(&user, user.get("account_membership").unwrap_or(&Json::Null)));
    }
    Ok(())
}

fn show(matches: &ArgMatches) -> Result<()> {
    let address = matches.get_one::<String>("email").cloned().unwrap_or_default();
    let (user, membership) = people::read(matches, move |db, operator| {
        let person = people::find(db, operator.account_id, &address)?;
        let user = people::user(db, operator, person.user_id)?;
        let membership = match person.membership_id {
            Some(id) => people::membership(db, operator, id)?,
            None => Json::Null,
        };
        Ok((user, membership))
    })?;
    if matches.get_flag("json") {
        println!("{}", json!({"user": user, "account_membership": membership}));
        return Ok(());
    }
    println!("{}", people::line(&user, &membership));
    people::print_fields(&membership);
    Ok(())
}
