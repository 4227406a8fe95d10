//! `invited account`: creates an account and chooses its language.

use anyhow::Result;
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::within::{InAccount, InDatabase, Teller, Words};
use crate::cli::{spoken, with_app};
use crate::language::{LANGUAGES, Language};
use crate::resources::accounts::{self, CreatedAccount};
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
        /// Create the account even if there is one of the same name and owner
        #[arg(long)]
        again: bool,
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

fn words(created: &CreatedAccount) -> Words {
    let (account, user, token) = (created.account_id, created.user_id, created.token.expose_secret());
    let record = json!({"account_id": account.get(), "user_id": user.get(), "token": token});
    (record, format!("Created account {account}, owned by user {user}.\nToken, shown only now: {token}"))
}

impl AccountCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Create { name, owner_email, owner_name, again, within } => {
                let config = within.settings.read()?;
                // Before the database is opened: a refusal leaves no empty file.
                accounts::require_valid(&name, (&owner_name, &owner_email)).map_err(|error| spoken(&error))?;
                with_app(config, |app| async move {
                    let (entropy, now) = (app.entropy.clone(), app.clock.now());
                    let teller = Teller::new(within.json);
                    let create = move |db: &mut Db| {
                        if !again {
                            accounts::require_new(db, &name, &owner_email)?;
                        }
                        let created = accounts::create(db, &entropy, &name, (&owner_name, &owner_email), now)?;
                        teller.tell(words(&created))
                    };
                    app.store.write(create).await
                })
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
