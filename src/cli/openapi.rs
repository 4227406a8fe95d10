//! `invited openapi`: prints the description of the API.

use anyhow::Result;
use clap::Command;

use crate::http::api_description;

pub fn command() -> Command {
    Command::new("openapi").about("Print the description of the API (OpenAPI 3.1, JSON)")
}

#[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub fn run() -> Result<()> {
    println!("{}", api_description());
    Ok(())
}
