//! The tests: what API clients see, over real TCP.
//!
//! All are one binary, so the kit in `support` is compiled once and every answer is checked against the same contract.
//! A test is named after its rule (`b1_…` is rule B1 in `docs/WIRE.md`).

#![expect(clippy::disallowed_macros, reason = "a test may print, and a panic is how it reports that it cannot")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test must stop at the unexpected, and a panic is how it reports that"
)]

mod acceptance;
mod additions;
mod around;
mod audit;
mod bad_input;
mod binary;
#[cfg(target_os = "linux")]
mod breakage;
mod browser;
mod bulk;
#[cfg(target_os = "linux")]
mod clock_jumps;
mod concurrency;
mod connections;
mod control;
mod cors;
mod coverage;
mod crash;
mod crash_of_mail;
mod create;
mod custom_fields;
mod deadlines;
mod described;
mod doubt;
mod envelope;
mod events;
mod exact;
mod kit;
mod layers;
mod lists;
mod mail;
mod oauth;
mod outbox;
mod peers;
mod people;
mod pitfalls;
mod plans;
mod postgres;
mod process;
mod properties;
mod proxies;
mod resend_delete;
mod search;
mod store;
mod story;
mod suites;
mod support;
mod undo_race;
mod update;
