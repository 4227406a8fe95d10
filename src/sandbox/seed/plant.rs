//! Writes the records of a seed file into an empty database, with the functions that requests use where they fit. So
//! tallies, `is_active` and the search keys are right.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::audit::Actor;
use crate::engine::nested::Subject;
use crate::engine::{tallies, tokens};
use crate::ids::{AccountId, RoleId, UserId};
use crate::oauth::applications::{self, NewApplication};
use crate::oauth::passwords::{self, Grants};
use crate::resources::invitations::links::{self, LinkOrigin};
use crate::resources::people::{self, NewMembership, NewUser};
use crate::resources::{invitations, roles, seats};
use crate::sandbox::seed::file::{Account, Invitation, InvitationState, Member, Role, SeedApplication};
use crate::sandbox::seed::rows::{self, Outcome};
use crate::sandbox::seed::values::Line;
use crate::sandbox::seed::written::{Rule, Written};
use crate::sandbox::seed::{custom_fields, rates, skills};
use crate::store::{Db, Error, Param};

/// When the sandbox starts, and for how many days an invitation is valid if the seed does not say.
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

pub(super) fn account(db: &mut Db, account: &Account, start: Start) -> Result<(), Error> {
    let account_id = AccountId::new(account.found.id);
    let (created_at, language) =
        (start.days_ago(account.found.age), account.language.as_ref().map(|code| code.value.as_str()));
    let currency = rates::currency(account);
    rows::insert(db, "accounts", &[rows::account(account_id, &account.name.value, language, currency, created_at)])?;
    for record in &account.roles {
        role(db, account_id, record, start)?;
    }
    for skill in &account.skills {
        skills::plant(db, account_id, skill, created_at)?;
    }
    for field in &account.custom_fields {
        custom_fields::plant(db, account_id, field, created_at)?;
    }
    for record in &account.members {
        member(db, account_id, currency, record, start)?;
    }
    for record in &account.invitations {
        invitation(db, account_id, record, start)?;
    }
    for record in &account.applications {
        application(db, account_id, record, start)?;
    }
    if let Some(seats) = &account.seats {
        seats::contract(db, account_id, Some(seats.value), start.now)?;
    }
    Ok(())
}

fn role(db: &mut Db, account_id: AccountId, role: &Role, start: Start) -> Result<(), Error> {
    let created_at = start.days_ago(role.found.age);
    let deleted_at = role.deleted_days_ago.as_ref().map(|days| start.days_ago(days.value));
    rows::insert(db, "roles", &[rows::role(account_id, role.found.id, &role.name.value, created_at, deleted_at)])?;
    let subject = Subject::new(account_id, roles::RESOURCE.object, RoleId::new(role.found.id));
    rows::references(db, subject, &role.external_references, created_at)
}

fn member(db: &mut Db, account_id: AccountId, currency: &str, member: &Member, start: Start) -> Result<(), Error> {
    let (user_id, created_at) = (UserId::new(member.found.user_id), start.days_ago(member.found.age));
    let user = NewUser::new(
        account_id,
        &member.full_name.value,
        &member.email_address.value,
        member.headline.as_ref().map(|headline| headline.value.as_str()),
        created_at,
    );
    people::insert_user(db, Some(user_id), &user.proven())?;
    let membership = NewMembership {
        is_owner: member.found.is_owner,
        default_role_id: member.found.role_id.map(RoleId::new),
        bill_rate_in_cents: number(&member.bill_rate_in_cents),
        billability_target: number(&member.billability_target),
        default_read_only: member.default_read_only,
        collaborator_only_license: member.collaborator_only_license,
        can_log_in: member.can_log_in.as_ref().is_none_or(|can| can.value),
        disabled_at: number(&member.disabled_days_ago).map(|days| start.days_ago(days)),
        ..NewMembership::new(account_id, user_id, member.permission.value.parse()?, created_at)
    };
    people::insert_membership(db, Some(member.found.id.into()), &membership)?;
    profile(db, member, start)?;
    rates::plant(db, account_id, currency, member, created_at, start.now)?;
    skills::plant_held(db, account_id, member, created_at)?;
    custom_fields::plant_values(db, account_id, member, created_at)?;
    rows::references(db, Subject::new(account_id, people::USER, user_id), &member.external_references, created_at)?;
    if let Some(token) = &member.token {
        tokens::insert(db, account_id, user_id, &token.value, "sandbox", start.now)?;
    }
    if let Some(hashed) = &member.found.password {
        passwords::set(db, account_id, user_id, hashed, Grants::Keep, Actor::OPERATOR, start.now)?;
    }
    Ok(())
}

/// Writes what the profile of a member says.
fn profile(db: &mut Db, member: &Member, start: Start) -> Result<(), Error> {
    let line = |written: &Option<Written<Line>>| written.as_ref().map(|line| line.value.clone());
    let texts = [
        member.bio.as_ref().map(|bio| bio.value.clone()),
        line(&member.website),
        line(&member.city),
        line(&member.state),
        line(&member.country),
        line(&member.abbreviated_timezone),
    ];
    let signed_in_at = number(&member.signed_in_days_ago).map(|days| start.days_ago(days).0);
    let mut params = vec![Param::Int(member.found.user_id), signed_in_at.into()];
    params.extend(texts.iter().map(|text| Param::from(text.as_deref())));
    let sql = "UPDATE users SET last_site_activity = ?2, bio = ?3, website = ?4, city = ?5, state = ?6, country = ?7, \
               abbreviated_timezone = ?8 WHERE id = ?1";
    db.exec(sql, &params).map(drop)
}

fn invitation(db: &mut Db, account_id: AccountId, invitation: &Invitation, start: Start) -> Result<(), Error> {
    let (found, state) = (&invitation.found, invitation.state());
    let (user_id, created_at) = (UserId::new(found.user_id), start.days_ago(found.age));
    let invitee = NewUser::new(
        account_id,
        &invitation.full_name.value,
        &invitation.email_address.value,
        invitation.headline.as_ref().map(|headline| headline.value.as_str()),
        created_at,
    );
    let permission = invitation.permission.as_ref().map(|permission| permission.value.parse()).transpose()?;
    let promised = NewMembership {
        default_role_id: found.role_id.map(RoleId::new),
        bill_rate_in_cents: number(&invitation.bill_rate_in_cents),
        cost_rate_in_cents: number(&invitation.cost_rate_in_cents),
        billability_target: number(&invitation.billability_target),
        default_read_only: invitation.default_read_only,
        ..NewMembership::new(account_id, user_id, permission.unwrap_or(Permission::ProjectCreator), created_at)
    };
    let answered_at = start.days_ago(number(&invitation.answered_days_ago).unwrap_or((found.age - 1).max(0)));
    let days = if state == InvitationState::Expired { -1 } else { start.invitation_days };
    let outcome = Outcome {
        last_day: start.now.day() + number(&invitation.expires_in_days).unwrap_or(days),
        accepted_at: (state == InvitationState::Accepted).then_some(answered_at),
        declined_at: (state == InvitationState::Declined).then_some(answered_at),
        updated_at: created_at,
        ..Outcome::default()
    };
    if state != InvitationState::Accepted {
        // The invitee of an accepted invitation is one of the members.
        people::insert_user(db, Some(user_id), &invitee)?;
        tallies::add(db, account_id, seats::PENDING_INVITATIONS, 1)?;
    }
    rows::references(db, Subject::new(account_id, people::USER, user_id), &invitation.external_references, created_at)?;
    let row = rows::invitation(found.id, &invitee, &promised, found.inviter_id, &outcome);
    rows::insert(db, "account_invitations", &[row])?;
    if let Some(token) = &invitation.link_token {
        links::insert(db, found.id.into(), &token.value, LinkOrigin::Mail, created_at)?;
    }
    tallies::add(db, account_id, invitations::ALL, 1)
}

fn application(db: &mut Db, account_id: AccountId, application: &SeedApplication, start: Start) -> Result<(), Error> {
    let redirect_uris: Vec<String> =
        application.redirect_uris.value.iter().map(|redirect_uri| redirect_uri.value.clone()).collect();
    let new = NewApplication {
        account_id,
        user_id: application.found.user_id.into(),
        client_id: &application.client_id.value,
        secret: &application.secret.value,
        name: &application.name.value,
        redirect_uris: &redirect_uris,
    };
    applications::insert(db, &new, start.now).map(drop)
}

fn number<R: Rule<Value = i64>>(written: &Option<Written<R>>) -> Option<i64> {
    written.as_ref().map(|number| number.value)
}
