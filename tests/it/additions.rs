//! Additions to the vendor's API, tested for every write of every resource.

mod conditional;
mod dry_run;
mod idempotency;
mod strict;
