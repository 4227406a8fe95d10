//! The `invited` program.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match invited::main(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, the exit code is all that is left.
            let _ = writeln!(std::io::stderr(), "invited: {error:#}");
            ExitCode::FAILURE
        }
    }
}
