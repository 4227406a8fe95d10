//! The running process: its parts, settings, sockets, log, and background work.

pub mod app;
mod bodies;
pub mod delivery;
pub mod listen;
mod patience;
mod peers;
pub mod proxies;
pub mod retention;
pub mod settings;
pub mod telemetry;
pub mod timekeeper;
pub mod uploads;
