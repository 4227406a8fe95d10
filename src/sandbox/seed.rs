//! What a fresh sandbox holds: two accounts, a user on every level, roles, and an invitation in every state, all with
//! fixed ids (protocol-corners A2, A5). Ids of different kinds never overlap, so that a mix-up is seen at once.
//!
//! Everything is written relative to the clock, since invitation 1 has to be valid and invitation 3 expired whenever
//! the sandbox is started.
//!
//! The tokens of the seed are in every copy of this source. A database that holds them is therefore marked, so that
//! nothing that a team relies upon is ever served from it.

use std::time::Duration;

use crate::access::PUNCH_CLOCK;
use crate::accounts;
use crate::clock::Timestamp;
use crate::invitations;
use crate::oauth::applications::{self, New};
use crate::people::{self, Keys, NewMembership, NewUser};
use crate::seats;
use crate::store::{Db, Error, Param};
use crate::tallies;
use crate::tokens;
use crate::wire::fold::{fold, search_key};

/// The account whose levels have tokens.
const ACCOUNT: i64 = 1;

/// A second account, to see that nothing of one is seen from the other.
const OTHER_ACCOUNT: i64 = 2;

/// Added to a user's id, the id of its membership.
const MEMBERSHIP_IDS: i64 = 200;

/// A member, with the name of its token where it has one: the token is `sandbox-` and that name.
struct Member {
    account: i64,
    user: i64,
    full_name: &'static str,
    email_address: &'static str,
    permission: &'static str,
    token: Option<&'static str>,
    is_disabled: bool,
}

const fn member(
    user: i64,
    full_name: &'static str,
    email_address: &'static str,
    permission: &'static str,
    token: Option<&'static str>,
) -> Member {
    Member { account: ACCOUNT, user, full_name, email_address, permission, token, is_disabled: false }
}

const OWNER: i64 = 1;

const MEMBERS: &[Member] = &[
    member(OWNER, "Olive Owner", "owner@example.test", "administrator", Some("owner")),
    member(2, "Adam Administrator", "administrator@example.test", "administrator", Some("administrator")),
    member(
        3,
        "Rita Reports-Cost",
        "reports_viewer_with_cost@example.test",
        "reports_viewer_with_cost",
        Some("reports_viewer_with_cost"),
    ),
    member(4, "Ron Reports", "reports_viewer@example.test", "reports_viewer", Some("reports_viewer")),
    member(5, "Lea Lead", "project_lead@example.test", "project_lead", Some("project_lead")),
    member(6, "Carl Creator", "project_creator@example.test", "project_creator", Some("project_creator")),
    member(7, "Cora Collaborator", "collaborator@example.test", "collaborator", Some("collaborator")),
    member(8, "Paul Punch", "punch_clock@example.test", "punch_clock", Some("punch_clock")),
    member(9, "Erik External", "external_collaborator@example.test", "external_collaborator", None),
    Member { is_disabled: true, ..member(10, "Dora Disabled", "disabled@example.test", "collaborator", None) },
    member(14, "Barbara Accepted", "barbara@example.test", "project_creator", None),
    Member {
        account: OTHER_ACCOUNT,
        ..member(21, "Otto Other", "other_administrator@example.test", "administrator", Some("other_administrator"))
    },
];

/// A role, and whether it was deleted.
const ROLES: &[(i64, i64, &str, bool)] = &[
    (ACCOUNT, 101, "Developer", false),
    (ACCOUNT, 102, "Designer", false),
    (ACCOUNT, 103, "Manager", false),
    (ACCOUNT, 104, "Retired", true),
    (OTHER_ACCOUNT, 111, "Other role", false),
];

/// The OAuth application, which acts as the administrator in its own name.
pub const CLIENT_ID: &str = "sandbox-app";

/// What it proves itself with.
pub const CLIENT_SECRET: &str = "sandbox-secret";

/// Where its codes go.
pub const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";

struct Invitation {
    account: i64,
    id: i64,
    full_name: &'static str,
    email_address: &'static str,
    headline: Option<&'static str>,
    permission: &'static str,
    role: Option<i64>,
    bill_rate: Option<i64>,
    cost_rate: Option<i64>,
    target: Option<i64>,
    inviter: i64,
    invitee: i64,
    /// Days before now on which it was made.
    age: i64,
    is_accepted: bool,
}

const fn invitation(
    id: i64,
    full_name: &'static str,
    email_address: &'static str,
    inviter: i64,
    invitee: i64,
    age: i64,
) -> Invitation {
    Invitation {
        account: ACCOUNT,
        id,
        full_name,
        email_address,
        headline: None,
        permission: "project_creator",
        role: None,
        bill_rate: None,
        cost_rate: None,
        target: None,
        inviter,
        invitee,
        age,
        is_accepted: false,
    }
}

/// `created_at` ascends with the id and is different for each. Only the third is expired, although it is not the
/// oldest: it is the one whose last day is given below.
const INVITATIONS: &[Invitation] = &[
    invitation(1, "Ada Pending", "ada@example.test", 2, 11, 20),
    Invitation {
        headline: Some("Analyst"),
        permission: "project_lead",
        role: Some(101),
        bill_rate: Some(15_000),
        cost_rate: Some(9_000),
        target: Some(75),
        ..invitation(2, "Grace Full", "grace@example.test", 2, 12, 19)
    },
    Invitation { role: Some(104), ..invitation(EXPIRED, "Edsger Expired", "edsger@example.test", 5, 13, 18) },
    Invitation { is_accepted: true, ..invitation(4, "Barbara Accepted", "barbara@example.test", 2, 14, 17) },
    Invitation { account: OTHER_ACCOUNT, ..invitation(5, "Other Pending", "other.pending@example.test", 21, 22, 16) },
];

const EXPIRED: i64 = 3;

/// The names of the tokens, in the order in which they are told, with the tokens.
pub fn tokens() -> Vec<(&'static str, String)> {
    MEMBERS.iter().filter_map(|member| member.token).map(|name| (name, format!("sandbox-{name}"))).collect()
}

/// The name of the marker of a database that holds the seed.
const MARKER: &str = "sandbox";

/// Whether the seed was ever written into the database.
pub fn is_marked(db: &mut Db) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM markers WHERE name = ?1";
    Ok(db.maybe(sql, &[Param::Text(MARKER)], |_| Ok(()))?.is_some())
}

/// Writes the seed into an empty database. One that holds an account already is left as it is, and `false` returned
/// when that account did not come from here.
pub fn plant(db: &mut Db, now: Timestamp, invitation_days: i64) -> Result<bool, Error> {
    if accounts::exist(db)? {
        let is_marked = is_marked(db)?;
        if is_marked {
            plant_application(db, now)?;
        }
        return Ok(is_marked);
    }
    let mark = "INSERT INTO markers (name, value) VALUES (?1, ?2)";
    db.exec(mark, &[Param::Text(MARKER), Param::Text("its tokens are publicly known")])?;
    let long_ago = Param::Int(days_before(now, 90).0);
    for (id, name) in [(ACCOUNT, "Sandbox"), (OTHER_ACCOUNT, "Other Sandbox")] {
        let sql = "INSERT INTO accounts (id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)";
        db.exec(sql, &[Param::Int(id), Param::Text(name), long_ago])?;
    }
    for (account, id, name, is_deleted) in ROLES {
        let deleted_at = is_deleted.then(|| days_before(now, 30).0);
        db.exec(
            "INSERT INTO roles (id, account_id, name, name_key, deleted_at, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            &[
                Param::Int(*id),
                Param::Int(*account),
                Param::Text(name),
                Param::Text(&fold(name)),
                deleted_at.into(),
                long_ago,
            ],
        )?;
    }
    for member in MEMBERS {
        plant_member(db, member, now)?;
    }
    for invitation in INVITATIONS {
        plant_invitation(db, invitation, now, invitation_days)?;
    }
    db.follow_given_ids(&["accounts", "roles", "users", "account_memberships", "account_invitations"])?;
    plant_application(db, now)?;
    Ok(true)
}

/// Registers the application, unless the database has had it before, when it may have been deleted for a reason.
fn plant_application(db: &mut Db, now: Timestamp) -> Result<(), Error> {
    let known = db.maybe("SELECT 1 FROM applications WHERE client_id = ?1", &[Param::Text(CLIENT_ID)], |_| Ok(()))?;
    if known.is_some() {
        return Ok(());
    }
    let new = New {
        account_id: ACCOUNT,
        user_id: 2,
        client_id: CLIENT_ID,
        secret: CLIENT_SECRET,
        name: "Sandbox application",
        redirect_uris: &[REDIRECT_URI.to_owned()],
    };
    applications::insert(db, &new, now).map(drop)
}

fn plant_user(
    db: &mut Db,
    (account_id, id): (i64, i64),
    (full_name, email_address): (&str, &str),
    headline: Option<&str>,
    created_at: Timestamp,
) -> Result<(), Error> {
    let keys = Keys::of(full_name, email_address);
    let user = NewUser { account_id, full_name, email_address, keys: &keys, headline, created_at };
    people::insert_user(db, Some(id), &user).map(drop)
}

fn plant_member(db: &mut Db, member: &Member, now: Timestamp) -> Result<(), Error> {
    let created_at = days_before(now, 60 - member.user);
    plant_user(db, (member.account, member.user), (member.full_name, member.email_address), None, created_at)?;
    let membership = NewMembership {
        account_id: member.account,
        user_id: member.user,
        permission: member.permission,
        is_owner: member.user == OWNER || member.account == OTHER_ACCOUNT,
        bill_rate_in_cents: (member.permission == PUNCH_CLOCK).then_some(5_000),
        disabled_at: member.is_disabled.then(|| days_before(now, 10)),
        created_at,
        ..NewMembership::default()
    };
    people::insert_membership(db, Some(MEMBERSHIP_IDS + member.user), &membership)?;
    if let Some(name) = member.token {
        tokens::insert(db, (member.account, member.user), &format!("sandbox-{name}"), "sandbox", now)?;
    }
    Ok(())
}

fn plant_invitation(db: &mut Db, invitation: &Invitation, now: Timestamp, invitation_days: i64) -> Result<(), Error> {
    let created_at = days_before(now, invitation.age);
    let person = (invitation.full_name, invitation.email_address);
    if !invitation.is_accepted {
        // The invitee of an accepted invitation is a member by now, and stands among them.
        plant_user(db, (invitation.account, invitation.invitee), person, invitation.headline, created_at)?;
    }
    let last_day = if invitation.id == EXPIRED { now.day() - 1 } else { now.day() + invitation_days };
    let accepted_at = invitation.is_accepted.then(|| days_before(now, invitation.age - 1).0);
    db.exec(
        "INSERT INTO account_invitations (id, account_id, full_name, name_key, email_address, email_key, search_key, \
         headline, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, inviter_id, \
         invitee_id, expires_on, accepted_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?18)",
        &[
            Param::Int(invitation.id),
            Param::Int(invitation.account),
            Param::Text(invitation.full_name),
            Param::Text(&fold(invitation.full_name)),
            Param::Text(invitation.email_address),
            Param::Text(&fold(invitation.email_address)),
            Param::Text(&search_key(&[invitation.full_name, invitation.email_address])),
            invitation.headline.into(),
            Param::Text(invitation.permission),
            invitation.role.into(),
            invitation.bill_rate.into(),
            invitation.cost_rate.into(),
            invitation.target.into(),
            Param::Int(invitation.inviter),
            Param::Int(invitation.invitee),
            Param::Int(last_day),
            accepted_at.into(),
            Param::Int(created_at.0),
        ],
    )?;
    tallies::add(db, invitation.account, invitations::ALL, 1)?;
    if !invitation.is_accepted {
        tallies::add(db, invitation.account, seats::PENDING_INVITATIONS, 1)?;
    }
    Ok(())
}

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    now.minus(Duration::from_secs(u64::try_from(days).unwrap_or_default() * 86_400))
}
