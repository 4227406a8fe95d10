//! From the file to the seed: everything is judged before anything is written, and every fault is told where it stands.
//!
//! The rules are those of the server: what it would refuse to store is refused here too. Only what time makes of records, such as
//! an inviter who may no longer grant what was promised, can be written down as it is.

use crate::engine::access::{ASSIGNABLE, INVITABLE, Permission};
use crate::sandbox::seed::file::{self, At, Wrong};
use crate::sandbox::seed::named::{member_id, member_of, role_id};
use crate::sandbox::seed::references::{Ids, Once};
use crate::sandbox::seed::values::{
    MOST_DAYS, answer, days_ago, external_references, judge_token, language, last_day, number, password, redirect_uris,
    seats, start, state, text,
};
use crate::sandbox::seed::{Account, Application, Invitation, Member, Person, Role, Seed, State, Terms};
use crate::wire::fold::fold;
use crate::wire::kind::Kind;

/// What is unique over the whole file.
struct Names {
    accounts: Ids,
    users: Ids,
    memberships: Ids,
    roles: Ids,
    invitations: Ids,
    tokens: Once,
    links: Once,
    clients: Once,
}

/// Judges a file.
pub(super) fn seed(file: &file::File) -> Result<Seed, Wrong> {
    let mut names = Names {
        accounts: Ids::of("account"),
        users: Ids::of("user"),
        memberships: Ids::of("membership"),
        roles: Ids::of("role"),
        invitations: Ids::of("invitation"),
        tokens: Once::default(),
        links: Once::default(),
        clients: Once::default(),
    };
    if file.accounts.value.is_empty() {
        return Err(Wrong::with(&file.accounts, "There is no account here; a seed has at least one."));
    }
    for account in &file.accounts.value {
        note_ids(&mut names, &account.value)?;
    }
    let (now, is_frozen) = match &file.clock {
        Some(clock) => (clock.now.as_ref().map(start).transpose()?, clock.frozen),
        None => (None, None),
    };
    let accounts = file.accounts.value.iter().map(|account| self::account(&mut names, account));
    Ok(Seed { now, is_frozen, accounts: accounts.collect::<Result<_, _>>()?, generated: None })
}

fn note_ids(names: &mut Names, account: &file::Account) -> Result<(), Wrong> {
    names.accounts.note(account.id.as_ref())?;
    for role in &account.roles {
        names.roles.note(role.id.as_ref())?;
    }
    for member in &account.members {
        names.users.note(member.id.as_ref())?;
        names.memberships.note(member.membership_id.as_ref())?;
    }
    for invitation in &account.invitations {
        names.invitations.note(invitation.id.as_ref())?;
        names.users.note(invitation.invitee_id.as_ref())?;
    }
    Ok(())
}

/// An account grows record by record, since what comes later may name what came before.
fn account(names: &mut Names, at: &At<file::Account>) -> Result<Account, Wrong> {
    let file = &at.value;
    let mut account = Account {
        id: names.accounts.give(file.id.as_ref()),
        name: text(Kind::Line, "name", &file.name)?,
        language: file.language.as_ref().map(language).transpose()?,
        seats: file.seats.as_ref().map(seats).transpose()?,
        created_days_ago: days_ago(file.created_days_ago.as_ref(), MOST_DAYS, "")?.unwrap_or(90),
        roles: Vec::new(),
        members: Vec::new(),
        invitations: Vec::new(),
        applications: Vec::new(),
    };
    for file in &file.roles {
        let role = role(names, &account, file)?;
        account.roles.push(role);
    }
    let mut addresses = Once::default();
    for file in &file.members {
        let member = member(names, &account, file)?;
        addresses.note(&file.email_address, fold(&member.person.email_address), "The address")?;
        account.members.push(member);
    }
    judge_members(at, &mut account)?;
    let mut pending = Once::default();
    for file in &file.invitations {
        let invitation = invitation(names, &account, &mut pending, file)?;
        account.invitations.push(invitation);
    }
    for file in &file.applications {
        let application = application(names, &account, file)?;
        account.applications.push(application);
    }
    Ok(account)
}

/// An account has an administrator who is active, and one owner: the first of these, unless it is said.
fn judge_members(at: &At<file::Account>, account: &mut Account) -> Result<(), Wrong> {
    let mut owners = at.value.members.iter().filter_map(|member| member.owner.as_ref()).filter(|owner| owner.value);
    let (said, second) = (owners.next(), owners.next());
    if let Some(second) = second {
        return Err(Wrong::with(second, "There is another owner already; an account has one."));
    }
    let is_able = |member: &Member| {
        member.terms.permission == Permission::Administrator.name() && member.disabled_days_ago.is_none()
    };
    let Some(first) = account.members.iter().position(is_able) else {
        return Err(Wrong::with(
            at,
            "This account has no active administrator; make one of its members an administrator.",
        ));
    };
    match said {
        Some(owner) if !account.members.iter().any(|member| member.is_owner && is_able(member)) => Err(Wrong::with(
            owner,
            "The owner is an active administrator; make this member one, or another one the owner.",
        )),
        Some(_) => Ok(()),
        None => {
            account.members[first].is_owner = true;
            Ok(())
        }
    }
}

/// When a record was made: not before its account was.
fn age(account: &Account, days: Option<&At<i64>>, usually: i64) -> Result<i64, Wrong> {
    let said = days_ago(days, account.created_days_ago, "before the account was made")?;
    Ok(said.unwrap_or(usually.min(account.created_days_ago)))
}

fn role(names: &mut Names, account: &Account, file: &file::Role) -> Result<Role, Wrong> {
    let created_days_ago = age(account, file.created_days_ago.as_ref(), account.created_days_ago)?;
    Ok(Role {
        id: names.roles.give(file.id.as_ref()),
        name: text(Kind::Line, "name", &file.name)?,
        created_days_ago,
        deleted_days_ago: days_ago(file.deleted_days_ago.as_ref(), created_days_ago, "before it was made")?,
        external_references: external_references(&file.external_references)?,
    })
}

fn member(names: &mut Names, account: &Account, file: &file::Member) -> Result<Member, Wrong> {
    let created_days_ago = age(account, file.created_days_ago.as_ref(), 60)?;
    let user_id = names.users.give(file.id.as_ref());
    if let Some(token) = &file.token {
        judge_token(token)?;
        names.tokens.note(token, token.value.clone(), "The token")?;
    }
    let permission = text(Kind::Choice(ASSIGNABLE), "permission", &file.permission)?;
    judge_rate(&permission, &file.permission, file.bill_rate_in_cents.as_ref())?;
    Ok(Member {
        membership_id: names.memberships.give(file.membership_id.as_ref()),
        person: Person {
            user_id,
            full_name: text(Kind::Line, "full_name", &file.full_name)?,
            email_address: text(Kind::Email, "email_address", &file.email_address)?,
            headline: file.headline.as_ref().map(|headline| text(Kind::Line, "headline", headline)).transpose()?,
            external_references: external_references(&file.external_references)?,
        },
        terms: Terms {
            permission,
            default_role_id: file.role.as_ref().map(|role| role_id(account, role)).transpose()?,
            bill_rate_in_cents: number(Kind::Cents, "bill_rate_in_cents", file.bill_rate_in_cents.as_ref())?,
            cost_rate_in_cents: number(Kind::Cents, "cost_rate_in_cents", file.cost_rate_in_cents.as_ref())?,
            billability_target: number(Kind::Percent, "billability_target", file.billability_target.as_ref())?,
            default_read_only: file.default_read_only,
        },
        is_owner: file.owner.as_ref().is_some_and(|owner| owner.value),
        token: file.token.as_ref().map(|token| token.value.clone()),
        password: file.password.as_ref().map(|text| password(text, user_id)).transpose()?,
        created_days_ago,
        disabled_days_ago: days_ago(
            file.disabled_days_ago.as_ref(),
            created_days_ago,
            "before the membership was made",
        )?,
    })
}

fn invitation(
    names: &mut Names,
    account: &Account,
    pending: &mut Once,
    file: &file::Invitation,
) -> Result<Invitation, Wrong> {
    let state = file.state.as_ref().map_or(Ok(State::Pending), state)?;
    let created_days_ago = age(account, file.created_days_ago.as_ref(), 20)?;
    let email_address = text(Kind::Email, "email_address", &file.email_address)?;
    let user_id = match member_of(account, &email_address) {
        Some(user_id) => judge_accepted(file, state).map(|()| user_id)?,
        None if state == State::Accepted => {
            let sentence = "An accepted invitation has made a member; add a member with this address.";
            return Err(Wrong::with(&file.email_address, sentence));
        }
        None => {
            pending.note(&file.email_address, fold(&email_address), "An invitation that was not accepted, of")?;
            names.users.give(file.invitee_id.as_ref())
        }
    };
    if let Some(token) = &file.link_token {
        judge_token(token)?;
        if state != State::Pending {
            return Err(Wrong::with(token, "Only a pending invitation has a link; leave this out."));
        }
        names.links.note(token, token.value.clone(), "The link token")?;
    }
    let permission = match &file.permission {
        Some(at) => text(Kind::Choice(INVITABLE), "permission", at)?,
        None => "project_creator".to_owned(),
    };
    judge_rate(&permission, file.permission.as_ref().unwrap_or(&file.full_name), file.bill_rate_in_cents.as_ref())?;
    Ok(Invitation {
        id: names.invitations.give(file.id.as_ref()),
        person: Person {
            user_id,
            full_name: text(Kind::Line, "full_name", &file.full_name)?,
            email_address,
            headline: file.headline.as_ref().map(|headline| text(Kind::Line, "headline", headline)).transpose()?,
            external_references: external_references(&file.external_references)?,
        },
        terms: Terms {
            permission,
            default_role_id: file.role.as_ref().map(|role| role_id(account, role)).transpose()?,
            bill_rate_in_cents: number(Kind::Cents, "bill_rate_in_cents", file.bill_rate_in_cents.as_ref())?,
            cost_rate_in_cents: number(Kind::Cents, "cost_rate_in_cents", file.cost_rate_in_cents.as_ref())?,
            billability_target: number(Kind::Percent, "billability_target", file.billability_target.as_ref())?,
            default_read_only: file.default_read_only,
        },
        inviter_id: member_id(account, file.inviter.as_ref())?,
        state,
        created_days_ago,
        expires_in_days: last_day(file, state, created_days_ago)?,
        answered_days_ago: answer(file, state, created_days_ago)?,
        link_token: file.link_token.as_ref().map(|token| token.value.clone()),
    })
}

/// Somebody who is a member was invited once, and has accepted.
fn judge_accepted(file: &file::Invitation, state: State) -> Result<(), Wrong> {
    if state != State::Accepted {
        let sentence = "A member has this address; invite another one, or write state: accepted.";
        return Err(Wrong::with(&file.email_address, sentence));
    }
    match &file.invitee_id {
        Some(id) => Err(Wrong::with(id, "The invitee of an accepted invitation is the member; leave this out.")),
        None => Ok(()),
    }
}

fn application(names: &mut Names, account: &Account, file: &file::Application) -> Result<Application, Wrong> {
    judge_token(&file.client_id)?;
    judge_token(&file.secret)?;
    names.clients.note(&file.client_id, file.client_id.value.clone(), "The client id")?;
    Ok(Application {
        name: text(Kind::Line, "name", &file.name)?,
        client_id: file.client_id.value.clone(),
        secret: file.secret.value.clone(),
        redirect_uris: redirect_uris(&file.redirect_uris)?,
        user_id: member_id(account, file.member.as_ref())?,
    })
}

/// Who is on the punch clock has a rate.
fn judge_rate(permission: &str, at: &At<String>, bill_rate: Option<&At<i64>>) -> Result<(), Wrong> {
    match permission == Permission::PunchClock.name() && bill_rate.is_none() {
        true => Err(Wrong::with(at, "Who has this permission has a rate; add bill_rate_in_cents.")),
        false => Ok(()),
    }
}
