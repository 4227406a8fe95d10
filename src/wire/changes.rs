//! What a body wants to set: every attribute is absent, null or a value, and every violation is kept for the answer.
//!
//! Reading is pure and happens before any database work, but violations are only *reported* once the record was found
//! and the caller may write it (rule O1). So violations travel inside [`Changes`], and rules add to them: at most one
//! for each field of each element (O2). [`Changes::finish`] returns them in the documented order (O3).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::wire::describe::{Field, Input, Kept, Nested, Referent, Resource, Rung, Verb};
use crate::wire::fold::fold;
use crate::wire::kind::{Kind, Value, label};

/// One error of a 422.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Place among the violations of its element.
    position: u8,
    /// Wire name of the attribute, or `base`; an unknown name in strict mode.
    pub field: Cow<'static, str>,
    /// Index of the element in a bulk body, else 0.
    pub index: usize,
    /// A whole sentence.
    pub message: String,
    /// The id of the record that is in the way, where the caller may know it.
    pub in_the_way: Option<i64>,
}

impl Violation {
    /// The only violation of a request.
    pub fn of(field: impl Into<Cow<'static, str>>, index: usize, message: &str) -> Self {
        Self { position: 0, field: field.into(), index, message: message.to_owned(), in_the_way: None }
    }
}

/// The attributes that one element of a body sets.
#[derive(Clone)]
pub struct Changes {
    resource: &'static Resource,
    index: usize,
    values: Vec<(&'static Field, Value)>,
    derived: Vec<(&'static str, Value)>,
    violations: Vec<Violation>,
}

impl Changes {
    /// Reads the attributes of `object`, the element at `index`, as a caller on `rung` may set them. On create,
    /// required attributes must be there and absent ones take their default; on update, absent ones stay as they are.
    pub fn read(resource: &'static Resource, verb: Verb, object: &Map<String, Json>, rung: Rung, index: usize) -> Self {
        let mut changes = Self { resource, index, values: Vec::new(), derived: Vec::new(), violations: Vec::new() };
        for field in resource.fields {
            if let Some(input) = field.input_for(verb).filter(|input| rung >= input.settable_from) {
                changes.read_field(field, input, verb, object.get(field.name));
            }
        }
        changes
    }

    /// In strict mode, refuses every attribute of `object` that [`Changes::read`] ignores.
    pub fn refuse_ignored(&mut self, verb: Verb, object: &Map<String, Json>, rung: Rung) {
        for name in object.keys() {
            let reason = match self.resource.field(name).and_then(|field| field.input_for(verb)) {
                Some(input) if rung >= input.settable_from => continue,
                Some(_) => "is ignored: you may not set it.",
                None if name == "id" || self.resource.field(name).is_some() => "is ignored: it cannot be set here.",
                None => "is ignored: there is no such attribute.",
            };
            let message = format!("{} {reason}", label(name));
            self.violations.push(Violation {
                position: u8::MAX,
                field: name.clone().into(),
                index: self.index,
                message,
                in_the_way: None,
            });
        }
    }

    fn read_field(&mut self, field: &'static Field, input: Input, verb: Verb, given: Option<&Json>) {
        let is_update = verb == Verb::Update;
        // An absent attribute keeps the value of the record, if there is one.
        let may_be_absent = if is_update {
            !input.always_required
        } else {
            self.resource.upsert.is_some() && !input.required && input.default.is_none()
        };
        let value = match given {
            None if may_be_absent => return,
            None | Some(Json::Null) => Value::Null,
            Some(Json::String(text)) if text.is_empty() => Value::Null,
            Some(Json::String(text)) if field.kind.is_trimmed_text() && text.trim().is_empty() => Value::Null,
            Some(json) => match field.kind.read(field.name, json) {
                Ok(value) => value,
                Err(message) => return self.refuse(field.name, message),
            },
        };
        // A boolean has no third state: null means its default on update, too (C8).
        let default = input.default.filter(|_| !is_update || matches!(field.kind, Kind::Bool));
        let is_needed = if is_update { !field.nullable } else { input.required };
        match (value, default) {
            (Value::Null, Some(default)) => self.values.push((field, default.to_value())),
            (Value::Null, None) if is_needed => {
                self.refuse(field.name, format!("{} is required.", label(field.name)));
            }
            (value, _) => self.values.push((field, value)),
        }
    }

    /// Index of the element in a bulk body, else 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The attributes to set, in the order of the description.
    pub fn values(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.values.iter().map(|(field, value)| (*field, value))
    }

    /// `None` if the attribute is absent or was refused.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }

    /// `None` if the attribute is absent, refused or null.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// `None` if the attribute is absent, refused or null.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Sets a column that is derived from an attribute, such as a name in lower case.
    pub fn derive(&mut self, column: &'static str, value: impl Into<String>) {
        self.derive_value(column, Value::Text(value.into()));
    }

    pub fn derive_value(&mut self, column: &'static str, value: Value) {
        self.derived.push((column, value));
    }

    /// Replaces the value of an attribute by the same in another form.
    pub fn rewrite(&mut self, name: &str, value: Value) {
        if let Some((_, known)) = self.values.iter_mut().find(|(field, _)| field.name == name) {
            *known = value;
        }
    }

    /// Derives the columns that hold an attribute in lower case.
    pub fn derive_folded(&mut self) {
        for (field, value) in &self.values {
            if let (Some(column), Value::Text(text)) = (field.folded_in, value) {
                self.derived.push((column, Value::Text(fold(text))));
            }
        }
    }

    /// Every column to write, with its value.
    pub fn columns(&self) -> Vec<(&'static str, &Value)> {
        let own = self.values.iter().filter(|(field, _)| is_column(field)).map(|(field, value)| (field.name, value));
        own.chain(self.derived.iter().map(|(name, value)| (*name, value))).collect()
    }

    /// The attributes that are rows of other tables, as JSON text.
    pub fn nested(&self) -> impl Iterator<Item = (&'static Field, &'static Nested, &str)> {
        self.values.iter().filter_map(|(field, value)| match (field.input?.kept, value) {
            (Kept::Nested(nested), Value::Text(json)) => Some((*field, nested, json.as_str())),
            _ => None,
        })
    }

    /// The ids that must name a record.
    pub fn naming(&self) -> Vec<(&'static Field, Referent, i64)> {
        let naming = self.values.iter().filter_map(|(field, value)| match value {
            Value::Int(id) => Some((*field, field.input?.referent?, *id)),
            _ => None,
        });
        naming.collect()
    }

    /// Drops the attributes that are checked and have no effect.
    pub fn drop_ineffective(&mut self) {
        self.values.retain(|(field, _)| !field.input.is_some_and(|input| matches!(input.kept, Kept::Nowhere)));
    }

    pub fn is_refused(&self, name: &str) -> bool {
        self.violations.iter().any(|violation| violation.field == name)
    }

    /// Drops the attributes that already have their value, so rules judge only real changes.
    pub fn drop_unchanged<'a>(&mut self, stored: impl Fn(&str) -> Option<&'a Value>) {
        self.values.retain(|(field, value)| stored(field.name) != Some(value));
    }

    /// Drops an attribute that has no effect.
    pub fn drop(&mut self, name: &str) {
        self.values.retain(|(field, _)| field.name != name);
    }

    /// Refuses an attribute, unless it was refused before: the first reason counts.
    pub fn refuse(&mut self, name: &'static str, message: impl Into<String>) {
        if self.is_refused(name) {
            return;
        }
        self.values.retain(|(field, _)| field.name != name);
        let position = self.resource.field(name).and_then(|field| field.input).map_or(0, |input| input.position);
        let message = message.into();
        let (index, in_the_way) = (self.index, None);
        self.violations.push(Violation { position, field: name.into(), index, message, in_the_way });
    }

    /// The same for an attribute whose value another record has.
    pub fn refuse_for(&mut self, name: &'static str, message: impl Into<String>, in_the_way: Option<i64>) {
        self.refuse(name, message);
        if let Some(violation) = self.violations.iter_mut().rfind(|violation| violation.field == name) {
            violation.in_the_way = in_the_way;
        }
    }

    /// All violations of the elements in the documented order; empty if the body can be written.
    pub fn finish(elements: &mut [Self]) -> Vec<Violation> {
        let mut violations: Vec<Violation> =
            elements.iter_mut().flat_map(|changes| changes.violations.drain(..)).collect();
        violations.sort_by_key(|violation| (violation.index, violation.position));
        violations
    }
}

/// Whether the value of a field is in the record's own row.
pub fn is_column(field: &Field) -> bool {
    field.input.is_none_or(|input| matches!(input.kept, Kept::Column))
}
