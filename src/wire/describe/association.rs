//! Associations: the related records that an answer can include.

use crate::wire::describe::{Resource, Rung};
use crate::wire::kind::Kind;

pub struct Association {
    /// Name in `include`.
    pub name: &'static str,
    /// Key of the object that holds the id or the ids.
    pub key: &'static str,
    pub link: Link,
    pub target: Target,
    /// Callers below this rung cannot include it: its name is unknown to them.
    pub usable_from: Rung,
}

/// Where the ids of an association come from. Except with `Field`, the key is printed only if a request includes it.
#[derive(Clone, Copy)]
pub enum Link {
    /// The printed field named like the key.
    Field,
    /// An expression of one id or null.
    One(&'static str),
    /// Nowhere: the key is an empty array.
    Empty,
    Many {
        /// Expression of the related record's id.
        id: &'static str,
        /// The related rows of `t`, as in `FROM … WHERE …`.
        rows: &'static str,
        /// The tally that bounds the related rows of each record, where they grow with the account.
        tally: Option<&'static str>,
    },
}

#[derive(Clone, Copy)]
pub enum Target {
    /// The plural name of the resource is the key of the included map.
    Records(&'static Resource),
    /// Records of several resources, of which a pointer names one.
    Pointed(&'static [&'static Resource]),
    /// A kind of record that this server does not have; the map of this key is always empty.
    Nothing(&'static str),
}

impl Target {
    /// Key of the included map. What is pointed at is in the map of its own resource.
    pub fn name(self) -> &'static str {
        match self {
            Self::Records(resource) => resource.name,
            Self::Pointed(_) => "",
            Self::Nothing(name) => name,
        }
    }
}

impl Association {
    /// Of its key.
    pub fn kind(&self) -> Kind {
        match self.link {
            Link::One(_) if matches!(self.target, Target::Pointed(_)) => Kind::Pointer,
            Link::One(_) | Link::Field => Kind::Id(self.target.name()),
            Link::Many { .. } | Link::Empty => Kind::Ids(self.target.name()),
        }
    }

    /// The record whose id is in the field `key`.
    pub const fn belongs_to(name: &'static str, key: &'static str, target: &'static Resource) -> Self {
        Self { usable_from: Rung::EVERYONE, name, key, link: Link::Field, target: Target::Records(target) }
    }

    /// The record whose id this expression selects, if any.
    pub const fn one(name: &'static str, key: &'static str, id: &'static str, target: &'static Resource) -> Self {
        Self { usable_from: Rung::EVERYONE, name, key, link: Link::One(id), target: Target::Records(target) }
    }

    /// The records whose ids these rows select.
    pub const fn many(
        name: &'static str,
        key: &'static str,
        (id, rows): (&'static str, &'static str),
        target: &'static Resource,
    ) -> Self {
        Self {
            usable_from: Rung::EVERYONE,
            name,
            key,
            link: Link::Many { id, rows, tally: None },
            target: Target::Records(target),
        }
    }

    /// The same where each record is related to nearly all of the rows that this tally counts.
    pub const fn nearly_all(
        name: &'static str,
        key: &'static str,
        (id, rows): (&'static str, &'static str),
        target: &'static Resource,
        tally: &'static str,
    ) -> Self {
        Self {
            usable_from: Rung::EVERYONE,
            name,
            key,
            link: Link::Many { id, rows, tally: Some(tally) },
            target: Target::Records(target),
        }
    }

    /// Always null and an empty map.
    pub const fn no_one(name: &'static str, key: &'static str, map: &'static str) -> Self {
        Self { usable_from: Rung::EVERYONE, name, key, link: Link::One("NULL"), target: Target::Nothing(map) }
    }

    /// Always an empty array and an empty map.
    pub const fn none(name: &'static str, key: &'static str, map: &'static str) -> Self {
        Self { usable_from: Rung::EVERYONE, name, key, link: Link::Empty, target: Target::Nothing(map) }
    }

    /// The record that this expression points at, as `name:id`.
    pub const fn pointed(
        name: &'static str,
        key: &'static str,
        pointer: &'static str,
        targets: &'static [&'static Resource],
    ) -> Self {
        Self { usable_from: Rung::EVERYONE, name, key, link: Link::One(pointer), target: Target::Pointed(targets) }
    }

    /// Unknown to callers below `rung`.
    pub const fn usable_from(mut self, rung: Rung) -> Self {
        self.usable_from = rung;
        self
    }
}
