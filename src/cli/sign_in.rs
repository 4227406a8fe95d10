//! `invited user password` and `invited user sign-in-link`: how members come to sign in.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use clap::{ArgMatches, Command};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::cli::people::{account_argument, account_or_only, address_argument, json_argument};
use crate::cli::{Missing, settings, spoken, with_app};
use crate::engine::audit::Actor;
use crate::http::SIGN_IN_LINK_PATH;
use crate::ids::AccountId;
use crate::oauth;
use crate::oauth::passwords::{self, Hashed};
use crate::oauth::sign_in_links;

/// More than any password has, so that a wrong file on standard input is not read to its end.
const MOST_INPUT: u64 = 65_536;

pub fn password_command() -> Command {
    let command = Command::new("password")
        .about("Set a member's password, read from standard input, and end the member's sessions")
        .args([address_argument(), account_argument(), json_argument()]);
    settings::add_flags(command, settings::is_of_database)
}

pub fn link_command() -> Command {
    let command = Command::new("sign-in-link")
        .about("Print a link that signs a member in once, within 15 minutes")
        .args([address_argument(), account_argument(), json_argument()]);
    settings::add_flags(command, |setting| {
        settings::is_of_database(setting) || ["listen", "base_url"].contains(&setting.name)
    })
}

pub fn set_password(matches: &ArgMatches) -> Result<()> {
    let email = matches.get_one::<String>("email").cloned().unwrap_or_default();
    let account = matches.get_one::<AccountId>("account").copied();
    let password = read_password()?;
    let user_id = with_app(matches, Missing::Refused, |app| async move {
        let now = app.clock.now();
        let hashed = Hashed::new(&password, &app.entropy).map_err(|error| spoken(&error))?;
        let work = app.store.write(move |db| {
            let account = account_or_only(db, account)?;
            let user = oauth::active_member(db, account, &email)?;
            passwords::set(db, account, user, &hashed, Actor::OPERATOR, now)?;
            Ok(user)
        });
        work.await.map_err(|error: crate::engine::error::Error| spoken(&error))
    })?;
    if matches.get_flag("json") {
        println!("{}", json!({"user_id": user_id.get(), "password_set": true}));
    } else {
        println!("User {user_id} has a new password; sessions of that user are over.");
    }
    Ok(())
}

/// The password, without the line end that a terminal or `echo` puts behind it.
fn read_password() -> Result<SecretString> {
    let mut input = String::new();
    std::io::stdin().take(MOST_INPUT).read_to_string(&mut input).context("the password cannot be read")?;
    let line = input.strip_suffix('\n').unwrap_or(&input);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

pub fn print_link(matches: &ArgMatches) -> Result<()> {
    let email = matches.get_one::<String>("email").cloned().unwrap_or_default();
    let account = matches.get_one::<AccountId>("account").copied();
    let (base_url, token) = with_app(matches, Missing::Refused, |app| async move {
        app.config.require_base_url()?;
        let (entropy, now) = (app.entropy.clone(), app.clock.now());
        let work = app.store.write(move |db| {
            let account = account_or_only(db, account)?;
            let user = oauth::active_member(db, account, &email)?;
            sign_in_links::create(db, &entropy, account, user, now)
        });
        let token = work.await.map_err(|error| spoken(&error))?;
        Ok((app.base_url(), token))
    })?;
    let url = format!("{base_url}{SIGN_IN_LINK_PATH}{}", token.expose_secret());
    if matches.get_flag("json") {
        println!("{}", json!({"url": url, "expires_in": sign_in_links::LIFETIME.as_secs()}));
    } else {
        println!("Within 15 minutes, this link signs in once: {url}");
    }
    Ok(())
}
