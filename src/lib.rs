//! `invited`: a self-hosted account-invitation server that speaks the Kantata OX API.

pub mod wire;
