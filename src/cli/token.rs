//! `invited token`: makes, lists and revokes bearer tokens.

use anyhow::{Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::people::account_or_only;
use crate::cli::{Missing, settings, spoken, with_app};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::ids::{AccountId, TokenId};
use crate::oauth;
use crate::resources::accounts;
use crate::wire::kind::time;

pub fn command() -> Command {
    let account = Arg::new("account")
        .long("account")
        .value_name("ID")
        .value_parser(value_parser!(AccountId))
        .help("The account; not needed while there is only one");
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON");
    let create = Command::new("create")
        .about("Make a token for a member, and print it this once")
        .arg(Arg::new("email").value_name("ADDRESS").required(true).help("The member's mail address"))
        .arg(Arg::new("label").long("label").value_name("TEXT").default_value("").help("What the token is for"))
        .args([account.clone(), json.clone()]);
    let list = Command::new("list")
        .about("List the tokens of an account, without the tokens themselves")
        .args([account, json.clone()]);
    let revoke = Command::new("revoke")
        .about("Revoke a token: running servers refuse it within a second")
        .arg(
            Arg::new("id")
                .value_name("ID")
                .required(true)
                .value_parser(value_parser!(TokenId))
                .help("The token's id, from `token list`"),
        )
        .arg(json);
    Command::new("token")
        .about("Manage bearer tokens")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([create, list, revoke].map(|command| settings::add_flags(command, settings::is_of_database)))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("create", matches)) => create(matches),
        Some(("list", matches)) => list(matches),
        Some(("revoke", matches)) => revoke(matches),
        _ => Ok(()),
    }
}

fn create(matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (email, label) = (text("email"), text("label"));
    let account = matches.get_one::<AccountId>("account").copied();
    let (id, token) = with_app(matches, Missing::Refused, |app| async move {
        let (entropy, now) = (app.entropy.clone(), app.clock.now());
        let work = app.store.write(move |db| {
            let account = account_or_only(db, account)?;
            let user = oauth::active_member(db, account, &email)?;
            accounts::create_token(db, &entropy, account, user, &label, now)
        });
        work.await.map_err(|error| spoken(&error))
    })?;
    if matches.get_flag("json") {
        println!("{}", json!({"id": id.get(), "token": token.expose_secret()}));
    } else {
        println!("Token {id}, told this once: {}", token.expose_secret());
    }
    Ok(())
}

fn list(matches: &ArgMatches) -> Result<()> {
    let account = matches.get_one::<AccountId>("account").copied();
    let listed = with_app(matches, Missing::Refused, |app| async move {
        let work = app.store.read(move |db| {
            let account = account_or_only(db, account)?;
            Ok::<_, Error>(tokens::list(db, account)?)
        });
        work.await.map_err(|error| spoken(&error))
    })?;
    if matches.get_flag("json") {
        let tokens: Vec<serde_json::Value> = listed
            .iter()
            .map(|token| {
                json!({
                    "id": token.id.get(),
                    "user_id": token.user_id.get(),
                    "email_address": token.email_address,
                    "label": token.label,
                    "created_at": time(token.created_at.0),
                    "revoked_at": token.revoked_at.map(|moment| time(moment.0)),
                })
            })
            .collect();
        println!("{}", json!({"tokens": tokens}));
        return Ok(());
    }
    for token in listed {
        let revoked = token.revoked_at.map_or_else(String::new, |moment| format!("  revoked {}", time(moment.0)));
        println!("{:>6}  {}  {}  {}{revoked}", token.id, time(token.created_at.0), token.email_address, token.label);
    }
    Ok(())
}

fn revoke(matches: &ArgMatches) -> Result<()> {
    let id = matches.get_one("id").copied().unwrap_or(TokenId::new(0));
    let revoked = with_app(matches, Missing::Refused, |app| async move {
        let now = app.clock.now();
        Ok(app.store.write(move |db| accounts::revoke_token(db, id, now)).await?)
    })?;
    if !revoked {
        bail!("there is no valid token with the id {id}: `invited token list` shows them");
    }
    if matches.get_flag("json") {
        println!("{}", json!({"id": id.get(), "revoked": true}));
    } else {
        println!("Token {id} is revoked.");
    }
    Ok(())
}
