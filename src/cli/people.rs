//! People by address, and records as the API shows them.

use serde_json::{Map, Value as Json};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::ids::{AccountId, MembershipId, RecordId, UserId};
use crate::resources::{memberships, users};
use crate::store::sql::{self, Key, Statement};
use crate::store::{Db, Param};
use crate::wire::describe::Resource;
use crate::wire::envelope::Cells as _;
use crate::wire::fold::fold;
use crate::wire::kind::{Cell, Kind, date, ids_in, time};
use crate::wire::projection::Projection;
use crate::wire::query::ListQuery;

/// Users that are read with one statement.
const PAGE: usize = 200;

/// A record by the names of its fields, with the values of the API.
pub type Fields = Map<String, Json>;

pub struct Person {
    pub user_id: UserId,
    /// `None` for an invitee and for a member who was removed.
    pub membership_id: Option<MembershipId>,
}

/// The person of the account with this address.
pub fn find(db: &mut Db, account: AccountId, email_address: &str) -> Result<Person, Error> {
    let sql = "SELECT u.id, m.id FROM users u LEFT JOIN account_memberships m ON m.user_id = u.id \
               WHERE u.account_id = ?1 AND u.email_key = ?2";
    let found = db.maybe(sql, &[account.into(), Param::Text(&fold(email_address.trim()))], |row| {
        Ok(Person { user_id: row.id(0)?, membership_id: row.maybe_id(1)? })
    })?;
    found.ok_or_else(|| Error::Syntax(format!("Account {account} has no user {email_address}.")))
}

/// A record with everything that the API shows an administrator.
pub fn record(db: &mut Db, resource: &'static Resource, operator: &Caller, id: RecordId) -> Result<Fields, Error> {
    let projection = Projection::plain(resource, operator.rung());
    let statement =
        sql::record(db.dialect(), &projection, Key { account: operator.account_id.get(), id: id.get() }, &[]);
    records(db, &projection, &statement)?.pop().ok_or(Error::NotFound)
}

/// All users that a list with these parameters shows, each with its membership or null.
pub fn every_user(db: &mut Db, operator: &Caller, params: &Fields) -> Result<Vec<Fields>, Error> {
    let (account, rung) = (operator.account_id.get(), operator.rung());
    let (mut every, mut params) = (Vec::new(), params.clone());
    params.insert("include".to_owned(), MEMBERSHIP.into());
    params.insert("limit".to_owned(), PAGE.to_string().into());
    loop {
        params.insert("offset".to_owned(), every.len().to_string().into());
        let query = ListQuery::read(&users::RESOURCE, &params, rung)?;
        let statement = sql::list(db.dialect(), &Projection::read(&users::RESOURCE, &params, rung), account, &query);
        let mut page = records(db, &Projection::read(&users::RESOURCE, &params, rung), &statement)?;
        let is_last = page.len() < PAGE;
        add_memberships(db, operator, &mut page)?;
        every.append(&mut page);
        if is_last {
            return Ok(every);
        }
    }
}

/// A user's membership: the name of the association, and the key of the record in what is printed.
pub const MEMBERSHIP: &str = "account_membership";

/// Replaces the ids of memberships by the memberships.
fn add_memberships(db: &mut Db, operator: &Caller, users: &mut [Fields]) -> Result<(), Error> {
    let ids: Vec<Json> =
        users.iter_mut().map(|user| user.remove("account_membership_id").unwrap_or_default()).collect();
    let numbers: Vec<i64> = ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect();
    let projection = Projection::plain(&memberships::RESOURCE, operator.rung());
    let statement = sql::records(db.dialect(), &projection, operator.account_id.get(), &numbers);
    let memberships = records(db, &projection, &statement)?;
    for (user, id) in users.iter_mut().zip(ids) {
        let membership = memberships.iter().find(|membership| membership.get("id") == Some(&id)).cloned();
        user.insert(MEMBERSHIP.to_owned(), membership.map_or(Json::Null, Json::Object));
    }
    Ok(())
}

/// The rows of a statement that selects the columns of the projection.
fn records(db: &mut Db, projection: &Projection, statement: &Statement) -> Result<Vec<Fields>, Error> {
    let columns = projection.columns();
    let mut records = Vec::new();
    db.each(&statement.text, &statement.params(), &mut |row| {
        let values =
            columns.iter().enumerate().map(|(index, column)| (column.name(), json(column.kind(), row.cell(index))));
        let id = ("id", Json::from(row.int(columns.len())?.to_string()));
        records.push(values.chain([id]).map(|(name, value)| (name.to_owned(), value)).collect());
        Ok(())
    })?;
    Ok(records)
}

/// A value as the API prints it.
fn json(kind: Kind, cell: Cell<'_>) -> Json {
    match (kind, cell) {
        (_, Cell::Null) => Json::Null,
        (Kind::Bool, Cell::Int(truth)) => (truth != 0).into(),
        (Kind::Id(_), Cell::Int(id)) => id.to_string().into(),
        (Kind::Date, Cell::Int(days)) => date(days).into(),
        (Kind::Time, Cell::Int(microseconds)) => time(microseconds).into(),
        (_, Cell::Int(number)) => number.into(),
        (Kind::Ids(_), Cell::Text(numbers)) => ids_in(numbers).map(|id| id.to_string()).collect::<Vec<_>>().into(),
        (_, Cell::Text(text)) => text.into(),
    }
}

/// The fields of a record, one per line.
pub fn lines(record: &Fields) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    record.iter().map(|(name, value)| format!("        {name}: {}\n", text(value))).collect()
}

/// One line about a user and the membership.
pub fn line(user: &Fields, membership: Option<&Fields>) -> String {
    let text =
        |record: Option<&Fields>, name| record.and_then(|record| record.get(name)?.as_str()).unwrap_or("").to_owned();
    let state = match membership {
        None => "no member",
        Some(membership) if membership.get("disabled_at").is_some_and(Json::is_string) => "disabled",
        Some(_) => "active",
    };
    let (id, permission) = (text(Some(user), "id"), text(membership, "permission"));
    let (address, name) = (text(Some(user), "email_address"), text(Some(user), "full_name"));
    format!("{id:>6}  {state:<9}  {permission:<24}  {address}  {name}").trim_end().to_owned()
}
