//! `invited seats`: how many seats each account uses, and how many were contracted.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::in_account::{InAccount, account_or_only};
use crate::cli::output::{self, Form};
use crate::cli::settings::Given;
use crate::cli::{Missing, spoken, with_app};
use crate::engine::error::Error;
use crate::resources::{accounts, seats};
use crate::server::settings::Database;

const COLUMNS: &[&str] = &["account_id", "name", "contracted", "members", "pending", "taken", "over", "billed"];

/// Show the seats of every account: contracted, taken, and over the contract
///
/// Each active member takes a seat, and so does each invitation that was not accepted, even an expired one. Billed is the
/// highest number over the contract since `seats set` was last used.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Seats {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    show: Show,
}

#[derive(Subcommand)]
enum Command {
    Set(Set),
}

#[derive(Args)]
struct Show {
    /// Only this account
    #[arg(long, value_name = "ID")]
    account: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<Database>,
}

/// Set how many seats of an account are contracted; billing starts anew
#[derive(Args)]
struct Set {
    /// Number of seats, or none if no number was agreed
    #[arg(value_name = "COUNT|none", value_parser = count)]
    count: Count,
    #[command(flatten)]
    within: InAccount,
}

/// A number of seats, or none.
type Count = Option<i64>;

fn count(text: &str) -> Result<Count, String> {
    match text.parse() {
        Ok(seats) if seats >= 0 => Ok(Some(seats)),
        _ if text == "none" => Ok(None),
        _ => Err("must be a whole number from 0 up, or none".to_owned()),
    }
}

#[derive(Serialize)]
struct Row {
    account_id: i64,
    name: String,
    contracted: Count,
    members: i64,
    pending: i64,
    taken: i64,
    over: i64,
    billed: i64,
}

#[derive(Serialize)]
struct Contracted {
    account_id: i64,
    contracted: Count,
    taken: i64,
    over: i64,
}

impl Seats {
    pub fn run(self) -> Result<()> {
        match self.command {
            Some(Command::Set(command)) => command.run(),
            None => self.show.run(),
        }
    }
}

impl Show {
    fn run(self) -> Result<()> {
        let only = self.account;
        let rows: Vec<Row> = with_app(self.settings.read()?, Missing::Refused, |app| async move {
            let read = app.store.read(move |db| {
                let only = only.map(|account| account_or_only(db, Some(account))).transpose()?;
                let accounts = accounts::list(db)?.into_iter().filter(|account| only.is_none_or(|id| id == account.id));
                accounts
                    .map(|account| {
                        let ledger = seats::ledger(db, account.id)?;
                        let (account_id, name, contracted) = (account.id, account.name, ledger.contracted);
                        let (members, pending, billed) = (ledger.members, ledger.pending, ledger.billed);
                        let (taken, over) = (ledger.taken(), ledger.over());
                        Ok(Row { account_id, name, contracted, members, pending, taken, over, billed })
                    })
                    .collect::<Result<Vec<Row>, Error>>()
            });
            read.await.map_err(|error: Error| spoken(&error))
        })?;
        output::print_rows(Form::json_if(self.json), "seats", COLUMNS, &rows)
    }
}

impl Set {
    fn run(self) -> Result<()> {
        let seats = self.count;
        let (account_id, ledger) = self.within.write(move |db, context| {
            let account = context.caller.account_id;
            Ok((account, seats::contract(db, account, seats, context.now)?))
        })?;
        let (contracted, taken, over) = (ledger.contracted, ledger.taken(), ledger.over());
        let text = contracted.map_or_else(|| "none".to_owned(), |seats| seats.to_string());
        output::print(
            self.within.json,
            &Contracted { account_id, contracted, taken, over },
            format_args!("Account {account_id}: contracted {text}, taken {taken}, over {over}."),
        )
    }
}
