//! How an invitee answers an invitation: views, accepts or declines it.
//!
//! The holder of a working link may view and answer; there is no other proof of identity. The membership gets the terms
//! of the invitation at that moment, and only if the inviter may still grant them.
//!
//! A person belongs to one account. A member of another account moves: after a confirmation, that membership ends and
//! this one begins in one transaction. A link that came by mail proves its holder, and with that every membership whose
//! own address is proven ([`crate::resources::addresses`]): anyone can write the same address into an account of their
//! own, and that neither shows up here nor stands in the way. A session proves the member's own membership. A link from
//! an administrator proves nothing, so it neither shows nor ends memberships elsewhere.
//!
//! Invariants. A token that cannot be used, for whatever reason, is `NotFound`. Of concurrent acceptances one succeeds:
//! the guard is in the update. A refusal leaves the link intact.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::access::Caller;
use crate::engine::audit::Actor;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records;
use crate::engine::tokens;
use crate::ids::{AccountId, InvitationId, MembershipId, UserId};
use crate::oauth::passwords::{self, Grants, HashedPassword};
use crate::resources::invitations::links::LinkOrigin;
use crate::resources::invitations::offers::{self, Offer};
use crate::resources::invitations::rules::{self, Accepted};
use crate::resources::{addresses, memberships, seats};
use crate::store::{Db, Param};
use crate::wire::changes::Violation;

/// The attribute that confirms the end of the other membership.
pub const CONFIRMATION: &str = "confirm_move";

pub const NOT_GRANTED: &str = "\
    The sender of this invitation may no longer grant this permission. \
    Ask an administrator of the account to invite you again.";

const NOT_CONFIRMED: &str =
    "You are a member of another account. Accepting ends that membership: confirm that you want it.";
const PASSWORD_MISSING: &str = "Password can't be blank.";

pub const CANNOT_LEAVE: &str =
    "You own another account or are its only administrator, so that you cannot leave it. Hand it over first.";

/// An invitation as its invitee sees it.
#[derive(Clone, Debug)]
pub struct OpenInvitation {
    pub offer: Offer,
    origin: LinkOrigin,
    pub elsewhere: Vec<Elsewhere>,
    /// Signed in as the member elsewhere, so no new password is needed.
    pub is_signed_in: bool,
}

/// A membership of the invitee in another account.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    pub account_id: AccountId,
    pub account_name: String,
    pub user_id: UserId,
    membership_id: MembershipId,
    is_address_proven: bool,
}

pub struct Acceptance {
    pub token: SecretString,
    pub password: Option<HashedPassword>,
    pub is_move_confirmed: bool,
    /// The user signed in in this browser.
    pub signed_in: Option<UserId>,
}

/// What the holder of a link sees. Changes nothing.
pub fn look(db: &mut Db, token: &str, signed_in: Option<UserId>, now: Timestamp) -> Result<OpenInvitation, Error> {
    let (offer, origin) = offers::of_token(db, token, now)?.ok_or(Error::NotFound)?;
    let mut elsewhere = elsewhere(db, &offer)?;
    let is_own = |member: &Elsewhere| signed_in == Some(member.user_id);
    let is_signed_in = elsewhere.iter().any(is_own);
    elsewhere.retain(|member| is_own(member) || (origin == LinkOrigin::Mail && member.is_address_proven));
    Ok(OpenInvitation { offer, origin, elsewhere, is_signed_in })
}

/// Makes the invitee a member.
pub fn accept(db: &mut Db, context: &Context, acceptance: &Acceptance) -> Result<(Accepted, InvitationId), Error> {
    // Accepting may raise a permission and end grants. The turn for that comes before every look at who may grant what.
    let (offer, _) = offers::of_token(db, acceptance.token.expose_secret(), context.now)?.ok_or(Error::NotFound)?;
    tokens::expect_change(db, offer.account_id)?;
    let OpenInvitation { offer, origin, elsewhere, is_signed_in } =
        look(db, acceptance.token.expose_secret(), acceptance.signed_in, context.now)?;
    if !offer.is_granted {
        return Err(Error::rule(NOT_GRANTED));
    }
    let mut violations = Vec::new();
    if !elsewhere.is_empty() && !acceptance.is_move_confirmed {
        violations.push(Violation::of(CONFIRMATION, 0, NOT_CONFIRMED));
    }
    if acceptance.password.is_none() && !is_signed_in {
        violations.push(Violation::of("password", 0, PASSWORD_MISSING));
    }
    Error::unless_valid(violations)?;
    let request_id = context.request_id.as_deref();
    let accepted = rules::accept(db, offer.account_id, offer.invitation_id, request_id, context.now)?;
    if origin == LinkOrigin::Mail {
        addresses::prove(db, accepted.user_id, &offer.email_key, context.now)?;
    }
    let actor = Actor::user(accepted.user_id, request_id);
    match &acceptance.password {
        Some(hashed) => {
            passwords::set(db, offer.account_id, accepted.user_id, hashed, Grants::End, actor, context.now)?;
        }
        None => {
            for member in elsewhere.iter().filter(|member| Some(member.user_id) == acceptance.signed_in) {
                let (account, to) = (offer.account_id, accepted.user_id);
                passwords::take_along(db, member.user_id, account, to, actor, context.now)?;
            }
        }
    }
    for member in &elsewhere {
        leave(db, context, member)?;
    }
    context.callers.forget_after_commit(db);
    seats::note_taken(db, &context.for_caller(Caller::person(offer.account_id, accepted.user_id)))?;
    Ok((accepted, offer.invitation_id))
}

pub fn decline(db: &mut Db, context: &Context, token: &str) -> Result<(), Error> {
    let (offer, _) = offers::of_token(db, token, context.now)?.ok_or(Error::NotFound)?;
    let request_id = context.request_id.as_deref();
    rules::decline(db, offer.account_id, offer.invitation_id, offer.invitee_id, request_id, context.now)
}

/// The active memberships of the invited address in other accounts.
fn elsewhere(db: &mut Db, offer: &Offer) -> Result<Vec<Elsewhere>, Error> {
    Ok(db.all(
        "SELECT u.account_id, a.name, u.id, m.id, u.address_proven_at FROM users u \
         JOIN accounts a ON a.id = u.account_id JOIN account_memberships m ON m.user_id = u.id \
         WHERE u.email_key = ?1 AND u.is_active = 1 AND u.account_id <> ?2 ORDER BY u.account_id",
        &[Param::Text(&offer.email_key), offer.account_id.into()],
        |row| {
            Ok(Elsewhere {
                account_id: row.id(0)?,
                account_name: row.text(1)?.to_owned(),
                user_id: row.id(2)?,
                membership_id: row.id(3)?,
                is_address_proven: row.maybe_int(4)?.is_some(),
            })
        },
    )?)
}

/// Ends a membership elsewhere by the rules of that account.
fn leave(db: &mut Db, context: &Context, member: &Elsewhere) -> Result<(), Error> {
    let context = context.for_caller(Caller::person(member.account_id, member.user_id));
    let id = Some(member.membership_id.record());
    // Before the row is locked, as in every write that ends authority: so no two wait for each other.
    tokens::expect_change(db, member.account_id)?;
    let record = records::find(db, &memberships::RESOURCE, member.account_id, id)?;
    memberships::remove(db, &context, &record).map_err(|error| match error {
        Error::Invalid(_) => Error::rule(CANNOT_LEAVE),
        other => other,
    })
}
