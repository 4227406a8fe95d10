//! The values of a seed file. What the API takes too is read by the kind that the API reads it by.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::clock::Timestamp;
use crate::engine::access::{ASSIGNABLE, INVITABLE};
use crate::language::{LANGUAGES, Language};
use crate::oauth::redirects;
use crate::resources::custom_fields::{ACCESS_NAMES, TYPES};
use crate::resources::external_references::NESTED;
use crate::resources::skills::CATEGORY_NAMES;
use crate::sandbox::seed::written::Rule;
use crate::wire::kind::{self, Kind, moment};

/// Days that a seed may reach back and ahead.
const MOST_DAYS: i64 = 10_000;

/// The highest id of a seed: there is room above it for those that the database assigns.
const MOST_ID: i64 = 1_000_000_000_000;

const LONGEST_TOKEN: usize = 255;

/// When a seed may start, from 2000 to 9899: every date that it can reach has four digits for the year.
const STARTS: RangeInclusive<Timestamp> = Timestamp(946_684_800_000_000)..=Timestamp(250_246_108_799_999_999);

/// How a value is read, and described in the schema.
enum Form {
    /// As the API reads an attribute, with its name in error messages.
    Attribute(&'static str, Kind),
    /// A whole number within bounds.
    Whole(i64, i64),
    Flag,
    Text,
    /// A bearer token, the token of a link, a client id or a secret: what fits into headers and addresses.
    Token,
    Language,
    /// When a sandbox starts.
    Moment,
    RedirectUri,
    /// The highest level of a skill.
    OneOrFive,
    /// A day, which stays text.
    Day,
}

/// The forms by their numbers, which the types below name.
const fn form(number: usize) -> Form {
    match number {
        0 => Form::Attribute("this_text", Kind::Line),
        1 => Form::Attribute("email_address", Kind::Email),
        2 => Form::Attribute("permission", Kind::Choice(ASSIGNABLE)),
        3 => Form::Attribute("permission", Kind::Choice(INVITABLE)),
        4 => Form::Attribute("this_rate", Kind::Cents),
        5 => Form::Attribute("billability_target", Kind::Percent),
        6 => Form::Whole(1, MOST_ID),
        7 => Form::Whole(0, MOST_DAYS),
        8 => Form::Whole(-MOST_DAYS, MOST_DAYS),
        9 => Form::Whole(0, 1_000_000),
        10 => Form::Flag,
        11 => Form::Text,
        12 => Form::Token,
        13 => Form::Language,
        14 => Form::Moment,
        20 => Form::Attribute("currency", Kind::Currency),
        21 => Form::Attribute("category", Kind::Choice(CATEGORY_NAMES)),
        22 => Form::OneOrFive,
        23 => Form::Attribute("level", Kind::Whole(0, 5)),
        24 => Form::Attribute("description", Kind::LongText),
        25 => Form::Attribute("target", Kind::Whole(0, 100)),
        26 => Form::Day,
        30 => Form::Attribute("value_type", Kind::Choice(TYPES)),
        31 => Form::Attribute("access", Kind::Choice(ACCESS_NAMES)),
        _ => Form::RedirectUri,
    }
}

/// A value of the form of this number.
pub struct Formed<const FORM: usize, T>(T);

pub type Line = Formed<0, String>;
pub type Email = Formed<1, String>;
pub type Assignable = Formed<2, String>;
pub type Invitable = Formed<3, String>;
pub type Cents = Formed<4, i64>;
pub type Percent = Formed<5, i64>;
pub type RecordNumber = Formed<6, i64>;
pub type DaysAgo = Formed<7, i64>;
pub type DaysAhead = Formed<8, i64>;
pub type Seats = Formed<9, i64>;
pub type YesNo = Formed<10, bool>;
pub type Text = Formed<11, String>;
pub type Credential = Formed<12, String>;
pub type LanguageCode = Formed<13, String>;
pub type Moment = Formed<14, String>;
pub type RedirectUri = Formed<15, String>;
pub type CurrencyCode = Formed<20, String>;
pub type SkillCategoryName = Formed<21, String>;
pub type SkillLevels = Formed<22, i64>;
pub type SkillLevel = Formed<23, i64>;
pub type LongText = Formed<24, String>;
pub type Target = Formed<25, i64>;
pub type Day = Formed<26, String>;
pub type CustomFieldType = Formed<30, String>;
pub type CustomFieldAccess = Formed<31, String>;

impl<const FORM: usize, T: DeserializeOwned + Into<Json>> Rule for Formed<FORM, T> {
    type Input = T;
    type Value = T;

    fn read(input: T) -> Result<T, String> {
        serde_json::from_value(form(FORM).read(input.into())?).map_err(|cause| cause.to_string())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        Schema::try_from(form(FORM).schema()).unwrap_or_default()
    }
}

impl Form {
    fn read(&self, given: Json) -> Result<Json, String> {
        let (text, number) = (given.as_str().unwrap_or_default(), given.as_i64().unwrap_or_default());
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match self {
            Self::Attribute(name, kind) => Ok(match kind.read(name, &given)? {
                kind::Value::Int(number) => number.into(),
                kind::Value::Text(text) => text.into(),
                kind::Value::Null => Json::Null,
            }),
            Self::Whole(min, max) if !(*min..=*max).contains(&number) => {
                Err(format!("Write a whole number from {min} to {max}."))
            }
            Self::Token if !(1..=LONGEST_TOKEN).contains(&text.len()) || !text.bytes().all(is_allowed) => {
                Err(format!("Write 1 to {LONGEST_TOKEN} of the characters A-Z, a-z, 0-9 and -._~ here."))
            }
            Self::Language if Language::of_code(text).is_none() => {
                Err(format!("There is no language {text}; there is {}.", codes().join(", ")))
            }
            Self::Moment => read_start(text).map(|_| given).map_err(str::to_owned),
            Self::OneOrFive if number != 1 && number != 5 => Err("Write 1 or 5 here.".to_owned()),
            Self::Day => Kind::Date.read("effective_date", &given).map(|_| given),
            Self::RedirectUri => redirects::fault(text).map_or(Ok(given), |fault| Err(fault.to_owned())),
            _ => Ok(given),
        }
    }

    fn schema(&self) -> Json {
        match self {
            Self::Attribute(_, kind) => kind.schema(false, false),
            Self::Whole(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Text => json!({"type": "string"}),
            Self::Token => json!({"type": "string", "pattern": "^[A-Za-z0-9._~-]+$", "maxLength": LONGEST_TOKEN}),
            Self::Language => json!({"type": "string", "enum": codes()}),
            Self::Moment => Kind::Time.schema(false, true),
            Self::RedirectUri => json!({"type": "string", "format": "uri"}),
            Self::OneOrFive => json!({"type": "integer", "enum": [1, 5]}),
            Self::Day => Kind::Date.schema(false, true),
        }
    }
}

/// Reads the moment at which a sandbox starts.
pub fn read_start(text: &str) -> Result<Timestamp, &'static str> {
    moment(text)
        .map(Timestamp)
        .filter(|moment| STARTS.contains(moment))
        .ok_or("Write a moment from 2000 to 9899, like 2031-02-01T00:00:00Z.")
}

fn codes() -> Vec<&'static str> {
    LANGUAGES.iter().map(|(_, code)| *code).collect()
}

/// The id of a record, or its name or email address.
#[derive(Deserialize, Serialize)]
#[serde(untagged, expecting = "Write an id or a text here.")]
pub enum Name {
    Id(i64),
    Text(String),
}

impl Rule for Name {
    type Input = Self;
    type Value = Self;

    fn read(name: Self) -> Result<Self, String> {
        Ok(name)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["integer", "string"]})
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(out, "{id}"),
            Self::Text(text) => write!(out, "{text:?}"),
        }
    }
}

/// What another system calls a record, with the members of the attribute `external_reference`, and an id.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalReference {
    id: Option<i64>,
    service_name: String,
    service_model: String,
    service_model_ref: Name,
    status: Option<String>,
    external_message: Option<String>,
    external_link: Option<String>,
    external_status: Option<String>,
    locked: Option<bool>,
}

impl Rule for ExternalReference {
    type Input = Self;
    /// As the API stores it, with its `id`.
    type Value = Json;

    fn read(given: Self) -> Result<Json, String> {
        let id = given.id;
        if id.is_some_and(|id| !(1..=MOST_ID).contains(&id)) {
            return Err(format!("Write a whole number from 1 to {MOST_ID} as the id."));
        }
        let given = serde_json::to_value(given).unwrap_or_default();
        let fault = NESTED.properties.iter().find_map(|member| {
            let is_given = |value: &&Json| !value.is_null() && (member.required || *value != "");
            member.kind.read(member.name, given.get(member.name).filter(is_given)?).err()
        });
        match NESTED.kind().read("external_reference", &given) {
            Ok(kind::Value::Text(kept)) => {
                let mut kept: Json = serde_json::from_str(&kept).map_err(|cause| cause.to_string())?;
                kept["id"] = id.into();
                Ok(kept)
            }
            Ok(_) => Ok(given),
            Err(sentence) => Err(fault.unwrap_or(sentence)),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }
}

impl JsonSchema for ExternalReference {
    fn schema_name() -> Cow<'static, str> {
        "ExternalReference".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties: Map<String, Json> = NESTED
            .properties
            .iter()
            .map(|member| (member.name.to_owned(), member.kind.schema(!member.required, true)))
            .collect();
        properties.insert("service_model_ref".to_owned(), Name::schema(generator).to_value());
        properties.insert("id".to_owned(), json!({"type": "integer", "minimum": 1, "maximum": MOST_ID}));
        let required: Vec<&str> =
            NESTED.properties.iter().filter(|member| member.required).map(|member| member.name).collect();
        json_schema!({
            "type": "object",
            "description": "What another system calls a record.",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
        })
    }
}
