//! `invited`: a self-hosted account-invitation server that speaks the Kantata OX API.
//!
//! Data flows one way: [`api`] → [`resources`] and the rules they name ([`invitations`], [`access`]) → [`records`] →
//! [`store`]. [`wire`] is the protocol engine below all of them; it and [`store`] know no particular resource.
//! `docs/ARCHITECTURE.md` has the map and follows three requests through it.

pub mod acceptance;
pub mod access;
pub mod accounts;
pub mod api;
pub mod app;
pub mod audit;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod contents;
pub mod context;
pub mod copy;
pub mod delivery;
pub mod entropy;
pub mod erasure;
pub mod error;
pub mod external_references;
pub mod idempotency;
pub mod invitations;
pub mod language;
pub mod lifecycle;
pub mod limits;
pub mod links;
pub mod mail;
pub mod memberships;
pub mod oauth;
pub mod offers;
pub mod outbox;
pub mod people;
pub mod recent_writes;
pub mod records;
pub mod resources;
pub mod retention;
pub mod roles;
pub mod sandbox;
pub mod schema;
pub mod seats;
pub mod server;
pub mod store;
pub mod tallies;
pub mod telemetry;
pub mod tokens;
pub mod tuning;
pub mod users;
pub mod wire;
