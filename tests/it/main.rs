//! The stories: what a client of the API sees, told over real TCP.
//!
//! One binary holds them all, so that the kit in `support` is compiled once and every answer of every story passes the
//! same contract. A story names the rule that it tells (`b1_…` is rule B1 of the protocol); the rule's text stands in
//! `docs/WIRE.md`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story that meets something unexpected has to stop, and a panic is how a test says so"
)]

mod acceptance;
mod additions;
mod audit;
mod bad_input;
mod binary;
mod browser;
mod bulk;
mod concurrency;
mod control;
mod coverage;
mod crash;
mod crash_of_mail;
mod create;
mod envelope;
mod exact;
mod examples;
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
mod resend_delete;
mod search;
mod store;
mod story;
mod support;
mod update;
