//! The lists of the people of an account: members and their users, with what they name.

use invited::testing::store::{Db, Error, Param, Row};

use super::print::{self, Answer};
use super::statements::{ACCOUNT, ROLES, USERS, include, total};

/// The tally of both lists: every active membership has one active user.
const ACTIVE: &str = "account_memberships.active";

/// What is read of a membership, in the order of the wire, with the id at the end. What is never true here is not read.
macro_rules! columns {
    () => {
        "permission, CASE WHEN permission = 'administrator' THEN 1 ELSE 0 END, \
         CASE WHEN permission IN ('project_lead', 'reports_viewer', 'reports_viewer_with_cost', 'administrator') \
         THEN 1 ELSE 0 END, \
         CASE WHEN permission = 'punch_clock' THEN 1 ELSE 0 END, is_owner, \
         CASE WHEN permission IN ('project_creator', 'project_lead', 'reports_viewer', 'reports_viewer_with_cost', \
         'administrator') THEN 1 ELSE 0 END, \
         CASE WHEN permission IN ('reports_viewer', 'reports_viewer_with_cost', 'administrator') THEN 1 ELSE 0 END, \
         default_read_only, manager_can_approve, manager_can_edit_skills, should_show_alert_on_timesheet_submission, \
         disabled_at, created_at, updated_at, bill_rate_in_cents, billability_target, cost_rate_in_cents, \
         CASE WHEN permission IN ('collaborator', 'external_collaborator') THEN 1 ELSE 0 END, \
         enforce_workweek_minimum_on_timesheet_submission, enforce_workweek_maximum_on_timesheet_submission, \
         user_id, default_role_id, manager_id, id"
    };
}

/// Where the id is among them.
const ID: usize = 23;

/// The other records that a membership names.
struct Named {
    user: i64,
    role: Option<i64>,
    manager: Option<i64>,
}

/// A page of the active memberships, with their users, roles and managers.
pub(super) fn memberships(db: &mut Db, size: i64, page: i64) -> Result<Vec<u8>, Error> {
    let mut answer = Answer::new("account_memberships", usize::try_from(size).unwrap_or(0));
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    db.each(
        concat!(
            "SELECT ",
            columns!(),
            " FROM account_memberships WHERE account_id = ?1 AND disabled_at IS NULL \
             ORDER BY created_at DESC, id LIMIT ?2 OFFSET ?3"
        ),
        &[Param::Int(ACCOUNT), Param::Int(size), Param::Int((page - 1) * size)],
        &mut |row| {
            let named = membership(row, answer.record(row.int(ID)?))?;
            users.push(named.user);
            users.extend(named.manager);
            roles.extend(named.role);
            Ok(())
        },
    )?;
    answer.open("users");
    include(db, USERS, users, &mut |row| answer.user(row))?;
    answer.open("roles");
    include(db, ROLES, roles, &mut |row| answer.role(row))?;
    let count = total(db, ACTIVE)?;
    Ok(answer.finish(count, page, size))
}

/// A page of the active users, with their memberships and roles.
pub(super) fn users(db: &mut Db, size: i64, page: i64) -> Result<Vec<u8>, Error> {
    let mut answer = Answer::new("users", usize::try_from(size).unwrap_or(0));
    let (mut memberships, mut roles) = (Vec::new(), Vec::new());
    db.each(
        "SELECT full_name, photo_path, email_address, headline, \
         (SELECT m.id FROM account_memberships m WHERE m.user_id = t.id), \
         (SELECT m.default_role_id FROM account_memberships m WHERE m.user_id = t.id), id \
         FROM users t WHERE account_id = ?1 AND is_active = 1 ORDER BY name_key, id LIMIT ?2 OFFSET ?3",
        &[Param::Int(ACCOUNT), Param::Int(size), Param::Int((page - 1) * size)],
        &mut |row| {
            let (membership, role) = (row.maybe_int(4)?, row.maybe_int(5)?);
            let id = row.int(6)?;
            let out = answer.record(id);
            print::user(row, out)?;
            out.extend_from_slice(b",\"account_membership_id\":");
            print::maybe_quoted(membership, out);
            out.extend_from_slice(b",\"role_id\":");
            print::maybe_quoted(role, out);
            print::end(id, out);
            memberships.extend(membership);
            roles.extend(role);
            Ok(())
        },
    )?;
    answer.open("account_memberships");
    include(
        db,
        concat!(
            "SELECT ",
            columns!(),
            " FROM account_memberships WHERE +account_id = ?1 AND id IN (SELECT value FROM json_each(?2)) ORDER BY id"
        ),
        memberships,
        &mut |row| membership(row, answer.object(row.int(ID)?)).map(drop),
    )?;
    answer.open("roles");
    include(db, ROLES, roles, &mut |row| answer.role(row))?;
    let count = total(db, ACTIVE)?;
    Ok(answer.finish(count, page, size))
}

/// Prints a membership, whose place is open.
fn membership(row: &Row<'_>, out: &mut Vec<u8>) -> Result<Named, Error> {
    let (user, role, manager) = (row.int(20)?, row.maybe_int(21)?, row.maybe_int(22)?);
    out.extend_from_slice(b"\"permission\":");
    print::text(row.text(0)?, out);
    flag(b",\"is_administrator\":", row.int(1)?, out);
    flag(b",\"is_project_lead\":", row.int(2)?, out);
    flag(b",\"is_punch_clock_user\":", row.int(3)?, out);
    flag(b",\"is_owner\":", row.int(4)?, out);
    out.extend_from_slice(b",\"is_backup_approver\":false");
    flag(b",\"can_create_workspace\":", row.int(5)?, out);
    flag(b",\"can_view_reports\":", row.int(6)?, out);
    flag(b",\"default_read_only\":", row.int(7)?, out);
    flag(b",\"manager_can_approve\":", row.int(8)?, out);
    flag(b",\"manager_can_edit_skills\":", row.int(9)?, out);
    flag(b",\"should_show_alert_on_timesheet_submission\":", row.int(10)?, out);
    out.extend_from_slice(b",\"disabled_at\":");
    print::moment(row.maybe_int(11)?, out);
    out.extend_from_slice(b",\"created_at\":");
    print::moment(row.maybe_int(12)?, out);
    out.extend_from_slice(b",\"updated_at\":");
    print::moment(row.maybe_int(13)?, out);
    out.extend_from_slice(b",\"bill_rate_in_cents\":");
    print::maybe_integer(row.maybe_int(14)?, out);
    out.extend_from_slice(b",\"billability_target\":");
    print::maybe_integer(row.maybe_int(15)?, out);
    out.extend_from_slice(b",\"cost_rate_in_cents\":");
    print::maybe_integer(row.maybe_int(16)?, out);
    flag(b",\"collaborator_only_license\":", row.int(17)?, out);
    flag(b",\"enforce_workweek_minimum_on_timesheet_submission\":", row.int(18)?, out);
    flag(b",\"enforce_workweek_maximum_on_timesheet_submission\":", row.int(19)?, out);
    out.extend_from_slice(b",\"user_id\":");
    print::quoted(user, out);
    out.extend_from_slice(b",\"default_role_id\":");
    print::maybe_quoted(role, out);
    out.extend_from_slice(b",\"manager_id\":");
    print::maybe_quoted(manager, out);
    print::end(row.int(ID)?, out);
    Ok(Named { user, role, manager })
}

/// Prints a key and its truth value.
fn flag(key: &[u8], value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.extend_from_slice(if value == 1 { b"true" } else { b"false" });
}
