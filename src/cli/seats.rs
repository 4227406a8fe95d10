//! `invited seats`: how many seats each account uses, and how many were contracted.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::cli::output;
use crate::cli::within::{InAccount, InDatabase, account_or_only};
use crate::ids::AccountId;
use crate::resources::seats::{self, AccountSeats};

const COLUMNS: &[&str] = &["account_id", "name", "contracted", "members", "pending", "taken", "over", "billed"];

/// Show the seats of every account: contracted, taken, and over the contract
///
/// Each active member takes a seat, and so does each invitation that was not accepted, even an expired one. Billed is
/// the highest number over the contract since `seats set` was last used.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SeatsCommand {
    #[command(subcommand)]
    command: Option<SeatsChange>,
    /// Only this account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    #[command(flatten)]
    within: InDatabase,
}

#[derive(Subcommand)]
enum SeatsChange {
    /// Set how many seats of an account are contracted; billing starts anew
    Set {
        /// Number of seats, or none if no number was agreed
        #[arg(value_name = "COUNT|none", value_parser = count)]
        count: Count,
        #[command(flatten)]
        within: InAccount,
    },
}

/// A number of seats or none. Clap must not see the `Option`.
type Count = Option<i64>;

fn count(text: &str) -> Result<Count, String> {
    match text.parse() {
        Ok(seats) if seats >= 0 => Ok(Some(seats)),
        _ if text == "none" => Ok(None),
        _ => Err("must be a whole number from 0 up, or none".to_owned()),
    }
}

impl SeatsCommand {
    pub fn run(self) -> Result<()> {
        let Some(SeatsChange::Set { count, within }) = self.command else {
            let only = self.account;
            let rows: Vec<Json> = self.within.read(move |db| {
                let only = only.map(|account| account_or_only(db, Some(account))).transpose()?;
                let all = seats::of_accounts(db)?.into_iter();
                Ok(all.filter(|seats| only.is_none_or(|id| id == seats.account_id)).map(row).collect())
            })?;
            let table = output::table(COLUMNS, &rows);
            return self.within.print(&json!({ "seats": rows }), table);
        };
        let (account, ledger) = within.write(false, move |db, context, account| {
            Ok((account, seats::contract(db, account, count, context.now)?))
        })?;
        let (contracted, taken, over) = (ledger.contracted, ledger.taken(), ledger.over());
        let text = contracted.map_or_else(|| "none".to_owned(), |seats| seats.to_string());
        within.print(
            &json!({"account_id": account.get(), "contracted": contracted, "taken": taken, "over": over}),
            format_args!("Account {account}: contracted {text}, taken {taken}, over {over}."),
        )
    }
}

fn row(seats: AccountSeats) -> Json {
    let mut row = json!(seats);
    row["account_id"] = seats.account_id.get().into();
    row["name"] = seats.name.into();
    row
}
