//! Values of parameters, in every form in which clients send them.
//!
//! A list comes as text with commas, as `x[]=a&x[]=b`, as `x[0]=a&x[1]=b`, or as an array in a JSON body. All of them
//! are read here, so that no filter can tell them apart. Whatever is given but cannot be read must stay distinct from
//! what is absent: an absent filter lets every record pass, and a script that then acts on the first one acts on the
//! wrong person.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::wire::params::Tree;

/// A parameter that is neither absent nor blank.
pub(super) enum Given<'a> {
    One(Cow<'a, str>),
    /// The elements of a list in brackets or in JSON, without blank ones.
    Many(Vec<Cow<'a, str>>),
    /// An object, or a list of something else than plain values.
    Unreadable,
}

impl<'a> Given<'a> {
    pub(super) fn read(params: &'a Tree, name: &str) -> Option<Self> {
        Self::of(params.get(name)?)
    }

    pub(super) fn of(value: &'a Json) -> Option<Self> {
        match value {
            Json::Null => None,
            Json::Array(elements) => Some(Self::list(elements.iter())),
            Json::Object(members) => Some(numbered(members).map_or(Self::Unreadable, Self::list)),
            value => plain(value).filter(|text| !is_blank(text)).map(Self::One),
        }
    }

    fn list(elements: impl Iterator<Item = &'a Json>) -> Self {
        let texts: Option<Vec<Cow<'_, str>>> = elements.filter(|element| !element.is_null()).map(plain).collect();
        texts.map_or(Self::Unreadable, |texts| Self::Many(texts.into_iter().filter(|text| !is_blank(text)).collect()))
    }

    /// The value of a parameter that takes only one.
    pub(super) fn one(&self) -> Option<&str> {
        match self {
            Self::One(text) => Some(text),
            Self::Many(_) | Self::Unreadable => None,
        }
    }

    /// The values of a parameter that takes a list: in plain text they have commas between them.
    pub(super) fn many(&self) -> Option<Vec<&str>> {
        match self {
            Self::One(text) => Some(text.split(',').collect()),
            Self::Many(texts) => Some(texts.iter().map(AsRef::as_ref).collect()),
            Self::Unreadable => None,
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The text of a scalar. Numbers and booleans of JSON are as good as their text.
pub(super) fn plain(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::String(text) => Some(Cow::Borrowed(text)),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        Json::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The elements of a list whose keys are numbers. Their order does not matter.
pub(super) fn numbered(members: &Map<String, Json>) -> Option<impl Iterator<Item = &Json>> {
    let is_number = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    members.keys().all(is_number).then(|| members.values())
}
