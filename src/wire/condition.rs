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
    /// One of these rows, which do not depend on the resource's row, meets all of these conditions.
    Exists(&'static str, Vec<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Never,
}
