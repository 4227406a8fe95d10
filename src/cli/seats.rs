//! `invited seats`: how many licences each account takes, and how many were contracted.

use anyhow::Result;
use clap::{Arg, ArgMatches, Command};
use serde_json::{Value as Json, json};

use crate::cli::{Missing, listing, people, settings, spoken, with_app};
use crate::engine::error::Error;
use crate::ids::AccountId;
use crate::resources::accounts;
use crate::resources::seats::{self, Ledger};

const COLUMNS: &[&str] = &["account_id", "name", "contracted", "members", "pending", "taken", "over", "billed"];

pub fn command() -> Command {
    let with_database = |command| settings::add_flags(command, settings::is_of_database);
    let set = Command::new("set")
        .about("Say how many seats of an account were contracted; what was billed begins anew")
        .arg(
            Arg::new("count")
                .value_name("COUNT|none")
                .required(true)
                .value_parser(count)
                .help("How many seats, or none when nobody has said"),
        )
        .args([people::account_argument(), people::json_argument().help("Print JSON")]);
    let command = Command::new("seats")
        .about("Show the seats of every account: contracted, taken, and what is over")
        .long_about(
            "Show the seats of every account: contracted, taken, and what is over.\n\n\
             An active member takes one, and so does an invitation that was not accepted, also an expired one. Billed is the \
             highest number over the contracted one since that was said.",
        )
        .args([
            people::account_argument().help("Only this account"),
            people::json_argument().help("Print JSON"),
        ])
        .args_conflicts_with_subcommands(true)
        .subcommand(with_database(set));
    with_database(command)
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("set", matches)) => set(matches),
        _ => show(matches),
    }
}

/// A number of seats, or `none`.
fn count(text: &str) -> Result<Option<i64>, String> {
    match text.parse() {
        Ok(seats) if seats >= 0 => Ok(Some(seats)),
        _ if text == "none" => Ok(None),
        _ => Err("must be a whole number from 0 up, or none".to_owned()),
    }
}

fn show(matches: &ArgMatches) -> Result<()> {
    let only = matches.get_one::<AccountId>("account").copied();
    let ledgers = with_app(matches, Missing::Refused, |app| async move {
        let read = app.store.read(move |db| {
            let mut ledgers = Vec::new();
            let named = only.map(|account| people::account_or_only(db, Some(account))).transpose()?;
            for account in accounts::list(db)? {
                if named.is_none_or(|named| named == account.id) {
                    let ledger = seats::ledger(db, account.id)?;
                    ledgers.push((account, ledger));
                }
            }
            Ok(ledgers)
        });
        read.await.map_err(|error: Error| spoken(&error))
    })?;
    let rows = ledgers.iter().map(|(account, ledger)| row(account.id, &account.name, ledger));
    listing::print(matches, "seats", COLUMNS, rows.collect());
    Ok(())
}

fn row(account: AccountId, name: &str, ledger: &Ledger) -> Json {
    json!({
        "account_id": account.get(),
        "name": name,
        "contracted": ledger.contracted,
        "members": ledger.members,
        "pending": ledger.pending,
        "taken": ledger.taken(),
        "over": ledger.over(),
        "billed": ledger.billed,
    })
}

fn set(matches: &ArgMatches) -> Result<()> {
    let seats = matches.get_one::<Option<i64>>("count").copied().flatten();
    let (account, ledger) = people::write(matches, move |db, context| {
        let account = context.caller.account_id;
        Ok((account, seats::contract(db, account, seats, context.now)?))
    })?;
    if matches.get_flag("json") {
        let ledger = json!({
            "account_id": account.get(),
            "contracted": ledger.contracted,
            "taken": ledger.taken(),
            "over": ledger.over(),
        });
        println!("{ledger}");
    } else {
        let contracted = ledger.contracted.map_or_else(|| "none".to_owned(), |seats| seats.to_string());
        println!("Account {account}: contracted {contracted}, taken {}, over {}.", ledger.taken(), ledger.over());
    }
    Ok(())
}
