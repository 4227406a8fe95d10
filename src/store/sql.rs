//! A description and a query become a statement. Every statement here is bound to one account: there is no way to ask
//! for a record without naming the account that it must belong to.

use std::fmt::Write as _;

use super::Param;
use crate::wire::describe::{Direction, Field, Resource};
use crate::wire::kind::Value;
use crate::wire::query::{Condition, ListQuery, Order, Slice};

/// A text with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text, with placeholders `?1 ?2 …`.
    pub text: String,
    /// The values.
    pub values: Vec<Value>,
}

impl Statement {
    /// The values as parameters.
    pub fn params(&self) -> Vec<Param<'_>> {
        self.values.iter().map(Param::from).collect()
    }

    fn scoped(text: String, account: i64) -> Self {
        Self { text, values: vec![Value::Int(account)] }
    }

    /// Adds a value and returns its placeholder.
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    fn and_all(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            match condition {
                Condition::Fixed(fragment) => self.and(fragment),
                Condition::Contains(column, text) => {
                    let placeholder = self.bind(Value::Text(text.clone()));
                    self.and(&contains(column, &placeholder));
                }
                Condition::Never => self.and("1 = 0"),
            }
        }
    }

    fn and_search(&mut self, resource: &Resource, query: &ListQuery) {
        let (Some(search), Some(needle)) = (&resource.search, &query.search) else {
            return;
        };
        let placeholder = self.bind(Value::Text(needle.text.clone()));
        let matches: Vec<String> = search.columns.iter().map(|column| contains(column, &placeholder)).collect();
        self.and(&format!("({})", matches.join(" OR ")));
    }

    fn order(&mut self, resource: &Resource, query: &ListQuery) {
        self.text.push_str(" ORDER BY ");
        let order = match (query.order, &resource.search, &query.search) {
            (Order::Relevance, Some(search), Some(needle)) => {
                let placeholder = self.bind(Value::Text(needle.words.clone()));
                let words = contains(search.words, &placeholder);
                let _ = write!(self.text, "CASE WHEN {words} THEN 0 ELSE 1 END, ");
                query.default_order
            }
            (order, ..) => order,
        };
        if let Order::By(sort, direction) = order {
            let direction = match direction {
                Direction::Ascending => "ASC",
                Direction::Descending => "DESC",
            };
            let _ = write!(self.text, "{} {direction}, ", sort.expression);
        }
        self.text.push_str("t.id");
    }

    fn slice(&mut self, slice: &Slice) {
        if let Slice::Page { limit, offset } = slice {
            let (limit, offset) = (self.bind(Value::Int(*limit)), self.bind(Value::Int(*offset)));
            let _ = write!(self.text, " LIMIT {limit} OFFSET {offset}");
        }
    }
}

/// The rows of a list.
pub fn list(resource: &Resource, account: i64, query: &ListQuery) -> Statement {
    let scope = if matches!(query.slice, Slice::Only(_)) { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT };
    let mut statement = Statement::scoped(select(resource, scope), account);
    restrict(&mut statement, resource, query);
    statement.order(resource, query);
    statement.slice(&query.slice);
    statement
}

/// The number of rows of a list, over all pages.
pub fn count(resource: &Resource, account: i64, query: &ListQuery) -> Statement {
    let scope = if matches!(query.slice, Slice::Only(_)) { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT };
    let text = format!("SELECT count(*) FROM {} WHERE {scope}", resource.from);
    let mut statement = Statement::scoped(text, account);
    restrict(&mut statement, resource, query);
    statement
}

fn restrict(statement: &mut Statement, resource: &Resource, query: &ListQuery) {
    statement.and_all(&query.conditions);
    statement.and_search(resource, query);
    if let Slice::Only(ids) = &query.slice {
        let placeholder = statement.bind(id_list(ids));
        statement.and(&among("t.id", &placeholder));
    }
}

/// The record of an id, if it fulfils the conditions.
pub fn record(resource: &Resource, account: i64, id: i64, conditions: &[Condition]) -> Statement {
    let mut statement = Statement::scoped(select(resource, OF_ACCOUNT_BY_ID), account);
    let placeholder = statement.bind(Value::Int(id));
    statement.and(&format!("t.id = {placeholder}"));
    statement.and_all(conditions);
    statement
}

/// The records of several ids, ordered by id.
pub fn records(resource: &Resource, account: i64, ids: &[i64]) -> Statement {
    let mut statement = Statement::scoped(select(resource, OF_ACCOUNT_BY_ID), account);
    let placeholder = statement.bind(id_list(ids));
    statement.and(&among("t.id", &placeholder));
    statement.text.push_str(" ORDER BY t.id");
    statement
}

/// Sets columns of a record, and the moment of the change; the result is the record as it is then.
pub fn update(resource: &Resource, account: i64, id: i64, now: i64, values: &[(&Field, &Value)]) -> Statement {
    let text = format!("UPDATE {} SET updated_at = ?2", resource.table);
    let mut statement = Statement { text, values: vec![Value::Int(account), Value::Int(now)] };
    for (field, value) in values {
        let placeholder = statement.bind((*value).clone());
        let _ = write!(statement.text, ", {} = {placeholder}", field.name);
    }
    let placeholder = statement.bind(Value::Int(id));
    let _ = write!(statement.text, " WHERE +account_id = ?1 AND id = {placeholder} RETURNING ");
    // SQLite knows no alias in RETURNING, and there only one table is in sight, so the columns go by their own names.
    for field in resource.fields {
        statement.text.push_str(&field.select.replace("t.", ""));
        statement.text.push_str(", ");
    }
    statement.text.push_str("id");
    statement
}

/// The rows of the account, found through an index that leads with it.
const OF_ACCOUNT: &str = "t.account_id = ?1";

/// The rows of the account among those that their ids find. The plus keeps a planner from going through every row of
/// the account instead: it takes the column out of the choice of an index, here as in PostgreSQL.
const OF_ACCOUNT_BY_ID: &str = "+t.account_id = ?1";

/// `SELECT` of a resource's fields in order and its id, for one account.
fn select(resource: &Resource, scope: &str) -> String {
    let mut text = String::with_capacity(600);
    text.push_str("SELECT ");
    for field in resource.fields {
        text.push_str(field.select);
        text.push_str(", ");
    }
    let _ = write!(text, "t.id FROM {} WHERE {scope}", resource.from);
    text
}

// What SQLite says in its own way stands below, and nowhere else.

/// Whether a column contains a text, byte for byte.
fn contains(column: &str, placeholder: &str) -> String {
    format!("instr({column}, {placeholder}) > 0")
}

/// Whether a column is one of a list of ids that is one parameter, so that one text serves lists of every length.
fn among(column: &str, placeholder: &str) -> String {
    format!("{column} IN (SELECT value FROM json_each({placeholder}))")
}

fn id_list(ids: &[i64]) -> Value {
    let digits: Vec<String> = ids.iter().map(i64::to_string).collect();
    Value::Text(format!("[{}]", digits.join(",")))
}
