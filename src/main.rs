//! The `invited` program.

fn main() {}
