//! The `invited` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    match invited::main(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("invited: {error:#}");
            ExitCode::FAILURE
        }
    }
}
