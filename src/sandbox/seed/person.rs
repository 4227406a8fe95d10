//! Random people with plausible names and rates. Their addresses are under `example.com`, which never receives mail.

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::entropy::Repeatable;
use crate::ids::AccountId;
use crate::resources::people::{NewMembership, NewUser};

const FIRST_NAMES: &str = "\
    Ada Alan Aisha Anders Beatriz Boris Carmen Chen Clara Daniel Dilara Elena Emil Farah Felix Grace Hannah Hugo \
    Ines Ivan Jana Jonas Kofi Lars Leila Lucia Mara Mateo Mei Nadia Noah Olga Omar Paula Priya Ravi Rosa Samuel \
    Sofia Tariq Thea Uma Viktor Wanda Yara Yusuf Zoe Zora";

const LAST_NAMES: &str = "\
    Abadi Almeida Andersen Bauer Becker Castro Costa Demir Dubois Eriksen Fischer Fontaine Garcia Haddad Hansen \
    Hoffmann Ito Ivanov Jansen Kaplan Keller Kowalski Kumar Larsen Lehmann Lindgren Mensah Meyer Moreau Nakamura \
    Novak Okafor Olsen Pereira Petrov Rossi Saito Santos Schmidt Silva Sorensen Tanaka Torres Vogel Wagner Weber \
    Yilmaz Zimmermann";

const PLACES: &str = "north east south west";

pub(super) const PROFESSIONS: &str = "Analyst Architect Consultant Designer Developer Engineer Tester Writer";

pub(super) const ABILITIES: &str = "Accounting Drawing Drilling German Masonry Nursing Python Rust Sailing Welding";

/// Permissions as teams have them: few lead, most work.
const PERMISSIONS: &[Permission] = &[
    Permission::ProjectCreator,
    Permission::ProjectCreator,
    Permission::ProjectCreator,
    Permission::Collaborator,
    Permission::Collaborator,
    Permission::Collaborator,
    Permission::PunchClock,
    Permission::ProjectLead,
    Permission::ProjectLead,
    Permission::ReportsViewer,
    Permission::ReportsViewerWithCost,
    Permission::Administrator,
];

/// A user with the terms of a membership, or of the invitation that promises it.
pub(super) struct RandomPerson {
    full_name: String,
    email_address: String,
    headline: Option<&'static str>,
    pub terms: NewMembership,
}

impl RandomPerson {
    pub fn new(account_id: AccountId, user_id: i64, roles: &[i64], dice: &mut Dice) -> Self {
        let (first, last) = (dice.word(FIRST_NAMES), dice.word(LAST_NAMES));
        let full_name = format!("{first} {last}");
        let email_address = format!("{first}.{last}.{user_id}@{}.example.com", dice.word(PLACES)).to_lowercase();
        let permission = dice.one_of(PERMISSIONS);
        let default_role_id = (!roles.is_empty() && dice.chance(60)).then(|| dice.one_of(roles).into());
        let has_rate = permission == Permission::PunchClock || dice.chance(60);
        let headline = dice.chance(40).then(|| dice.word(PROFESSIONS));
        let terms = NewMembership {
            default_role_id,
            bill_rate_in_cents: has_rate.then(|| 5_000 + 500 * dice.below(40)),
            cost_rate_in_cents: dice.chance(40).then(|| 3_000 + 500 * dice.below(20)),
            billability_target: dice.chance(40).then(|| 5 * dice.below(21)),
            ..NewMembership::new(account_id, user_id.into(), permission, Timestamp::default())
        };
        Self { full_name, email_address, headline, terms }
    }

    pub fn user(&self, created_at: Timestamp) -> NewUser<'_> {
        NewUser::new(self.terms.account_id, &self.full_name, &self.email_address, self.headline, created_at)
    }
}

/// The random choices of one row.
pub(super) struct Dice {
    bytes: [u8; 64],
    used: usize,
}

impl Dice {
    pub fn throw(random: &Repeatable) -> Self {
        let mut bytes = [0; 64];
        bytes.chunks_exact_mut(32).for_each(|half| half.copy_from_slice(&random.bytes()));
        Self { bytes, used: 0 }
    }

    /// A number from 0 to one less than `end`, which is at most 65,536.
    pub fn below(&mut self, end: i64) -> i64 {
        let byte = |at: usize| i64::from(self.bytes[at % self.bytes.len()]);
        let number = byte(self.used) * 256 + byte(self.used + 1);
        self.used += 2;
        number * end.max(1) / 65_536
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// One of several choices, of which there is at least one.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    pub fn word(&mut self, words: &'static str) -> &'static str {
        let index = self.index(words.split(' ').count());
        words.split(' ').nth(index).unwrap_or_default()
    }

    fn index(&mut self, length: usize) -> usize {
        let number = self.below(i64::try_from(length).unwrap_or(1));
        usize::try_from(number).unwrap_or_default()
    }
}
