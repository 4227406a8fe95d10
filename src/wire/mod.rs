//! The protocol engine: what a resource is made of, how requests are read and answers printed.
//!
//! It does no I/O and knows no particular resource, so that each rule of the wire stands in one place for all of them.
//! [`describe`] is the vocabulary, [`kind`] the syntax of values; [`params`] decodes a request into one tree, from which
//! [`query`] reads lists, [`projection`] what is to be printed of a record, and [`changes`] what a body wants to set;
//! [`strict`] names what all of them ignore. [`envelope`] prints the answer, [`entity_tag`] its tag, and [`openapi`] the
//! description itself.

pub mod changes;
pub mod describe;
pub mod entity_tag;
pub mod envelope;
pub mod fold;
pub mod kind;
pub mod openapi;
pub mod params;
pub mod projection;
pub mod query;
pub mod strict;
