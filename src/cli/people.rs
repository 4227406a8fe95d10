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
use crate::wire::projection::{Column, Projection};
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
    let key = Key { account: operator.account_id.get(), id: id.get() };
    let statement = sql::record(db.dialect(), &projection, key, &[]);
    records(db, &projection, &statement)?.pop().ok_or(Error::NotFound)
}

/// A user's membership: the name of the association, and the key of the record in what is printed.
pub const MEMBERSHIP: &str = "account_membership";

/// All users that a list with these parameters shows, each with its membership or null.
pub fn every_user(db: &mut Db, operator: &Caller, mut params: Fields) -> Result<Vec<Fields>, Error> {
    params.extend([("include".to_owned(), MEMBERSHIP.into()), ("limit".to_owned(), PAGE.to_string().into())]);
    let (account, rung) = (operator.account_id.get(), operator.rung());
    let users = Projection::read(&users::RESOURCE, &params, rung);
    let memberships = Projection::plain(&memberships::RESOURCE, rung);
    let mut every = Vec::new();
    loop {
        params.insert("offset".to_owned(), every.len().to_string().into());
        let query = ListQuery::read(&users::RESOURCE, &params, rung)?;
        let page = records(db, &users, &sql::list(db.dialect(), &users, account, &query))?;
        let id = |user: &Fields| user.get("account_membership_id")?.as_str()?.parse().ok();
        let ids: Vec<i64> = page.iter().filter_map(id).collect();
        let found = records(db, &memberships, &sql::records(db.dialect(), &memberships, account, &ids))?;
        let is_last = page.len() < PAGE;
        every.extend(page.into_iter().map(|mut user| {
            let id = user.remove("account_membership_id");
            let membership = found.iter().find(|membership| membership.get("id") == id.as_ref()).cloned();
            user.insert(MEMBERSHIP.to_owned(), membership.map_or(Json::Null, Json::Object));
            user
        }));
        if is_last {
            return Ok(every);
        }
    }
}

/// The rows of a statement that selects the columns of the projection.
fn records(db: &mut Db, projection: &Projection, statement: &Statement) -> Result<Vec<Fields>, Error> {
    let columns = projection.columns();
    let mut records = Vec::new();
    db.each(&statement.text, &statement.params(), &mut |row| {
        let value =
            |(index, column): (usize, &Column)| (column.name().to_owned(), json(column.kind(), row.cell(index)));
        let mut record: Fields = columns.iter().enumerate().map(value).collect();
        record.insert("id".to_owned(), row.int(columns.len())?.to_string().into());
        records.push(record);
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
