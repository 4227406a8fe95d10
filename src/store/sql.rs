//! SQL from descriptions and queries. Every statement here is bound to one account: there is no way to ask for a record
//! without naming the account that it must belong to.

use std::fmt::Write as _;

use crate::store::{Dialect, Param};
use crate::wire::condition::{Condition, Relation};
use crate::wire::describe::{Direction, Link, ReadFrom, Resource, Rung};
use crate::wire::kind::Value;
use crate::wire::projection::{Column, Projection};
use crate::wire::query::{ListQuery, Slice};

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

    /// Fills in what descriptions leave to the request.
    fn asked_by(self, projection: &Projection) -> Self {
        self.asked(projection.rung(), projection.today())
    }

    fn asked(self, rung: Rung, today: i64) -> Self {
        self.filled("{rung}", rung.0.into()).filled("{today}", today)
    }

    /// Replaces a word of descriptions by a number.
    fn filled(mut self, word: &str, number: i64) -> Self {
        if self.text.contains(word) {
            self.text = self.text.replace(word, itoa::Buffer::new().format(number));
        }
        self
    }

    /// Adds a value and returns its placeholder.
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn and(&mut self, conditions: &[Condition]) {
        let text = self.all(conditions);
        self.text.push_str(&text);
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Fixed(fragment) => (*fragment).to_owned(),
            Condition::Not(fragment) => format!("NOT ({fragment})"),
            Condition::Contains(columns, text) => {
                let placeholder = self.bind(Value::Text(text.clone()));
                let contains = |column: &&str| self.dialect.contains(column, &placeholder);
                format!("({})", columns.iter().map(contains).collect::<Vec<_>>().join(" OR "))
            }
            Condition::Compares(column, sign, value) => format!("{column} {sign} {}", self.bind(value.clone())),
            Condition::OneOf(column, texts) => {
                let placeholder = self.bind(Value::Text(serde_json::Value::from(texts.as_slice()).to_string()));
                self.dialect.among_texts(column, &placeholder)
            }
            Condition::Among(column, ids) => self.among(column, ids),
            Condition::NotAmong(column, ids) => format!("NOT ({})", self.among(column, ids)),
            Condition::Related(relation, together) => {
                let Relation { owner, key, rows } = relation;
                format!("{key} IN (SELECT {owner} FROM {rows}{})", self.all(together))
            }
            // By each row, not by one list of all owners: a page looks at few rows, and owners may be many.
            Condition::Unrelated(relation, together) => {
                let Relation { owner, key, rows } = relation;
                format!("NOT EXISTS (SELECT 1 FROM {rows} AND {owner} = {key}{})", self.all(together))
            }
            Condition::Exists(rows, together) => format!("EXISTS (SELECT 1 FROM {rows}{})", self.all(together)),
            // Nothing to meet is met.
            Condition::All(each) if each.is_empty() => "1 = 1".to_owned(),
            Condition::All(each) => self.joined(each, " AND "),
            Condition::Any(each) => self.joined(each, " OR "),
            Condition::Never => "1 = 0".to_owned(),
        }
    }

    fn joined(&mut self, conditions: &[Condition], word: &str) -> String {
        let each: Vec<String> = conditions.iter().map(|condition| self.condition(condition)).collect();
        format!("({})", each.join(word))
    }

    fn all(&mut self, conditions: &[Condition]) -> String {
        conditions.iter().map(|condition| format!(" AND {}", self.condition(condition))).collect()
    }

    fn among(&mut self, column: &str, ids: &[i64]) -> String {
        let digits: Vec<String> = ids.iter().map(i64::to_string).collect();
        let placeholder = self.bind(Value::Text(format!("[{}]", digits.join(","))));
        self.dialect.among_ids(column, &placeholder)
    }

    fn order(&mut self, query: &ListQuery) {
        self.text.push_str(" ORDER BY ");
        if let Some((column, text)) = &query.best {
            let placeholder = self.bind(Value::Text(text.clone()));
            let is_best = self.dialect.contains(column, &placeholder);
            let _ = write!(self.text, "CASE WHEN {is_best} THEN 0 ELSE 1 END, ");
        }
        let (sort, direction) = query.order;
        // Nulls come first when ascending, as in MySQL and SQLite, but not by default in PostgreSQL.
        let direction = match (direction, sort.is_nullable) {
            (Direction::Ascending, false) => "ASC",
            (Direction::Ascending, true) => "ASC NULLS FIRST",
            (Direction::Descending, false) => "DESC",
            (Direction::Descending, true) => "DESC NULLS LAST",
        };
        let _ = write!(self.text, "{} {direction}, t.id", sort.expression);
    }
}

pub fn list(dialect: Dialect, projection: &Projection, account: i64, query: &ListQuery) -> Statement {
    let mut statement = Statement::scoped(dialect, select(dialect, projection, scope(dialect, query)), account);
    statement.and(&query.conditions);
    statement.order(query);
    if let Some(Slice { limit, offset }) = query.slice {
        let (limit, offset) = (statement.bind(Value::Int(limit)), statement.bind(Value::Int(offset)));
        let _ = write!(statement.text, " LIMIT {limit} OFFSET {offset}");
    }
    statement.asked_by(projection)
}

/// The number of rows of a list, over all pages.
pub fn count(dialect: Dialect, resource: &Resource, account: i64, query: &ListQuery) -> Statement {
    let text = format!("SELECT count(*) FROM {} t WHERE {}", resource.table, scope(dialect, query));
    let mut statement = Statement::scoped(dialect, text, account);
    statement.and(&query.conditions);
    statement.asked(query.rung, query.today)
}

/// One record, if it meets the conditions.
pub fn record(dialect: Dialect, projection: &Projection, key: Key, conditions: &[Condition]) -> Statement {
    let mut statement = Statement::scoped(dialect, select(dialect, projection, OF_ACCOUNT_BY_ID), key.account);
    statement.and(&[Condition::Compares("t.id", "=", Value::Int(key.id))]);
    statement.and(conditions);
    statement.asked_by(projection)
}

/// The same, locked against other writers until the transaction ends.
pub fn record_to_write(dialect: Dialect, projection: &Projection, key: Key, conditions: &[Condition]) -> Statement {
    let mut statement = record(dialect, projection, key, conditions);
    statement.text.push_str(dialect.for_update());
    statement
}

/// The records of several ids that meet the conditions, ordered by id.
pub fn records(
    dialect: Dialect,
    projection: &Projection,
    account: i64,
    ids: &[i64],
    conditions: &[Condition],
) -> Statement {
    let mut statement = Statement::scoped(dialect, select(dialect, projection, OF_ACCOUNT_BY_ID), account);
    statement.and(&[Condition::Among("t.id", ids.to_vec())]);
    statement.and(conditions);
    statement.text.push_str(" ORDER BY t.id");
    statement.asked_by(projection)
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
        let columns = expressions(dialect, projection);
        statement.text.push_str(&with_table(&columns, projection.resource().table));
    }
    statement.text.push_str("id");
    statement.asked_by(projection)
}

/// The same expressions with the name of the table for its alias, which SQLite does not have in RETURNING.
fn with_table(expressions: &str, table: &str) -> String {
    let mut text = String::with_capacity(expressions.len() * 2);
    let mut pieces = expressions.split("t.");
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let is_alias = !text.ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_');
        text.extend([if is_alias { table } else { "t" }, ".", piece]);
    }
    text
}

/// The rows of the account, through an index that begins with it.
const OF_ACCOUNT: &str = "t.account_id = ?1";

/// The rows of the account among those found by id. The plus excludes the column from the choice of an index, in both
/// engines, so no planner walks through all rows of the account instead.
const OF_ACCOUNT_BY_ID: &str = "+t.account_id = ?1";

/// A list without a slice is one of ids. So is one of records to which related rows lead, on SQLite, whose planner does
/// not know how many they are: among a million members, it would walk through all to find ten.
fn scope(dialect: Dialect, query: &ListQuery) -> &'static str {
    let is_led = dialect == Dialect::Sqlite && query.conditions.iter().any(leads_to_ids);
    if is_led || query.slice.is_none() { OF_ACCOUNT_BY_ID } else { OF_ACCOUNT }
}

fn leads_to_ids(condition: &Condition) -> bool {
    match condition {
        Condition::Related(..) | Condition::Among("t.id", _) => true,
        Condition::All(each) => each.iter().any(leads_to_ids),
        Condition::Any(each) => each.iter().all(leads_to_ids),
        _ => false,
    }
}

/// Selects a projection's columns in order, then the id.
fn select(dialect: Dialect, projection: &Projection, scope: &str) -> String {
    format!("SELECT {}t.id FROM {} t WHERE {scope}", expressions(dialect, projection), projection.resource().table)
}

/// The expressions of a projection's columns, with a comma after each.
fn expressions(dialect: Dialect, projection: &Projection) -> String {
    let mut text = String::with_capacity(1_000);
    for column in projection.columns() {
        match column {
            Column::Field(field) => match field.read_from {
                ReadFrom::Column => text.extend(["t.", field.name]),
                ReadFrom::Expression(sql) => text.push_str(sql),
                ReadFrom::Condition(sql) => text.extend(["CASE WHEN ", sql, " THEN 1 ELSE 0 END"]),
            },
            Column::Key(association) => match association.link {
                Link::One(id) => text.push_str(id),
                Link::Many { id, rows, .. } => text.push_str(&dialect.ids_of(id, rows)),
                Link::Empty => text.push_str("'[]'"),
                // Never a column: its field is.
                Link::Field => text.push_str("NULL"),
            },
        }
        text.push_str(", ");
    }
    text
}
