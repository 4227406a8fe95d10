//! The audit trail: who did what to which record, and its attributes before and after.
//!
//! A row is written in the transaction of its change, so neither exists without the other. Rows are only ever added.
//! They hold attributes under their wire names, and never a secret.
//!
//! A row may also be an event for those who poll: it then has the event's type, such as `user:updated`. What has no
//! events, such as an invitation, leaves the type out and pays nothing for it.

use std::borrow::Cow;

use crate::clock::Timestamp;
use crate::engine::context::Context;
use crate::engine::request_id::RequestId;
use crate::ids::{AccountId, Id, RecordId, TokenId, UserId};
use crate::store::{Db, Error, Param};
use crate::wire::describe::{Field, Resource};
use crate::wire::kind::{Cell, Dates, Kind, Value, print_text};

#[derive(Clone, Copy)]
pub struct Actor<'a> {
    pub user_id: Option<UserId>,
    pub token_id: Option<TokenId>,
    pub request_id: Option<&'a RequestId>,
}

impl<'a> Actor<'a> {
    /// A person at the command line: no user of any account.
    pub const OPERATOR: Self = Self { user_id: None, token_id: None, request_id: None };

    /// A user who acts without an API token.
    pub const fn user(user_id: UserId, request_id: Option<&'a RequestId>) -> Self {
        Self { user_id: Some(user_id), token_id: None, request_id }
    }

    /// A request that no user is known to have made.
    pub const fn request(request_id: &'a RequestId) -> Self {
        Self { user_id: None, token_id: None, request_id: Some(request_id) }
    }
}

/// A row of the trail.
#[must_use]
pub struct AuditEntry<'a> {
    account_id: AccountId,
    occurred_at: Timestamp,
    actor: Actor<'a>,
    action: Cow<'a, str>,
    subject: (&'a str, RecordId),
    before: Option<Attributes>,
    after: Option<Attributes>,
    event_type: Option<Cow<'a, str>>,
}

impl<'a> AuditEntry<'a> {
    /// What an operator did, such as `token.create`, to a record of this table.
    pub fn new<const KIND: char>(
        account_id: AccountId,
        now: Timestamp,
        action: &'a str,
        table: &'a str,
        id: Id<KIND>,
    ) -> Self {
        let (actor, action, subject) = (Actor::OPERATOR, Cow::Borrowed(action), (table, id.record()));
        Self { account_id, occurred_at: now, actor, action, subject, before: None, after: None, event_type: None }
    }

    /// What the caller did to a described record.
    pub fn of(context: &'a Context, resource: &'static Resource, action: &str, id: RecordId) -> Self {
        let caller = &context.caller;
        let request_id = context.request_id.as_deref();
        let actor = Actor { user_id: caller.user_id(), token_id: caller.token_id(), request_id };
        Self::about(caller.account_id, context.now, resource, action, id).by(actor)
    }

    /// What was done to a described record, by an operator unless [`Self::by`] says otherwise.
    pub fn about(
        account_id: AccountId,
        now: Timestamp,
        resource: &'static Resource,
        action: &str,
        id: RecordId,
    ) -> Self {
        let event_type = (!resource.events.is_empty()).then(|| Cow::Owned(event_type(resource, action)));
        let action = Cow::Owned(format!("{}.{action}", resource.singular));
        Self { action, event_type, ..Self::new(account_id, now, "", resource.name, id) }
    }

    /// An event of this type, where no description says so.
    pub fn event(self, event_type: &'a str) -> Self {
        Self { event_type: Some(Cow::Borrowed(event_type)), ..self }
    }

    pub fn by(self, actor: Actor<'a>) -> Self {
        Self { actor, ..self }
    }

    pub fn before(self, attributes: impl Into<Attributes>) -> Self {
        Self { before: Some(attributes.into()), ..self }
    }

    pub fn after(self, attributes: impl Into<Attributes>) -> Self {
        Self { after: Some(attributes.into()), ..self }
    }

    /// A change of one attribute.
    pub fn change(self, name: &'static str, kind: Kind, [before, after]: [Cell<'_>; 2]) -> Self {
        self.before([(name, kind, before)]).after([(name, kind, after)])
    }

    pub fn write(self, db: &mut Db) -> Result<(), Error> {
        let client_address = self.actor.request_id.map(|id| id.client.to_string());
        db.exec_later(
            "INSERT INTO audit (account_id, occurred_at, actor_user_id, actor_token_id, request_id, action, \
             subject_type, subject_id, before, after, client_address, event_type) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            &[
                self.account_id.into(),
                Param::Int(self.occurred_at.0),
                self.actor.user_id.into(),
                self.actor.token_id.into(),
                self.actor.request_id.map(|id| id.text.as_str()).into(),
                Param::Text(&self.action),
                Param::Text(self.subject.0),
                self.subject.1.into(),
                self.before.as_ref().map(|attributes| attributes.0.as_str()).into(),
                self.after.as_ref().map(|attributes| attributes.0.as_str()).into(),
                client_address.as_deref().into(),
                self.event_type.as_deref().into(),
            ],
        )
    }
}

/// Puts the deletion of many records into the trail with one statement, without what they were: there may be one for
/// each person of the account. The condition has the account as `?1` and a parameter as `?2`.
pub fn note_deletion_of_each(
    db: &mut Db,
    context: &Context,
    resource: &Resource,
    condition: &str,
    [account, of]: [Param<'_>; 2],
) -> Result<(), Error> {
    let request_id = context.request_id.as_deref();
    let client_address = request_id.map(|id| id.client.to_string());
    let sql = format!(
        "INSERT INTO audit (account_id, occurred_at, actor_user_id, actor_token_id, request_id, action, subject_type, \
         subject_id, client_address, event_type) \
         SELECT account_id, CAST(?3 AS BIGINT), CAST(?4 AS BIGINT), CAST(?5 AS BIGINT), CAST(?6 AS TEXT), \
         '{}.delete', '{}', id, CAST(?7 AS TEXT), '{}' FROM {} WHERE account_id = ?1 AND {condition} ORDER BY id",
        resource.singular,
        resource.name,
        event_type(resource, "delete"),
        resource.table
    );
    let params = [
        account,
        of,
        Param::Int(context.now.0),
        context.caller.user_id().into(),
        context.caller.token_id().into(),
        request_id.map(|id| id.text.as_str()).into(),
        client_address.as_deref().into(),
    ];
    db.exec(&sql, &params).map(drop)
}

/// The type of the event that an action is: all but making and deleting a record is a change of it.
fn event_type(resource: &Resource, action: &str) -> String {
    let what = match action {
        "create" => "created",
        "delete" => "deleted",
        _ => "updated",
    };
    format!("{}:{what}", resource.singular)
}

/// Attributes of a record, as JSON text.
pub struct Attributes(String);

impl Attributes {
    pub fn of<'a>(fields: impl Iterator<Item = (&'static Field, &'a Value)>) -> Self {
        Self::print(fields.map(|(field, value)| (field.name, field.kind, value.cell())))
    }

    fn print<'a>(cells: impl Iterator<Item = (&'static str, Kind, Cell<'a>)>) -> Self {
        let mut json = vec![b'{'];
        for (name, kind, cell) in cells {
            if json.len() > 1 {
                json.push(b',');
            }
            print_text(name, &mut json);
            json.push(b':');
            kind.print(cell, Dates::Days, &mut json);
        }
        json.push(b'}');
        Self(String::from_utf8(json).unwrap_or_default())
    }
}

/// Attributes of a record that no resource describes.
impl<const N: usize> From<[(&'static str, Kind, Cell<'_>); N]> for Attributes {
    fn from(cells: [(&'static str, Kind, Cell<'_>); N]) -> Self {
        Self::print(cells.into_iter())
    }
}
