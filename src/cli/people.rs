//! People by address, and records as the API shows them.

use serde_json::{Map, Value as Json};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::engine::records;
use crate::ids::{AccountId, MembershipId, RecordId, UserId};
use crate::resources::{memberships, users};
use crate::store::{Db, Param};
use crate::wire::describe::Resource;
use crate::wire::fold::fold;
use crate::wire::projection::Projection;
use crate::wire::query::ListQuery;

/// Users that are read with one statement.
const PAGE: usize = 200;

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
pub fn record(db: &mut Db, resource: &'static Resource, operator: &Caller, id: RecordId) -> Result<Json, Error> {
    let projection = Projection::plain(resource, operator.rung());
    record_in(&records::show(db, &projection, operator, Some(id), &[])?, resource, id)
}

/// A record out of an answer of the API.
pub fn record_in(answer: &[u8], resource: &Resource, id: RecordId) -> Result<Json, Error> {
    Ok(parse(answer)?[resource.name][id.to_string()].take())
}

/// A user's membership: the name of the association, and the key of the record in what is printed.
pub const MEMBERSHIP: &str = "account_membership";

/// All users that a list with these parameters shows, each with its membership or null.
pub fn every_user(db: &mut Db, operator: &Caller, mut params: Map<String, Json>) -> Result<Vec<Json>, Error> {
    params.extend([("include".to_owned(), MEMBERSHIP.into()), ("limit".to_owned(), PAGE.to_string().into())]);
    let projection = Projection::read(&users::RESOURCE, &params, operator.rung());
    let mut every = Vec::new();
    loop {
        params.insert("offset".to_owned(), every.len().to_string().into());
        let query = ListQuery::read(&users::RESOURCE, &params, operator.rung())?;
        let mut answer = parse(&records::list(db, &projection, operator, &query)?)?;
        let ids = answer["results"].take();
        let ids: Vec<&str> = ids.as_array().into_iter().flatten().filter_map(|found| found["id"].as_str()).collect();
        for id in &ids {
            let mut user = answer[users::RESOURCE.name][id].take();
            let membership = user.as_object_mut().and_then(|user| user.remove("account_membership_id"));
            let membership = membership.as_ref().and_then(Json::as_str).unwrap_or_default();
            user[MEMBERSHIP] = answer[memberships::RESOURCE.name][membership].take();
            every.push(user);
        }
        if ids.len() < PAGE {
            return Ok(every);
        }
    }
}

fn parse(answer: &[u8]) -> Result<Json, Error> {
    serde_json::from_slice(answer).map_err(|cause| Error::Internal(cause.to_string()))
}

/// The fields of a record, one per line; nothing for null.
pub fn lines(record: &Json) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = record.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("        {name}: {}\n", text(value))).collect()
}

/// One line about a user and the membership or null.
pub fn line(user: &Json, membership: &Json) -> String {
    let state = match (membership, &membership["disabled_at"]) {
        (Json::Null, _) => "no member",
        (_, Json::String(_)) => "disabled",
        _ => "active",
    };
    let text = |record: &Json, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let (id, permission) = (text(user, "id"), text(membership, "permission"));
    let (address, name) = (text(user, "email_address"), text(user, "full_name"));
    format!("{id:>6}  {state:<9}  {permission:<24}  {address}  {name}").trim_end().to_owned()
}
