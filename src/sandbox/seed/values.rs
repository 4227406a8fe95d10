//! The values of a seed file. What the API takes too is read by the kind that the API reads it by.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::clock::Timestamp;
use crate::engine::access::{ASSIGNABLE, INVITABLE};
use crate::language::{LANGUAGES, Language};
use crate::oauth::redirects;
use crate::resources::external_references::KIND;
use crate::sandbox::seed::written::{Rule, Whole};
use crate::wire::kind::{Kind, Property, Value, moment};

/// The highest id in a file. There is room above it for the ids that the database assigns.
const HIGHEST_ID: i64 = 1_000_000_000_000;

/// Days that a seed may reach back and ahead.
const MOST_DAYS: i64 = 10_000;

const MOST_SEATS: i64 = 1_000_000;

const LONGEST_TOKEN: usize = 255;

/// When a seed may start, from 2000 to 9899: every date that it can reach has four digits for the year.
const STARTS: RangeInclusive<Timestamp> = Timestamp(946_684_800_000_000)..=Timestamp(250_246_108_799_999_999);

/// The members of an external reference.
const MEMBERS: &[Property] = match KIND {
    Kind::Object(members) => members,
    _ => &[],
};

pub type Id = Whole<1, HIGHEST_ID>;
pub type DaysAgo = Whole<0, MOST_DAYS>;
pub type DaysAhead = Whole<{ -MOST_DAYS }, MOST_DAYS>;
pub type Seats = Whole<0, MOST_SEATS>;

/// How the API reads an attribute, and what it is called in error messages.
const ATTRIBUTES: [(&str, Kind); 6] = [
    ("this_text", Kind::Line),
    ("email_address", Kind::Email),
    ("permission", Kind::Choice(ASSIGNABLE)),
    ("permission", Kind::Choice(INVITABLE)),
    ("this_rate", Kind::Cents),
    ("billability_target", Kind::Percent),
];

/// A value that the API reads as one of the [`ATTRIBUTES`].
pub struct Attribute<const INDEX: usize, T>(T);

pub type Line = Attribute<0, String>;
pub type Email = Attribute<1, String>;
pub type Assignable = Attribute<2, String>;
pub type Invitable = Attribute<3, String>;
pub type Cents = Attribute<4, i64>;
pub type Percent = Attribute<5, i64>;

impl<const INDEX: usize, T: DeserializeOwned + Into<Json>> Rule for Attribute<INDEX, T> {
    type Input = T;
    type Value = T;

    fn read(input: T) -> Result<T, String> {
        let (name, kind) = ATTRIBUTES[INDEX];
        let read = match kind.read(name, &input.into())? {
            Value::Int(number) => Json::from(number),
            Value::Text(text) => Json::from(text),
            Value::Null => Json::Null,
        };
        serde_json::from_value(read).map_err(|cause| cause.to_string())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        schema_of(ATTRIBUTES[INDEX].1.schema(false, false))
    }
}

/// What a [`Kind`] describes as an object.
fn schema_of(described: Json) -> Schema {
    Schema::try_from(described).unwrap_or_default()
}

/// A bearer token, the token of a link, a client id or a secret: what fits into headers and addresses.
pub struct Token;

impl Rule for Token {
    type Input = String;
    type Value = String;

    fn read(text: String) -> Result<String, String> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(is_allowed) {
            true => Ok(text),
            false => Err(format!("Write 1 to {LONGEST_TOKEN} of the characters A-Z, a-z, 0-9 and -._~ here.")),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Za-z0-9._~-]+$", "maxLength": LONGEST_TOKEN})
    }
}

impl Rule for Timestamp {
    type Input = String;
    type Value = Self;

    fn read(text: String) -> Result<Self, String> {
        Ok(read_start(&text)?)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        schema_of(Kind::Time.schema(false, true))
    }
}

/// Reads the moment at which a sandbox starts.
pub fn read_start(text: &str) -> Result<Timestamp, &'static str> {
    moment(text)
        .map(Timestamp)
        .filter(|moment| STARTS.contains(moment))
        .ok_or("Write a moment from 2000 to 9899, like 2031-02-01T00:00:00Z.")
}

impl Rule for Language {
    type Input = String;
    type Value = Self;

    fn read(code: String) -> Result<Self, String> {
        let known = codes().join(", ");
        Self::of_code(&code).ok_or_else(|| format!("There is no language {code}; there is {known}."))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": codes()})
    }
}

fn codes() -> Vec<&'static str> {
    LANGUAGES.iter().map(|(_, code)| *code).collect()
}

pub struct RedirectUri;

impl Rule for RedirectUri {
    type Input = String;
    type Value = String;

    fn read(uri: String) -> Result<String, String> {
        redirects::fault(&uri).map_or(Ok(uri), |fault| Err(fault.to_owned()))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uri"})
    }
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

/// What another system calls a record, with the members of the attribute `external_reference`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalReference {
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
    /// As the API stores it.
    type Value = Json;

    fn read(given: Self) -> Result<Json, String> {
        let given = serde_json::to_value(given).unwrap_or_default();
        let fault = MEMBERS.iter().find_map(|member| {
            let is_given = |value: &&Json| !value.is_null() && (member.required || *value != "");
            member.kind.read(member.name, given.get(member.name).filter(is_given)?).err()
        });
        match KIND.read("external_reference", &given) {
            Ok(Value::Text(kept)) => serde_json::from_str(&kept).map_err(|cause| cause.to_string()),
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
        let mut properties: Map<String, Json> =
            MEMBERS.iter().map(|member| (member.name.to_owned(), member.kind.schema(!member.required, true))).collect();
        properties.insert("service_model_ref".to_owned(), Name::schema(generator).to_value());
        let required: Vec<&str> = MEMBERS.iter().filter(|member| member.required).map(|member| member.name).collect();
        json_schema!({
            "type": "object",
            "description": "What another system calls a record.",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
        })
    }
}
