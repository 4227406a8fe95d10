//! `invited user`: lists and shows people, and lets members sign in.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value as Json, json};

use crate::cli::people;
use crate::cli::spoken;
use crate::cli::within::{InAccount, LinkSettings, PersonArgs};
use crate::engine::audit::Actor;
use crate::entropy::Entropy;
use crate::http::SIGN_IN_LINK_PATH;
use crate::oauth::passwords::{self, Grants, HashedPassword};
use crate::oauth::{self, sign_in_links};
use crate::resources::{addresses, memberships, users};

/// More than any password has, so that a wrong file on standard input is not read to its end.
const MOST_INPUT: u64 = 65_536;

/// Look at the people of an account, and let them sign in
#[derive(Subcommand)]
pub enum UserCommand {
    /// List the active members of an account
    List {
        /// Include disabled and removed members, and invitees
        #[arg(long)]
        all: bool,
        /// Only people whose name or address contains this text
        #[arg(long, value_name = "TEXT")]
        matching: Option<String>,
        #[command(flatten)]
        within: InAccount,
    },
    /// Show a person and the membership
    Show(PersonArgs),
    /// Set a member's password, read from standard input, and end the member's sessions and grants
    Password {
        #[command(flatten)]
        member: PersonArgs,
        /// Keep the applications that the member has allowed, with their tokens
        #[arg(long)]
        keep_grants: bool,
    },
    /// Print a link that signs a member in once, within 15 minutes
    SignInLink(PersonArgs<LinkSettings>),
    /// Confirm a person's address, in place of the link that is mailed after a change
    ConfirmAddress(PersonArgs),
}

impl UserCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::List { all, matching, within } => {
                let mut params = Map::from_iter([("show_disabled".to_owned(), all.to_string().into())]);
                params.extend(matching.map(|text| ("matching".to_owned(), text.into())));
                let users = within.read(move |db, operator| people::every_user(db, operator, params.clone()))?;
                let line = |user: &Json| people::line(user, &user[people::MEMBERSHIP]) + "\n";
                let lines: String = users.iter().map(line).collect();
                within.print(&json!({ "users": users }), lines)
            }
            Self::Show(PersonArgs { email, within }) => {
                let (user, membership) = within.read(move |db, operator| {
                    let person = people::find(db, operator.account_id, &email)?;
                    let membership = match person.membership_id {
                        Some(id) => people::record(db, &memberships::RESOURCE, operator, id.record())?,
                        None => Json::Null,
                    };
                    Ok((people::record(db, &users::RESOURCE, operator, person.user_id.record())?, membership))
                })?;
                let (line, fields) = (people::line(&user, &membership), people::lines(&membership));
                within.print(&json!({"user": user, "account_membership": membership}), format_args!("{line}\n{fields}"))
            }
            Self::Password { member: PersonArgs { email, within }, keep_grants } => {
                let grants = if keep_grants { Grants::Keep } else { Grants::End };
                // Hashing is slow on purpose, so it comes before the transaction.
                let hashed =
                    HashedPassword::new(&read_password()?, &Entropy::system()).map_err(|error| spoken(&error))?;
                let user = within.write(false, move |db, context, account| {
                    let user = oauth::active_member(db, account, &email)?;
                    passwords::set(db, account, user, &hashed, grants, Actor::OPERATOR, context.now)?;
                    Ok(user)
                })?;
                let ended = if keep_grants { "sessions" } else { "sessions and grants" };
                let text = format!("User {user} has a new password; the user's {ended} have ended.");
                within.print(&json!({"user_id": user.get(), "password_set": true, "grants_kept": keep_grants}), text)
            }
            Self::SignInLink(PersonArgs { email, within }) => {
                let base_url = within.base_url()?;
                within.write_and_tell(move |db, context, account| {
                    let user = oauth::active_member(db, account, &email)?;
                    let token = sign_in_links::create(db, &context.entropy, account, user, context.now)?;
                    let url = format!("{base_url}{SIGN_IN_LINK_PATH}{}", token.expose_secret());
                    let record = json!({"url": url, "expires_in": sign_in_links::LIFETIME.as_secs()});
                    Ok((record, format!("This link signs in once, within 15 minutes: {url}")))
                })
            }
            Self::ConfirmAddress(PersonArgs { email, within }) => {
                let user = within.write(false, move |db, context, account| {
                    let user = people::find(db, account, &email)?.user_id;
                    addresses::vouch(db, account, user, context.now)?;
                    Ok(user)
                })?;
                let text = format!("The address of user {user} counts as proven.");
                within.print(&json!({"user_id": user.get(), "address_proven": true}), text)
            }
        }
    }
}

/// The password, without the line end that a terminal or `echo` adds.
fn read_password() -> Result<SecretString> {
    let mut input = String::new();
    std::io::stdin().take(MOST_INPUT).read_to_string(&mut input).context("cannot read the password")?;
    let line = input.strip_suffix('\n').unwrap_or(&input);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
