//! `invited user`: lists and shows people, and lets members sign in.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::in_account::{InAccount, LinkSettings};
use crate::cli::people::{self, Fields};
use crate::cli::{Missing, output, spoken, with_app};
use crate::engine::audit::Actor;
use crate::http::SIGN_IN_LINK_PATH;
use crate::oauth::passwords::{self, Hashed};
use crate::oauth::{self, sign_in_links};
use crate::resources::{memberships, users};

/// More than any password has, so that a wrong file on standard input is not read to its end.
const MOST_INPUT: u64 = 65_536;

/// Look at the people of an account, and let them sign in
#[derive(Subcommand)]
pub enum User {
    List(List),
    Show(Show),
    Password(SetPassword),
    SignInLink(SignInLink),
}

impl User {
    pub fn run(self) -> Result<()> {
        match self {
            Self::List(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Password(command) => command.run(),
            Self::SignInLink(command) => command.run(),
        }
    }
}

/// List the active members of an account
#[derive(Args)]
pub struct List {
    /// Include disabled and removed members, and invitees
    #[arg(long)]
    all: bool,
    /// Only people whose name or address contains this text
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Users {
    users: Vec<Fields>,
}

impl List {
    fn run(self) -> Result<()> {
        let mut params = Fields::from_iter([("show_disabled".to_owned(), self.all.to_string().into())]);
        params.extend(self.matching.map(|text| ("matching".to_owned(), text.into())));
        let users = self.within.read(move |db, operator| people::every_user(db, operator, &params))?;
        let line = |user: &Fields| people::line(user, user.get(people::MEMBERSHIP).and_then(Json::as_object));
        let lines: Vec<String> = users.iter().map(line).collect();
        output::print_lines(self.within.json, &Users { users }, &lines)
    }
}

/// Show a person and the membership
#[derive(Args)]
pub struct Show {
    /// Mail address of the person
    #[arg(value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Shown {
    user: Fields,
    account_membership: Option<Fields>,
}

impl Show {
    fn run(self) -> Result<()> {
        let email = self.email;
        let (user, account_membership) = self.within.read(move |db, operator| {
            let person = people::find(db, operator.account_id, &email)?;
            let membership = person.membership_id.map(|id| people::record(db, &memberships::RESOURCE, operator, id));
            let membership = membership.transpose()?;
            Ok((people::record(db, &users::RESOURCE, operator, person.user_id)?, membership))
        })?;
        let mut lines = vec![people::line(&user, account_membership.as_ref())];
        lines.extend(account_membership.iter().flat_map(people::lines));
        output::print_lines(self.within.json, &Shown { user, account_membership }, &lines)
    }
}

/// Set a member's password, read from standard input, and end the member's sessions
#[derive(Args)]
pub struct SetPassword {
    /// Mail address of the member
    #[arg(value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct PasswordSet {
    user_id: i64,
    password_set: bool,
}

impl SetPassword {
    fn run(self) -> Result<()> {
        let (email, within, password) = (self.email, &self.within, read_password()?);
        let user_id = with_app(within.settings.read()?, Missing::Refused, |app| async move {
            // Hashing is slow by design, so it comes before the transaction.
            let hashed = Hashed::new(&password, &app.entropy).map_err(|error| spoken(&error))?;
            let work = within.job(&app, move |db, context| {
                let account = context.caller.account_id;
                let user = oauth::active_member(db, account, &email)?;
                passwords::set(db, (account, user), &hashed, Actor::OPERATOR, context.now)?;
                Ok(user)
            });
            app.store.write(work).await.map_err(|error| spoken(&error))
        })?;
        let text = format_args!("User {user_id} has a new password; the user's sessions have ended.");
        output::print(self.within.json, &PasswordSet { user_id, password_set: true }, text)
    }
}

/// The password, without the line end that a terminal or `echo` adds.
fn read_password() -> Result<SecretString> {
    let mut input = String::new();
    std::io::stdin().take(MOST_INPUT).read_to_string(&mut input).context("cannot read the password")?;
    let line = input.strip_suffix('\n').unwrap_or(&input);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

/// Print a link that signs a member in once, within 15 minutes
#[derive(Args)]
pub struct SignInLink {
    /// Mail address of the member
    #[arg(value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    within: InAccount<LinkSettings>,
}

#[derive(Serialize)]
struct Link {
    url: String,
    expires_in: u64,
}

impl SignInLink {
    fn run(self) -> Result<()> {
        let email = self.email;
        let (base_url, token) = self.within.write_for_link(move |db, context| {
            let account = context.caller.account_id;
            let user = oauth::active_member(db, account, &email)?;
            sign_in_links::create(db, &context.entropy, (account, user), context.now)
        })?;
        let url = format!("{base_url}{SIGN_IN_LINK_PATH}{}", token.expose_secret());
        let text = format!("This link signs in once, within 15 minutes: {url}");
        output::print(self.within.json, &Link { url, expires_in: sign_in_links::LIFETIME.as_secs() }, text)
    }
}
