//! Conditions on rows: what filters become, and statements are made of.

use crate::wire::kind::Value;

/// Rows of another table that belong to rows of the resource.
pub struct Relation {
    /// Expression of the value by which they name the resource's row.
    pub owner: &'static str,
    /// That value in the resource's row: `t.id`, as a rule.
    pub key: &'static str,
    /// Table and condition, as in `FROM … WHERE …`; further conditions are appended with `AND`.
    pub rows: &'static str,
}

impl Relation {
    pub const fn new(owner: &'static str, rows: &'static str) -> Self {
        Self { owner, key: "t.id", rows }
    }
}

/// The current day in a SQL fragment, in days since 1970.
pub const TODAY: &str = "{today}";

/// A condition on rows. A column may be any expression.
#[derive(Clone)]
pub enum Condition {
    /// A SQL fragment of the description, and its negation.
    Fixed(&'static str),
    Not(&'static str),
    /// One of the columns contains the text.
    Contains(&'static [&'static str], String),
    /// Column, `=`, `<` or `>`, and value.
    Compares(&'static str, &'static str, Value),
    OneOf(&'static str, Vec<String>),
    Among(&'static str, Vec<i64>),
    NotAmong(&'static str, Vec<i64>),
    /// One related row meets all of these conditions.
    Related(&'static Relation, Vec<Condition>),
    /// No related row meets all of these conditions.
    Unrelated(&'static Relation, Vec<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// A SQL fragment with `{today}`, and the day in days since 1970.
    OnDay(&'static str, i64),
    Never,
}

impl Condition {
    /// The same on this day.
    #[must_use]
    pub fn on_day(self, today: i64) -> Self {
        let each = |conditions: Vec<Self>| conditions.into_iter().map(|condition| condition.on_day(today)).collect();
        match self {
            Self::OnDay(fragment, _) => Self::OnDay(fragment, today),
            Self::All(conditions) => Self::All(each(conditions)),
            Self::Any(conditions) => Self::Any(each(conditions)),
            other => other,
        }
    }
}
