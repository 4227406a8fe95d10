//! Checks what only makes sense together, assigns ids, and finds the records that others name. Everything is checked
//! before anything is written.
//!
//! The rules are those of the server: what it would refuse to store is refused here. A seed may only describe what the
//! passing of time does to records, such as an inviter who may no longer grant what the invitation promises.

use secrecy::SecretString;

use crate::engine::access::Permission;
use crate::engine::error::Error;
use crate::entropy::Entropy;
use crate::oauth::passwords::HashedPassword;
use crate::sandbox::seed::file::{Account, File, Invitation, InvitationState, Member, Role};
use crate::sandbox::seed::references::{Ids, Unique, check_references, member_id, member_with, role_id};
use crate::sandbox::seed::values::{DaysAgo, Text};
use crate::sandbox::seed::written::{Rule, SeedError, Written};
use crate::sandbox::seed::{custom_fields, rates, skills};
use crate::wire::fold::fold;

/// What is unique over the whole file.
#[derive(Default)]
struct Names {
    accounts: Ids,
    users: Ids,
    memberships: Ids,
    roles: Ids,
    invitations: Ids,
    references: Ids,
    skills: skills::Names,
    rates: rates::Names,
    custom_fields: custom_fields::Names,
    tokens: Unique,
    links: Unique,
    clients: Unique,
}

pub(super) fn check(file: &mut File) -> Result<(), SeedError> {
    let mut names = Names::default();
    for account in &file.accounts.value {
        note_ids(&mut names, account)?;
    }
    file.accounts.value.iter_mut().try_for_each(|account| check_account(&mut names, account))
}

fn note_ids(names: &mut Names, account: &Account) -> Result<(), SeedError> {
    names.accounts.note("account", &account.id)?;
    for role in &account.roles {
        names.roles.note("role", &role.id)?;
        names.references.note_references(&role.external_references)?;
    }
    for skill in &account.skills {
        names.references.note_references(&skill.external_references)?;
    }
    names.skills.note(&account.skills, &account.members)?;
    names.rates.note(&account.members)?;
    for field in &account.custom_fields {
        names.references.note_references(&field.external_references)?;
    }
    names.custom_fields.note(&account.custom_fields, &account.members)?;
    for member in &account.members {
        names.users.note("user", &member.id)?;
        names.memberships.note("membership", &member.membership_id)?;
        names.references.note_references(&member.external_references)?;
    }
    for invitation in &account.invitations {
        names.invitations.note("invitation", &invitation.id)?;
        names.users.note("user", &invitation.invitee_id)?;
        names.references.note_references(&invitation.external_references)?;
    }
    Ok(())
}

/// The lists are checked in this order because later ones name records of earlier ones.
fn check_account(names: &mut Names, account: &mut Account) -> Result<(), SeedError> {
    account.found.id = names.accounts.assign(&account.id);
    account.found.age = account.created_days_ago.as_ref().map_or(90, |days| days.value);
    for role in &mut account.roles {
        check_role(names, account.found.age, role)?;
    }
    for skill in &mut account.skills {
        skills::check_skill(&mut names.skills, &mut names.references, skill)?;
    }
    for field in &mut account.custom_fields {
        custom_fields::check_field(&mut names.custom_fields, &mut names.references, field)?;
    }
    let currency = rates::currency(account).to_owned();
    let (mut addresses, mut values) = (Unique::default(), Unique::default());
    for member in &mut account.members {
        check_member(names, account.found.age, &account.roles, member)?;
        skills::check_held(&mut names.skills, &account.skills, &mut member.skills)?;
        rates::check(&mut names.rates, &currency, member)?;
        let (fields, held) = (&account.custom_fields, &mut member.custom_field_values);
        custom_fields::check_values(&mut names.custom_fields, &mut values, fields, held)?;
        let address = &member.email_address;
        addresses.note(address, &fold(&address.value), "The address")?;
    }
    check_owner(account)?;
    let mut pending = Unique::default();
    let mut invitations = std::mem::take(&mut account.invitations);
    for invitation in &mut invitations {
        check_invitation(names, account, &mut pending, invitation)?;
    }
    account.invitations = invitations;
    for application in &mut account.applications {
        let client_id = &application.client_id;
        names.clients.note(client_id, &client_id.value, "The client id")?;
        application.found.user_id = member_id(&account.members, &application.member)?;
    }
    Ok(())
}

fn check_role(names: &mut Names, account_age: i64, role: &mut Role) -> Result<(), SeedError> {
    role.found.id = names.roles.assign(&role.id);
    role.found.age = age(account_age, &role.created_days_ago, account_age)?;
    not_before(&role.deleted_days_ago, role.found.age, "it was created")?;
    check_references(&mut names.references, &mut role.external_references)
}

fn check_member(names: &mut Names, account_age: i64, roles: &[Role], member: &mut Member) -> Result<(), SeedError> {
    member.found.user_id = names.users.assign(&member.id);
    member.found.id = names.memberships.assign(&member.membership_id);
    member.found.age = age(account_age, &member.created_days_ago, 60)?;
    not_before(&member.disabled_days_ago, member.found.age, "the membership was created")?;
    if let Some(token) = &member.token {
        names.tokens.note(token, &token.value, "The token")?;
    }
    check_rate(&member.permission, member.bill_rate_in_cents.is_some())?;
    member.found.role_id = role_id(roles, &member.role)?;
    member.found.is_owner = member.owner.as_ref().is_some_and(|owner| owner.value);
    member.found.password = member.password.as_ref().map(|text| hash(text, member.found.user_id)).transpose()?;
    check_references(&mut names.references, &mut member.external_references)
}

/// An account has an active administrator, and one owner: the first of these, unless the file names one.
fn check_owner(account: &mut Account) -> Result<(), SeedError> {
    let mut owners = account.members.iter().filter(|member| member.found.is_owner);
    let (first, second) = (owners.next(), owners.next());
    if let Some(second) = second.and_then(|member| member.owner.as_ref()) {
        return second.wrong("There is another owner already; an account has one.");
    }
    let is_able = |member: &Member| {
        member.permission.value == Permission::Administrator.name() && member.disabled_days_ago.is_none()
    };
    let Some(able) = account.members.iter().position(is_able) else {
        return account
            .name
            .wrong("This account has no active administrator; make one of its members an administrator.");
    };
    match first.and_then(|member| Some((member, member.owner.as_ref()?))) {
        Some((member, owner)) if !is_able(member) => {
            owner.wrong("The owner is an active administrator; make this member one, or another one the owner.")
        }
        Some(_) => Ok(()),
        None => {
            account.members[able].found.is_owner = true;
            Ok(())
        }
    }
}

fn check_invitation(
    names: &mut Names,
    account: &Account,
    pending: &mut Unique,
    invitation: &mut Invitation,
) -> Result<(), SeedError> {
    let (state, address) = (invitation.state(), &invitation.email_address);
    invitation.found.id = names.invitations.assign(&invitation.id);
    invitation.found.age = age(account.found.age, &invitation.created_days_ago, 20)?;
    invitation.found.user_id = match (state, member_with(&account.members, &address.value)) {
        (InvitationState::Accepted, Some(user_id)) => match &invitation.invitee_id {
            Some(id) => return id.wrong("The invitee of an accepted invitation is the member; leave this out."),
            None => user_id,
        },
        (InvitationState::Accepted, None) => {
            return address.wrong("The invitee of an accepted invitation is a member; add a member with this address.");
        }
        (_, Some(_)) => {
            return address.wrong("A member has this address; use another one, or write state: accepted.");
        }
        (_, None) => {
            pending.note(address, &fold(&address.value), "An invitation that was not accepted, of")?;
            names.users.assign(&invitation.invitee_id)
        }
    };
    if let Some(token) = &invitation.link_token {
        if state != InvitationState::Pending {
            return token.wrong("Only a pending invitation has a link; leave this out.");
        }
        names.links.note(token, &token.value, "The link token")?;
    }
    if let Some(permission) = &invitation.permission {
        check_rate(permission, invitation.bill_rate_in_cents.is_some())?;
    }
    invitation.found.role_id = role_id(&account.roles, &invitation.role)?;
    invitation.found.inviter_id = member_id(&account.members, &invitation.inviter)?;
    check_last_day(invitation)?;
    match &invitation.answered_days_ago {
        Some(days) if !matches!(state, InvitationState::Accepted | InvitationState::Declined) => {
            return days.wrong("This invitation has no answer; write state: accepted or declined, or leave this out.");
        }
        days => not_before(days, invitation.found.age, "it was created")?,
    }
    check_references(&mut names.references, &mut invitation.external_references)
}

fn check_last_day(invitation: &Invitation) -> Result<(), SeedError> {
    let Some(days) = &invitation.expires_in_days else { return Ok(()) };
    let sentence = match (invitation.state(), days.value) {
        (_, number) if number < -invitation.found.age => {
            "The last day is before the invitation was created; write more days."
        }
        (InvitationState::Expired, 0..) => "The last day of an expired invitation is over; write -1 or less.",
        (InvitationState::Pending, ..=-1) => "The last day is over; write state: expired, or 0 days or more.",
        _ => return Ok(()),
    };
    days.wrong(sentence)
}

/// The age of a record in days, which is at most that of its account.
fn age(account_age: i64, days: &Option<Written<DaysAgo>>, default: i64) -> Result<i64, SeedError> {
    not_before(days, account_age, "the account was created")?;
    Ok(days.as_ref().map_or(default.min(account_age), |days| days.value))
}

fn not_before(days: &Option<Written<DaysAgo>>, most: i64, event: &str) -> Result<(), SeedError> {
    match days {
        Some(days) if days.value > most => {
            days.wrong(format!("{} days ago is before {event}; write at most {most}.", days.value))
        }
        _ => Ok(()),
    }
}

fn check_rate<R: Rule<Value = String>>(permission: &Written<R>, has_rate: bool) -> Result<(), SeedError> {
    match permission.value == Permission::PunchClock.name() && !has_rate {
        true => permission.wrong("This permission needs a rate; add bill_rate_in_cents."),
        false => Ok(()),
    }
}

/// The salt depends on the user only, so the same seed makes the same rows.
fn hash(password: &Written<Text>, user_id: i64) -> Result<HashedPassword, SeedError> {
    let salts = Entropy::seeded(u64::try_from(user_id).unwrap_or_default());
    HashedPassword::new(&SecretString::from(password.value.clone()), &salts).or_else(|error| match error {
        Error::Syntax(sentence) => password.wrong(sentence),
        _ => password.wrong("This password cannot be hashed; use another."),
    })
}
