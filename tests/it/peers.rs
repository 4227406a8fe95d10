//! Third-party clients against the real program: each script in `tests/peers/python/` and `tests/peers/node/` is a test
//! in its own language.
//!
//! The other tests were written by the authors of the server, so both could misread a rule alike. A library with
//! thousands of users reads the answers by the standard, and refuses.
//!
//! A script gets the base URL as its only argument, makes its own assertions, and reports by its exit status. `cargo
//! xtask test` installs what the scripts import; without it these tests fail.
//!
//! Some scripts are part of another test: a mail server (`mail`), the steps of a person in a browser (`browser`), and a
//! check of workflow and image (`examples`).

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::process::Program;
use crate::support::within;

/// A script's time limit; the slowest takes about a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Each language, with the manifests of its environment in the order in which `xtask` records them.
const MANIFESTS: &[(&str, &[&str])] =
    &[("python", &["requirements.txt"]), ("node", &["package.json", "package-lock.json"])];

#[test]
fn the_requests_library_runs_an_integration() {
    python("integration.py");
}

#[test]
fn authlib_walks_the_code_flow() {
    python("authlib_code_flow.py");
}

#[test]
fn authlib_uses_client_credentials() {
    python("authlib_client_credentials.py");
}

#[test]
fn requests_oauthlib_walks_the_code_flow() {
    python("requests_oauthlib_code_flow.py");
}

#[test]
fn requests_oauthlib_uses_client_credentials() {
    python("requests_oauthlib_client_credentials.py");
}

#[test]
fn oauth4webapi_walks_the_code_flow() {
    node("oauth4webapi_code_flow.mjs");
}

#[test]
fn openid_client_walks_the_code_flow() {
    node("openid_client_code_flow.mjs");
}

#[test]
fn every_script_is_run_by_a_test() {
    let tellers = [
        include_str!("peers.rs"),
        include_str!("mail/server.rs"),
        include_str!("browser.rs"),
        include_str!("suites.rs"),
    ];
    let mut unused = Vec::new();
    for (language, _) in MANIFESTS {
        for entry in fs::read_dir(scripts(language)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_script = name.ends_with(".py") || name.ends_with(".mjs");
            // Modules that scripts import.
            let is_shared = ["sandbox.", "browser."].iter().any(|shared| name.starts_with(shared));
            let call = format!("(\"{name}\"");
            if is_script && !is_shared && !tellers.iter().any(|teller| teller.contains(&call)) {
                unused.push(name);
            }
        }
    }
    assert!(unused.is_empty(), "no test runs {unused:?}");
}

#[test]
fn a_failing_and_a_hanging_script_are_detected() {
    let shell = |text: &str, patience| {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        run(command, patience)
    };
    let (status, said) = shell("echo fine", PATIENCE);
    assert!(status.is_some_and(|status| status.success()), "{said}");
    let (status, said) = shell("echo first; echo then >&2; exit 3", PATIENCE);
    assert_eq!((status.and_then(|status| status.code()), said.as_str()), (Some(3), "first\nthen\n"));
    let (status, said) = shell("echo waiting; exec sleep 60", Duration::from_millis(300));
    assert_eq!((status, said.as_str()), (None, "waiting\n"));
}

/// Runs a Python script against a new sandbox.
fn python(script: &str) {
    let (_sandbox, base_url) = sandbox();
    let mut command = python_script(script);
    command.arg(base_url);
    run_script(script, command);
}

/// Runs a JavaScript script against a new sandbox.
fn node(script: &str) {
    let (_sandbox, base_url) = sandbox();
    node_script(script, &[&base_url]);
}

fn sandbox() -> (Program, String) {
    let (sandbox, greeting) = Program::sandbox(&[]);
    let base_url = greeting["base_url"].as_str().expect("the greeting holds base_url").to_owned();
    (sandbox, base_url)
}

/// The command that runs a Python script; the caller adds its arguments.
pub(crate) fn python_script(script: &str) -> Command {
    let environment = environment("python");
    let mut command = Command::new(environment.join("bin").join("python"));
    // Without the user's packages and variables, and without leaving files.
    command.args(["-E", "-s", "-B"]).arg(scripts("python").join(script));
    command
}

/// Runs a JavaScript script.
///
/// Node looks for packages in the folders above the script, so the script is copied to where the packages are.
pub(crate) fn node_script(script: &str, arguments: &[&str]) {
    let copies = Copies::of(&scripts("node"), &environment("node"), script);
    let mut command = Command::new("node");
    command.env_remove("NODE_OPTIONS").arg(copies.0.join(script)).args(arguments);
    run_script(script, command);
}

/// Runs a script; panics with its output unless it succeeds in time.
fn run_script(script: &str, mut command: Command) {
    // A proxy of the tester's network must not intercept loopback requests.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let (status, said) = run(command, PATIENCE);
    match status {
        Some(status) if status.success() => (),
        Some(status) => panic!("{script} failed ({status}). Output:\n{said}"),
        None => panic!("{script} did not end within {PATIENCE:?}. Output:\n{said}"),
    }
}

/// Runs a command and returns its status, `None` if it had to be killed, and its whole output in order.
pub(crate) fn run(mut command: Command, patience: Duration) -> (Option<ExitStatus>, String) {
    let (mut reader, writer) = io::pipe().expect("the pipe is created");
    let also_writer = writer.try_clone().expect("the pipe is shared");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(also_writer)
        .spawn()
        .unwrap_or_else(|cause| panic!("{} cannot be started: {cause}", command.get_program().display()));
    // The command holds the writing ends too; the reader ends when all of them are closed.
    drop(command);
    let reading = thread::spawn(move || {
        let mut said = Vec::new();
        reader.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
    });
    let status = ended(&mut child, patience);
    let said = reading.join().expect("the reader does not panic").expect("the pipe is read");
    (status, said)
}

fn ended(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let mut status = None;
    let has_ended = within(patience, || {
        status = child.try_wait().expect("the script can be waited for");
        status.is_some()
    });
    if !has_ended {
        child.kill().expect("the script can be killed");
        child.wait().expect("the script can be waited for");
    }
    status
}

fn scripts(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("peers").join(language)
}

/// The folder into which `cargo xtask test` has installed a language's packages.
fn environment(language: &str) -> PathBuf {
    let (_, manifests) = MANIFESTS.iter().find(|(name, _)| *name == language).expect("the language has manifests");
    let sources: Vec<PathBuf> = manifests.iter().map(|name| scripts(language).join(name)).collect();
    installed(language, &sources)
}

/// The environment of a name in `peers`, next to the folder of the program's build profile. It must have been made from
/// the current sources.
pub(crate) fn installed(name: &str, sources: &[PathBuf]) -> PathBuf {
    let target =
        Path::new(env!("CARGO_BIN_EXE_invited")).ancestors().nth(2).expect("the program is in a target folder");
    let place = target.join("peers").join(name);
    let wanted: String = sources.iter().map(|source| fs::read_to_string(source).unwrap()).collect();
    let installed = fs::read_to_string(place.join("installed"));
    assert!(
        installed.is_ok_and(|installed| installed == wanted),
        "the {name} peers are not installed in {}, or not as the manifests are now: run `cargo xtask test` once.",
        place.display()
    );
    place
}

/// A temporary folder with copies of scripts.
struct Copies(PathBuf);

impl Copies {
    fn of(scripts: &Path, environment: &Path, script: &str) -> Self {
        let copies = Self(environment.join(format!("{script}-{}", std::process::id())));
        fs::create_dir_all(&copies.0).expect("the folder is created");
        for entry in fs::read_dir(scripts).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "mjs") {
                fs::copy(&path, copies.0.join(path.file_name().unwrap())).expect("the script is copied");
            }
        }
        copies
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // A few leftover texts in the target folder do no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
