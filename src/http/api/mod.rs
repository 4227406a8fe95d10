//! The described API: route, headers of ours, and the pipeline that every operation goes through.

pub mod additions;
pub mod operations;
pub mod route;
