//! What a machine must have before a chore can run, and how to get it.
//!
//! A compiler error about a missing `cc` comes two minutes into a build and names a crate that nobody here
//! wrote. Asking first costs milliseconds and gives an answer that can be acted upon. All that is missing is
//! reported at once.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::step::cargo;

/// Something outside the repository that a chore needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    CCompiler,
    Rustfmt,
    Clippy,
    Python,
    Node,
    Npm,
    Chromium,
    Postgres,
    PgBouncer,
    Openssl,
    Wrk,
}

/// `venv` alone is not enough: it fills a new environment by `ensurepip`, which Debian has in a package of its own.
const PYTHON_PROBE: &str =
    "import sys, venv, ensurepip; ensurepip.version(); sys.exit(0 if sys.version_info >= (3, 11) else 1)";

/// What Chromium is called: by Debian, Fedora and Alpine, by older systems, and by its maker.
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const NODE_PROBE: &str = "process.exit(Number(process.versions.node.split('.')[0]) >= 20 ? 0 : 1)";

impl Requirement {
    /// The programs of which any will do, and the arguments to which it answers when it is there.
    fn probe(self, c_compiler: Option<&str>) -> (Vec<String>, &'static [&'static str]) {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Requirement::CCompiler => {
                // `CC` may carry a wrapper or flags after the program, as in `ccache gcc`.
                let chosen = c_compiler.and_then(|text| text.split_whitespace().next());
                (named(&[chosen.unwrap_or("cc")]), &["--version"])
            }
            Requirement::Rustfmt => (vec![cargo()], &["fmt", "--version"]),
            Requirement::Clippy => (vec![cargo()], &["clippy", "--version"]),
            Requirement::Python => (named(&["python3"]), &["-c", PYTHON_PROBE]),
            Requirement::Node => (named(&["node"]), &["--eval", NODE_PROBE]),
            Requirement::Npm => (named(&["npm"]), &["--version"]),
            Requirement::Chromium => (named(&CHROMIUM_NAMES), &["--version"]),
            Requirement::Postgres => {
                let initdb =
                    invited_cluster::programs().map(|folder| folder.join("initdb").to_string_lossy().into_owned());
                (initdb.into_iter().collect(), &["--version"])
            }
            Requirement::PgBouncer => {
                let program = invited_cluster::pooler_program().map(|path| path.to_string_lossy().into_owned());
                (program.into_iter().collect(), &["--version"])
            }
            Requirement::Openssl => (named(&["openssl"]), &["version"]),
            // wrk itself fails even when asked for its version.
            Requirement::Wrk => (named(&["sh"]), &["-c", "command -v wrk"]),
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Requirement::CCompiler => {
                "a C compiler, to build the bundled SQLite. Debian and Ubuntu: `apt-get install gcc libc6-dev`; \
                 Fedora: `dnf install gcc`; Alpine: `apk add gcc musl-dev`; macOS: `xcode-select --install`. \
                 The variable CC may name another one."
            }
            Requirement::Rustfmt => "rustfmt: `rustup component add rustfmt`.",
            Requirement::Clippy => "clippy: `rustup component add clippy`.",
            Requirement::Python => {
                "`python3`, 3.11 or newer, with `venv` and `ensurepip`, for the Python clients that the tests run. \
                 Debian and Ubuntu: `apt-get install python3 python3-venv`; Fedora: `dnf install python3`; \
                 Alpine: `apk add python3`; macOS: `brew install python3`."
            }
            Requirement::Node => {
                "`node`, 20 or newer, for the JavaScript clients that the tests run. Alpine: `apk add nodejs`; \
                 macOS: `brew install node`; elsewhere the distribution's package is often older: take it \
                 from https://nodejs.org."
            }
            Requirement::Npm => {
                "`npm`, to install those JavaScript clients. It comes with Node from https://nodejs.org and from \
                 brew; Debian and Ubuntu: `apt-get install npm`; Fedora: `dnf install nodejs-npm`; \
                 Alpine: `apk add npm`."
            }
            Requirement::Postgres => {
                "PostgreSQL's `initdb` and `pg_ctl`, 14 or newer, for the tests on that engine. Debian and Ubuntu: \
                 `apt-get install postgresql`, which the chore does by itself where it runs as root; Fedora: \
                 `dnf install postgresql-server`; Alpine: `apk add postgresql`; macOS: `brew install postgresql`."
            }
            Requirement::PgBouncer => {
                "`pgbouncer`, for the tests with a pooler before PostgreSQL. Debian and Ubuntu: `apt-get install pgbouncer`, \
                 which the chore does by itself where it runs as root; Fedora: `dnf install pgbouncer`; Alpine: \
                 `apk add pgbouncer`; macOS: `brew install pgbouncer`."
            }
            Requirement::Openssl => {
                "`openssl`, 3.0 or newer, to make certificates for the tests with an encrypted PostgreSQL. Debian and Ubuntu: \
                 `apt-get install openssl`, which the chore does by itself where it runs as root; Fedora: \
                 `dnf install openssl`; Alpine: `apk add openssl`; macOS: `brew install openssl`."
            }
            Requirement::Wrk => {
                "`wrk`, 4.0 or newer, which loads the servers. Debian and Ubuntu: `apt-get install wrk`, which the \
                 chore does by itself where it runs as root; Fedora: `dnf install wrk`; Alpine: `apk add wrk`; \
                 macOS: `brew install wrk`."
            }
            Requirement::Chromium => {
                "`chromium`, `chromium-browser` or `google-chrome`, for the pages that the tests open in a browser. \
                 Debian: `apt-get install chromium`, which the chore does by itself where it runs as root; Fedora: \
                 `dnf install chromium`; Alpine: `apk add chromium`; elsewhere take it from \
                 https://www.google.com/chrome and put it on the path as `google-chrome`."
            }
        }
    }

    pub(crate) fn is_met(self) -> bool {
        // With Microsoft's tools the build finds the compiler through the registry, not through the path.
        if self == Requirement::CCompiler && cfg!(windows) {
            return true;
        }
        let named = std::env::var("CC").ok().filter(|text| !text.is_empty());
        let (programs, arguments) = self.probe(named.as_deref());
        programs.iter().any(|program| answers(program, arguments))
    }
}

/// Reports everything that is missing in one message.
pub(crate) fn check(needed: &[Requirement]) -> Result<(), String> {
    let missing: Vec<Requirement> = needed.iter().copied().filter(|requirement| !requirement.is_met()).collect();
    if missing.is_empty() { Ok(()) } else { Err(message(&missing)) }
}

fn message(missing: &[Requirement]) -> String {
    let mut text = "this machine lacks what the chore needs:".to_owned();
    for requirement in missing {
        text.push_str("\n  - ");
        text.push_str(requirement.advice());
    }
    text
}

/// nextest is a faster runner for the same tests, so it is used when present and not required.
pub(crate) fn nextest_is_installed() -> bool {
    answers(cargo(), &["nextest", "--version"])
}

/// Whether the program can be started and is content.
pub(crate) fn answers(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_the_first_word_of_the_variable() {
        assert_eq!(Requirement::CCompiler.probe(None).0, ["cc"]);
        assert_eq!(Requirement::CCompiler.probe(Some("clang -m64")).0, ["clang"]);
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let text = message(&[Requirement::CCompiler, Requirement::Clippy]);
        assert!(text.contains("gcc"), "{text}");
        assert!(text.contains("rustup component add clippy"), "{text}");
    }

    #[test]
    fn each_of_the_peers_languages_is_asked_for_by_its_name() {
        let needed = [Requirement::Python, Requirement::Node, Requirement::Npm, Requirement::Chromium];
        let text = message(&[&needed[..], &[Requirement::PgBouncer, Requirement::Openssl]].concat());
        let told = ["python3-venv", "node", "npm", "apt-get install chromium", "install pgbouncer", "install openssl"];
        for named in told {
            assert!(text.contains(named), "{named} is not in: {text}");
        }
    }

    #[test]
    fn the_browser_has_several_names() {
        assert_eq!(Requirement::Chromium.probe(None).0, ["chromium", "chromium-browser", "google-chrome"]);
    }

    #[test]
    fn a_program_that_does_not_exist_does_not_answer() {
        assert!(!answers("no-such-program-anywhere", &["--version"]));
    }
}
