//! Writes a seed into an empty database, by the functions that write the same things for requests: so the tallies, the state of
//! members and the keys of texts are what they would have been.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::engine::audit::Actor;
use crate::engine::{tallies, tokens};
use crate::ids::{AccountId, RoleId, UserId};
use crate::language::Language;
use crate::oauth::applications::{self, New};
use crate::oauth::passwords;
use crate::resources::external_references::{self, Subject};
use crate::resources::invitations::links::{self, Way};
use crate::resources::invitations::{self};
use crate::resources::people::{self, Keys, NewMembership, NewUser};
use crate::resources::{accounts, seats};
use crate::sandbox::seed::{Account, Application, Invitation, MARKER, Member, Person, Role, Seed, State};
use crate::store::{Db, Error, Param};
use crate::wire::fold::fold;

/// How many rows of a long planting were written, for those who wait.
#[derive(Debug, Default)]
pub struct Progress(AtomicU64);

impl Progress {
    /// The rows so far.
    pub fn rows(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts rows.
    pub(super) fn note(&self, rows: u64) {
        self.0.fetch_add(rows, Ordering::Relaxed);
    }
}

/// When the seed is written, and for how many days its invitations are good that do not say it.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub now: Timestamp,
    pub invitation_days: i64,
}

impl Start {
    pub(super) fn days_ago(self, days: i64) -> Timestamp {
        self.now.minus(Duration::from_secs(u64::try_from(days).unwrap_or_default() * 86_400))
    }
}

/// Writes a seed into an empty database. One that holds an account already is left as it is, and `false` returned
/// when that account did not come from a seed.
pub fn plant(db: &mut Db, seed: &Seed, now: Timestamp, invitation_days: i64) -> Result<bool, Error> {
    plant_with(db, seed, (now, invitation_days), &Progress::default())
}

/// The same, for those who want to see how far it is.
pub fn plant_with(
    db: &mut Db,
    seed: &Seed,
    (now, invitation_days): (Timestamp, i64),
    progress: &Progress,
) -> Result<bool, Error> {
    if accounts::exist(db)? {
        return super::is_marked(db);
    }
    let start = Start { now, invitation_days };
    if !super::is_marked(db)? {
        let mark = "INSERT INTO markers (name, value) VALUES (?1, ?2)";
        db.exec(mark, &[Param::Text(MARKER), Param::Text("its tokens are publicly known")])?;
    }
    for account in &seed.accounts {
        plant_account(db, account, start)?;
    }
    if let Some(generated) = &seed.generated {
        generated.plant(db, seed, start, progress)?;
    }
    db.follow_given_ids(&["accounts", "roles", "users", "account_memberships", "account_invitations"])?;
    Ok(true)
}

fn plant_account(db: &mut Db, account: &Account, start: Start) -> Result<(), Error> {
    let created_at = start.days_ago(account.created_days_ago);
    insert_account(db, (account.id, &account.name), account.language, created_at)?;
    for role in &account.roles {
        plant_role(db, account.id, role, start)?;
    }
    for member in &account.members {
        plant_member(db, account.id, member, start)?;
    }
    for invitation in &account.invitations {
        plant_invitation(db, account.id, invitation, start)?;
    }
    for application in &account.applications {
        plant_application(db, account.id, application, start)?;
    }
    if account.seats.is_some() {
        seats::contract(db, account.id.into(), account.seats, start.now)?;
    }
    Ok(())
}

pub(super) fn insert_account(
    db: &mut Db,
    (id, name): (i64, &str),
    language: Option<Language>,
    created_at: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO accounts (id, name, language, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)";
    let language = language.map(Language::code);
    db.exec(sql, &[Param::Int(id), Param::Text(name), language.into(), Param::Int(created_at.0)])?;
    Ok(())
}

pub(super) fn insert_role(
    db: &mut Db,
    account: i64,
    (id, name): (i64, &str),
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
) -> Result<(), Error> {
    db.exec(
        "INSERT INTO roles (id, account_id, name, name_key, deleted_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        &[
            Param::Int(id),
            Param::Int(account),
            Param::Text(name),
            Param::Text(&fold(name)),
            deleted_at.map(|moment| moment.0).into(),
            Param::Int(created_at.0),
        ],
    )?;
    Ok(())
}

fn plant_role(db: &mut Db, account: i64, role: &Role, start: Start) -> Result<(), Error> {
    let created_at = start.days_ago(role.created_days_ago);
    let deleted_at = role.deleted_days_ago.map(|days| start.days_ago(days));
    insert_role(db, account, (role.id, &role.name), created_at, deleted_at)?;
    for reference in &role.external_references {
        external_references::put(db, account.into(), Subject::Role(role.id.into()), reference, created_at)?;
    }
    Ok(())
}

fn insert_user(db: &mut Db, account_id: AccountId, person: &Person, created_at: Timestamp) -> Result<(), Error> {
    let keys = Keys::of(&person.full_name, &person.email_address);
    let user = NewUser {
        account_id,
        full_name: &person.full_name,
        email_address: &person.email_address,
        keys: &keys,
        headline: person.headline.as_deref(),
        created_at,
    };
    people::insert_user(db, Some(person.user_id.into()), &user).map(drop)
}

fn plant_references(db: &mut Db, account: i64, person: &Person, created_at: Timestamp) -> Result<(), Error> {
    person.external_references.iter().try_for_each(|reference| {
        external_references::put(db, account.into(), Subject::User(person.user_id.into()), reference, created_at)
    })
}

fn plant_member(db: &mut Db, account_id: i64, member: &Member, start: Start) -> Result<(), Error> {
    let created_at = start.days_ago(member.created_days_ago);
    let (account, user) = (AccountId::new(account_id), UserId::new(member.person.user_id));
    insert_user(db, account, &member.person, created_at)?;
    let membership = NewMembership {
        account_id: account,
        user_id: user,
        permission: &member.terms.permission,
        is_owner: member.is_owner,
        default_role_id: member.terms.default_role_id.map(RoleId::new),
        bill_rate_in_cents: member.terms.bill_rate_in_cents,
        cost_rate_in_cents: member.terms.cost_rate_in_cents,
        billability_target: member.terms.billability_target,
        default_read_only: member.terms.default_read_only,
        disabled_at: member.disabled_days_ago.map(|days| start.days_ago(days)),
        created_at,
    };
    people::insert_membership(db, Some(member.membership_id.into()), &membership)?;
    plant_references(db, account_id, &member.person, created_at)?;
    if let Some(token) = &member.token {
        tokens::insert(db, account, user, token, "sandbox", start.now)?;
    }
    if let Some(hashed) = &member.password {
        passwords::set(db, account, user, hashed, Actor::OPERATOR, start.now)?;
    }
    Ok(())
}

fn plant_invitation(db: &mut Db, account: i64, invitation: &Invitation, start: Start) -> Result<(), Error> {
    let created_at = start.days_ago(invitation.created_days_ago);
    let (person, terms) = (&invitation.person, &invitation.terms);
    let answered = |state: State| (invitation.state == state).then(|| start.days_ago(invitation.answered_days_ago));
    let (accepted_at, declined_at) = (answered(State::Accepted), answered(State::Declined));
    if accepted_at.is_none() {
        // The invitee of an accepted invitation is a member by now, and stands among them.
        insert_user(db, account.into(), person, created_at)?;
    }
    plant_references(db, account, person, created_at)?;
    let keys = Keys::of(&person.full_name, &person.email_address);
    db.exec(
        "INSERT INTO account_invitations (id, account_id, full_name, name_key, email_address, email_key, search_key, \
         headline, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, \
         default_read_only, inviter_id, invitee_id, expires_on, accepted_at, declined_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?20)",
        &[
            Param::Int(invitation.id),
            Param::Int(account),
            Param::Text(&person.full_name),
            Param::Text(&keys.name),
            Param::Text(&person.email_address),
            Param::Text(&keys.email),
            Param::Text(&keys.search),
            person.headline.as_deref().into(),
            Param::Text(&terms.permission),
            terms.default_role_id.into(),
            terms.bill_rate_in_cents.into(),
            terms.cost_rate_in_cents.into(),
            terms.billability_target.into(),
            Param::Int(i64::from(terms.default_read_only)),
            Param::Int(invitation.inviter_id),
            Param::Int(person.user_id),
            Param::Int(start.now.day() + invitation.expires_in_days.unwrap_or(start.invitation_days)),
            accepted_at.map(|moment| moment.0).into(),
            declined_at.map(|moment| moment.0).into(),
            Param::Int(created_at.0),
        ],
    )?;
    if let Some(token) = &invitation.link_token {
        links::insert(db, invitation.id.into(), token, Way::Mail, created_at)?;
    }
    tallies::add(db, account.into(), invitations::ALL, 1)?;
    if accepted_at.is_none() {
        tallies::add(db, account.into(), seats::PENDING_INVITATIONS, 1)?;
    }
    Ok(())
}

fn plant_application(db: &mut Db, account_id: i64, application: &Application, start: Start) -> Result<(), Error> {
    let new = New {
        account_id: account_id.into(),
        user_id: application.user_id.into(),
        client_id: &application.client_id,
        secret: &application.secret,
        name: &application.name,
        redirect_uris: &application.redirect_uris,
    };
    applications::insert(db, &new, start.now).map(drop)
}
