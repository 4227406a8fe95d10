//! The heart: `PUT /account_invitations/{id}`, the page that the whole project grew from.
//!
//! - `statuses`: every parameter, field and status that the page lists, each with its exact body.
//! - `values`: which values each field takes, and what it says to the others.
//! - `rules`: partial updates, punch clock, the grant ceiling, deleted roles, ignored attributes.
//! - `who`: who may update which invitation, and which refusal wins when several apply.
//! - `encodings`: JSON, forms, multipart and query strings say the same thing.

mod encodings;
mod rules;
mod statuses;
mod values;
mod who;
