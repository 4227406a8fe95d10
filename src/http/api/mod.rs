//! The described API: route, headers of our own, and the pipeline that every operation goes through.

pub mod operations;
pub mod options;
pub mod route;
