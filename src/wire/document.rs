//! The parameters of a document: an answer about one record that is no record itself.

use serde_json::Value as Json;

use crate::wire::changes::Violation;
use crate::wire::describe::{Document, Parameter};
use crate::wire::kind::{Value, label};
use crate::wire::params::Tree;

/// The values of all parameters in their order, or what is wrong with them.
pub fn read(document: &Document, params: &Tree) -> Result<Vec<Value>, Vec<Violation>> {
    let (mut values, mut violations) = (Vec::new(), Vec::new());
    for parameter in document.parameters {
        match read_one(parameter, params.get(parameter.name)) {
            Ok(value) => values.push(value),
            Err(message) => violations.push(Violation::of(parameter.name, 0, &message)),
        }
    }
    if violations.is_empty() { Ok(values) } else { Err(violations) }
}

fn read_one(parameter: &Parameter, given: Option<&Json>) -> Result<Value, String> {
    match given {
        Some(json) if !json.is_null() && json.as_str() != Some("") => parameter.kind.read(parameter.name, json),
        _ => Err(format!("{} is required.", label(parameter.name))),
    }
}
