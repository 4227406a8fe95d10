//! How a person answers an invitation: looks at it, accepts it, declines it.
//!
//! Whoever holds a link that works may look and answer; nothing else says who somebody is. What is granted is what the
//! invitation says at that moment, and only if its inviter may still grant it.
//!
//! A person belongs to one account. Somebody who is a member of another one moves: that membership ends and this one
//! begins, in one transaction, and only after having said so. A link that came by mail proves who holds it, since the
//! address is the member's; so does a session of that member, for the own membership and no other: anybody may have taken the
//! same address in an account of one's own. A link from an administrator's hands proves nothing, so it neither tells of a
//! membership elsewhere nor ends one.
//!
//! Invariants. A token that cannot be used, for whatever reason, is `NotFound` and nothing else. Of many acceptances at
//! once one succeeds: the guard is in the update. A refusal leaves the link as it was.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::access::{Caller, Identity, Level};
use crate::engine::audit::Actor;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records;
use crate::ids::{AccountId, InvitationId, MembershipId, UserId};
use crate::oauth::passwords::{self, Hashed};
use crate::resources::invitations::links::Way;
use crate::resources::invitations::offers::{self, Offer};
use crate::resources::invitations::rules::{self, Accepted};
use crate::resources::{memberships, seats};
use crate::store::{Db, Param};
use crate::wire::changes::Fault;

/// The attribute in which somebody says that the other membership may end.
pub const CONFIRMATION: &str = "confirm_move";

/// The inviter has lost the right to grant what the invitation says.
pub const NOT_GRANTED: &str = "Whoever has sent this invitation may no longer grant this permission. Ask an administrator of \
                               the account to invite you again.";

const NOT_CONFIRMED: &str =
    "You are a member of another account. Accepting ends that membership: confirm that you want it.";
const PASSWORD_MISSING: &str = "Password can't be blank.";
/// Somebody whose other account cannot do without.
pub const CANNOT_LEAVE: &str = "You own another account or are its only administrator, so that you cannot leave it. Hand it over \
                            first.";

/// An invitation as its person sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it offers.
    pub offer: Offer,
    /// The memberships that would end.
    pub elsewhere: Vec<Elsewhere>,
    /// Whether the person is signed in as the member elsewhere, and so needs no new password.
    pub is_signed_in: bool,
}

/// A membership in another account of the person who is invited.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// That account.
    pub account_id: AccountId,
    /// Its name.
    pub account_name: String,
    /// The user there.
    pub user_id: UserId,
    membership_id: MembershipId,
}

/// What a person says who accepts.
pub struct Answer {
    /// The token of the link.
    pub token: SecretString,
    /// The password to sign in with from now on.
    pub password: Option<Hashed>,
    /// Whether memberships elsewhere may end.
    pub is_move_confirmed: bool,
    /// The user who is signed in in this browser.
    pub signed_in: Option<UserId>,
}

/// What the holder of a link sees. It changes nothing, however often and by whomever it is asked.
pub fn look(db: &mut Db, token: &str, signed_in: Option<UserId>, now: Timestamp) -> Result<Seen, Error> {
    let (offer, way) = offers::of_token(db, token, now)?.ok_or(Error::NotFound)?;
    let mut elsewhere = elsewhere(db, &offer)?;
    let is_own = |member: &Elsewhere| signed_in == Some(member.user_id);
    let is_signed_in = elsewhere.iter().any(is_own);
    if way == Way::Administrator {
        elsewhere.retain(is_own);
    }
    Ok(Seen { offer, elsewhere, is_signed_in })
}

/// Makes the person a member. Returns the invitation, too.
pub fn accept(db: &mut Db, context: &Context, answer: &Answer) -> Result<(Accepted, InvitationId), Error> {
    let Seen { offer, elsewhere, is_signed_in } =
        look(db, answer.token.expose_secret(), answer.signed_in, context.now)?;
    if !offer.is_granted {
        return Err(Error::Invalid(vec![Fault::base(NOT_GRANTED)]));
    }
    let mut faults = Vec::new();
    if !elsewhere.is_empty() && !answer.is_move_confirmed {
        faults.push(Fault::of(CONFIRMATION, 0, NOT_CONFIRMED));
    }
    if answer.password.is_none() && !is_signed_in {
        faults.push(Fault::of("password", 0, PASSWORD_MISSING));
    }
    Error::unless_valid(faults)?;
    let accepted = rules::accept(db, offer.account_id, offer.invitation_id, context.now)?;
    match &answer.password {
        Some(hashed) => {
            let person = person(accepted.user_id, context);
            passwords::set(db, offer.account_id, accepted.user_id, hashed, person, context.now)?;
        }
        None => {
            for member in elsewhere.iter().filter(|member| Some(member.user_id) == answer.signed_in) {
                passwords::take_along(db, member.user_id, accepted.user_id)?;
            }
        }
    }
    for member in &elsewhere {
        leave(db, context, member)?;
    }
    context.callers.forget_after_commit(db);
    seats::note_taken(db, &acting(context, offer.account_id, accepted.user_id))?;
    Ok((accepted, offer.invitation_id))
}

/// Writes down that the person does not want to come.
pub fn decline(db: &mut Db, context: &Context, token: &str) -> Result<(), Error> {
    let (offer, _) = offers::of_token(db, token, context.now)?.ok_or(Error::NotFound)?;
    rules::decline(db, offer.account_id, offer.invitation_id, offer.invitee_id, context.now)
}

/// The active memberships of the invited address in other accounts.
fn elsewhere(db: &mut Db, offer: &Offer) -> Result<Vec<Elsewhere>, Error> {
    Ok(db.all(
        "SELECT u.account_id, a.name, u.id, m.id FROM users u JOIN accounts a ON a.id = u.account_id \
         JOIN account_memberships m ON m.user_id = u.id WHERE u.email_key = ?1 AND u.is_active = 1 \
         AND u.account_id <> ?2 ORDER BY u.account_id",
        &[Param::Text(&offer.email_key), offer.account_id.into()],
        |row| {
            Ok(Elsewhere {
                account_id: row.id(0)?,
                account_name: row.text(1)?.to_owned(),
                user_id: row.id(2)?,
                membership_id: row.id(3)?,
            })
        },
    )?)
}

/// Ends a membership elsewhere by the rules of that account.
fn leave(db: &mut Db, context: &Context, member: &Elsewhere) -> Result<(), Error> {
    let context = acting(context, member.account_id, member.user_id);
    let id = Some(member.membership_id.record());
    let record = records::find(db, &memberships::RESOURCE, member.account_id, id)?;
    memberships::remove(db, &context, &record).map_err(|error| match error {
        Error::Invalid(_) => Error::Invalid(vec![Fault::base(CANNOT_LEAVE)]),
        other => other,
    })
}

/// The surroundings of what a person does for oneself, within an account, without a token.
fn acting(context: &Context, account_id: AccountId, user_id: UserId) -> Context {
    let caller = Caller {
        account_id,
        identity: Identity::Person { user_id },
        level: Level::PunchClock,
        is_account_canceled: false,
    };
    context.for_caller(caller)
}

fn person(user_id: UserId, context: &Context) -> Actor<'_> {
    Actor { user_id: Some(user_id), token_id: None, request_id: context.request_id.as_deref() }
}
