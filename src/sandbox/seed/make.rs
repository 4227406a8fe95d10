//! How rows are made up and written: accounts, roles, members, and what became of invitations.

use crate::clock::Timestamp;
use crate::engine::access::{ADMINISTRATOR, Level};
use crate::engine::{tallies, tokens};
use crate::entropy::Entropy;
use crate::resources::people::{self, Keys, NewMembership, NewUser};
use crate::resources::{invitations, seats};
use crate::sandbox::seed::crowd::{Made, PROFESSIONS};
use crate::sandbox::seed::generate::{Further, LastIds};
use crate::sandbox::seed::plant::{Progress, Start, insert_account, insert_role};
use crate::sandbox::seed::rows::{Batch, Dice};
use crate::store::{Db, Error};
use crate::wire::kind::Value;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Days before the start over which rows are spread.
pub(super) const SPREAD: i64 = 60;

/// An account that rows are made for.
pub(super) struct Place {
    pub account: i64,
    pub roles: Vec<i64>,
    /// Who may invite.
    pub inviters: Vec<i64>,
    /// Members who have not been given an invitation yet, which they have accepted.
    pub uninvited: Vec<Made>,
    /// Since when there is something.
    pub since: Timestamp,
}

/// The work of one planting.
pub(super) struct Maker<'a> {
    pub db: &'a mut Db,
    pub entropy: Entropy,
    pub last: LastIds,
    pub start: Start,
    pub progress: &'a Progress,
}

fn next(id: &mut i64) -> i64 {
    *id += 1;
    *id
}

impl Maker<'_> {
    pub fn account(&mut self, further: &Further) -> Result<Place, Error> {
        let (account, since) = (further.id, self.start.days_ago(SPREAD));
        insert_account(self.db, (account, &format!("Generated account {account}")), None, since)?;
        let (full_name, email_address) = (format!("Administrator {account}"), further.address());
        let keys = Keys::of(&full_name, &email_address);
        let user = NewUser {
            account_id: account.into(),
            full_name: &full_name,
            email_address: &email_address,
            keys: &keys,
            headline: None,
            created_at: since,
        };
        let user_id = people::insert_user(self.db, Some(next(&mut self.last.user).into()), &user)?;
        let owner =
            NewMembership { is_owner: true, ..NewMembership::new(account.into(), user_id, ADMINISTRATOR, since) };
        people::insert_membership(self.db, Some(next(&mut self.last.membership).into()), &owner)?;
        tokens::insert(self.db, account.into(), user_id, &further.token(), "sandbox", self.start.now)?;
        self.progress.note(1);
        Ok(Place { account, roles: Vec::new(), inviters: vec![user_id.get()], uninvited: Vec::new(), since })
    }

    pub fn roles(&mut self, place: &mut Place, wanted: u32) -> Result<(), Error> {
        for number in 1..=wanted {
            let mut dice = Dice::throw(&self.entropy)?;
            let name = format!("{} {number}", dice.one_of(PROFESSIONS));
            let id = next(&mut self.last.role);
            insert_role(self.db, place.account, (id, &name), place.since, None)?;
            place.roles.push(id);
            self.progress.note(1);
        }
        Ok(())
    }

    pub fn members(&mut self, place: &mut Place, wanted: u32) -> Result<(), Error> {
        let mut users = Batch::of_users();
        let mut memberships = Batch::of_memberships();
        let mut active = 0;
        for number in 0..i64::from(wanted) {
            let mut dice = Dice::throw(&self.entropy)?;
            let made = Made::up(next(&mut self.last.user), &place.roles, &mut dice);
            let created_at = Value::Int(place.since.0.saturating_add(number));
            let is_active = dice.chance(90);
            active += i64::from(is_active);
            let disabled_at = if is_active { Value::Null } else { Value::Int(self.start.days_ago(dice.below(5)).0) };
            users.add(self.db, made.user_row(place.account, created_at.clone(), is_active))?;
            let mut row = vec![Value::Int(next(&mut self.last.membership)), Value::Int(place.account)];
            row.push(Value::Int(made.user_id));
            row.extend(made.terms());
            row.extend([disabled_at, created_at.clone(), created_at]);
            if memberships.is_full() {
                users.write(self.db)?;
            }
            memberships.add(self.db, row)?;
            let may_invite = Level::of_permission(made.permission).is_some_and(|level| level >= Level::ProjectLead);
            if is_active && may_invite {
                place.inviters.push(made.user_id);
            }
            place.uninvited.push(made);
            self.progress.note(1);
        }
        users.write(self.db)?;
        memberships.write(self.db)?;
        place.uninvited.reverse();
        tallies::add(self.db, place.account.into(), people::MEMBERSHIPS, i64::from(wanted))?;
        tallies::add(self.db, place.account.into(), people::ACTIVE_MEMBERSHIPS, active)
    }

    pub fn invitations(&mut self, place: &mut Place, wanted: u32) -> Result<(), Error> {
        let mut users = Batch::of_users();
        let mut invitations = Batch::of_invitations();
        let step = (self.start.now.0 - place.since.0) / (i64::from(wanted) + 1);
        let mut pending = 0;
        for number in 1..=i64::from(wanted) {
            let mut dice = Dice::throw(&self.entropy)?;
            let created_at = Timestamp(place.since.0 + step * number);
            let outcome = self.outcome(created_at, &mut dice);
            let member = if outcome.accepted_at == Value::Null { None } else { place.uninvited.pop() };
            let made = match member {
                Some(member) => member,
                None => {
                    let made = Made::up(next(&mut self.last.user), &place.roles, &mut dice);
                    users.add(self.db, made.user_row(place.account, Value::Int(created_at.0), false))?;
                    made
                }
            };
            pending += i64::from(outcome.accepted_at == Value::Null);
            let keys = Keys::of(&made.full_name, &made.email_address);
            let mut row = vec![Value::Int(next(&mut self.last.invitation)), Value::Int(place.account)];
            row.extend(
                [&made.full_name, &keys.name, &made.email_address, &keys.email, &keys.search]
                    .map(|text| Value::Text(text.clone())),
            );
            row.push(made.headline.map_or(Value::Null, |headline| Value::Text(headline.to_owned())));
            row.extend(made.terms());
            row.extend([dice.one_of(&place.inviters), made.user_id, outcome.last_day].map(Value::Int));
            row.extend([outcome.accepted_at, outcome.declined_at, outcome.expired_at]);
            row.extend([created_at.0, outcome.changed_at].map(Value::Int));
            if invitations.is_full() {
                users.write(self.db)?;
            }
            invitations.add(self.db, row)?;
            self.progress.note(1);
        }
        users.write(self.db)?;
        invitations.write(self.db)?;
        tallies::add(self.db, place.account.into(), invitations::ALL, i64::from(wanted))?;
        tallies::add(self.db, place.account.into(), seats::PENDING_INVITATIONS, pending)
    }

    /// What became of an invitation: most wait.
    fn outcome(&self, created_at: Timestamp, dice: &mut Dice) -> Outcome {
        let now = self.start.now;
        let last_day = now.day() + dice.below(self.start.invitation_days.max(1) + 1);
        let answered_at = created_at.0 + (now.0 - created_at.0) / 100 * dice.below(100);
        let days_since = now.day() - created_at.day();
        let waiting = Outcome {
            last_day,
            accepted_at: Value::Null,
            declined_at: Value::Null,
            expired_at: Value::Null,
            changed_at: created_at.0,
        };
        match dice.below(100) {
            0..64 => waiting,
            64..76 if days_since > 0 => {
                // The sweeper has been there already, since it would have.
                let last_day = created_at.day() + dice.below(days_since);
                Outcome { last_day, expired_at: Value::Int((last_day + 1) * DAY), ..waiting }
            }
            76..94 => Outcome { accepted_at: Value::Int(answered_at), changed_at: answered_at, ..waiting },
            94..100 => Outcome { declined_at: Value::Int(answered_at), changed_at: answered_at, ..waiting },
            _ => waiting,
        }
    }
}

struct Outcome {
    last_day: i64,
    accepted_at: Value,
    declined_at: Value,
    expired_at: Value,
    changed_at: i64,
}
