//! The rows that a seed writes without the rules: which column gets what, and many rows with one statement.

use crate::clock::Timestamp;
use crate::engine::nested::{self, Subject};
use crate::engine::rows::made_at;
use crate::ids::{AccountId, UserId};
use crate::resources::external_references::NESTED;
use crate::resources::invitations;
use crate::resources::people::{NewMembership, NewUser};
use crate::sandbox::seed::values::ExternalReference;
use crate::sandbox::seed::written::Written;
use crate::store::{Db, Error, OwnedParam, Param};
use crate::transfer::tables::insert_statement;
use crate::wire::fold::fold;

/// Rows of one statement: its own cost does not show, and no engine refuses so many parameters.
pub(super) const ROWS: u32 = 200;

/// Each column with its value.
pub(super) type NewRow = Vec<(&'static str, OwnedParam)>;

/// What became of an invitation.
#[derive(Clone, Copy, Default)]
pub(super) struct Outcome {
    /// As days since 1970.
    pub last_day: i64,
    pub accepted_at: Option<Timestamp>,
    pub declined_at: Option<Timestamp>,
    pub expired_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// Writes rows that have the same columns.
pub(super) fn insert(db: &mut Db, table: &str, rows: &[NewRow]) -> Result<(), Error> {
    let Some(first) = rows.first() else { return Ok(()) };
    let columns: Vec<&str> = first.iter().map(|(column, _)| *column).collect();
    let params: Vec<Param<'_>> = rows.iter().flatten().map(|(_, value)| value.param()).collect();
    db.exec(&insert_statement(table, &columns, rows.len()), &params).map(drop)
}

pub(super) fn account(
    id: AccountId,
    name: &str,
    language: Option<&str>,
    currency: &str,
    created_at: Timestamp,
) -> NewRow {
    let columns = [
        ("id", id.into()),
        ("name", Param::Text(name)),
        ("language", language.into()),
        ("currency", Param::Text(currency)),
    ];
    row(columns.into_iter().chain(made_at(created_at)))
}

pub(super) fn role(
    account_id: AccountId,
    id: i64,
    name: &str,
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
) -> NewRow {
    let name_key = fold(name);
    let columns = [
        ("id", Param::Int(id)),
        ("account_id", account_id.into()),
        ("name", Param::Text(name)),
        ("name_key", Param::Text(&name_key)),
        ("deleted_at", moment(deleted_at)),
    ];
    row(columns.into_iter().chain(made_at(created_at)))
}

/// A user. `is_active` says whether the membership is active, and is `None` for a user who is not a member.
pub(super) fn user(id: UserId, user: &NewUser<'_>, is_active: Option<bool>) -> NewRow {
    let beside = [
        ("id", id.into()),
        ("has_joined", Param::Int(is_active.is_some().into())),
        ("is_active", Param::Int((is_active == Some(true)).into())),
        ("address_proven_at", moment(user.address_proven_at())),
    ];
    row(user.columns().into_iter().chain(beside).chain(made_at(user.created_at)))
}

pub(super) fn membership(id: i64, membership: &NewMembership) -> NewRow {
    row(membership.columns().into_iter().chain([("id", Param::Int(id))]))
}

/// An invitation of a user, who gets this membership by accepting it.
pub(super) fn invitation(
    id: i64,
    invitee: &NewUser<'_>,
    promised: &NewMembership,
    inviter_id: i64,
    outcome: &Outcome,
) -> NewRow {
    let beside = [
        ("id", Param::Int(id)),
        ("accepted_at", moment(outcome.accepted_at)),
        ("declined_at", moment(outcome.declined_at)),
        ("expired_at", moment(outcome.expired_at)),
        ("created_at", Param::Int(promised.created_at.0)),
        ("updated_at", Param::Int(outcome.updated_at.0)),
    ];
    row(invitations::columns(invitee, promised, Some(inviter_id.into()), outcome.last_day).into_iter().chain(beside))
}

/// Writes the external references of a record.
pub(super) fn references(
    db: &mut Db,
    subject: Subject,
    references: &[Written<ExternalReference>],
    created_at: Timestamp,
) -> Result<(), Error> {
    references.iter().try_for_each(|reference| {
        let known = [
            ("id", nested::param(reference.value.get("id"))),
            ("account_id", subject.account.into()),
            ("subject_type", Param::Text(subject.object)),
            ("subject_id", subject.id.into()),
        ];
        let given =
            NESTED.properties.iter().map(|member| (member.name, nested::param(reference.value.get(member.name))));
        insert(db, NESTED.table, &[row(known.into_iter().chain(given).chain(made_at(created_at)))])
    })
}

pub(super) fn row<'a>(columns: impl IntoIterator<Item = (&'static str, Param<'a>)>) -> NewRow {
    columns.into_iter().map(|(column, value)| (column, value.into())).collect()
}

fn moment(moment: Option<Timestamp>) -> Param<'static> {
    moment.map(|moment| moment.0).into()
}
