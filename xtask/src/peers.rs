//! The clients of other makes that the tests talk to: installed from pinned manifests, once, below the target folder.
//!
//! They are installed here and not by the tests, since an installation needs the network and may take a minute,
//! and a test that does either tells nothing when it fails. They are installed below the target folder, so that
//! `cargo clean` takes them along and nothing of the user's own Python or Node is touched or relied upon.
//!
//! Each environment holds, as its last file to be written, the text of the manifests that it was made from. It is made
//! anew unless that text equals the manifests of today, so an interrupted installation is never taken for a whole
//! one. `tests/it/peers.rs` compares the same texts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::requirement::answers;
use crate::step::{Step, workspace_folder};

/// The file that says what an environment was made from.
const INSTALLED: &str = "installed";

const UNREACHABLE: &str = "the reason stands above; the first run has to reach the package registries, in the way \
                           that pip and npm are set up on this machine";

/// Makes the environments of both languages, or leaves them as they are when the manifests have not changed.
pub(crate) fn prepare() -> Result<(), String> {
    let manifests = workspace_folder()?.join("tests").join("peers");
    let place = folder()?;
    fs::create_dir_all(&place).map_err(because("the folder of the peers cannot be made"))?;
    // Two chores may run at once; the second waits here and then finds everything installed.
    let lock = File::create(place.join("lock")).map_err(because("the folder of the peers cannot be locked"))?;
    lock.lock().map_err(because("the folder of the peers cannot be locked"))?;
    python(&manifests.join("python"), &place.join("python"))?;
    node(&manifests.join("node"), &place.join("node"))
}

/// `peers` beside the folder of the profile that this program was built into: `target/peers` as a rule. The tests find
/// it in the same way from the program that they start, wherever the target folder is.
fn folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(because("this program cannot tell where it is"))?;
    let target = program.ancestors().nth(2).ok_or("this program is in no target folder")?;
    Ok(target.join("peers"))
}

fn python(manifests: &Path, place: &Path) -> Result<(), String> {
    let sources = [manifests.join("requirements.txt")];
    let interpreter = place.join("bin").join("python");
    // After an upgrade of the system's Python the environment stands, but its packages are those of another version.
    let is_whole = || answers(&interpreter, &["-c", "import pip"]);
    if is_installed(&sources, place)? && is_whole() {
        return Ok(());
    }
    begin(&sources, place)?;
    Step::program("Python environment of the peers", "python3", &["-m", "venv", "."], "see above")
        .in_folder(place)
        .run()?;
    // Everything is pinned, so nothing is to be resolved; what is missing in the manifest is found by the check.
    let install =
        ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--requirement", "requirements.txt"];
    Step::program("Python peers", &interpreter, &install, UNREACHABLE).in_folder(place).run()?;
    let incomplete = "requirements.txt has to pin what the packages need as well";
    Step::program("Python peers fit together", &interpreter, &["-m", "pip", "check"], incomplete)
        .in_folder(place)
        .run()?;
    note(&sources, place)
}

fn node(manifests: &Path, place: &Path) -> Result<(), String> {
    let sources = [manifests.join("package.json"), manifests.join("package-lock.json")];
    if is_installed(&sources, place)? {
        return Ok(());
    }
    begin(&sources, place)?;
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    Step::program("Node peers", "npm", &install, UNREACHABLE).in_folder(place).run()?;
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

/// An empty folder with the manifests, in which the installers run.
fn begin(sources: &[PathBuf], place: &Path) -> Result<(), String> {
    if place.exists() {
        fs::remove_dir_all(place).map_err(because("an old environment cannot be removed"))?;
    }
    fs::create_dir_all(place).map_err(because("a folder for peers cannot be made"))?;
    for source in sources {
        let name = source.file_name().ok_or("a manifest has no name")?;
        fs::copy(source, place.join(name)).map_err(because("a manifest cannot be copied"))?;
    }
    Ok(())
}

fn because(what: &str) -> impl Fn(std::io::Error) -> String + '_ {
    move |cause| format!("{what}: {cause}")
}
