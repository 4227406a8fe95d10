//! People who are made up: names and addresses as people have them, the addresses under `example.test`.

use crate::resources::people::Keys;
use crate::sandbox::seed::rows::Dice;
use crate::wire::kind::Value;

const FIRST_NAMES: &[&str] = &[
    "Ada", "Alan", "Aisha", "Anders", "Beatriz", "Boris", "Carmen", "Chen", "Clara", "Daniel", "Dilara", "Elena",
    "Emil", "Farah", "Felix", "Grace", "Hannah", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kofi", "Lars", "Leila",
    "Lucia", "Mara", "Mateo", "Mei", "Nadia", "Noah", "Olga", "Omar", "Paula", "Priya", "Ravi", "Rosa", "Samuel",
    "Sofia", "Tariq", "Thea", "Uma", "Viktor", "Wanda", "Yara", "Yusuf", "Zoe", "Zora",
];

const LAST_NAMES: &[&str] = &[
    "Abadi",
    "Almeida",
    "Andersen",
    "Bauer",
    "Becker",
    "Castro",
    "Costa",
    "Demir",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Fontaine",
    "Garcia",
    "Haddad",
    "Hansen",
    "Hoffmann",
    "Ito",
    "Ivanov",
    "Jansen",
    "Kaplan",
    "Keller",
    "Kowalski",
    "Kumar",
    "Larsen",
    "Lehmann",
    "Lindgren",
    "Mensah",
    "Meyer",
    "Moreau",
    "Nakamura",
    "Novak",
    "Okafor",
    "Olsen",
    "Pereira",
    "Petrov",
    "Rossi",
    "Saito",
    "Santos",
    "Schmidt",
    "Silva",
    "Sorensen",
    "Tanaka",
    "Torres",
    "Vogel",
    "Wagner",
    "Weber",
    "Yilmaz",
    "Zimmermann",
];

const PLACES: &[&str] = &["north", "east", "south", "west"];

pub(super) const PROFESSIONS: &[&str] =
    &["Analyst", "Architect", "Consultant", "Designer", "Developer", "Engineer", "Tester", "Writer"];

/// Permissions as teams have them: a few lead, most work.
const PERMISSIONS: &[&str] = &[
    "project_creator",
    "project_creator",
    "project_creator",
    "collaborator",
    "collaborator",
    "collaborator",
    "punch_clock",
    "project_lead",
    "project_lead",
    "reports_viewer",
    "reports_viewer_with_cost",
    "administrator",
];

/// A person who is made up, with what the membership or the invitation says.
pub(super) struct Made {
    pub user_id: i64,
    pub full_name: String,
    pub email_address: String,
    pub headline: Option<&'static str>,
    pub permission: &'static str,
    role: Option<i64>,
    bill_rate: Option<i64>,
    cost_rate: Option<i64>,
    target: Option<i64>,
}

impl Made {
    /// Makes somebody up, in an account with these roles.
    pub fn up(user_id: i64, roles: &[i64], dice: &mut Dice) -> Self {
        let (first, last) = (dice.one_of(FIRST_NAMES), dice.one_of(LAST_NAMES));
        let address = format!("{first}.{last}.{user_id}@{}.example.test", dice.one_of(PLACES)).to_lowercase();
        let permission = dice.one_of(PERMISSIONS);
        let role = (!roles.is_empty() && dice.chance(60)).then(|| dice.one_of(roles));
        let has_rate = permission == "punch_clock" || dice.chance(60);
        Self {
            user_id,
            full_name: format!("{first} {last}"),
            email_address: address,
            headline: dice.chance(40).then(|| dice.one_of(PROFESSIONS)),
            permission,
            role,
            bill_rate: has_rate.then(|| 5_000 + 500 * dice.below(40)),
            cost_rate: dice.chance(40).then(|| 3_000 + 500 * dice.below(20)),
            target: dice.chance(40).then(|| 5 * dice.below(21)),
        }
    }

    /// The row of the user.
    pub fn user_row(&self, account: i64, created_at: Value, is_active: bool) -> Vec<Value> {
        let keys = Keys::of(&self.full_name, &self.email_address);
        let text = |text: &str| Value::Text(text.to_owned());
        vec![
            Value::Int(self.user_id),
            Value::Int(account),
            text(&self.full_name),
            text(&keys.name),
            text(&self.email_address),
            text(&keys.email),
            text(&keys.search),
            self.headline.map_or(Value::Null, text),
            Value::Int(i64::from(is_active)),
            created_at.clone(),
            created_at,
        ]
    }

    /// What the membership or the invitation says.
    pub fn terms(&self) -> [Value; 5] {
        let int = |number: Option<i64>| number.map_or(Value::Null, Value::Int);
        let permission = Value::Text(self.permission.to_owned());
        [permission, int(self.role), int(self.bill_rate), int(self.cost_rate), int(self.target)]
    }
}
