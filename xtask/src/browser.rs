//! The browser that the tests open pages in: installed by the chore itself where nobody has to be asked.
//!
//! A build server is as a rule a fresh Debian on which everything runs as root. There a browser is one package away, and
//! a chore that only says so costs a round of somebody's day. Everywhere else a machine belongs to a person, who is told
//! what to install and does it.

use std::process::Command;

use crate::requirement::{Requirement, answers};
use crate::step::Step;

const BY_HAND: &str = "the reason stands above; install Chromium by hand, then run this again";

/// Installs the browser if it is missing, this is root, and the machine has apt-get. Whether it is there afterwards is for
/// the check of the requirements to say.
pub(crate) fn provide() -> Result<(), String> {
    if Requirement::Chromium.is_met() || !is_root() || !answers("apt-get", &["--version"]) {
        return Ok(());
    }
    for (heading, arguments) in STEPS {
        // Nobody sits there who could answer a question.
        Step::program(heading, "apt-get", arguments, BY_HAND)
            .with_variable("DEBIAN_FRONTEND", "noninteractive")
            .run()?;
    }
    Ok(())
}

const STEPS: [(&str, &[&str]); 2] = [
    ("Lists of packages", &["update"]),
    ("Chromium for the tests", &["install", "--yes", "--no-install-recommends", "chromium"]),
];

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| is_root_said(&output.stdout))
}

fn is_root_said(said: &[u8]) -> bool {
    said.trim_ascii() == b"0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_of_number_zero_is_root() {
        assert!(is_root_said(b"0\n"));
        for other in [&b"1000\n"[..], b"00\n", b""] {
            assert!(!is_root_said(other), "{other:?}");
        }
    }

    #[test]
    fn nothing_is_asked_while_the_browser_is_installed() {
        let (_, arguments) = STEPS[1];
        assert!(arguments.contains(&"--yes") && arguments.contains(&"chromium"), "{arguments:?}");
    }
}
