//! The packages in `clients/` and the suites in `examples/`, run by their real runners against the real program.
//!
//! These are the files that users read. A suite's result is its runner's exit status and last lines. Each program that
//! a suite starts records its process id, so a test can count them and check that they are gone.
//!
//! The sandboxes always use SQLite, so these tests run once.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};

use crate::peers::{installed, python_script, run};
use crate::support::within;

/// A suite's time limit on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long the programs of a finished suite may take to end.
const POLITENESS: Duration = Duration::from_secs(10);

/// The sources of the Python package, next to the requirements.
const PYTHON_PACKAGE: [&str; 4] =
    ["pyproject.toml", "README.md", "invited_sandbox/__init__.py", "invited_sandbox/pytest_plugin.py"];

#[test]
fn the_python_packages_own_tests_pass() {
    let mut pytest = pytest("clients/python");
    pytest.command.arg("tests");
    pytest.passes(" passed in", 20);
}

#[test]
fn the_suite_in_pytest_shares_one_sandbox_among_eight_workers() {
    let mut pytest = pytest("examples/pytest");
    pytest.command.args(["-n", "8"]);
    // One is shared. Three tests change the clock or settings, so up to three workers start their own.
    let started = pytest.passes(" passed in", 76);
    assert!((2..=4).contains(&started), "{started} sandboxes");
}

#[test]
fn the_npm_packages_own_tests_pass() {
    let mut suite = Suite::new(Command::new("node"));
    suite.command.args(["--test", "--test-reporter=tap"]).current_dir(root().join("clients/npm"));
    suite.passes("# pass ", 14);
}

#[test]
fn the_suite_in_vitest_shares_one_sandbox_among_eight_workers() {
    let copy = node_suite("vitest");
    let mut suite = Suite::new(Command::new("node"));
    suite.command.arg("../node_modules/vitest/vitest.mjs").arg("run").current_dir(&copy.0);
    // One is shared, one is for expiry, and one has a limit.
    assert_eq!(suite.passes("      Tests  ", 78), 3);
}

#[test]
fn the_suite_in_jest_shares_one_sandbox_among_its_workers() {
    let copy = node_suite("jest");
    let mut suite = Suite::new(Command::new("node"));
    let arguments =
        ["--experimental-vm-modules", "../node_modules/jest/bin/jest.js", "--maxWorkers=2", "--cache=false"];
    suite.command.args(arguments).arg("--rootDir=.").current_dir(&copy.0);
    assert_eq!(suite.passes("Tests:       ", 2), 1);
}

#[test]
fn the_workflow_and_the_image_name_real_commands() {
    let mut command = python_script("recipes.py");
    command.arg(root().join("examples")).arg(env!("CARGO_BIN_EXE_invited"));
    let (status, said) = run(command, PATIENCE);
    assert!(status.is_some_and(|status| status.success()), "{status:?}. It said:\n{said}");
}

/// A runner, and the programs it may start.
struct Suite {
    command: Command,
    folder: TemporaryFolder,
}

impl Suite {
    fn new(mut command: Command) -> Self {
        let folder = TemporaryFolder::create(&Entropy::system()).expect("the folder is created");
        let program = folder.database().with_file_name("invited");
        let script = format!(
            "#!/bin/sh\necho $$ >> '{}'\nexec '{}' \"$@\"\n",
            started(&folder).display(),
            env!("CARGO_BIN_EXE_invited")
        );
        fs::write(&program, script).expect("the script is written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("the script becomes executable");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("INVITED_") || name.starts_with("PYTHON"))
        {
            command.env_remove(name);
        }
        command.env_remove("NODE_OPTIONS").env("NO_COLOR", "1").env("CI", "true");
        // A proxy of the tester's network must not intercept loopback requests.
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        command.env("INVITED_BINARY", program);
        Self { command, folder }
    }

    /// Runs the suite and expects success, at least so many passed tests (a number next to `mark`), and that all
    /// programs it started are gone. Returns how many those were.
    fn passes(self, mark: &str, at_least: usize) -> usize {
        let Self { command, folder } = self;
        let (status, said) = run(command, PATIENCE);
        assert!(status.is_some_and(|status| status.success()), "the suite failed ({status:?}). Output:\n{said}");
        let passed = number_at(&said, mark).unwrap_or_else(|| panic!("no {mark:?} in:\n{said}"));
        println!("{passed} tests passed");
        assert!(passed >= at_least, "{passed} tests passed, and not {at_least}:\n{said}");
        let ids = fs::read_to_string(started(&folder)).expect("something was started");
        // What ends with its runner is told to at the last moment, and ends a little later.
        for id in ids.lines() {
            assert!(within(POLITENESS, || !is_alive(id)), "process {id} is left over");
        }
        ids.lines().count()
    }
}

fn is_alive(id: &str) -> bool {
    Command::new("kill").args(["-0", id]).output().expect("kill can be run").status.success()
}

fn started(folder: &TemporaryFolder) -> PathBuf {
    folder.database().with_file_name("started")
}

/// The number next to the last mark: after a mark that starts its line, otherwise before it.
fn number_at(said: &str, mark: &str) -> Option<usize> {
    let (before, after) = said.rsplit_once(mark)?;
    let digits = if mark.ends_with(' ') {
        after.split(|letter: char| !letter.is_ascii_digit()).next()?
    } else {
        before.rsplit(|letter: char| !letter.is_ascii_digit()).next()?
    };
    digits.parse().ok()
}

#[test]
fn the_number_of_tests_is_found_in_runner_output() {
    for (said, mark) in [
        ("....\n76 passed in 11.85s\n", " passed in"),
        (" Test Files  13 passed (13)\n      Tests  76 passed (78)\n", "      Tests  "),
        ("# pass 3\n# pass 76\n", "# pass "),
    ] {
        assert_eq!(number_at(said, mark), Some(76), "{said}");
    }
    assert_eq!(number_at("no tests ran", " passed in"), None);
}

/// pytest in a folder of the repository.
fn pytest(folder: &str) -> Suite {
    let package = root().join("clients/python");
    let mut sources = vec![root().join("examples/pytest/requirements.txt")];
    sources.extend(PYTHON_PACKAGE.iter().map(|name| package.join(name)));
    let environment = installed("pytest", &sources);
    let mut suite = Suite::new(Command::new(environment.join("bin").join("python")));
    // Leave no files beside the tests.
    suite.command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1").current_dir(root().join(folder));
    suite.command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"]);
    suite
}

/// A copy of a JavaScript example, next to its installed packages, with our package as it is now.
fn node_suite(runner: &str) -> CopiedSuite {
    let (example, package) = (root().join("examples").join(runner), root().join("clients/npm"));
    let sources = [example.join("package.json"), example.join("package-lock.json"), package.join("package.json")];
    let place = installed(runner, &sources).join("examples").join(runner);
    let copy = CopiedSuite(place.join(format!("run-{}", std::process::id())));
    copy_files(&example, &copy.0);
    copy_files(&package, &copy.0.join("node_modules/invited-sandbox"));
    copy
}

/// A temporary copy of an example.
struct CopiedSuite(PathBuf);

impl Drop for CopiedSuite {
    fn drop(&mut self) {
        // A few leftover texts in the target folder do no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is created");
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true if path.ends_with("node_modules") => (),
            true => copy_files(&path, &target),
            false => drop(fs::copy(&path, target).expect("the file is copied")),
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
