//! Filters: parameters become conditions on rows (rules B10 and B12).

use crate::wire::describe::{Filter, Flag, Letters, MOST_LISTED, Relation, Resource, Rung, Test};
use crate::wire::fold::fold;
use crate::wire::kind::{Value, moment, truth};
use crate::wire::params::Tree;
use crate::wire::query::{digits, given, ids, text};

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
    Never,
}

/// A parameter lists more than [`MOST_LISTED`] values.
#[derive(Debug)]
pub struct TooMany {
    pub parameter: &'static str,
    /// What it lists.
    pub of: &'static str,
}

/// The default scope, every filter, and what this caller may see.
pub(super) fn list_conditions(
    resource: &'static Resource,
    params: &Tree,
    rung: Rung,
) -> Result<Vec<Condition>, TooMany> {
    conditions(resource, params, rung, |_| true)
}

/// What callers on a rung may see of a resource; `None` for everything.
pub fn restriction(resource: &Resource, rung: Rung) -> Option<Condition> {
    let restriction = resource.restriction.as_ref().filter(|restriction| rung < restriction.from)?;
    Some(Condition::Fixed(restriction.condition))
}

/// The default scope and the filters that lift it, and no others (rules E10 and H3); and what this caller may see.
pub fn show_conditions(resource: &'static Resource, params: &Tree, rung: Rung) -> Vec<Condition> {
    let lifting = |filter: &Filter| resource.lifting_value(filter.name).is_some();
    // Only flags lift a scope, and they cannot list too many texts.
    conditions(resource, params, rung, lifting).unwrap_or_else(|_| vec![Condition::Never])
}

fn conditions(
    resource: &'static Resource,
    params: &Tree,
    rung: Rung,
    is_wanted: impl Fn(&Filter) -> bool,
) -> Result<Vec<Condition>, TooMany> {
    let mut conditions = default_scope(resource, params);
    if conditions.is_empty() {
        // The scope implies it, and a stored count applies only to the scope alone.
        conditions.extend(restriction(resource, rung));
    }
    for filter in resource.filters.iter().filter(|filter| is_wanted(filter)) {
        if let Some(condition) = condition(filter, params)? {
            push(&mut conditions, filter.relation, condition);
        }
    }
    Ok(conditions)
}

/// Adds a condition, unless it equals one of the scope; joins it with the others of its relation, since one related row
/// has to meet them all.
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

/// Hides some rows unless a filter asks for them (rule B12).
fn default_scope(resource: &'static Resource, params: &Tree) -> Vec<Condition> {
    let Some(scope) = &resource.default_scope else {
        return Vec::new();
    };
    let is_lifted = scope.lifted_by.iter().any(|(name, value)| given(params, name).map(flag) == Some(*value));
    let applies = text(params, "apply_default_filters").is_none_or(|text| matches!(text, "true" | "TRUE" | "1"));
    if is_lifted || !applies { Vec::new() } else { vec![Condition::Fixed(scope.condition)] }
}

/// A boolean; any other text counts as true, as in Ruby (rules B10 and E5).
fn flag(text: &str) -> bool {
    truth(text).unwrap_or(true)
}

fn condition(filter: &'static Filter, params: &Tree) -> Result<Option<Condition>, TooMany> {
    let Some(text) = given(params, filter.name) else {
        return Ok(None);
    };
    let condition = match filter.test {
        Test::Flag(restriction) => match (restriction, flag(text)) {
            (Flag::Ignored, _) | (Flag::Only(_), false) => None,
            (Flag::Only(condition) | Flag::Whether(condition) | Flag::Either(condition, _), true) => {
                Some(Condition::Fixed(condition))
            }
            (Flag::Either(_, condition), false) => Some(Condition::Fixed(condition)),
            (Flag::Whether(condition), false) => Some(Condition::Not(condition)),
        },
        // No stored text has a NUL, and PostgreSQL rejects one in a comparison (rule H11).
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

/// The texts between commas, trimmed; those with a NUL match nothing and are dropped.
fn texts(parameter: &'static str, letters: Letters, text: &str) -> Result<Vec<String>, TooMany> {
    let pieces: Vec<&str> = text.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    if pieces.len() > MOST_LISTED {
        return Err(TooMany { parameter, of: "texts" });
    }
    Ok(pieces.into_iter().filter(|piece| !piece.contains('\0')).map(|piece| letters.write(piece)).collect())
}

impl Letters {
    fn write(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::Folded => fold(text),
        }
    }
}
