//! Filters: the query parameters that narrow a list, and what a list leaves out by itself.

/// What list and show leave out by themselves.
pub struct DefaultScope {
    /// Condition of the rows that are left.
    pub condition: &'static str,
    /// Filters that lift it, each with the value that does. They act on show as well as on lists (protocol-corners E10).
    pub lifted_by: &'static [(&'static str, bool)],
}

/// A query parameter that narrows a list.
pub struct Filter {
    /// Name of the query parameter.
    pub name: &'static str,
    /// What it tests.
    pub test: Test,
    /// The related rows whose columns are tested; `None` for the resource's own.
    pub relation: Option<&'static Relation>,
    /// One sentence for the reference.
    pub text: &'static str,
}

impl Filter {
    /// A truth value with a condition for either side; `None` for no restriction.
    pub const fn flag(
        name: &'static str,
        when_true: Option<&'static str>,
        when_false: Option<&'static str>,
        text: &'static str,
    ) -> Self {
        Self::new(name, Test::Flag { when_true, when_false }, text)
    }

    /// A filter of the resource's own rows.
    pub const fn new(name: &'static str, test: Test, text: &'static str) -> Self {
        Self { name, test, relation: None, text }
    }

    /// The columns are those of related rows: filters of one relation have to be met by the same row.
    pub const fn of(mut self, relation: &'static Relation) -> Self {
        self.relation = Some(relation);
        self
    }
}

/// Rows of another table that belong to rows of the resource.
pub struct Relation {
    /// Expression of the id that a row belongs to.
    pub owner: &'static str,
    /// Table and condition, as in `FROM … WHERE …`; further conditions are appended with `AND`.
    pub rows: &'static str,
}

/// What a filter tests. Conditions are whole boolean expressions, columns may be any expression.
#[derive(Clone, Copy)]
pub enum Test {
    /// A truth value; each side is a condition or no restriction.
    Flag {
        /// Condition of `true`.
        when_true: Option<&'static str>,
        /// Condition of `false`.
        when_false: Option<&'static str>,
    },
    /// Case-insensitive substring of one of these columns of lower-case text.
    Contains(&'static [&'static str]),
    /// Exactly this text.
    Equals(Letters, &'static str),
    /// One of the texts between commas. More than [`MOST_TEXTS`] are refused.
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
}

/// Most texts that one parameter may list (protocol-corners G7).
pub const MOST_TEXTS: usize = 200;

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// They do.
    Exact,
    /// They do not: the column holds lower-case text.
    Folded,
}
