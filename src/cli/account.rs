//! `invited account`: creates an account and chooses its language.

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::cli::in_account::InAccount;
use crate::cli::output;
use crate::cli::settings::Given;
use crate::cli::{Missing, spoken, with_app};
use crate::language::{LANGUAGES, Language};
use crate::resources::accounts;
use crate::server::settings::Database;

/// Stands for no language of the account's own.
const NONE: &str = "none";

/// Manage accounts
#[derive(Subcommand)]
pub enum Account {
    Create(Create),
    Language(SetLanguage),
}

impl Account {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::Language(command) => command.run(),
        }
    }
}

/// Create an account with its owner, and print the owner's first token
///
/// The token is shown only now: the database keeps its hash.
#[derive(Args)]
pub struct Create {
    /// Name of the account
    name: String,
    /// Mail address of the owner
    #[arg(long, value_name = "ADDRESS")]
    owner_email: String,
    /// Full name of the owner
    #[arg(long, value_name = "NAME")]
    owner_name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<Database>,
}

#[derive(Serialize)]
struct Created<'a> {
    account_id: i64,
    user_id: i64,
    token: &'a str,
}

impl Create {
    fn run(self) -> Result<()> {
        let Self { name, owner_email, owner_name, json, settings } = self;
        let created = with_app(settings.read()?, Missing::Created, |app| async move {
            let (entropy, now) = (app.entropy.clone(), app.clock.now());
            let owner = move |db: &mut _| accounts::create(db, &entropy, &name, (&owner_name, &owner_email), now);
            app.store.write(owner).await.map_err(|error| spoken(&error))
        })?;
        let (account_id, user_id, token) = (created.account_id, created.user_id, created.token.expose_secret());
        output::print(
            json,
            &Created { account_id, user_id, token },
            format_args!("Created account {account_id}; its owner is user {user_id}.\nToken, shown only now: {token}"),
        )
    }
}

/// Choose the language of an account's mails and invitation pages
#[derive(Args)]
pub struct SetLanguage {
    /// The language, or none for that of the setting mail_language
    #[arg(value_parser = language())]
    code: Choice,
    #[command(flatten)]
    within: InAccount,
}

/// A language, or none.
type Choice = Option<Language>;

fn language() -> impl clap::builder::TypedValueParser<Value = Choice> {
    let codes = LANGUAGES.iter().map(|(_, code)| *code).chain([NONE]);
    PossibleValuesParser::new(codes).map(|code| Language::of_code(&code))
}

#[derive(Serialize)]
struct Chosen {
    account_id: i64,
    language: Option<&'static str>,
}

impl SetLanguage {
    fn run(self) -> Result<()> {
        let language = self.code;
        let account_id = self.within.write(move |db, context| {
            let account = context.caller.account_id;
            accounts::set_language(db, account, language, context.now)?;
            Ok(account)
        })?;
        let language = language.map(Language::code);
        let text = format_args!("Language of account {account_id}: {}", language.unwrap_or(NONE));
        output::print(self.within.json, &Chosen { account_id, language }, text)
    }
}
