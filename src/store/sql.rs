//! SQL from descriptions and queries. Every statement here is bound to one account: there is no way to ask for a record
//! without naming the account that it must belong to.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::store::{Dialect, Param};
use crate::wire::describe::{Direction, Resource};
use crate::wire::kind::Value;
use crate::wire::projection::{Projection, Source};
use crate::wire::query::{Condition, ListQuery, Order, Slice};

#[derive(Clone, Copy)]
pub struct Key {
    pub account: i64,
    pub id: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// With placeholders `?1 ?2 …`.
    pub text: String,
    pub values: Vec<Value>,
    dialect: Dialect,
}

impl Statement {
    pub fn params(&self) -> Vec<Param<'_>> {
        self.values.iter().map(Param::from).collect()
    }

    pub fn new(dialect: Dialect, text: String, values: Vec<Value>) -> Self {
        Self { text, values, dialect }
    }

    fn scoped(dialect: Dialect, text: String, account: i64) -> Self {
        Self { text, values: vec![Value::Int(account)], dialect }
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
                any_contains(self.dialect, columns, &placeholder)
            }
            Condition::Compares(column, sign, value) => {
                let placeholder = self.bind(value.clone());
                format!("{column} {sign} {placeholder}")
            }
            Condition::OneOf(column, texts) => {
                let placeholder = self.bind(Value::Text(serde_json::Value::from(texts.as_slice()).to_string()));
                self.dialect.among_texts(column, &placeholder)
            }
            Condition::Among(column, ids) => {
                let placeholder = self.bind(id_list(ids));
                self.dialect.among_ids(column, &placeholder)
            }
            Condition::NotAmong(column, ids) => {
                let placeholder = self.bind(id_list(ids));
                format!("NOT ({})", self.dialect.among_ids(column, &placeholder))
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
        self.and(&any_contains(self.dialect, search.columns, &placeholder));
    }

    fn order(&mut self, resource: &Resource, query: &ListQuery) {
        self.text.push_str(" ORDER BY ");
        let order = match (query.order, &resource.search, &query.search) {
            (Order::Relevance, Some(search), Some(needle)) => {
                let placeholder = self.bind(Value::Text(needle.words.clone()));
                let words = self.dialect.contains(search.words, &placeholder);
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
            // Nulls come first when ascending, as in MySQL and SQLite, but not by default in PostgreSQL.
            let nulls = match (sort.is_nullable, direction) {
                (false, _) => "",
                (true, "ASC") => " NULLS FIRST",
                (true, _) => " NULLS LAST",
            };
            let _ = write!(self.text, "{} {direction}{nulls}, ", sort.expression);
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

pub fn list(dialect: Dialect, projection: &Projection, account: i64, query: &ListQuery) -> Statement {
    let resource = projection.resource();
    let scope = if matches!(query.slice, Slice::Only(_)) { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT };
    let mut statement = Statement::scoped(dialect, select(dialect, projection, scope), account);
    restrict(&mut statement, resource, query);
    statement.order(resource, query);
    statement.slice(&query.slice);
    statement
}

/// The number of rows of a list, over all pages.
pub fn count(dialect: Dialect, resource: &Resource, account: i64, query: &ListQuery) -> Statement {
    let scope = if matches!(query.slice, Slice::Only(_)) { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT };
    let text = format!("SELECT count(*) FROM {} t WHERE {scope}", resource.table);
    let mut statement = Statement::scoped(dialect, text, account);
    restrict(&mut statement, resource, query);
    statement
}

fn restrict(statement: &mut Statement, resource: &Resource, query: &ListQuery) {
    statement.and_all(&query.conditions);
    statement.and_search(resource, query);
    if let Slice::Only(ids) = &query.slice {
        let placeholder = statement.bind(id_list(ids));
        statement.and(&statement.dialect.among_ids("t.id", &placeholder));
    }
}

/// One record, if it meets the conditions.
pub fn record(dialect: Dialect, projection: &Projection, key: Key, conditions: &[Condition]) -> Statement {
    let mut statement = Statement::scoped(dialect, select(dialect, projection, OF_ACCOUNT_BY_ID), key.account);
    let placeholder = statement.bind(Value::Int(key.id));
    statement.and(&format!("t.id = {placeholder}"));
    statement.and_all(conditions);
    statement
}

/// The same, locked against other writers until the transaction ends.
pub fn record_to_write(dialect: Dialect, projection: &Projection, key: Key, conditions: &[Condition]) -> Statement {
    let mut statement = record(dialect, projection, key, conditions);
    statement.text.push_str(dialect.for_update());
    statement
}

/// The records of several ids, ordered by id.
pub fn records(dialect: Dialect, projection: &Projection, account: i64, ids: &[i64]) -> Statement {
    let mut statement = Statement::scoped(dialect, select(dialect, projection, OF_ACCOUNT_BY_ID), account);
    let placeholder = statement.bind(id_list(ids));
    statement.and(&statement.dialect.among_ids("t.id", &placeholder));
    statement.text.push_str(" ORDER BY t.id");
    statement
}

/// Sets columns of a record and the time of the change. Returns the new record if the whole projection is in the
/// record's own row; otherwise it has to be read separately.
pub fn update(dialect: Dialect, projection: &Projection, key: Key, now: i64, columns: &[(&str, &Value)]) -> Statement {
    let text = format!("UPDATE {} SET updated_at = ?2", projection.resource().table);
    let mut statement = Statement { text, values: vec![Value::Int(key.account), Value::Int(now)], dialect };
    for (name, value) in columns {
        let placeholder = statement.bind((*value).clone());
        let _ = write!(statement.text, ", {name} = {placeholder}");
    }
    let placeholder = statement.bind(Value::Int(key.id));
    let _ = write!(statement.text, " WHERE +account_id = ?1 AND id = {placeholder} RETURNING ");
    if projection.is_of_one_row() {
        for column in projection.columns() {
            // SQLite has no table alias in RETURNING.
            statement.text.push_str(&expression(dialect, column.source()).replace("t.", ""));
            statement.text.push_str(", ");
        }
    }
    statement.text.push_str("id");
    statement
}

/// The rows of the account, through an index that begins with it.
const OF_ACCOUNT: &str = "t.account_id = ?1";

/// The rows of the account among those found by id. The plus excludes the column from the choice of an index, in both
/// engines, so no planner walks through all rows of the account instead.
const OF_ACCOUNT_BY_ID: &str = "+t.account_id = ?1";

/// Selects a projection's columns in order, then the id.
fn select(dialect: Dialect, projection: &Projection, scope: &str) -> String {
    let mut text = String::with_capacity(1_000);
    text.push_str("SELECT ");
    for column in projection.columns() {
        text.push_str(&expression(dialect, column.source()));
        text.push_str(", ");
    }
    let _ = write!(text, "t.id FROM {} t WHERE {scope}", projection.resource().table);
    text
}

fn expression(dialect: Dialect, source: Source) -> Cow<'static, str> {
    match source {
        Source::Expression(text) => Cow::Borrowed(text),
        Source::Ids { id, rows } => Cow::Owned(dialect.ids_of(id, rows)),
    }
}

fn any_contains(dialect: Dialect, columns: &[&str], placeholder: &str) -> String {
    let matches: Vec<String> = columns.iter().map(|column| dialect.contains(column, placeholder)).collect();
    format!("({})", matches.join(" OR "))
}

fn id_list(ids: &[i64]) -> Value {
    let digits: Vec<String> = ids.iter().map(i64::to_string).collect();
    Value::Text(format!("[{}]", digits.join(",")))
}
