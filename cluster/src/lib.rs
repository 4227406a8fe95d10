//! A temporary PostgreSQL server for tests and benches: in a temporary folder, on a free loopback port, removed with
//! its handle.
//!
//! It uses the programs of an installation but none of its databases. PostgreSQL refuses to run as root, so there it
//! runs as the user that its package has created. Only the standard library is used, because xtask depends on this to
//! start one server for all tests; tests that stop a server or change its passwords or settings start their own.

#![expect(clippy::disallowed_macros, reason = "only tests and benches use this")]

mod access;
mod authority;
mod death;
mod outage;
mod pooler;
mod standby;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use authority::{Authority, Certificate};
pub use death::MORTAL;
pub use pooler::{Pooler, pooler_program};

/// Debian's folder with the programs of each version, which are not on the path.
const DEBIAN_PROGRAMS: &str = "/usr/lib/postgresql";

/// The superuser of the database.
pub const USER: &str = "invited";

/// Settings of every server.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
max_connections = 500
shared_buffers = 128MB";

/// Settings of a server that need not survive a power cut and so never waits for the disk.
const HASTY: &[&str] = &["fsync = off", "synchronous_commit = off", "full_page_writes = off"];

/// A file system in memory, and the free space it needs, in kilobytes. Each test's database has 300 files; creating
/// them on a disk takes longer than most tests.
const MEMORY: &str = "/dev/shm";
const ROOM: u64 = 4 * 1_024 * 1_024;

static STARTED: AtomicU64 = AtomicU64::new(0);

/// A server that runs while this exists.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    owner: Option<Owner>,
    /// Killed, so there is nothing to stop.
    is_dead: AtomicBool,
}

/// A system user by uid and gid.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

/// The folder of PostgreSQL's programs: Debian's newest, otherwise the one on the path.
pub fn programs() -> Option<PathBuf> {
    let has_programs = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    let versions = fs::read_dir(DEBIAN_PROGRAMS).ok().into_iter().flatten().flatten();
    let newest =
        versions.map(|version| version.path().join("bin")).filter(has_programs).max_by_key(|path| version(path));
    let on_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(has_programs);
    newest.or_else(on_path)
}

/// The version in a path such as `…/15/bin`.
fn version(programs: &Path) -> u32 {
    let name = programs.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}

impl Cluster {
    /// Creates the folder and starts the server, with further lines of `postgresql.conf`.
    pub fn start(settings: &[&str]) -> Result<Self, String> {
        Self::start_in(&std::env::temp_dir(), settings)
    }

    /// The same in an existing folder, which the server's user must be able to enter.
    pub fn start_in(parent: &Path, settings: &[&str]) -> Result<Self, String> {
        let cluster = Self::in_new_folder(parent)?;
        let data = cluster.data();
        let data = data.to_string_lossy();
        cluster.run("initdb", &["-D", &data, "-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"])?;
        cluster.set(&[&[SETTINGS], settings].concat())?;
        cluster.begin()?;
        Ok(cluster)
    }

    /// Starts a server that never waits for a disk, in memory if there is space, with further lines of
    /// `postgresql.conf`.
    pub fn start_hasty(settings: &[&str]) -> Result<Self, String> {
        let has_room = free_kilobytes(MEMORY).is_some_and(|free| free > ROOM);
        let folder = if has_room { PathBuf::from(MEMORY) } else { std::env::temp_dir() };
        Self::start_in(&folder, &[HASTY, settings].concat())
    }

    /// A folder and a port, still without data.
    fn in_new_folder(parent: &Path) -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL's programs are not there")?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("invited-cluster-{}-{number}", std::process::id()));
        let owner = if is_root() { Some(Owner::of_package()?) } else { None };
        let cluster = Self { programs, folder, port: free_port()?, owner, is_dead: AtomicBool::new(false) };
        fs::create_dir_all(&cluster.folder).map_err(because("the folder of the database server cannot be made"))?;
        if let Some(Owner { user, group }) = owner {
            std::os::unix::fs::chown(&cluster.folder, Some(user), Some(group))
                .map_err(because("the folder of the database server cannot be given away"))?;
        }
        Ok(cluster)
    }

    /// Adds settings, with those that depend on the folder. The last line about a setting counts.
    fn set(&self, settings: &[&str]) -> Result<(), String> {
        let unwritable = because("the settings of the database server cannot be written");
        let (port, sockets) = (self.port, self.folder.display());
        let settings = settings.join("\n");
        let settings = format!("{settings}\nport = {port}\nunix_socket_directories = '{sockets}'\n");
        let file = OpenOptions::new().append(true).open(self.data().join("postgresql.auto.conf"));
        file.and_then(|mut file| file.write_all(settings.as_bytes())).map_err(unwritable)
    }

    /// Starts the server, and waits until it answers.
    fn begin(&self) -> Result<(), String> {
        let (data, log) = (self.data(), self.folder.join("log"));
        self.run("pg_ctl", &["-D", &data.to_string_lossy(), "-l", &log.to_string_lossy(), "-w", "start"])
    }

    /// Its address, without a database.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    /// The server's log file.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(Owner { user, group }) = self.owner {
            command.gid(group).uid(user);
        }
        let status = command.status().map_err(|cause| format!("{program} cannot be started: {cause}"))?;
        if status.success() { Ok(()) } else { Err(format!("{program} failed ({status})")) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Failures are printed and ignored: the tests are over.
        if !self.is_dead.load(Ordering::SeqCst)
            && let Err(cause) = self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-m", "immediate", "stop"])
        {
            eprintln!("the throw-away database server was not stopped: {cause}");
        }
        if let Err(cause) = fs::remove_dir_all(&self.folder) {
            eprintln!("{} was not removed: {cause}", self.folder.display());
        }
    }
}

impl Owner {
    /// The user that the package has created.
    fn of_package() -> Result<Self, String> {
        let users = fs::read_to_string("/etc/passwd").map_err(because("the users of the system cannot be read"))?;
        Self::in_list(&users, "postgres")
            .ok_or_else(|| "PostgreSQL does not run as root, and there is no user postgres".to_owned())
    }

    fn in_list(users: &str, name: &str) -> Option<Self> {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(Self { user: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
    }
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| is_root_said(&output.stdout))
}

fn is_root_said(said: &[u8]) -> bool {
    said.trim_ascii() == b"0"
}

/// The free space of a file system, if it exists: the fourth column of `df`, as POSIX defines it.
fn free_kilobytes(folder: &str) -> Option<u64> {
    let output = Command::new("df").args(["-Pk", folder]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(because("no port is free"))?;
    listener.local_addr().map(|address| address.port()).map_err(because("no port is free"))
}

fn because(what: &str) -> impl Fn(std::io::Error) -> String + '_ {
    move |cause| format!("{what}: {cause}")
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
    fn a_user_is_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104::/var/lib/postgresql:/bin/sh\n";
        let owner = Owner::in_list(users, "postgres").map(|owner| (owner.user, owner.group));
        assert_eq!(owner, Some((101, 104)));
        assert!(Owner::in_list(users, "postgre").is_none());
    }

    #[test]
    fn the_newest_version_wins() {
        assert!(version(Path::new("/usr/lib/postgresql/15/bin")) > version(Path::new("/usr/lib/postgresql/9/bin")));
    }
}
