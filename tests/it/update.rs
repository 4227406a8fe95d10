//! `PUT /account_invitations/{id}`, the endpoint that the whole project grew from.
//!
//! - `statuses`: every parameter, field and status of the reference page, with exact bodies.
//! - `values`: the values each field accepts, and the errors for the others.
//! - `rules`: partial updates, punch clock, the grant ceiling, deleted roles, ignored attributes.
//! - `who`: who may update which invitation, and the precedence of refusals.
//! - `encodings`: JSON, forms, multipart and query strings mean the same.

mod encodings;
mod rules;
mod statuses;
mod values;
mod who;
