//! `invited`: a self-hosted account-invitation server that speaks the Kantata OX API.
//!
//! Data flows one way: [`api`] → [`resources`] and the rules they name ([`invitations`], [`access`]) → [`records`] →
//! [`store`]. [`wire`] is the protocol engine below all of them; it and [`store`] know no particular resource.
//! `docs/ARCHITECTURE.md` has the map and follows three requests through it.

pub mod cli;
pub mod clock;
pub mod engine;
pub mod entropy;
pub mod http;
pub mod ids;
pub mod language;
pub mod mail;
pub mod oauth;
pub mod resources;
pub mod run;
pub mod sandbox;
pub mod server;
pub mod store;
pub mod transfer;
pub mod wire;
