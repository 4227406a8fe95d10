//! Clients of other makes against the real program: libraries that know nothing of this server, each telling a
//! story of its own in its own language (`tests/peers/python/*.py`, `tests/peers/node/*.mjs`).
//!
//! What the other stories send is written by the same hands as the server; a rule that both understand wrongly stays
//! hidden there. A library that thousands of integrations use reads the answers by the standard, and refuses.
//!
//! A script is started with the server's base URL as its only argument. It asserts for itself, and says by its exit
//! status whether the story holds. `cargo xtask test` installs what the scripts import; without it the stories fail.
//!
//! Some scripts are no story of their own, but a part of one that is told elsewhere: a mail server (in `mail`) and what a
//! person does in a browser (in `browser`), and a look at workflow and image (in `examples`).

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::process::Program;
use crate::support::within;

/// A script is given this long; the slowest takes about a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Each language with the manifests that its environment is installed from, in the order in which `xtask` notes them.
const MANIFESTS: &[(&str, &[&str])] =
    &[("python", &["requirements.txt"]), ("node", &["package.json", "package-lock.json"])];

#[test]
fn the_requests_library_tells_the_story_of_an_integration() {
    python("integration.py");
}

#[test]
fn authlib_walks_the_code_flow() {
    python("authlib_code_flow.py");
}

#[test]
fn authlib_has_credentials_of_its_own() {
    python("authlib_client_credentials.py");
}

#[test]
fn requests_oauthlib_walks_the_code_flow() {
    python("requests_oauthlib_code_flow.py");
}

#[test]
fn requests_oauthlib_has_credentials_of_its_own() {
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
fn every_script_is_told_by_a_story() {
    let tellers = [
        include_str!("peers.rs"),
        include_str!("mail/server.rs"),
        include_str!("browser.rs"),
        include_str!("examples.rs"),
    ];
    let mut untold = Vec::new();
    for (language, _) in MANIFESTS {
        for entry in fs::read_dir(scripts(language)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_script = name.ends_with(".py") || name.ends_with(".mjs");
            // What the scripts of a language share is imported by them.
            let is_shared = ["sandbox.", "browser."].iter().any(|shared| name.starts_with(shared));
            let call = format!("(\"{name}\"");
            if is_script && !is_shared && !tellers.iter().any(|teller| teller.contains(&call)) {
                untold.push(name);
            }
        }
    }
    assert!(untold.is_empty(), "no story runs {untold:?}");
}

#[test]
fn a_script_that_fails_or_hangs_is_told_apart_from_one_that_holds() {
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

/// Tells a story in Python, against a sandbox of its own.
fn python(script: &str) {
    let (_sandbox, base_url) = sandbox();
    let mut command = python_script(script);
    command.arg(base_url);
    tell(script, command);
}

/// Tells a story in JavaScript, against a sandbox of its own.
fn node(script: &str) {
    let (_sandbox, base_url) = sandbox();
    node_script(script, &[&base_url]);
}

fn sandbox() -> (Program, String) {
    let (sandbox, greeting) = Program::sandbox(&[]);
    let base_url = greeting["base_url"].as_str().expect("the greeting holds base_url").to_owned();
    (sandbox, base_url)
}

/// The command that runs a script in Python; its arguments are for the caller to add.
pub(crate) fn python_script(script: &str) -> Command {
    let environment = environment("python");
    let mut command = Command::new(environment.join("bin").join("python"));
    // Neither the user's own packages nor variables reach the script, and it leaves nothing beside itself.
    command.args(["-E", "-s", "-B"]).arg(scripts("python").join(script));
    command
}

/// Runs a script in JavaScript with some arguments.
///
/// Node looks for packages in the folders above the script, so the scripts are copied to where the packages are.
pub(crate) fn node_script(script: &str, arguments: &[&str]) {
    let copies = Copies::of(&scripts("node"), &environment("node"), script);
    let mut command = Command::new("node");
    command.env_remove("NODE_OPTIONS").arg(copies.0.join(script)).args(arguments);
    tell(script, command);
}

/// Runs a script and fails with what it said, unless it ends well and in time.
fn tell(script: &str, mut command: Command) {
    // A proxy that the tester's network needs has nothing to do with the loopback.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let (status, said) = run(command, PATIENCE);
    match status {
        Some(status) if status.success() => (),
        Some(status) => panic!("{script} failed ({status}). It said:\n{said}"),
        None => panic!("{script} did not end within {PATIENCE:?}. It said:\n{said}"),
    }
}

/// Runs a command to its end, which is `None` when it had to be killed, and returns all that it printed, in order.
pub(crate) fn run(mut command: Command, patience: Duration) -> (Option<ExitStatus>, String) {
    let (mut reader, writer) = io::pipe().expect("a pipe can be made");
    let also_writer = writer.try_clone().expect("a pipe can be shared");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(also_writer)
        .spawn()
        .unwrap_or_else(|cause| panic!("{} cannot be started: {cause}", command.get_program().display()));
    // The command holds the writing ends as well; the reading below ends when nobody holds one any more.
    drop(command);
    let reading = thread::spawn(move || {
        let mut said = Vec::new();
        reader.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
    });
    let status = ended(&mut child, patience);
    let said = reading.join().expect("the reader does not panic").expect("a pipe can be read");
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

/// The folder that `cargo xtask test` has installed a language's packages into.
fn environment(language: &str) -> PathBuf {
    let (_, manifests) = MANIFESTS.iter().find(|(name, _)| *name == language).expect("the language has manifests");
    let sources: Vec<PathBuf> = manifests.iter().map(|name| scripts(language).join(name)).collect();
    installed(language, &sources)
}

/// The environment of a name, which is below `peers`, beside the folder of the profile that the program was built into. It was made from
/// these sources, as they are now.
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

/// A folder with copies of scripts, for as long as one of them runs.
struct Copies(PathBuf);

impl Copies {
    fn of(scripts: &Path, environment: &Path, script: &str) -> Self {
        let copies = Self(environment.join(format!("{script}-{}", std::process::id())));
        fs::create_dir_all(&copies.0).expect("a folder can be made");
        for entry in fs::read_dir(scripts).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "mjs") {
                fs::copy(&path, copies.0.join(path.file_name().unwrap())).expect("a script can be copied");
            }
        }
        copies
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // What is left is a few texts in the target folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
