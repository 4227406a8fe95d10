//! Ids as types: an account's id cannot be passed where a user's is expected.
//!
//! A number becomes an id where it enters (a column, a path, an argument), and a number again where it leaves.

use std::fmt;
use std::marker::PhantomData;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::store::Param;
use crate::wire::kind::Cell;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K>(i64, PhantomData<K>);

pub type AccountId = Id<Account>;
pub type ApplicationId = Id<Application>;
pub type GrantId = Id<Grant>;
pub type InvitationId = Id<Invitation>;
pub type MailId = Id<Mail>;
pub type MembershipId = Id<Membership>;
pub type RoleId = Id<Role>;
pub type TokenId = Id<Token>;
pub type UserId = Id<User>;

/// The id of a described record whose resource is known only at run time.
pub type RecordId = Id<Record>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Application {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invitation {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mail {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Membership {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum User {}

impl<K> Id<K> {
    pub const fn new(number: i64) -> Self {
        Self(number, PhantomData)
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    pub const fn record(self) -> RecordId {
        Id::new(self.0)
    }
}

impl RecordId {
    /// The id as one of the record's own resource. Only rules of that resource may say which it is.
    pub const fn typed<K>(self) -> Id<K> {
        Id::new(self.0)
    }
}

impl<K> From<i64> for Id<K> {
    fn from(number: i64) -> Self {
        Self::new(number)
    }
}

impl<K> From<Id<K>> for Param<'_> {
    fn from(id: Id<K>) -> Self {
        Self::Int(id.0)
    }
}

impl<K> From<Id<K>> for Cell<'_> {
    fn from(id: Id<K>) -> Self {
        Self::Int(id.0)
    }
}

impl<K> FromStr for Id<K> {
    type Err = ParseIntError;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        digits.parse().map(Self::new)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// As the wire has it: a text of digits.
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
