//! Ids as types: an account's id cannot be passed where a user's is expected.
//!
//! A number becomes an id where it enters (a column, a path, an argument), and a number again where it leaves.

use std::borrow::Cow;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::store::Param;
use crate::wire::kind::Cell;

/// The letter keeps kinds apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<const KIND: char>(i64);

pub type AccountId = Id<'a'>;
pub type ApplicationId = Id<'p'>;
pub type ExchangeId = Id<'x'>;
pub type FaultId = Id<'f'>;
pub type GrantId = Id<'g'>;
pub type InvitationId = Id<'i'>;
pub type MailId = Id<'@'>;
pub type MembershipId = Id<'m'>;
pub type RoleId = Id<'r'>;
pub type TokenId = Id<'t'>;
pub type UserId = Id<'u'>;

/// The id of a described record whose resource is known only at run time.
pub type RecordId = Id<'*'>;

impl<const KIND: char> Id<KIND> {
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    pub const fn record(self) -> RecordId {
        Id::new(self.0)
    }
}

impl RecordId {
    /// The id as one of the record's resource, which the caller must know.
    pub const fn typed<const KIND: char>(self) -> Id<KIND> {
        Id::new(self.0)
    }
}

impl<const KIND: char> From<i64> for Id<KIND> {
    fn from(number: i64) -> Self {
        Self::new(number)
    }
}

impl<const KIND: char> From<Id<KIND>> for Param<'_> {
    fn from(id: Id<KIND>) -> Self {
        Self::Int(id.0)
    }
}

impl<const KIND: char> From<Id<KIND>> for Cell<'_> {
    fn from(id: Id<KIND>) -> Self {
        Self::Int(id.0)
    }
}

impl<const KIND: char> FromStr for Id<KIND> {
    type Err = ParseIntError;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        digits.parse().map(Self::new)
    }
}

impl<const KIND: char> fmt::Display for Id<KIND> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<const KIND: char> fmt::Debug for Id<KIND> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<const KIND: char> Serialize for Id<KIND> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Serialises an id as a number, as commands print some.
pub fn number<const KIND: char, S: Serializer>(id: &Id<KIND>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(id.0)
}

impl<const KIND: char> JsonSchema for Id<KIND> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+$"})
    }
}
