//! Associations: the other records that an answer can include.

use crate::wire::describe::Resource;

/// A name that `include` accepts.
pub struct Association {
    /// Name in `include`.
    pub name: &'static str,
    /// Key of the object that holds the id or the ids.
    pub key: &'static str,
    /// Where the ids come from.
    pub link: Link,
    /// What they are ids of.
    pub target: Target,
}

/// Where the ids of an association come from.
#[derive(Clone, Copy)]
pub enum Link {
    /// From the printed field that has the name of the key.
    Field,
    /// From an expression, of one id or null; the key is printed when the association is asked for.
    One(&'static str),
    /// From nowhere: the key is an empty array when the association is asked for.
    Empty,
    /// From related rows; the key is printed when the association is asked for.
    Many {
        /// Expression of the other record's id.
        id: &'static str,
        /// The related rows of `t`, as in `FROM … WHERE …`.
        rows: &'static str,
    },
}

/// What an association leads to.
#[derive(Clone, Copy)]
pub enum Target {
    /// Records of this resource; its plural name is the key of the included map.
    Records(&'static Resource),
    /// Records of a kind that this server has none of; the map of this key is always empty.
    Nothing(&'static str),
}

impl Target {
    /// Key of the included map.
    pub fn name(self) -> &'static str {
        match self {
            Self::Records(resource) => resource.name,
            Self::Nothing(name) => name,
        }
    }
}

impl Association {
    /// The record whose id is in the field `key`.
    pub const fn belongs_to(name: &'static str, key: &'static str, target: &'static Resource) -> Self {
        Self { name, key, link: Link::Field, target: Target::Records(target) }
    }

    /// The record whose id is this expression, if there is one.
    pub const fn one(name: &'static str, key: &'static str, id: &'static str, target: &'static Resource) -> Self {
        Self { name, key, link: Link::One(id), target: Target::Records(target) }
    }

    /// The records whose ids are found in these rows.
    pub const fn many(
        name: &'static str,
        key: &'static str,
        (id, rows): (&'static str, &'static str),
        target: &'static Resource,
    ) -> Self {
        Self { name, key, link: Link::Many { id, rows }, target: Target::Records(target) }
    }

    /// No record ever: null and an empty map.
    pub const fn no_one(name: &'static str, key: &'static str, map: &'static str) -> Self {
        Self { name, key, link: Link::One("NULL"), target: Target::Nothing(map) }
    }

    /// No records ever: an empty array and an empty map.
    pub const fn none(name: &'static str, key: &'static str, map: &'static str) -> Self {
        Self { name, key, link: Link::Empty, target: Target::Nothing(map) }
    }
}
