//! What the commands about an account have in common: the account, work in it, finding people, and printing them.

use std::sync::Arc;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use serde_json::{Map, Value as Json};

use crate::cli::{Missing, spoken, with_app};
use crate::engine::access::Caller;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records;
use crate::ids::{AccountId, MembershipId, RecordId, UserId};
use crate::resources::{accounts, memberships, users};
use crate::server::app::App;
use crate::store::{Db, Param};
use crate::wire::describe::Resource;
use crate::wire::fold::fold;
use crate::wire::projection::Projection;
use crate::wire::query::ListQuery;

/// Records that are read at once.
const AT_ONCE: usize = 200;

/// `--account ID`.
pub(super) fn account_argument() -> Arg {
    Arg::new("account")
        .long("account")
        .value_name("ID")
        .value_parser(value_parser!(AccountId))
        .help("The account; not needed while there is only one")
}

/// `--json`.
pub(super) fn json_argument() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON, with the fields of the API")
}

/// The mail address of a person.
pub(super) fn address_argument() -> Arg {
    Arg::new("email").value_name("ADDRESS").required(true).help("The person's mail address")
}

/// Reads something of the account that the arguments name.
pub(super) fn read<T: Send + 'static>(
    matches: &ArgMatches,
    work: impl Fn(&mut Db, &Caller) -> Result<T, Error> + Send + 'static,
) -> Result<T> {
    let account = matches.get_one::<AccountId>("account").copied();
    with_app(matches, Missing::Refused, |app| async move {
        let read = app.store.read(move |db| {
            let operator = Caller::operator(account_or_only(db, account)?);
            work(db, &operator)
        });
        read.await.map_err(|error| spoken(&error))
    })
}

/// Writes something of the account that the arguments name.
pub(super) fn write<T: Send + 'static>(
    matches: &ArgMatches,
    work: impl Fn(&mut Db, &Context) -> Result<T, Error> + Send + 'static,
) -> Result<T> {
    with_app(matches, Missing::Refused, |app| async move {
        app.store.write(job(matches, &app, work)).await.map_err(|error| spoken(&error))
    })
}

/// What the operator does in the account that the arguments name, to be handed to the store.
pub(super) fn job<T, F>(
    matches: &ArgMatches,
    app: &App,
    work: F,
) -> impl FnMut(&mut Db) -> Result<T, Error> + Send + use<T, F>
where
    F: Fn(&mut Db, &Context) -> Result<T, Error> + Send + 'static,
{
    let account = matches.get_one::<AccountId>("account").copied();
    let template = app.context(&Arc::new(Caller::nobody()), None);
    move |db| {
        let operator = Caller::operator(account_or_only(db, account)?);
        work(db, &template.for_caller(operator))
    }
}

/// The account that was named, or the only one that there is.
pub(super) fn account_or_only(db: &mut Db, named: Option<AccountId>) -> Result<AccountId, Error> {
    let accounts: Vec<AccountId> = accounts::list(db)?.into_iter().map(|account| account.id).collect();
    match (named, accounts.as_slice()) {
        (Some(account), known) if known.contains(&account) => Ok(account),
        (None, [only]) => Ok(*only),
        (Some(account), _) => Err(Error::Syntax(format!("There is no account {account}."))),
        (None, []) => Err(Error::Syntax("There is no account yet: make one with `invited account create`.".to_owned())),
        (None, _) => Err(Error::Syntax("There are several accounts: name one with --account.".to_owned())),
    }
}

/// A person, by address.
pub(super) struct Person {
    /// The user.
    pub user_id: UserId,
    /// The membership; `None` for an invitee and for a member who was removed.
    pub membership_id: Option<MembershipId>,
}

/// Finds a person of the account.
pub(super) fn find(db: &mut Db, account: AccountId, email_address: &str) -> Result<Person, Error> {
    let sql = "SELECT u.id, m.id FROM users u LEFT JOIN account_memberships m ON m.user_id = u.id \
               WHERE u.account_id = ?1 AND u.email_key = ?2";
    let found = db.maybe(sql, &[account.into(), Param::Text(&fold(email_address.trim()))], |row| {
        Ok(Person { user_id: row.id(0)?, membership_id: row.maybe_id(1)? })
    })?;
    found.ok_or_else(|| Error::Syntax(format!("Account {account} has no user {email_address}.")))
}

/// The membership of a person, who must have one.
pub(super) fn find_membership(db: &mut Db, account: AccountId, email_address: &str) -> Result<MembershipId, Error> {
    find(db, account, email_address)?
        .membership_id
        .ok_or_else(|| Error::Syntax(format!("{email_address} is no member of account {account}.")))
}

/// A user with all that the API shows of it.
pub(super) fn user(db: &mut Db, operator: &Caller, id: UserId) -> Result<Json, Error> {
    record(db, &users::RESOURCE, operator, id.record())
}

/// A membership with all that the API shows of it.
pub(super) fn membership(db: &mut Db, operator: &Caller, id: MembershipId) -> Result<Json, Error> {
    record(db, &memberships::RESOURCE, operator, id.record())
}

/// A record with all that the API shows of it.
pub(super) fn record(db: &mut Db, resource: &'static Resource, operator: &Caller, id: RecordId) -> Result<Json, Error> {
    let projection = Projection::plain(resource, operator.rung());
    let envelope = records::show(db, &projection, operator, Some(id), &[])?;
    Ok(listed(&envelope, resource.name)?.pop().unwrap_or_default())
}

/// Every user whom the parameters of a list leave, with the membership under `account_membership`, or null.
pub(super) fn every_user(db: &mut Db, operator: &Caller, params: &Map<String, Json>) -> Result<Vec<Json>, Error> {
    let mut everybody = Vec::new();
    let mut params = params.clone();
    params.insert("include".to_owned(), "account_membership".into());
    params.insert("limit".to_owned(), AT_ONCE.to_string().into());
    loop {
        params.insert("offset".to_owned(), everybody.len().to_string().into());
        let query = ListQuery::read(&users::RESOURCE, &params, operator.rung())?;
        let projection = Projection::read(&users::RESOURCE, &params, operator.rung());
        let page = page(&records::list(db, &projection, operator, &query)?)?;
        let is_last = page.len() < AT_ONCE;
        everybody.extend(page);
        if is_last {
            return Ok(everybody);
        }
    }
}

/// The users of an envelope, each with its membership in place of the membership's id.
fn page(envelope: &[u8]) -> Result<Vec<Json>, Error> {
    let memberships = parse(envelope)?.remove("account_memberships").unwrap_or_default();
    let mut users = listed(envelope, users::RESOURCE.name)?;
    for user in users.iter_mut().filter_map(Json::as_object_mut) {
        let id = user.remove("account_membership_id");
        let membership = id.as_ref().and_then(Json::as_str).and_then(|id| memberships.get(id)).cloned();
        user.insert("account_membership".to_owned(), membership.unwrap_or_default());
    }
    Ok(users)
}

/// The records of an envelope in the order of its results.
fn listed(envelope: &[u8], name: &str) -> Result<Vec<Json>, Error> {
    let mut envelope = parse(envelope)?;
    let mut records = envelope.remove(name).unwrap_or_default();
    let results = envelope.remove("results").unwrap_or_default();
    let ids = results.as_array().into_iter().flatten().filter_map(|result| result.get("id")?.as_str());
    Ok(ids.filter_map(|id| records.get_mut(id).map(Json::take)).collect())
}

/// The fields of a record, a line for each.
pub(super) fn print_fields(record: &Json) {
    for (name, value) in record.as_object().into_iter().flatten() {
        println!("        {name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
}

fn parse(envelope: &[u8]) -> Result<Map<String, Json>, Error> {
    serde_json::from_slice(envelope).map_err(|cause| Error::Internal(cause.to_string()))
}

/// A line about a user and the membership, for people.
pub(super) fn line(user: &Json, membership: &Json) -> String {
    let text = |record: &Json, name: &str| record.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let state = match membership {
        Json::Null => "no member",
        membership if membership.get("disabled_at").is_some_and(Json::is_string) => "disabled",
        _ => "active",
    };
    let (id, permission) = (text(user, "id"), text(membership, "permission"));
    let (address, name) = (text(user, "email_address"), text(user, "full_name"));
    format!("{id:>6}  {state:<9}  {permission:<24}  {address}  {name}").trim_end().to_owned()
}
