//! A description and a query become a statement. Every statement here is bound to one account: there is no way to ask
//! for a record without naming the account that it must belong to.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Param;
use crate::wire::describe::{Direction, Resource};
use crate::wire::kind::Value;
use crate::wire::projection::{Projection, Source};
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
            let text = self.condition(condition);
            self.and(&text);
        }
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Fixed(fragment) => (*fragment).to_owned(),
            Condition::Contains(columns, text) => {
                let placeholder = self.bind(Value::Text(text.clone()));
                any_contains(columns, &placeholder)
            }
            Condition::Compares(column, sign, value) => {
                let placeholder = self.bind(value.clone());
                format!("{column} {sign} {placeholder}")
            }
            Condition::OneOf(column, texts) => {
                let placeholder = self.bind(text_list(texts));
                among(column, &placeholder)
            }
            Condition::Among(column, ids) => {
                let placeholder = self.bind(id_list(ids));
                among(column, &placeholder)
            }
            Condition::NotAmong(column, ids) => {
                let placeholder = self.bind(id_list(ids));
                format!("NOT ({})", among(column, &placeholder))
            }
            Condition::Related(relation, together) => {
                let tests: Vec<String> = together.iter().map(|condition| self.condition(condition)).collect();
                let (owner, rows) = (relation.owner, relation.rows);
                format!("t.id IN (SELECT {owner} FROM {rows} AND {})", tests.join(" AND "))
            }
            Condition::Never => "1 = 0".to_owned(),
        }
    }

    fn and_search(&mut self, resource: &Resource, query: &ListQuery) {
        let (Some(search), Some(needle)) = (&resource.search, &query.search) else {
            return;
        };
        let placeholder = self.bind(Value::Text(needle.text.clone()));
        self.and(&any_contains(search.columns, &placeholder));
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
pub fn list(projection: &Projection, account: i64, query: &ListQuery) -> Statement {
    let resource = projection.resource();
    let scope = if matches!(query.slice, Slice::Only(_)) { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT };
    let mut statement = Statement::scoped(select(projection, scope), account);
    restrict(&mut statement, resource, query);
    statement.order(resource, query);
    statement.slice(&query.slice);
    statement
}

/// The number of rows of a list, over all pages.
pub fn count(resource: &Resource, account: i64, query: &ListQuery) -> Statement {
    let scope = if matches!(query.slice, Slice::Only(_)) { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT };
    let text = format!("SELECT count(*) FROM {} t WHERE {scope}", resource.table);
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
pub fn record(projection: &Projection, account: i64, id: i64, conditions: &[Condition]) -> Statement {
    let mut statement = Statement::scoped(select(projection, OF_ACCOUNT_BY_ID), account);
    let placeholder = statement.bind(Value::Int(id));
    statement.and(&format!("t.id = {placeholder}"));
    statement.and_all(conditions);
    statement
}

/// The records of several ids, ordered by id.
pub fn records(projection: &Projection, account: i64, ids: &[i64]) -> Statement {
    let mut statement = Statement::scoped(select(projection, OF_ACCOUNT_BY_ID), account);
    let placeholder = statement.bind(id_list(ids));
    statement.and(&among("t.id", &placeholder));
    statement.text.push_str(" ORDER BY t.id");
    statement
}

/// Sets columns of a record, and the moment of the change. The result is the record as it is then, where all of the
/// projection is in the record's own row; else it has no columns, and the record has to be read.
pub fn update(projection: &Projection, account: i64, id: i64, now: i64, columns: &[(&str, &Value)]) -> Statement {
    let text = format!("UPDATE {} SET updated_at = ?2", projection.resource().table);
    let mut statement = Statement { text, values: vec![Value::Int(account), Value::Int(now)] };
    for (name, value) in columns {
        let placeholder = statement.bind((*value).clone());
        let _ = write!(statement.text, ", {name} = {placeholder}");
    }
    let placeholder = statement.bind(Value::Int(id));
    let _ = write!(statement.text, " WHERE +account_id = ?1 AND id = {placeholder} RETURNING ");
    if projection.is_of_one_row() {
        for column in projection.columns() {
            // SQLite knows no alias in RETURNING, and there only one table is in sight, so the columns go by their own names.
            statement.text.push_str(&expression(column.source()).replace("t.", ""));
            statement.text.push_str(", ");
        }
    }
    statement.text.push_str("id");
    statement
}

/// The rows of the account, found through an index that leads with it.
const OF_ACCOUNT: &str = "t.account_id = ?1";

/// The rows of the account among those that their ids find. The plus keeps a planner from going through every row of
/// the account instead: it takes the column out of the choice of an index, here as in PostgreSQL.
const OF_ACCOUNT_BY_ID: &str = "+t.account_id = ?1";

/// `SELECT` of a projection's columns in order and the id, for one account.
fn select(projection: &Projection, scope: &str) -> String {
    let mut text = String::with_capacity(1_000);
    text.push_str("SELECT ");
    for column in projection.columns() {
        text.push_str(&expression(column.source()));
        text.push_str(", ");
    }
    let _ = write!(text, "t.id FROM {} t WHERE {scope}", projection.resource().table);
    text
}

fn expression(source: Source) -> Cow<'static, str> {
    match source {
        Source::Expression(text) => Cow::Borrowed(text),
        Source::Ids { id, rows } => Cow::Owned(ids_of(id, rows)),
    }
}

/// Whether one of the columns contains a text.
fn any_contains(columns: &[&str], placeholder: &str) -> String {
    let matches: Vec<String> = columns.iter().map(|column| contains(column, placeholder)).collect();
    format!("({})", matches.join(" OR "))
}

// What SQLite says in its own way stands below, and nowhere else.

/// Whether a column contains a text, byte for byte.
fn contains(column: &str, placeholder: &str) -> String {
    format!("instr({column}, {placeholder}) > 0")
}

/// The ids of related rows as a JSON array.
fn ids_of(id: &str, rows: &str) -> String {
    format!("(SELECT json_group_array({id} ORDER BY {id}) FROM {rows})")
}

/// Whether a column is one of a list of ids or texts that is one parameter, so that one text serves lists of every length.
fn among(column: &str, placeholder: &str) -> String {
    format!("{column} IN (SELECT value FROM json_each({placeholder}))")
}

fn text_list(texts: &[String]) -> Value {
    Value::Text(serde_json::Value::from(texts).to_string())
}

fn id_list(ids: &[i64]) -> Value {
    let digits: Vec<String> = ids.iter().map(i64::to_string).collect();
    Value::Text(format!("[{}]", digits.join(",")))
}
