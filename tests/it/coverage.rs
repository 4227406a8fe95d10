//! Rules for every operation, tested by walking the registry: an operation without a line in `examples` fails here, so
//! its refusals cannot go untested.
//!
//! - `examples`: one working request for each operation.
//! - `refusals`: tokens, malformed queries and bodies, unknown methods, rate limits.
//! - `policy`: who may do what; the table is the reviewed file `snapshots/policy.txt`.
//! - `fields`: who can set and who sees each field; the reviewed file `snapshots/fields.txt`.
//! - `lists`: every filter, order, include, optional field and attribute of the vendor's lists is known.
//! - `tenants`: a record of another account looks like a missing one.

mod examples;
mod fields;
mod lists;
mod policy;
mod refusals;
mod tenants;

pub(crate) use examples::EXAMPLES;
