//! Filters: parameters become conditions on rows (rules B10 and B12).

use serde_json::Value as Json;

use crate::wire::condition::{Condition, Relation};
use crate::wire::describe::{Filter, Flag, Letters, MOST_LISTED, Resource, Rung, Test};
use crate::wire::fold::fold;
use crate::wire::kind::{Value, moment, truth};
use crate::wire::params::Tree;
use crate::wire::query::given::{Given, plain};
use crate::wire::query::{Ids, digits};

/// Most ids in a filter, as many as a request may have values.
const MOST_IDS: usize = 10_000;

/// Why a list is refused.
#[derive(Debug)]
pub enum ListError {
    /// A parameter lists too many values; `of` is what it lists.
    TooMany { parameter: &'static str, most: usize, of: &'static str },
    /// A filter without which there is no list is absent.
    Missing { parameter: &'static str },
    /// A filter is given without the one that it needs.
    Alone { parameter: &'static str, needs: &'static str },
    /// Two filters are given that exclude each other.
    Both { parameter: &'static str, other: &'static str },
}

/// The default scope, every filter, and what this caller may see.
pub(super) fn list_conditions(
    resource: &'static Resource,
    params: &Tree,
    rung: Rung,
) -> Result<Vec<Condition>, ListError> {
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
) -> Result<Vec<Condition>, ListError> {
    let mut conditions = default_scope(resource, params);
    if conditions.is_empty() {
        // The scope implies it, and a stored count applies only to the scope alone.
        conditions.extend(restriction(resource, rung));
    }
    for filter in resource.filters().filter(|filter| is_wanted(filter)) {
        require_company(filter, params)?;
        if let Some(condition) = condition(filter, params)? {
            push(&mut conditions, filter.relation.filter(|_| filter.test.is_of_same_row()), condition);
        }
    }
    Ok(conditions)
}

/// Refuses a filter that is given without another one that it needs, or beside one that it excludes.
fn require_company(filter: &Filter, params: &Tree) -> Result<(), ListError> {
    let is_given = |name: &str| params.get(name).is_some_and(|given| !is_absent(given));
    let parameter = filter.name;
    match (filter.only_with, filter.never_with) {
        (Some(needs), _) if is_given(parameter) && !is_given(needs) => Err(ListError::Alone { parameter, needs }),
        (_, Some(other)) if is_on(parameter, params) && is_on(other, params) => {
            Err(ListError::Both { parameter, other })
        }
        _ => Ok(()),
    }
}

/// Whether a filter is given and, if it is a boolean, true.
fn is_on(name: &str, params: &Tree) -> bool {
    Given::read(params, name).is_some_and(|given| given.one().is_none_or(flag))
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
    let lifts = |name: &str, value: bool| Given::read(params, name)?.one().map(|text| flag(text) == value);
    let is_lifted = scope.lifted_by.iter().any(|(name, value)| lifts(name, *value) == Some(true));
    let applies = params.get("apply_default_filters").and_then(plain);
    let applies = applies.is_none_or(|text| matches!(text.as_ref(), "true" | "TRUE" | "1"));
    let is_replaced = scope.replaced_by.iter().any(|name| Given::read(params, name).is_some());
    if is_lifted || is_replaced || !applies { Vec::new() } else { vec![Condition::Fixed(scope.condition)] }
}

/// A boolean; any other text counts as true, as in Ruby (rules B10 and E5).
fn flag(text: &str) -> bool {
    truth(text).unwrap_or(true)
}

/// What a filter makes of its value.
struct Reading {
    condition: Option<Condition>,
    /// Whether every part of the value has an effect.
    is_whole: bool,
}

impl Reading {
    const fn whole(condition: Option<Condition>) -> Self {
        Self { condition, is_whole: true }
    }

    /// Of a value that cannot be read: nothing matches it.
    const fn never() -> Self {
        Self { condition: Some(Condition::Never), is_whole: false }
    }
}

fn condition(filter: &'static Filter, params: &Tree) -> Result<Option<Condition>, ListError> {
    if let Test::Special(read) = filter.test {
        let given = params.get(filter.name).filter(|given| !is_absent(given));
        return Ok(given.map(|given| read(given).unwrap_or(Condition::Never)));
    }
    match Given::read(params, filter.name) {
        Some(given) => Ok(read(filter, &given)?.condition),
        None if filter.is_required => Err(ListError::Missing { parameter: filter.name }),
        None => Ok(None),
    }
}

/// Clients may send a parameter without a value instead of leaving it out.
fn is_absent(given: &Json) -> bool {
    matches!(given, Json::Null) || plain(given).is_some_and(|text| text.trim().is_empty())
}

/// Whether a filter was given a value that cannot be read, or only in part. One that lists too much has its own error.
pub fn is_unreadable(filter: &'static Filter, params: &Tree) -> bool {
    if let Test::Special(read) = filter.test {
        return params.get(filter.name).is_some_and(|given| !is_absent(given) && read(given).is_none());
    }
    let reading = Given::read(params, filter.name).map(|given| read(filter, &given));
    reading.is_some_and(|reading| reading.is_ok_and(|reading| !reading.is_whole))
}

fn read(filter: &'static Filter, given: &Given<'_>) -> Result<Reading, ListError> {
    match filter.test {
        Test::OneOf(letters, column) => texts(filter.name, letters, column, given),
        Test::Ids(column) => {
            let Ids { ids, is_whole, .. } = Ids::read(filter.name, MOST_IDS, given)?;
            Ok(Reading { condition: Some(Condition::Among(column, ids)), is_whole })
        }
        Test::NotIds(column) => {
            let Ids { ids, is_whole, is_empty } = Ids::read(filter.name, MOST_IDS, given)?;
            let is_read = is_empty || !ids.is_empty();
            let condition = if is_read { Condition::NotAmong(column, ids) } else { Condition::Never };
            Ok(Reading { condition: Some(condition), is_whole })
        }
        Test::Words(words) => Ok(one_of_words(words, given)),
        Test::LacksIds(column) => {
            let Ids { ids, is_whole, .. } = Ids::read(filter.name, MOST_IDS, given)?;
            let condition = related(filter, false, vec![Condition::Among(column, ids)]);
            Ok(if is_whole { Reading::whole(condition) } else { Reading::never() })
        }
        Test::Nothing => Ok(Reading::whole(Some(Condition::Never))),
        Test::Everything => Ok(Reading::whole(None)),
        _ => Ok(given.one().map_or(Reading::never(), |text| read_one(filter, text))),
    }
}

/// Reads the value of a test that takes only one.
fn read_one(filter: &Filter, text: &str) -> Reading {
    match filter.test {
        Test::Flag(restriction) => {
            Reading { condition: restricted(restriction, flag(text)), is_whole: truth(text).is_some() }
        }
        // No stored text has a NUL, and PostgreSQL rejects one in a comparison (rule H11).
        Test::Contains(_) | Test::Equals(..) if text.contains('\0') => Reading::whole(Some(Condition::Never)),
        Test::Lacks(_) if text.contains('\0') => Reading::whole(None),
        Test::Contains(columns) => Reading::whole(Some(Condition::Contains(columns, fold(text)))),
        Test::Equals(letters, column) => {
            Reading::whole(Some(Condition::Compares(column, "=", Value::Text(letters.write(text)))))
        }
        Test::Id(column) => digits(text).map_or(Reading::never(), |id| Reading::whole(Some(compared(column, "=", id)))),
        Test::After(column) => bounded(column, ">", text),
        Test::Before(column) => bounded(column, "<", text),
        Test::Has => Reading { condition: related(filter, flag(text), Vec::new()), is_whole: truth(text).is_some() },
        Test::Lacks(column) => {
            let equals = Condition::Compares(column, "=", Value::Text(text.to_owned()));
            Reading::whole(related(filter, false, vec![equals]))
        }
        Test::OneOf(..)
        | Test::Ids(_)
        | Test::NotIds(_)
        | Test::LacksIds(_)
        | Test::Words(_)
        | Test::Special(_)
        | Test::Nothing
        | Test::Everything => Reading::never(),
    }
}

/// What any of the words stands for. An unknown word stands for nothing.
fn one_of_words(words: &[(&'static str, &'static str)], given: &Given<'_>) -> Reading {
    let Some(pieces) = given.many() else { return Reading::never() };
    let condition = |piece: &str| words.iter().find(|(word, _)| *word == piece).map(|(_, fragment)| *fragment);
    let found: Vec<Option<&'static str>> = pieces.into_iter().map(|piece| condition(piece.trim())).collect();
    let is_whole = found.iter().all(Option::is_some);
    let any = found.into_iter().flatten().map(Condition::Fixed).collect::<Vec<_>>();
    let condition = if any.is_empty() { Condition::Never } else { Condition::Any(any) };
    Reading { condition: Some(condition), is_whole }
}

/// That there is, or is not, a related row that meets these conditions.
fn related(filter: &Filter, is_there: bool, conditions: Vec<Condition>) -> Option<Condition> {
    let relation = filter.relation?;
    Some(if is_there { Condition::Related(relation, conditions) } else { Condition::Unrelated(relation, conditions) })
}

fn restricted(restriction: Flag, is_true: bool) -> Option<Condition> {
    match (restriction, is_true) {
        (Flag::Ignored, _) | (Flag::Only(_) | Flag::Nothing, false) | (Flag::Unless(_), true) => None,
        (Flag::Nothing, true) => Some(Condition::Never),
        (Flag::Only(condition) | Flag::Whether(condition) | Flag::Either(condition, _), true) => {
            Some(Condition::Fixed(condition))
        }
        (Flag::Either(_, condition) | Flag::Unless(condition), false) => Some(Condition::Fixed(condition)),
        (Flag::Whether(condition), false) => Some(Condition::Not(condition)),
    }
}

/// An unreadable bound restricts nothing (rule G8).
fn bounded(column: &'static str, sign: &'static str, text: &str) -> Reading {
    let condition = moment(text).map(|moment| compared(column, sign, moment));
    Reading { is_whole: condition.is_some(), condition }
}

fn compared(column: &'static str, sign: &'static str, number: i64) -> Condition {
    Condition::Compares(column, sign, Value::Int(number))
}

/// One of several texts, trimmed; those with a NUL match nothing and are dropped.
fn texts(
    parameter: &'static str,
    letters: Letters,
    column: &'static str,
    given: &Given<'_>,
) -> Result<Reading, ListError> {
    let Some(pieces) = given.many() else { return Ok(Reading::never()) };
    let pieces: Vec<&str> = pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).collect();
    if pieces.len() > MOST_LISTED {
        return Err(ListError::TooMany { parameter, most: MOST_LISTED, of: "texts" });
    }
    let texts = pieces.into_iter().filter(|piece| !piece.contains('\0')).map(|piece| letters.write(piece)).collect();
    Ok(Reading::whole(Some(Condition::OneOf(column, texts))))
}

impl Letters {
    fn write(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::Folded => fold(text),
        }
    }
}
