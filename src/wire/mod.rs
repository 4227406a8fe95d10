//! The protocol engine. It does no I/O and knows no resource.

pub mod params;
