//! The format of custom fields.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::resources::custom_fields::Typed;
use crate::sandbox::seed::file::Found;
use crate::sandbox::seed::values::{
    CustomFieldAccess, CustomFieldType, ExternalReference, Line, Name, RecordNumber, YesNo,
};
use crate::sandbox::seed::written::{Rule, Written};

/// Something that an account wants to know of its users.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomField {
    pub id: Option<Written<RecordNumber>>,
    pub name: Written<Line>,
    /// The type of its values. Default: string.
    pub value_type: Option<Written<CustomFieldType>>,
    /// A hint for a field without a value.
    pub default_text: Option<Written<Line>>,
    /// Whether no two users have the same value. Default: false.
    pub unique_constraint: Option<Written<YesNo>>,
    /// The least level that sees it. Default: account_admin.
    pub read_access: Option<Written<CustomFieldAccess>>,
    /// The least level that sets its values. Default: account_admin.
    pub write_access: Option<Written<CustomFieldAccess>>,
    /// The choices in order, if it is of the type single or multi.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// What other systems call it.
    #[serde(default)]
    pub external_references: Vec<Written<ExternalReference>>,
    #[serde(skip)]
    pub found: Found,
}

/// A choice that a custom field offers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CustomFieldChoice")]
pub struct Choice {
    pub id: Option<Written<RecordNumber>>,
    pub label: Written<Line>,
    #[serde(skip)]
    pub found_id: i64,
}

/// What a member has in a custom field.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CustomFieldValue")]
pub struct MemberValue {
    /// The id of the value.
    pub id: Option<Written<RecordNumber>>,
    /// The custom field, by its id or its name.
    pub field: Written<Name>,
    /// A text, a day, a number, a list of cents and currency, or a list of choices by id or label.
    pub value: Written<AnyValue>,
    #[serde(skip)]
    pub found: Option<FoundValue>,
}

/// What the check has found out.
pub struct FoundValue {
    pub id: i64,
    pub field_id: i64,
    pub is_unique: bool,
    pub typed: Typed,
}

/// A value whose type its field says.
#[derive(Deserialize, Serialize)]
#[serde(untagged, expecting = "Write a text, a number or a list here.")]
pub enum AnyValue {
    Whole(i64),
    Decimal(f64),
    Text(String),
    List(Vec<Name>),
}

impl Rule for AnyValue {
    type Input = Self;
    type Value = Json;

    fn read(input: Self) -> Result<Json, String> {
        serde_json::to_value(input).map_err(|cause| cause.to_string())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number", "array"], "items": {"type": ["integer", "string"]}})
    }
}
