//! The running process: its parts, settings, sockets, log, and the work that goes on beside requests.

pub mod app;
mod bodies;
pub mod delivery;
pub mod listen;
pub mod retention;
pub mod settings;
pub mod telemetry;
mod write_deadline;
