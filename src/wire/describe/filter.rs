//! Filters: the query parameters that narrow a list, and what a list hides by default.

use serde_json::Value as Json;

use crate::wire::condition::{Condition, Relation};
use crate::wire::describe::Rung;

/// What list and show hide by default.
pub struct DefaultScope {
    /// Condition of the rows that are not hidden.
    pub condition: &'static str,
    /// Filters that lift the scope, each with the value that does; they act on show, too (rule E10).
    pub lifted_by: &'static [(&'static str, bool)],
    /// Filters beside which it does not apply: they say themselves which records are wanted.
    pub replaced_by: &'static [&'static str],
}

/// Records that do not exist for callers below a rung, whatever they ask for: in lists, their counts and searches, in
/// shows, and among what other records include.
pub struct Restriction {
    pub from: Rung,
    /// Condition of the records that those callers see. The default scope implies it.
    pub condition: &'static str,
}

pub struct Filter {
    /// Name of the query parameter.
    pub name: &'static str,
    pub test: Test,
    /// The related rows whose columns are tested; `None` for the resource's own.
    pub relation: Option<&'static Relation>,
    /// Whether there is no list without it.
    pub is_required: bool,
    /// Whether the vendor does not have it.
    pub is_addition: bool,
    /// The filter without which it makes no sense.
    pub only_with: Option<&'static str>,
    /// The filter beside which it makes no sense.
    pub never_with: Option<&'static str>,
    /// One sentence for the reference.
    pub text: &'static str,
}

impl Filter {
    /// A boolean.
    pub const fn flag(name: &'static str, flag: Flag, text: &'static str) -> Self {
        Self::new(name, Test::Flag(flag), text)
    }

    /// A filter of the resource's own rows.
    pub const fn new(name: &'static str, test: Test, text: &'static str) -> Self {
        let (relation, is_required, is_addition, only_with, never_with) = (None, false, false, None, None);
        Self { name, test, relation, is_required, is_addition, only_with, never_with, text }
    }

    /// When a record was made and changed: every resource with lists has these four.
    pub const DATES: &'static [Self] = &[
        Self::new("created_after", Test::After("t.created_at"), "Those made after this moment."),
        Self::new("created_before", Test::Before("t.created_at"), "Those made before this moment."),
        Self::new("updated_after", Test::After("t.updated_at"), "Those changed after this moment."),
        Self::new("updated_before", Test::Before("t.updated_at"), "Those changed before this moment."),
    ];

    /// By records of a kind that this server does not have: whatever is given, no record matches.
    pub const fn nothing(name: &'static str, text: &'static str) -> Self {
        Self::new(name, Test::Nothing, text)
    }

    /// The negation of such a filter: whatever is given, every record matches.
    pub const fn everything(name: &'static str, text: &'static str) -> Self {
        Self::new(name, Test::Everything, text)
    }

    /// What it does, and whether only this server has it.
    pub fn sentence(&self) -> String {
        let addition = if self.is_addition { " Not in the vendor's API." } else { "" };
        format!("{}{addition}", self.text)
    }

    /// Without it, the list is refused.
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// The vendor does not have it.
    pub const fn addition(mut self) -> Self {
        self.is_addition = true;
        self
    }

    /// With it, but without this other filter, the list is refused.
    pub const fn only_with(mut self, other: &'static str) -> Self {
        self.only_with = Some(other);
        self
    }

    /// With it and this other filter, the list is refused.
    pub const fn never_with(mut self, other: &'static str) -> Self {
        self.never_with = Some(other);
        self
    }

    /// Tests related rows instead. One row has to meet all filters of the same relation.
    pub const fn of(mut self, relation: &'static Relation) -> Self {
        self.relation = Some(relation);
        self
    }
}

/// What a filter tests. Conditions are whole boolean expressions; a column may be any expression.
#[derive(Clone, Copy)]
pub enum Test {
    Flag(Flag),
    /// Case-insensitive substring of one of these columns of lower-case text.
    Contains(&'static [&'static str]),
    /// Exactly this text.
    Equals(Letters, &'static str),
    /// One of the comma-separated texts, at most `MOST_LISTED`.
    OneOf(Letters, &'static str),
    /// This id.
    Id(&'static str),
    /// One of these ids.
    Ids(&'static str),
    /// None of these ids.
    NotIds(&'static str),
    /// Later than this moment.
    After(&'static str),
    /// Earlier than this moment.
    Before(&'static str),
    /// A boolean: whether there is a related row.
    Has,
    /// There is no related row with exactly this text.
    Lacks(&'static str),
    /// There is no related row with one of these ids.
    LacksIds(&'static str),
    /// What this function makes of the value; `None` for one that cannot be read.
    Special(fn(&Json) -> Option<Condition>),
    /// One of these words, each with its condition, which may name `{today}`; or several with commas.
    Words(&'static [(&'static str, &'static str)]),
    /// No record has what is asked for.
    Nothing,
    /// Every record is without what is asked for.
    Everything,
}

impl Test {
    /// Whether the related row that it tests must meet the other filters of its relation, too.
    pub const fn is_of_same_row(self) -> bool {
        !matches!(self, Self::Has | Self::Lacks(_) | Self::LacksIds(_))
    }
}

/// What a boolean restricts.
#[derive(Clone, Copy)]
pub enum Flag {
    /// Nothing.
    Ignored,
    /// True: this condition. False: nothing.
    Only(&'static str),
    /// True: this condition. False: its negation.
    Whether(&'static str),
    /// True: the first condition. False: the second one, where an index or a tally needs it literally.
    Either(&'static str, &'static str),
    /// True: nothing. False: this condition.
    Unless(&'static str),
    /// True: no record, since none has what is asked for. False: nothing.
    Nothing,
}

/// Most texts or ids that one parameter may list (rule G7).
pub const MOST_LISTED: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// Case-sensitive.
    Exact,
    /// Case-insensitive: the column holds lower-case text.
    Folded,
}
