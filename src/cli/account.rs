//! `invited account`: creates an account and chooses its language.

use anyhow::Result;
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::with_app;
use crate::cli::within::{InAccount, InDatabase};
use crate::language::{LANGUAGES, Language};
use crate::resources::accounts;
use crate::store::Db;

/// Stands for no language of the account's own.
const NONE: &str = "none";

/// A language or none. Clap must not see the `Option`.
type Choice = Option<Language>;

fn language() -> impl TypedValueParser<Value = Choice> {
    let codes = LANGUAGES.iter().map(|(_, code)| *code).chain([NONE]);
    PossibleValuesParser::new(codes).map(|code| Language::of_code(&code))
}

/// Manage accounts
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Create an account with its owner, and print the owner's first token
    ///
    /// The token is shown only now: the database keeps its hash.
    Create {
        /// Name of the account
        name: String,
        /// Mail address of the owner
        #[arg(long, value_name = "ADDRESS")]
        owner_email: String,
        /// Full name of the owner
        #[arg(long, value_name = "NAME")]
        owner_name: String,
        #[command(flatten)]
        within: InDatabase,
    },
    /// Choose the language of an account's mails and invitation pages
    Language {
        /// The language, or none for that of the setting mail_language
        #[arg(value_parser = language())]
        code: Choice,
        #[command(flatten)]
        within: InAccount,
    },
}

impl AccountCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create { name, owner_email, owner_name, within } => {
                let created = with_app(within.settings.read()?, |app| async move {
                    let (entropy, now) = (app.entropy.clone(), app.clock.now());
                    let create =
                        move |db: &mut Db| accounts::create(db, &entropy, &name, (&owner_name, &owner_email), now);
                    app.store.patient().write(create).await
                })?;
                let (account, user, token) = (created.account_id, created.user_id, created.token.expose_secret());
                within.print(
                    &json!({"account_id": account.get(), "user_id": user.get(), "token": token}),
                    format_args!("Created account {account}, owned by user {user}.\nToken, shown only now: {token}"),
                )
            }
            Self::Language { code: language, within } => {
                let (account, ()) = within.write(false, move |db, context, account| {
                    Ok((account, accounts::set_language(db, account, language, context.now)?))
                })?;
                let code = language.map(Language::code);
                within.print(
                    &json!({"account_id": account.get(), "language": code}),
                    format_args!("Language of account {account}: {}", code.unwrap_or(NONE)),
                )
            }
        }
    }
}
