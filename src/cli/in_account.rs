//! What the commands about one account have in common: its option, and work in its database.

use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use crate::cli::settings::Given;
use crate::cli::{Missing, spoken, with_app};
use crate::engine::access::Caller;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::resources::accounts;
use crate::server::app::App;
use crate::server::settings::{Address, Database};
use crate::store::Db;

/// The account that a command is about, and the settings `G` that it needs.
#[derive(Args)]
pub struct InAccount<G: Args = Database> {
    /// Id of the account; needed only if there are several
    #[arg(long, value_name = "ID")]
    pub account: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: Given<G>,
}

impl<G: Args + 'static> InAccount<G> {
    pub fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db, &Caller) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        let account = self.account;
        with_app(self.settings.read()?, Missing::Refused, |app| async move {
            let read = app.store.read(move |db| {
                let operator = Caller::operator(account_or_only(db, account)?);
                work(db, &operator)
            });
            read.await.map_err(|error| spoken(&error))
        })
    }

    pub fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        with_app(self.settings.read()?, Missing::Refused, |app| async move {
            app.store.write(self.job(&app, work)).await.map_err(|error| spoken(&error))
        })
    }

    /// What the operator does in the account, for the store to run.
    pub fn job<T, F>(&self, app: &App, work: F) -> impl FnMut(&mut Db) -> Result<T, Error> + Send + use<T, F, G>
    where
        F: Fn(&mut Db, &Context) -> Result<T, Error> + Send + 'static,
    {
        let (account, template) = (self.account, app.context(&Arc::new(Caller::nobody()), None));
        move |db| {
            let operator = Caller::operator(account_or_only(db, account)?);
            work(db, &template.for_caller(operator))
        }
    }
}

/// What a command needs that prints a link to the server.
#[derive(Args)]
pub struct LinkSettings {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    address: Address,
}

impl InAccount<LinkSettings> {
    /// Writes something that a link leads to; returns the server's URL, too.
    pub fn write_for_link<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<(String, T)> {
        let config = self.settings.read()?;
        config.require_base_url()?;
        with_app(config, Missing::Refused, |app| async move {
            let written = app.store.write(self.job(&app, work)).await.map_err(|error| spoken(&error))?;
            Ok((app.base_url(), written))
        })
    }
}

/// The account with this id, or the only one.
pub fn account_or_only(db: &mut Db, id: Option<i64>) -> Result<i64, Error> {
    let accounts: Vec<i64> = accounts::list(db)?.into_iter().map(|account| account.id).collect();
    let refusal = match (id, accounts.as_slice()) {
        (Some(id), known) if known.contains(&id) => return Ok(id),
        (None, [only]) => return Ok(*only),
        (Some(id), _) => format!("There is no account {id}."),
        (None, []) => "There is no account yet: create one with `invited account create`.".to_owned(),
        (None, _) => "There are several accounts: name one with --account.".to_owned(),
    };
    Err(Error::Syntax(refusal))
}
