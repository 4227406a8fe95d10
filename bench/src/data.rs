//! Large databases, generated straight into the file. Those on PostgreSQL get their rows from such a file, so that there is
//! one description of the data.
//!
//! The schema and the seed come from the server itself, which is started once over the empty file; then the rows are
//! inserted into its first account in one transaction. Indexes are dropped before and built again after, from the text
//! that the schema has of them: sorted builds are several times faster than a million insertions each.
//!
//! The server may be an older build, whose schema lacks what came later. So rows are inserted with the columns that every
//! build knows, and what later ones keep beside them is filled in where the database has a place for it.

use std::path::Path;

use anyhow::{Context, Result};
use invited::testing::fold::{fold, search_key};
use invited::testing::{invitations, people, seats};
use rusqlite::{Connection, params};

use crate::database::Database;
use crate::dates;
use crate::interrupt::Interrupt;
use crate::process::{RequestLines, Server};

/// The first generated invitation; the others follow without gaps. Its invitee has the same id among the users.
pub(crate) const FIRST_ID: i64 = 1_000;

/// The account of the sandbox that the rows belong to.
pub(crate) const ACCOUNT: i64 = 1;

/// Generated members who have one manager together.
const REPORTS: u32 = 10;

/// Levels of the generated members, by turns.
const PERMISSIONS: [&str; 5] = ["project_creator", "collaborator", "project_lead", "reports_viewer", "collaborator"];

/// Members of the seed who may invite.
const INVITERS: [i64; 4] = [1, 2, 3, 5];

/// Active roles of the seed.
const ROLES: [i64; 3] = [101, 102, 103];

const GIVEN_NAMES: [&str; 8] = ["Ada", "Björn", "Chloé", "Dmitri", "Edith", "Farid", "Grace", "Hiro"];
const FAMILY_NAMES: [&str; 9] =
    ["Almeida", "Brandt", "Cohen", "Dubois", "Eriksen", "Fontaine", "García", "Hopper", "Ivanov"];

/// What a database holds beside the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Pending invitations, each with its invitee among the users.
    pub(crate) invitations: u32,
    /// Active memberships, each with its user. These ids follow those of the invitations.
    pub(crate) members: u32,
}

/// Makes a database of this size with the schema of this program.
pub(crate) fn generate(
    program: &Path,
    folder: &Path,
    database: &Path,
    size: Size,
    interrupt: &Interrupt,
) -> Result<()> {
    drop(Server::sandbox(program, folder, Some(&Database::File(database.to_path_buf())), RequestLines::Off)?);
    let mut connection = Connection::open(database)?;
    // Nobody else uses the file yet, and a half-made one is thrown away.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -262_144)?;
    let transaction = connection.transaction()?;
    let indexes = drop_indexes(&transaction)?;
    insert_invitations(&transaction, size.invitations, interrupt)?;
    insert_members(&transaction, size)?;
    if has_column(&transaction, "users", "is_active")? {
        complete_members(&transaction, size)?;
    }
    for index in indexes {
        interrupt.check()?;
        transaction.execute_batch(&index)?;
    }
    for name in [invitations::ALL, seats::PENDING_INVITATIONS] {
        count(&transaction, name, size.invitations)?;
    }
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.close().map_err(|(_, cause)| cause).context("closing the generated database")
}

/// Drops the indexes of the tables that grow and returns the statements that bring them back.
fn drop_indexes(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema \
         WHERE type = 'index' AND sql IS NOT NULL \
         AND tbl_name IN ('users', 'account_memberships', 'account_invitations')",
    )?;
    let indexes: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
}

/// Adds to a tally, in the transaction of what it counts.
fn count(connection: &Connection, name: &str, more: u32) -> Result<()> {
    connection.execute(
        "INSERT INTO tallies (account_id, name, total) VALUES (?1, ?2, ?3) \
         ON CONFLICT (account_id, name) DO UPDATE SET total = tallies.total + excluded.total",
        params![ACCOUNT, name, more],
    )?;
    Ok(())
}

const INSERT_USER: &str = "INSERT INTO users (id, account_id, full_name, name_key, email_address, email_key, search_key, \
                           headline, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)";

fn insert_invitations(connection: &Connection, invitations: u32, interrupt: &Interrupt) -> Result<()> {
    let mut user = connection.prepare(INSERT_USER)?;
    // Before links had a table of their own, each invitation held the hash of its only one.
    let (column, value) = match has_column(connection, "account_invitations", "token_hash")? {
        true => (", token_hash", ", randomblob(32)"),
        false => ("", ""),
    };
    let mut invitation = connection.prepare(&format!(
        "INSERT INTO account_invitations (id, account_id, full_name, name_key, email_address, email_key, search_key, \
         headline, created_at, updated_at, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, \
         billability_target, inviter_id, invitee_id, expires_on{column}) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?1, ?16{value})"
    ))?;
    let now = dates::now_in_microseconds();
    for number in 0..invitations {
        if number % 10_000 == 0 {
            interrupt.check()?;
        }
        let at = number as usize;
        let id = FIRST_ID + i64::from(number);
        let full_name = full_name(number);
        let email_address = format!("Person.{number}@bench.example.test");
        let (name_key, email_key) = (fold(&full_name), fold(&email_address));
        let search_key = search_key(&[&full_name, &email_address]);
        let headline = at.is_multiple_of(3).then_some("Senior analyst");
        // A second apart, so that the default order has no ties; the newest is a minute old.
        let created_at = now - 60_000_000 - i64::from(invitations - number) * 1_000_000;
        user.execute(params![
            id,
            ACCOUNT,
            full_name,
            name_key,
            email_address,
            email_key,
            search_key,
            headline,
            created_at
        ])?;
        invitation.execute(params![
            id,
            ACCOUNT,
            full_name,
            name_key,
            email_address,
            email_key,
            search_key,
            headline,
            created_at,
            "project_creator",
            at.is_multiple_of(10).then_some(ROLES[at / 10 % ROLES.len()]),
            at.is_multiple_of(2).then_some(10_000 + i64::from(number % 5_000)),
            at.is_multiple_of(4).then_some(8_000 + i64::from(number % 3_000)),
            at.is_multiple_of(5).then_some(i64::from(number % 101)),
            INVITERS[at % INVITERS.len()],
            now / dates::DAY + 30,
        ])?;
    }
    Ok(())
}

fn insert_members(connection: &Connection, size: Size) -> Result<()> {
    let mut user = connection.prepare(INSERT_USER)?;
    let mut membership = connection.prepare(
        "INSERT INTO account_memberships (id, account_id, user_id, permission, default_role_id, bill_rate_in_cents, \
         cost_rate_in_cents, billability_target, created_at, updated_at) \
         VALUES (?1, ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
    )?;
    let now = dates::now_in_microseconds();
    for number in 0..size.members {
        let at = number as usize;
        let id = first_member(size) + i64::from(number);
        let full_name = full_name(number);
        let email_address = format!("Member.{number}@bench.example.test");
        // Like the invitations: a second apart, the newest a minute old.
        let created_at = now - 60_000_000 - i64::from(size.members - number) * 1_000_000;
        user.execute(params![
            id,
            ACCOUNT,
            full_name,
            fold(&full_name),
            email_address,
            fold(&email_address),
            search_key(&[&full_name, &email_address]),
            at.is_multiple_of(3).then_some("Senior analyst"),
            created_at
        ])?;
        membership.execute(params![
            id,
            ACCOUNT,
            PERMISSIONS[at % PERMISSIONS.len()],
            (!at.is_multiple_of(4)).then_some(ROLES[at % ROLES.len()]),
            at.is_multiple_of(2).then_some(10_000 + i64::from(number % 5_000)),
            at.is_multiple_of(4).then_some(8_000 + i64::from(number % 3_000)),
            at.is_multiple_of(5).then_some(i64::from(number % 101)),
            created_at
        ])?;
    }
    Ok(())
}

/// Whether a table has a column: an older build may not have it yet, or a newer one any more.
fn has_column(connection: &Connection, table: &str, column: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2)";
    Ok(connection.query_row(sql, params![table, column], |row| row.get(0))?)
}

/// Fills in what the generated members have beside their first columns: that they are active, how many they are, and
/// their managers, who are members too.
fn complete_members(connection: &Connection, size: Size) -> Result<()> {
    let first = first_member(size);
    connection.execute("UPDATE users SET is_active = 1 WHERE id >= ?1", params![first])?;
    connection.execute(
        "UPDATE account_memberships SET manager_id = ?1 + (id - ?1) / ?2 WHERE id > ?1",
        params![first, REPORTS],
    )?;
    for name in [people::MEMBERSHIPS, people::ACTIVE_MEMBERSHIPS] {
        count(connection, name, size.members)?;
    }
    Ok(())
}

/// The first generated member. The users before it are invitees.
fn first_member(size: Size) -> i64 {
    FIRST_ID + i64::from(size.invitations)
}

fn full_name(number: u32) -> String {
    let at = number as usize;
    format!("{} {} {number}", GIVEN_NAMES[at % GIVEN_NAMES.len()], FAMILY_NAMES[at / 7 % FAMILY_NAMES.len()])
}

/// Copies a database that nobody has open.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).with_context(|| format!("copying the database to {}", to.display()))?;
    Ok(())
}
