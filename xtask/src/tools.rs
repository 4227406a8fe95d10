//! The programs that a chore needs, and how to get them.
//!
//! A compiler error about a missing `cc` comes two minutes into a build and names a crate of another project. Asking
//! first costs milliseconds. Everything missing is reported at once, with the commands that install it. They run only
//! with `--install`: a build server passes it; a desk belongs to a person, who decides.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use invited_cluster::{is_root, pooler_program, programs};

use crate::command::{cargo, line, run};

/// A program outside the repository.
pub(crate) struct Tool {
    /// What is needed, and what for.
    what: &'static str,
    is_there: fn() -> bool,
    install: Install,
}

enum Install {
    /// The packages, separated by spaces, for each of [`MANAGERS`]; empty where there is none.
    Packages([&'static str; 4]),
    Command(&'static [&'static str]),
}

use Install::Packages;

/// The package managers of Debian, Fedora, Alpine and macOS, and the arguments with which each installs without asking.
const MANAGERS: [(&str, &[&str]); 4] = [
    ("apt-get", &["install", "--yes", "--no-install-recommends"]),
    ("dnf", &["install", "--assumeyes"]),
    ("apk", &["add"]),
    ("brew", &["install"]),
];

pub(crate) const C_COMPILER: Tool = Tool {
    what: "a C compiler, which builds the bundled SQLite (macOS: `xcode-select --install`; CC may name another one)",
    // With Microsoft's tools the build finds the compiler through the registry, not through the path.
    is_there: || cfg!(windows) || answers(compiler(std::env::var("CC").ok().as_deref()), &["--version"]),
    install: Packages(["gcc libc6-dev", "gcc", "gcc musl-dev", ""]),
};
pub(crate) const PYTHON: Tool = Tool {
    what: "python3, 3.11 or newer, with venv and ensurepip, for the Python clients in the tests and the spelling check",
    // `venv` alone is not enough: it fills an environment by `ensurepip`, which Debian has in a package of its own.
    is_there: || answers("python3", &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"]),
    install: Packages(["python3 python3-venv", "python3", "python3", "python3"]),
};
pub(crate) const NODE: Tool = Tool {
    what: "node, 20 or newer, for the JavaScript clients in the tests (https://nodejs.org has newer ones)",
    is_there: || answers("node", &["--eval", "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)"]),
    install: Packages(["nodejs", "nodejs", "nodejs", "node"]),
};
pub(crate) const NPM: Tool = Tool {
    what: "npm, which installs those clients",
    is_there: || answers("npm", &["--version"]),
    install: Packages(["npm", "nodejs-npm", "npm", "node"]),
};
pub(crate) const CHROMIUM: Tool = Tool {
    what: "chromium, chromium-browser or google-chrome on the path, for the pages that the tests open",
    is_there: || ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| answers(name, &["--version"])),
    install: Packages(["chromium", "chromium", "chromium", ""]),
};
pub(crate) const POSTGRES: Tool = Tool {
    what: "PostgreSQL's initdb and pg_ctl, 14 or newer, for the tests on that engine",
    is_there: || programs().is_some_and(|folder| answers(folder.join("initdb"), &["--version"])),
    install: Packages(["postgresql", "postgresql-server", "postgresql", "postgresql"]),
};
pub(crate) const PGBOUNCER: Tool = Tool {
    what: "pgbouncer, for the tests with a pooler before PostgreSQL",
    is_there: || pooler_program().is_some_and(|program| answers(program, &["--version"])),
    install: Packages(["pgbouncer"; 4]),
};
pub(crate) const OPENSSL: Tool = Tool {
    what: "openssl, 3.0 or newer, which makes certificates for the tests with an encrypted PostgreSQL",
    is_there: || answers("openssl", &["version"]),
    install: Packages(["openssl"; 4]),
};
pub(crate) const JAVA: Tool = Tool {
    what: "javac and, in /usr/share/java, what clients in Java import: Jackson, annotations, Apache's HTTP parts",
    is_there: || {
        let jars = ["jackson-databind", "jsr305", "geronimo-annotation-1.3-spec", "httpmime", "httpcore"];
        let is_there = |jar: &&str| Path::new("/usr/share/java").join(format!("{jar}.jar")).exists();
        answers("javac", &["-version"]) && jars.iter().all(is_there)
    },
    install: Packages([
        "default-jdk-headless libjackson2-databind-java libjsr305-java libgeronimo-annotation-1.3-spec-java \
         libhttpmime-java libhttpcore-java",
        "",
        "",
        "",
    ]),
};
pub(crate) const WRK: Tool = Tool {
    what: "wrk, 4.0 or newer, which puts the bench's load on the servers",
    // wrk fails even when it is asked for its version.
    is_there: || answers("sh", &["-c", "command -v wrk"]),
    install: Packages(["wrk"; 4]),
};
pub(crate) const RUSTFMT: Tool = Tool {
    what: "rustfmt",
    is_there: || succeeds(&mut cargo(&["fmt", "--version"])),
    install: Install::Command(&["rustup", "component", "add", "rustfmt"]),
};
pub(crate) const CLIPPY: Tool = Tool {
    what: "clippy",
    is_there: || succeeds(&mut cargo(&["clippy", "--version"])),
    install: Install::Command(&["rustup", "component", "add", "clippy"]),
};
pub(crate) const CARGO_DENY: Tool = Tool {
    what: "cargo-deny, which checks licences, sources and duplicates of the dependencies",
    is_there: || succeeds(&mut cargo(&["deny", "--version"])),
    // Unoptimised it is built in a third of the time, and still done in a second.
    install: Install::Command(&["cargo", "install", "--locked", "--debug", "cargo-deny@0.20.2"]),
};

/// Fails with everything missing and the commands that install it. With `--install` it runs these commands instead.
pub(crate) fn require(needed: &[&Tool], may_install: bool) -> Result<(), String> {
    let missing = || needed.iter().copied().filter(|tool| !(tool.is_there)()).collect::<Vec<_>>();
    let lacking = missing();
    if lacking.is_empty() {
        return Ok(());
    }
    let manager = MANAGERS.iter().position(|(name, _)| answers(name, &["--version"]));
    let commands = installers(&lacking, manager, is_root());
    let text = message(&lacking, &commands);
    if !may_install {
        return Err(text);
    }
    eprintln!("{text}");
    for mut command in commands {
        run("Installation", command.env("DEBIAN_FRONTEND", "noninteractive"), "install the above by hand")?;
    }
    match missing() {
        left if left.is_empty() => Ok(()),
        left => Err(format!("this is not there after the installation:{}", list(&left))),
    }
}

/// The commands that install tools by a package manager, or each in its own way.
fn installers(tools: &[&Tool], manager: Option<usize>, is_root: bool) -> Vec<Command> {
    let mut commands = Vec::new();
    let named = |tool: &&Tool| match (&tool.install, manager) {
        (Packages(packages), Some(manager)) => packages[manager].split_whitespace(),
        _ => "".split_whitespace(),
    };
    let packages: Vec<&str> = tools.iter().flat_map(named).collect();
    if let Some((name, install)) = manager.map(|manager| MANAGERS[manager]).filter(|_| !packages.is_empty()) {
        let start = || match is_root || name == "brew" {
            true => Command::new(name),
            false => command("sudo", &[name]),
        };
        if name == "apt-get" {
            let mut update = start();
            update.arg("update");
            commands.push(update);
        }
        let mut all = start();
        all.args(install).args(packages);
        commands.push(all);
    }
    commands.extend(tools.iter().filter_map(|tool| match tool.install {
        Install::Command([program, arguments @ ..]) => Some(command(program, arguments)),
        _ => None,
    }));
    commands
}

fn message(missing: &[&Tool], commands: &[Command]) -> String {
    let lines: String = commands.iter().map(|command| format!("\n  {}", line(command))).collect();
    let commands = if lines.is_empty() { lines } else { format!("\n`--install` runs:{lines}") };
    format!("this machine lacks:{}{commands}", list(missing))
}

fn list(tools: &[&Tool]) -> String {
    tools.iter().map(|tool| format!("\n  - {}", tool.what)).collect()
}

/// The program that `CC` names: a wrapper may come first, as in `ccache gcc`, or flags behind it.
fn compiler(variable: Option<&str>) -> &str {
    variable.and_then(|text| text.split_whitespace().next()).unwrap_or("cc")
}

/// nextest is a faster runner for the same tests, so it is used when present and not required.
pub(crate) fn has_nextest() -> bool {
    succeeds(&mut cargo(&["nextest", "--version"]))
}

/// Whether the program can be started and succeeds.
pub(crate) fn answers(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    succeeds(&mut command(program, arguments))
}

fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_the_first_word_of_the_variable() {
        for (variable, program) in [(None, "cc"), (Some(""), "cc"), (Some("clang -m64"), "clang")] {
            assert_eq!(compiler(variable), program);
        }
    }

    #[test]
    fn everything_missing_is_named_at_once_with_the_commands_that_install_it() {
        let tools = [&CHROMIUM, &PGBOUNCER, &CLIPPY];
        let lines =
            |manager, is_root| -> Vec<String> { installers(&tools, manager, is_root).iter().map(line).collect() };
        let (packages, component) = ("--yes --no-install-recommends chromium pgbouncer", "rustup component add clippy");
        let by_root = ["apt-get update", &format!("apt-get install {packages}"), component];
        assert_eq!(lines(Some(0), true), by_root);
        assert_eq!(
            lines(Some(0), false)[..2],
            by_root[..2].iter().map(|line| format!("sudo {line}")).collect::<Vec<_>>()
        );
        assert_eq!(lines(Some(3), false), ["brew install pgbouncer", component]);
        assert_eq!(lines(None, true), [component]);
        let text = message(&tools, &installers(&tools, Some(0), true));
        for word in ["chromium-browser", "a pooler", "clippy", packages, component] {
            assert!(text.contains(word), "{word} is not in: {text}");
        }
    }

    #[test]
    fn a_program_that_does_not_exist_does_not_answer() {
        assert!(!answers("no-such-program-anywhere", &["--version"]));
    }
}
