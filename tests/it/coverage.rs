//! What holds for every operation, found by walking the registry: an operation that is added without its line in
//! `examples` fails here, so that none is served whose refusals nobody looked at.
//!
//! - `examples`: one working request for each operation.
//! - `refusals`: tokens, malformed queries and bodies, unknown methods, rate limits.
//! - `policy`: who may do what; the table is the reviewed file `snapshots/policy.txt`.
//! - `fields`: who can set and who sees each field; the reviewed file `snapshots/fields.txt`.
//! - `tenants`: a record of another account is one that does not exist.

mod examples;
mod fields;
mod policy;
mod refusals;
mod tenants;

pub(crate) use examples::EXAMPLES;
