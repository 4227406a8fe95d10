//! The clients of other makes that the tests talk to: installed from pinned manifests, once, below the target folder.
//!
//! They are installed here and not by the tests, since an installation needs the network and may take a minute,
//! and a test that does either tells nothing when it fails. They are installed below the target folder, so that
//! `cargo clean` takes them along and nothing of the user's own Python or Node is touched or relied upon.
//!
//! Each environment holds, as its last file to be written, the text of the manifests that it was made from. It is made
//! anew unless that text equals the manifests of today, so an interrupted installation is never taken for a whole
//! one. `tests/it/peers.rs` and `tests/it/examples.rs` compare the same texts.
//!
//! The runners of the example suites are installed in the same way, with the packages from `clients/` that they show.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::requirement::answers;
use crate::step::{Step, workspace_folder};

/// What the Python package of ours is made from.
const PYTHON_PACKAGE: [&str; 4] =
    ["pyproject.toml", "README.md", "invited_sandbox/__init__.py", "invited_sandbox/pytest_plugin.py"];

/// The file that says what an environment was made from.
const INSTALLED: &str = "installed";

const UNREACHABLE: &str = "the reason stands above; the first run has to reach the package registries, in the way \
                           that pip and npm are set up on this machine";

/// Makes the environments, or leaves them as they are when what they are made from has not changed.
pub(crate) fn prepare() -> Result<(), String> {
    let root = workspace_folder()?;
    let place = folder()?;
    fs::create_dir_all(&place).map_err(because("the folder of the peers cannot be made"))?;
    // Two chores may run at once; the second waits here and then finds everything installed.
    let lock = File::create(place.join("lock")).map_err(because("the folder of the peers cannot be locked"))?;
    lock.lock().map_err(because("the folder of the peers cannot be locked"))?;
    let peers = root.join("tests").join("peers");
    python(&[peers.join("python").join("requirements.txt")], None, &place.join("python"))?;
    node(&peers.join("node"), None, &place.join("node"))?;
    let (examples, clients) = (root.join("examples"), root.join("clients"));
    let package = clients.join("python");
    let mut sources = vec![examples.join("pytest").join("requirements.txt")];
    sources.extend(PYTHON_PACKAGE.iter().map(|name| package.join(name)));
    python(&sources, Some(&package), &place.join("pytest"))?;
    for runner in ["vitest", "jest"] {
        node(&examples.join(runner), Some(&clients.join("npm").join("package.json")), &place.join(runner))?;
    }
    Ok(())
}

/// `peers` beside the folder of the profile that this program was built into: `target/peers` as a rule. The tests find
/// it in the same way from the program that they start, wherever the target folder is.
fn folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(because("this program cannot tell where it is"))?;
    let target = program.ancestors().nth(2).ok_or("this program is in no target folder")?;
    Ok(target.join("peers"))
}

/// Makes an environment from the requirements that are the first of the sources, and a package of ours, which the other sources are.
fn python(sources: &[PathBuf], package: Option<&Path>, place: &Path) -> Result<(), String> {
    let interpreter = place.join("bin").join("python");
    // After an upgrade of the system's Python the environment stands, but its packages are those of another version.
    let is_whole = || answers(&interpreter, &["-c", "import pip"]);
    if is_installed(sources, place)? && is_whole() {
        return Ok(());
    }
    begin(place)?;
    copy(&sources[..1], place)?;
    Step::program("Python environment of the peers", "python3", &["-m", "venv", "."], "see above")
        .in_folder(place)
        .run()?;
    // Everything is pinned, so nothing is to be resolved; what is missing in the manifest is found by the check.
    let install =
        ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--requirement", "requirements.txt"];
    Step::program("Python peers", &interpreter, &install, UNREACHABLE).in_folder(place).run()?;
    if let Some(package) = package {
        let folder = package.to_string_lossy();
        // What builds it is among the requirements, so that this needs no network.
        let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", &folder];
        Step::program("Python package of ours", &interpreter, &install, "the package does not build")
            .in_folder(place)
            .run()?;
    }
    let incomplete = "requirements.txt has to pin what the packages need as well";
    Step::program("Python peers fit together", &interpreter, &["-m", "pip", "check"], incomplete)
        .in_folder(place)
        .run()?;
    note(sources, place)
}

/// Makes an environment from the manifests of a folder. Where these name a package of ours by its path, both stand to each other as in
/// the repository; of ours only the manifest is there, since whoever runs something brings the code as it is by then.
fn node(manifests: &Path, package: Option<&Path>, place: &Path) -> Result<(), String> {
    let mut sources = vec![manifests.join("package.json"), manifests.join("package-lock.json")];
    sources.extend(package.map(Path::to_path_buf));
    if is_installed(&sources, place)? {
        return Ok(());
    }
    begin(place)?;
    let folder = match package {
        None => place.to_path_buf(),
        Some(package) => {
            copy(&[package.to_path_buf()], &place.join("clients").join("npm"))?;
            place.join("examples").join(manifests.file_name().ok_or("the folder of the manifests has no name")?)
        }
    };
    copy(&sources[..2], &folder)?;
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    Step::program("Node peers", "npm", &install, UNREACHABLE).in_folder(&folder).run()?;
    note(&sources, place)
}

fn is_installed(sources: &[PathBuf], place: &Path) -> Result<bool, String> {
    let wanted = texts(sources)?;
    Ok(fs::read_to_string(place.join(INSTALLED)).is_ok_and(|installed| installed == wanted))
}

fn note(sources: &[PathBuf], place: &Path) -> Result<(), String> {
    fs::write(place.join(INSTALLED), texts(sources)?).map_err(because("the peers cannot be noted as installed"))
}

fn texts(sources: &[PathBuf]) -> Result<String, String> {
    sources.iter().map(|source| fs::read_to_string(source).map_err(because("a manifest cannot be read"))).collect()
}

/// Makes an empty folder.
fn begin(place: &Path) -> Result<(), String> {
    if place.exists() {
        fs::remove_dir_all(place).map_err(because("an old environment cannot be removed"))?;
    }
    fs::create_dir_all(place).map_err(because("a folder for peers cannot be made"))
}

/// Copies manifests to where the installers run.
fn copy(sources: &[PathBuf], folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(because("a folder for peers cannot be made"))?;
    for source in sources {
        let name = source.file_name().ok_or("a manifest has no name")?;
        fs::copy(source, folder.join(name)).map_err(because("a manifest cannot be copied"))?;
    }
    Ok(())
}

fn because(what: &str) -> impl Fn(std::io::Error) -> String + '_ {
    move |cause| format!("{what}: {cause}")
}
