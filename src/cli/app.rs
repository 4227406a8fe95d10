//! `invited app`: registers, lists and deletes OAuth applications.

use anyhow::{Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::people::{account_argument, account_or_only};
use crate::cli::{Missing, settings, spoken, with_app};
use crate::ids::AccountId;
use crate::oauth::applications::{self, Listed};
use crate::wire::kind::time;

pub fn command() -> Command {
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON");
    let create = Command::new("create")
        .about("Register an application, and print its secret this once")
        .arg(account_argument())
        .arg(
            Arg::new("user")
                .long("user")
                .value_name("ADDRESS")
                .required(true)
                .help("The member for whom it acts when it asks in its own name"),
        )
        .arg(Arg::new("name").long("name").value_name("NAME").required(true).help("What members are shown"))
        .arg(
            Arg::new("redirect_uri")
                .long("redirect-uri")
                .value_name("URI")
                .required(true)
                .action(ArgAction::Append)
                .help("Where answers may go, compared character by character; can be given several times"),
        )
        .arg(json.clone());
    let list = Command::new("list").about("List the applications of all accounts, without secrets").arg(json.clone());
    let delete = Command::new("delete")
        .about("Delete an application with every code and token that it holds: running servers refuse them within a second")
        .arg(Arg::new("client_id").value_name("CLIENT_ID").required(true).help("The application, from `app list`"))
        .arg(json);
    Command::new("app")
        .about("Manage OAuth applications")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([create, list, delete].map(|command| settings::add_flags(command, settings::is_of_database)))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("create", matches)) => create(matches),
        Some(("list", matches)) => list(matches),
        Some(("delete", matches)) => delete(matches),
        _ => Ok(()),
    }
}

fn create(matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (user, name) = (text("user"), text("name"));
    let uris: Vec<String> = matches.get_many::<String>("redirect_uri").into_iter().flatten().cloned().collect();
    let account = matches.get_one::<AccountId>("account").copied();
    let created = with_app(matches, Missing::Refused, |app| async move {
        let (entropy, now) = (app.entropy.clone(), app.clock.now());
        let work = app.store.write(move |db| {
            let account = account_or_only(db, account)?;
            applications::create(db, &entropy, account, &user, &name, &uris, now)
        });
        work.await.map_err(|error| spoken(&error))
    })?;
    let (application, secret) = (created.application, created.secret);
    if matches.get_flag("json") {
        let line = json!({
            "client_id": application.client_id,
            "client_secret": secret.expose_secret(),
            "name": application.name,
            "account_id": application.account_id.get(),
            "user_id": application.user_id.get(),
            "redirect_uris": application.redirect_uris,
        });
        println!("{line}");
    } else {
        println!("The application {} is registered for account {}.", application.name, application.account_id);
        println!("client_id: {}", application.client_id);
        println!("client_secret, told this once: {}", secret.expose_secret());
    }
    Ok(())
}

fn list(matches: &ArgMatches) -> Result<()> {
    let listed: Vec<Listed> =
        with_app(matches, Missing::Refused, |app| async move { Ok(app.store.read(applications::list).await?) })?;
    if matches.get_flag("json") {
        let applications: Vec<serde_json::Value> = listed
            .iter()
            .map(|listed| {
                json!({
                    "client_id": listed.application.client_id,
                    "name": listed.application.name,
                    "account_id": listed.application.account_id.get(),
                    "user_id": listed.application.user_id.get(),
                    "email_address": listed.email_address,
                    "redirect_uris": listed.application.redirect_uris,
                    "created_at": time(listed.created_at.0),
                })
            })
            .collect();
        println!("{}", json!({"applications": applications}));
        return Ok(());
    }
    for Listed { application, email_address, created_at } in listed {
        println!(
            "{}  account {}  {}  {}  {}",
            application.client_id,
            application.account_id,
            time(created_at.0),
            email_address,
            application.name
        );
        for uri in application.redirect_uris {
            println!("    {uri}");
        }
    }
    Ok(())
}

fn delete(matches: &ArgMatches) -> Result<()> {
    let client_id = matches.get_one::<String>("client_id").cloned().unwrap_or_default();
    let asked = client_id.clone();
    let deleted = with_app(matches, Missing::Refused, |app| async move {
        let now = app.clock.now();
        Ok(app.store.write(move |db| applications::delete(db, &asked, now)).await?)
    })?;
    if !deleted {
        bail!("there is no application {client_id}: `invited app list` shows them");
    }
    if matches.get_flag("json") {
        println!("{}", json!({"client_id": client_id, "deleted": true}));
    } else {
        println!("The application {client_id} is deleted, and what it held is revoked.");
    }
    Ok(())
}
