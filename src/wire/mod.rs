//! The protocol engine: how resources are described, requests read, and answers printed. Comments cite the rules in
//! `docs/WIRE.md` by number.
//!
//! It does no I/O and knows no particular resource, so each rule of the wire is in one place for all of them.
//! [`describe`] is the vocabulary, [`kind`] the syntax of values. [`params`] decodes a request into one tree, from
//! which [`query`] reads lists, [`projection`] the keys to print, [`changes`] the values to set, and [`document`] the
//! parameters of other answers; [`strict`] reports what all of them ignore. [`envelope`] prints the answer,
//! [`entity_tag`] its tag, [`openapi`] the API description.

pub mod again;
pub mod changes;
pub mod condition;
pub mod describe;
pub mod display;
pub mod document;
pub mod entity_tag;
pub mod envelope;
pub mod fold;
pub mod kind;
pub mod openapi;
pub mod params;
pub mod projection;
pub mod query;
pub mod strict;
