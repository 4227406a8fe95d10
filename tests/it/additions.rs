//! What a client may ask for beyond the vendor's API, for every write of every resource (protocol.md section 9).

mod conditional;
mod dry_run;
mod idempotency;
mod strict;
