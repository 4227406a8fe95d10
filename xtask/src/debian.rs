//! What the tests need of the system, installed by the chore itself where nobody has to be asked.
//!
//! A build server is as a rule a fresh Debian on which everything runs as root. There a browser or a database server is one
//! package away, and a chore that only says so costs a round of somebody's day. Everywhere else a machine belongs to a
//! person, who is told what to install and does it.

use invited_cluster::is_root;

use crate::requirement::{Requirement, answers};
use crate::step::Step;

const BY_HAND: &str = "the reason stands above; install it by hand, then run this again";

/// What can be installed, and the package that it is in.
const PACKAGES: &[(Requirement, &str)] = &[
    (Requirement::Chromium, "chromium"),
    (Requirement::Postgres, "postgresql"),
    (Requirement::PgBouncer, "pgbouncer"),
    (Requirement::Openssl, "openssl"),
    (Requirement::Wrk, "wrk"),
];

/// Installs what is needed and missing if this is root and the machine has apt-get. Whether it is there afterwards is for the check of
/// the requirements to say.
pub(crate) fn provide(needed: &[Requirement]) -> Result<(), String> {
    let is_missing = |requirement: &Requirement| needed.contains(requirement) && !requirement.is_met();
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(requirement, _)| is_missing(requirement)).map(|(_, package)| *package).collect();
    if missing.is_empty() || !is_root() || !answers("apt-get", &["--version"]) {
        return Ok(());
    }
    let install = [&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat();
    for (heading, arguments) in [("Lists of packages", &["update"][..]), ("Packages for the tests", &install)] {
        // Nobody sits there who could answer a question.
        Step::program(heading, "apt-get", arguments, BY_HAND)
            .with_variable("DEBIAN_FRONTEND", "noninteractive")
            .run()?;
    }
    Ok(())
}
