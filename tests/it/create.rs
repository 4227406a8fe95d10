//! `POST /account_invitations` with one invitation.
//!
//! - `answers`: the defaults, every field, and the whole body of the answer.
//! - `fields`: the rules of each field: addresses, names, numbers, roles, external references.
//! - `encodings`: the same create as JSON, form, multipart and query string makes equal rows.
//! - `duplicates`: one invitation per address; who the invitee is; ids are never reused.
//! - `who`: which level may create, and what it may grant.

mod answers;
mod duplicates;
mod encodings;
mod fields;
mod who;
