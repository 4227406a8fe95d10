//! A value of a seed file is checked while it is read, so an error has the position of the value. It keeps its position
//! for the checks that compare records. The rule that checks it also describes it in the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_saphyr::Spanned;

/// A value that was checked, and its position.
pub struct Written<R: Rule> {
    pub value: R::Value,
    pub line: u64,
    pub column: u64,
}

/// How a value is written, checked and described.
pub trait Rule {
    type Input: DeserializeOwned;
    type Value;

    /// The error is a sentence: what is wrong, and what to write instead.
    fn read(input: Self::Input) -> Result<Self::Value, String>;
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// What is wrong with a seed, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {sentence}")]
pub struct SeedError {
    /// Counted from 1.
    pub line: u64,
    /// The character in the line, counted from 1.
    pub column: u64,
    /// What is wrong, and what to do about it.
    pub sentence: String,
}

impl<R: Rule> Written<R> {
    /// An error at the position of this value.
    pub fn wrong<T>(&self, sentence: impl Into<String>) -> Result<T, SeedError> {
        Err(SeedError { line: self.line, column: self.column, sentence: sentence.into() })
    }
}

impl<'de, R: Rule> Deserialize<'de> for Written<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<R::Input>::deserialize(deserializer)?;
        let value = R::read(value).map_err(D::Error::custom)?;
        Ok(Self { value, line: referenced.line(), column: referenced.column() })
    }
}

impl<R: Rule> JsonSchema for Written<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Written".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        R::schema(generator)
    }
}

/// A list with at least one entry.
pub struct NonEmpty<T>(T);

impl<T: DeserializeOwned + JsonSchema> Rule for NonEmpty<T> {
    type Input = Vec<T>;
    type Value = Vec<T>;

    fn read(input: Vec<T>) -> Result<Vec<T>, String> {
        if input.is_empty() { Err("Write at least one entry here.".to_owned()) } else { Ok(input) }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "minItems": 1, "items": generator.subschema_for::<T>()})
    }
}
