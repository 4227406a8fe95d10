//! `invited openapi`: prints the description of the API.

use anyhow::Result;
use clap::Args;

use crate::cli::output;
use crate::http::api_description;

/// Print the description of the API (OpenAPI 3.1, JSON)
#[derive(Args)]
pub struct OpenApi;

impl OpenApi {
    pub fn run(self) -> Result<()> {
        output::print(api_description())
    }
}
