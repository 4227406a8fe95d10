//! Generates as many rows as are asked for, the same ones for the same random seed.
//!
//! They come beside the rows of the file: in its first account, or in generated accounts, over which they are spread
//! evenly.

use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;
use crate::engine::access::{Level, Permission};
use crate::engine::{tallies, tokens};
use crate::entropy::Repeatable;
use crate::ids::AccountId;
use crate::resources::cost_rates::DEFAULT_CURRENCY;
use crate::resources::people::{self, NewMembership, NewUser};
use crate::resources::skills::CATEGORY_NAMES;
use crate::resources::{invitations, seats};
use crate::sandbox::seed::file::Account;
use crate::sandbox::seed::generated::{self, Generated};
use crate::sandbox::seed::person::{ABILITIES, Dice, PROFESSIONS, RandomPerson};
use crate::sandbox::seed::plant::Start;
use crate::sandbox::seed::rates;
use crate::sandbox::seed::rows::{self, Outcome, ROWS};
use crate::sandbox::seed::skills::{self, NewSkill};
use crate::store::{Db, Error};

const MICROSECONDS_OF_A_DAY: i64 = 86_400_000_000;

/// Days before the start over which rows are spread.
const SPREAD: i64 = 60;

/// An account that gets rows.
struct Destination {
    account_id: AccountId,
    currency: String,
    roles: Vec<i64>,
    skills: Vec<i64>,
    /// Users of generated members.
    members: Vec<i64>,
    /// Members who may invite.
    inviters: Vec<i64>,
    /// Members without the invitation that they have accepted, the first one last.
    uninvited: Vec<RandomPerson>,
    since: Timestamp,
}

impl Destination {
    fn of(account_id: AccountId, currency: &str, inviter: Option<i64>, since: Timestamp) -> Self {
        let (currency, inviters) = (currency.to_owned(), inviter.into_iter().collect());
        let (roles, skills, members) = (Vec::new(), Vec::new(), Vec::new());
        Self { account_id, currency, roles, skills, members, inviters, uninvited: Vec::new(), since }
    }
}

/// Writes the rows, and counts them in `written`.
pub(super) struct Generator<'a> {
    db: &'a mut Db,
    start: Start,
    written: &'a AtomicU64,
    random: Repeatable,
    last_role: i64,
    last_user: i64,
    last_membership: i64,
    last_invitation: i64,
    last_skill: i64,
    last_skill_membership: i64,
    last_cost_rate: i64,
}

fn next(id: &mut i64) -> i64 {
    *id += 1;
    *id
}

/// Numbers of rows that are written together.
fn batches(rows: u32) -> impl Iterator<Item = Range<i64>> {
    (0..rows.div_ceil(ROWS)).map(move |batch| i64::from(batch * ROWS)..i64::from(rows.min((batch + 1) * ROWS)))
}

impl<'a> Generator<'a> {
    /// Ids go on after those of the file, whose rows are there already.
    pub fn after(db: &'a mut Db, start: Start, written: &'a AtomicU64, random_seed: u64) -> Result<Self, Error> {
        let mut last =
            |table: &str| db.one(&format!("SELECT coalesce(max(id), 0) FROM {table}"), &[], |row| row.int(0));
        Ok(Self {
            last_role: last("roles")?,
            last_user: last("users")?,
            last_membership: last("account_memberships")?,
            last_invitation: last("account_invitations")?,
            last_skill: last("skills")?,
            last_skill_membership: last("skill_memberships")?,
            last_cost_rate: last("cost_rates")?,
            random: Repeatable::new(random_seed).branch("generate"),
            db,
            start,
            written,
        })
    }

    pub fn write(
        &mut self,
        generated: &Generated,
        first: Option<&Account>,
        accounts: RangeInclusive<i64>,
    ) -> Result<(), Error> {
        let mut targets = Vec::new();
        for id in accounts {
            targets.push(self.account(id)?);
        }
        if let Some(first) = first.filter(|_| targets.is_empty()) {
            let owner = first.members.iter().find(|member| member.found.is_owner);
            let since = self.start.days_ago(first.found.age.min(SPREAD));
            let owner = owner.map(|owner| owner.found.user_id);
            targets.push(Destination::of(first.found.id.into(), rates::currency(first), owner, since));
        }
        let parts = u32::try_from(targets.len()).unwrap_or(1).max(1);
        for (number, target) in (0..parts).zip(&mut targets) {
            let share = |all: u32| all / parts + u32::from(number < all % parts);
            self.roles(target, share(generated.roles))?;
            self.members(target, share(generated.members))?;
            self.skills(target, share(generated.skills))?;
            self.skill_memberships(target, share(generated.skill_memberships))?;
            self.invitations(target, share(generated.invitations))?;
        }
        Ok(())
    }

    fn count(&self, rows: usize) {
        self.written.fetch_add(rows as u64, Ordering::Relaxed);
    }

    fn account(&mut self, id: i64) -> Result<Destination, Error> {
        let (account_id, created_at) = (AccountId::new(id), self.start.days_ago(SPREAD));
        let name = format!("Generated account {account_id}");
        rows::insert(self.db, "accounts", &[rows::account(account_id, &name, None, DEFAULT_CURRENCY, created_at)])?;
        let (full_name, email_address) = (format!("Administrator {account_id}"), generated::address(id));
        let user = NewUser::new(account_id, &full_name, &email_address, None, created_at);
        let user_id = people::insert_user(self.db, Some(next(&mut self.last_user).into()), &user)?;
        let owner = NewMembership {
            is_owner: true,
            ..NewMembership::new(account_id, user_id, Permission::Administrator, created_at)
        };
        people::insert_membership(self.db, Some(next(&mut self.last_membership).into()), &owner)?;
        tokens::insert(self.db, account_id, user_id, &generated::token(id), "sandbox", self.start.now)?;
        self.count(1);
        Ok(Destination::of(account_id, DEFAULT_CURRENCY, Some(user_id.get()), created_at))
    }

    fn person(&mut self, target: &Destination, dice: &mut Dice) -> RandomPerson {
        RandomPerson::new(target.account_id, next(&mut self.last_user), &target.roles, dice)
    }

    fn roles(&mut self, target: &mut Destination, number: u32) -> Result<(), Error> {
        for batch in batches(number) {
            let mut roles = Vec::new();
            for number in batch {
                let name = format!("{} {}", Dice::throw(&self.random).word(PROFESSIONS), number + 1);
                let id = next(&mut self.last_role);
                roles.push(rows::role(target.account_id, id, &name, target.since, None));
                target.roles.push(id);
            }
            rows::insert(self.db, "roles", &roles)?;
            self.count(roles.len());
        }
        Ok(())
    }

    fn members(&mut self, target: &mut Destination, number: u32) -> Result<(), Error> {
        let mut active = 0;
        for batch in batches(number) {
            let (mut users, mut memberships, mut cost_rates) = (Vec::new(), Vec::new(), Vec::new());
            for number in batch {
                let mut dice = Dice::throw(&self.random);
                let person = self.person(target, &mut dice);
                let created_at = Timestamp(target.since.0.saturating_add(number));
                let is_active = dice.chance(90);
                active += i64::from(is_active);
                let membership = NewMembership {
                    disabled_at: (!is_active).then(|| self.start.days_ago(dice.below(5))),
                    created_at,
                    ..person.terms
                };
                users.push(rows::user(person.terms.user_id, &person.user(created_at).proven(), Some(is_active)));
                let id = next(&mut self.last_membership);
                memberships.push(rows::membership(id, &membership));
                if let Some(amount) = membership.cost_rate_in_cents {
                    let numbers = [next(&mut self.last_cost_rate), id, amount];
                    cost_rates.push(rates::rate_row(target.account_id, numbers, &target.currency, created_at));
                }
                target.members.push(person.terms.user_id.get());
                if is_active && person.terms.permission.level() >= Level::ProjectLead {
                    target.inviters.push(person.terms.user_id.get());
                }
                target.uninvited.push(person);
            }
            rows::insert(self.db, "users", &users)?;
            rows::insert(self.db, "account_memberships", &memberships)?;
            rows::insert(self.db, "cost_rates", &cost_rates)?;
            self.count(memberships.len());
        }
        target.uninvited.reverse();
        tallies::add(self.db, target.account_id, people::MEMBERSHIPS, i64::from(number))?;
        tallies::add(self.db, target.account_id, people::ACTIVE_MEMBERSHIPS, active)
    }

    fn skills(&mut self, target: &mut Destination, number: u32) -> Result<(), Error> {
        for batch in batches(number) {
            let mut skills = Vec::new();
            for number in batch {
                let mut dice = Dice::throw(&self.random);
                let name = format!("{} {}", dice.word(ABILITIES), number + 1);
                let (category, most) = (dice.one_of(CATEGORY_NAMES), dice.one_of(&[1, 5]));
                let (account_id, id) = (target.account_id, next(&mut self.last_skill));
                let skill = NewSkill { account_id, id, name: &name, category, most, description: None };
                skills.push(skill.row(target.since));
                target.skills.push(id);
            }
            rows::insert(self.db, "skills", &skills)?;
            self.count(skills.len());
        }
        Ok(())
    }

    /// Every member gets a skill before one gets the next, so all have nearly as many.
    fn skill_memberships(&mut self, target: &Destination, number: u32) -> Result<(), Error> {
        let at = |numbers: &[i64], place: usize| numbers.get(place % numbers.len().max(1)).copied().unwrap_or_default();
        for batch in batches(number) {
            let mut held = Vec::new();
            for number in batch {
                let place = usize::try_from(number).unwrap_or_default();
                let members = target.members.len().max(1);
                let skill_id = at(&target.skills, place % members + place / members);
                let user_id = at(&target.members, place);
                let level = i64::from(Dice::throw(&self.random).chance(80));
                let id = next(&mut self.last_skill_membership);
                held.push(skills::held_row(target.account_id, id, [user_id, skill_id, level], target.since));
            }
            skills::insert_held(self.db, target.account_id, &held)?;
            self.count(held.len());
        }
        Ok(())
    }

    fn invitations(&mut self, target: &mut Destination, number: u32) -> Result<(), Error> {
        let step = (self.start.now.0 - target.since.0) / (i64::from(number) + 1);
        let mut pending = 0;
        for batch in batches(number) {
            let (mut users, mut invitations) = (Vec::new(), Vec::new());
            for number in batch {
                let mut dice = Dice::throw(&self.random);
                let created_at = Timestamp(target.since.0 + step * (number + 1));
                let outcome = self.outcome(created_at, &mut dice);
                let member = outcome.accepted_at.and_then(|_| target.uninvited.pop());
                let is_member = member.is_some();
                let person = member.unwrap_or_else(|| self.person(target, &mut dice));
                let invitee = person.user(created_at);
                if !is_member {
                    users.push(rows::user(person.terms.user_id, &invitee, None));
                }
                pending += i64::from(outcome.accepted_at.is_none());
                let promised = NewMembership { created_at, ..person.terms };
                let (id, inviter) = (next(&mut self.last_invitation), dice.one_of(&target.inviters));
                invitations.push(rows::invitation(id, &invitee, &promised, inviter, &outcome));
            }
            rows::insert(self.db, "users", &users)?;
            rows::insert(self.db, "account_invitations", &invitations)?;
            self.count(invitations.len());
        }
        tallies::add(self.db, target.account_id, invitations::ALL, i64::from(number))?;
        tallies::add(self.db, target.account_id, seats::PENDING_INVITATIONS, pending)
    }

    /// What became of an invitation: most are pending.
    fn outcome(&self, created_at: Timestamp, dice: &mut Dice) -> Outcome {
        let now = self.start.now;
        let last_day = now.day() + dice.below(self.start.invitation_days.max(1) + 1);
        let answered_at = Timestamp(created_at.0 + (now.0 - created_at.0) / 100 * dice.below(100));
        let days_since = now.day() - created_at.day();
        let pending = Outcome { last_day, updated_at: created_at, ..Outcome::default() };
        match dice.below(100) {
            64..76 if days_since > 0 => {
                // By now the server would have marked it as expired.
                let last_day = created_at.day() + dice.below(days_since);
                let expired_at = Some(Timestamp((last_day + 1) * MICROSECONDS_OF_A_DAY));
                Outcome { last_day, expired_at, ..pending }
            }
            76..94 => Outcome { accepted_at: Some(answered_at), updated_at: answered_at, ..pending },
            94..100 => Outcome { declined_at: Some(answered_at), updated_at: answered_at, ..pending },
            _ => pending,
        }
    }
}
