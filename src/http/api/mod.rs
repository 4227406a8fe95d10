//! The described API: route, headers of our own, and the pipeline that every operation goes through.

mod documents;
mod files;
pub mod operations;
pub mod options;
pub mod route;
