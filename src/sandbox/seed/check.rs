//! Checks what only makes sense together, assigns ids, and finds the records that others name. Everything is checked before anything
//! is written.
//!
//! The rules are those of the server: what it would refuse to store is refused here. A seed may only describe what the passing
//! of time does to records, such as an inviter who may no longer grant what the invitation promises.

use secrecy::SecretString;

use crate::engine::access::{ADMINISTRATOR, PUNCH_CLOCK};
use crate::engine::error::Error;
use crate::entropy::Entropy;
use crate::oauth::passwords::Hashed;
use crate::sandbox::seed::file::{Account, File, Invitation, Member, Role, State};
use crate::sandbox::seed::read::SeedError;
use crate::sandbox::seed::references::{Ids, Unique, member_id, member_with, role_id};
use crate::sandbox::seed::values::{DaysAgo, ExternalReference};
use crate::sandbox::seed::written::{Any, Rule, Written};
use crate::wire::fold::fold;

/// What is unique over the whole file.
struct Names {
    accounts: Ids,
    users: Ids,
    memberships: Ids,
    roles: Ids,
    invitations: Ids,
    tokens: Unique,
    links: Unique,
    clients: Unique,
}

pub(super) fn check(file: &mut File) -> Result<(), SeedError> {
    let mut names = Names {
        accounts: Ids::of("account"),
        users: Ids::of("user"),
        memberships: Ids::of("membership"),
        roles: Ids::of("role"),
        invitations: Ids::of("invitation"),
        tokens: Unique::default(),
        links: Unique::default(),
        clients: Unique::default(),
    };
    for account in &file.accounts.value {
        note_ids(&mut names, account)?;
    }
    file.accounts.value.iter_mut().try_for_each(|account| check_account(&mut names, account))
}

fn note_ids(names: &mut Names, account: &Account) -> Result<(), SeedError> {
    names.accounts.note(account.written_id.as_ref())?;
    for role in &account.roles {
        names.roles.note(role.written_id.as_ref())?;
    }
    for member in &account.members {
        names.users.note(member.id.as_ref())?;
        names.memberships.note(member.written_membership_id.as_ref())?;
    }
    for invitation in &account.invitations {
        names.invitations.note(invitation.written_id.as_ref())?;
        names.users.note(invitation.written_invitee_id.as_ref())?;
    }
    Ok(())
}

/// The lists are checked in this order because later ones name records of earlier ones.
fn check_account(names: &mut Names, account: &mut Account) -> Result<(), SeedError> {
    account.id = names.accounts.assign(account.written_id.as_ref());
    account.age = account.created_days_ago.as_ref().map_or(90, |days| days.value);
    for role in &mut account.roles {
        check_role(names, account.age, role)?;
    }
    let mut addresses = Unique::default();
    for member in &mut account.members {
        check_member(names, account.age, &account.roles, member)?;
        let address = &member.email_address;
        addresses.note(address, &fold(&address.value), &format!("The address {}", address.value))?;
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
        names.clients.note(client_id, &client_id.value, &format!("The client id {}", client_id.value))?;
        application.user_id = member_id(&account.members, application.member.as_ref())?;
    }
    Ok(())
}

fn check_role(names: &mut Names, account_age: i64, role: &mut Role) -> Result<(), SeedError> {
    role.id = names.roles.assign(role.written_id.as_ref());
    role.age = age(account_age, role.created_days_ago.as_ref(), account_age)?;
    not_before(role.deleted_days_ago.as_ref(), role.age, "it was created")?;
    check_services(&role.external_references)
}

fn check_member(names: &mut Names, account_age: i64, roles: &[Role], member: &mut Member) -> Result<(), SeedError> {
    member.user_id = names.users.assign(member.id.as_ref());
    member.membership_id = names.memberships.assign(member.written_membership_id.as_ref());
    member.age = age(account_age, member.created_days_ago.as_ref(), 60)?;
    not_before(member.disabled_days_ago.as_ref(), member.age, "the membership was created")?;
    if let Some(token) = &member.token {
        names.tokens.note(token, &token.value, &format!("The token {}", token.value))?;
    }
    check_rate(&member.permission, member.bill_rate_in_cents.is_some())?;
    member.default_role_id = member.role.as_ref().map(|role| role_id(roles, role)).transpose()?;
    member.is_owner = member.owner.as_ref().is_some_and(|owner| owner.value);
    member.hashed_password = member.password.as_ref().map(|text| hash(text, member.user_id)).transpose()?;
    check_services(&member.external_references)
}

/// An account has an active administrator, and one owner: the first of these, unless the file names one.
fn check_owner(account: &mut Account) -> Result<(), SeedError> {
    let mut owners = account.members.iter().filter(|member| member.is_owner);
    let (first, second) = (owners.next(), owners.next());
    if let Some(second) = second.and_then(|member| member.owner.as_ref()) {
        return Err(SeedError::at(second, "There is another owner already; an account has one."));
    }
    let is_able = |member: &Member| member.permission.value == ADMINISTRATOR && member.disabled_days_ago.is_none();
    let Some(able) = account.members.iter().position(is_able) else {
        let sentence = "This account has no active administrator; make one of its members an administrator.";
        return Err(SeedError::at(&account.name, sentence));
    };
    match first.and_then(|member| Some((member, member.owner.as_ref()?))) {
        Some((member, owner)) if !is_able(member) => {
            let sentence = "The owner is an active administrator; make this member one, or another one the owner.";
            Err(SeedError::at(owner, sentence))
        }
        Some(_) => Ok(()),
        None => {
            account.members[able].is_owner = true;
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
    invitation.id = names.invitations.assign(invitation.written_id.as_ref());
    invitation.age = age(account.age, invitation.created_days_ago.as_ref(), 20)?;
    invitation.invitee_id = match (state, member_with(&account.members, &address.value)) {
        (State::Accepted, Some(user_id)) => match &invitation.written_invitee_id {
            Some(id) => {
                let sentence = "The invitee of an accepted invitation is the member; leave this out.";
                return Err(SeedError::at(id, sentence));
            }
            None => user_id,
        },
        (State::Accepted, None) => {
            let sentence = "The invitee of an accepted invitation is a member; add a member with this address.";
            return Err(SeedError::at(address, sentence));
        }
        (_, Some(_)) => {
            let sentence = "A member has this address; use another one, or write state: accepted.";
            return Err(SeedError::at(address, sentence));
        }
        (_, None) => {
            let what = format!("An invitation of {} that was not accepted", address.value);
            pending.note(address, &fold(&address.value), &what)?;
            names.users.assign(invitation.written_invitee_id.as_ref())
        }
    };
    if let Some(token) = &invitation.link_token {
        if state != State::Pending {
            return Err(SeedError::at(token, "Only a pending invitation has a link; leave this out."));
        }
        names.links.note(token, &token.value, &format!("The link token {}", token.value))?;
    }
    if let Some(permission) = &invitation.permission {
        check_rate(permission, invitation.bill_rate_in_cents.is_some())?;
    }
    invitation.default_role_id = invitation.role.as_ref().map(|role| role_id(&account.roles, role)).transpose()?;
    invitation.inviter_id = member_id(&account.members, invitation.inviter.as_ref())?;
    check_last_day(invitation)?;
    match &invitation.answered_days_ago {
        Some(days) if !matches!(state, State::Accepted | State::Declined) => {
            let sentence = "This invitation has no answer; write state: accepted or declined, or leave this out.";
            return Err(SeedError::at(days, sentence));
        }
        days => not_before(days.as_ref(), invitation.age, "it was created")?,
    }
    check_services(&invitation.external_references)
}

fn check_last_day(invitation: &Invitation) -> Result<(), SeedError> {
    let Some(days) = &invitation.expires_in_days else { return Ok(()) };
    let sentence = match (invitation.state(), days.value) {
        (_, number) if number < -invitation.age => {
            "The last day is before the invitation was created; write more days."
        }
        (State::Expired, 0..) => "The last day of an expired invitation is over; write -1 or less.",
        (State::Pending, ..=-1) => "The last day is over; write state: expired, or 0 days or more.",
        _ => return Ok(()),
    };
    Err(SeedError::at(days, sentence))
}

/// The age of a record in days, which is at most that of its account.
fn age(account_age: i64, days: Option<&Written<DaysAgo>>, default: i64) -> Result<i64, SeedError> {
    not_before(days, account_age, "the account was created")?;
    Ok(days.map_or(default.min(account_age), |days| days.value))
}

fn not_before(days: Option<&Written<DaysAgo>>, most: i64, event: &str) -> Result<(), SeedError> {
    match days {
        Some(days) if days.value > most => {
            Err(SeedError::at(days, format!("{} days ago is before {event}; write at most {most}.", days.value)))
        }
        _ => Ok(()),
    }
}

fn check_rate<R: Rule<Value = String>>(permission: &Written<R>, has_rate: bool) -> Result<(), SeedError> {
    match permission.value == PUNCH_CLOCK && !has_rate {
        true => Err(SeedError::at(permission, "This permission needs a rate; add bill_rate_in_cents.")),
        false => Ok(()),
    }
}

/// A record has one reference in each service.
fn check_services(references: &[Written<ExternalReference>]) -> Result<(), SeedError> {
    let mut services = Unique::default();
    references.iter().try_for_each(|reference| {
        let service = reference.value["service_name"].as_str().unwrap_or_default();
        services.note(reference, service, &format!("A reference in {service}"))
    })
}

/// The salt depends on the user only, so the same seed makes the same rows.
fn hash(password: &Written<Any<String>>, user_id: i64) -> Result<Hashed, SeedError> {
    let salts = Entropy::seeded(u64::try_from(user_id).unwrap_or_default());
    Hashed::new(&SecretString::from(password.value.clone()), &salts).map_err(|error| match error {
        Error::Syntax(sentence) => SeedError::at(password, sentence),
        _ => SeedError::at(password, "This password cannot be hashed; use another."),
    })
}
