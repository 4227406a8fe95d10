//! Filters: from parameters to conditions on rows (rules B10 and B12).

use crate::wire::describe::{Filter, Letters, MOST_TEXTS, Relation, Resource, Test};
use crate::wire::fold::fold;
use crate::wire::kind::{Value, moment, truth};
use crate::wire::params::Tree;
use crate::wire::query::{digits, given, ids, text};

/// A condition on the rows of a list. Columns may be any expression.
#[derive(Clone)]
pub enum Condition {
    /// A fragment of the description.
    Fixed(&'static str),
    /// One of the columns contains the text.
    Contains(&'static [&'static str], String),
    /// The column compares with the value, by one of the signs `=`, `<` and `>`.
    Compares(&'static str, &'static str, Value),
    /// The column is one of the texts.
    OneOf(&'static str, Vec<String>),
    /// The column is one of the ids.
    Among(&'static str, Vec<i64>),
    /// The column is none of the ids.
    NotAmong(&'static str, Vec<i64>),
    /// There is a related row that fulfils all of these conditions.
    Related(&'static Relation, Vec<Condition>),
    /// No row fulfils it.
    Never,
}

/// A parameter that lists more texts than are taken.
#[derive(Debug)]
pub struct TooMany {
    /// Name of the parameter.
    pub parameter: &'static str,
}

/// The conditions of a list: what it leaves out by itself, and every filter.
pub(super) fn list_conditions(resource: &'static Resource, params: &Tree) -> Result<Vec<Condition>, TooMany> {
    let mut conditions = default_scope(resource, params);
    for filter in resource.filters {
        if let Some(condition) = condition(filter, params)? {
            push(&mut conditions, filter.relation, condition);
        }
    }
    Ok(conditions)
}

/// The conditions of a show: the default scope and the filters that lift it, nothing else (protocol-corners E10, H3).
pub fn show_conditions(resource: &'static Resource, params: &Tree) -> Vec<Condition> {
    let mut conditions = default_scope(resource, params);
    let lifting = resource.default_scope.as_ref().map_or(&[][..], |scope| scope.lifted_by);
    for filter in resource.filters.iter().filter(|filter| lifting.iter().any(|(name, _)| filter.name == *name)) {
        // Only flags lift a scope, and a flag lists nothing.
        if let Ok(Some(condition)) = condition(filter, params) {
            push(&mut conditions, filter.relation, condition);
        }
    }
    conditions
}

/// Adds a condition: once where a filter asks for what the scope asks for already, and to the others of its relation, so that
/// one related row has to meet them all.
fn push(conditions: &mut Vec<Condition>, relation: Option<&'static Relation>, condition: Condition) {
    for known in conditions.iter_mut() {
        match (known, &condition, relation) {
            (Condition::Fixed(known), Condition::Fixed(new), None) if known == new => return,
            (Condition::Related(known, together), _, Some(relation)) if std::ptr::eq(*known, relation) => {
                together.push(condition);
                return;
            }
            _ => {}
        }
    }
    conditions.push(match relation {
        Some(relation) => Condition::Related(relation, vec![condition]),
        None => condition,
    });
}

/// Rule B12: the rows that are left when no filter asks for others.
fn default_scope(resource: &'static Resource, params: &Tree) -> Vec<Condition> {
    let Some(scope) = &resource.default_scope else {
        return Vec::new();
    };
    let is_lifted = scope.lifted_by.iter().any(|(name, value)| flag(params, name) == Some(*value));
    if is_lifted || !defaults_apply(params) { Vec::new() } else { vec![Condition::Fixed(scope.condition)] }
}

/// Rule B12: whether the default scope holds unless it is lifted.
fn defaults_apply(params: &Tree) -> bool {
    text(params, "apply_default_filters").is_none_or(|text| matches!(text, "true" | "TRUE" | "1"))
}

/// Rule B10: a truth value. Text that is none counts as true, as in Ruby (protocol-corners E5).
fn flag(params: &Tree, name: &str) -> Option<bool> {
    given(params, name).map(|text| truth(text).unwrap_or(true))
}

/// The condition that a filter puts on the rows, if any.
fn condition(filter: &'static Filter, params: &Tree) -> Result<Option<Condition>, TooMany> {
    let Some(text) = given(params, filter.name) else {
        return Ok(None);
    };
    let condition = match filter.test {
        Test::Flag { when_true, when_false } => {
            let side = if truth(text).unwrap_or(true) { when_true } else { when_false };
            side.map(Condition::Fixed)
        }
        // No stored text has a NUL, and PostgreSQL cannot even compare one (protocol-corners H11).
        Test::Contains(_) | Test::Equals(..) if text.contains('\0') => Some(Condition::Never),
        Test::Contains(columns) => Some(Condition::Contains(columns, fold(text))),
        Test::Equals(letters, column) => Some(Condition::Compares(column, "=", Value::Text(letters.write(text)))),
        Test::OneOf(letters, column) => Some(Condition::OneOf(column, texts(filter.name, letters, text)?)),
        Test::Id(column) => Some(match digits(text) {
            Some(id) => Condition::Compares(column, "=", Value::Int(id)),
            None => Condition::Never,
        }),
        Test::Ids(column) => Some(Condition::Among(column, ids(text))),
        Test::NotIds(column) => Some(Condition::NotAmong(column, ids(text))),
        Test::After(column) => moment(text).map(|moment| Condition::Compares(column, ">", Value::Int(moment))),
        Test::Before(column) => moment(text).map(|moment| Condition::Compares(column, "<", Value::Int(moment))),
    };
    Ok(condition)
}

/// The texts between commas, trimmed; one with a NUL is no stored text.
fn texts(parameter: &'static str, letters: Letters, text: &str) -> Result<Vec<String>, TooMany> {
    let pieces: Vec<&str> = text.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    if pieces.len() > MOST_TEXTS {
        return Err(TooMany { parameter });
    }
    Ok(pieces.into_iter().filter(|piece| !piece.contains('\0')).map(|piece| letters.write(piece)).collect())
}

impl Letters {
    /// A text as the column has it.
    fn write(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::Folded => fold(text),
        }
    }
}
