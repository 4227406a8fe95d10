//! A sandbox on a file, whose disk can be made to fail.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::process::{Client, Program, address, command, sqlite};
use crate::support::orders::Orders;
use crate::support::{token, within};

pub(super) const INVITATIONS: &str = "/api/v1/account_invitations";

/// Whether the program also writes by itself: sends mails, and sweeps.
const NO_WORK: &[&str] = &["--mail-worker", "false", "--sweep-interval", "0"];
const WORK: &[&str] = &["--mail-worker", "true", "--sweep-interval", "1"];

/// Lines of the log arrive a little later than the answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer: its status and its body.
pub(super) type Said = (u16, String);

/// The program on a database file, as it would run for a team: an answered write is on the disk.
pub(super) struct Rig {
    program: Option<Program>,
    address: SocketAddr,
    orders: Option<Orders>,
    own_work: &'static [&'static str],
    /// What the log has said once, and must not say again until the end.
    said: RefCell<Vec<String>>,
    folder: TemporaryFolder,
}

impl Rig {
    pub(super) fn start() -> Self {
        Self::in_folder(TemporaryFolder::create(&Entropy::system()).unwrap(), None, NO_WORK)
    }

    /// The same with a disk and a clock that can be made to fail.
    pub(super) fn with_faults() -> Self {
        let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
        let orders = Orders::build(folder.database().parent().unwrap());
        Self::in_folder(folder, Some(orders), NO_WORK)
    }

    /// The same, and the program also writes by itself.
    pub(super) fn with_faults_and_work() -> Self {
        let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
        let orders = Orders::build(folder.database().parent().unwrap());
        Self::in_folder(folder, Some(orders), WORK)
    }

    fn in_folder(folder: TemporaryFolder, orders: Option<Orders>, own_work: &'static [&'static str]) -> Self {
        let (program, address) = run(&folder.database(), orders.as_ref(), own_work);
        Self { program: Some(program), address, orders, own_work, said: RefCell::default(), folder }
    }

    pub(super) fn orders(&self) -> &Orders {
        self.orders.as_ref().unwrap()
    }

    /// The database file.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.database()
    }

    /// A file beside the database.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.file().with_file_name(name)
    }

    /// Kills the program and starts it again.
    pub(super) fn restart_after_kill(&mut self) {
        self.kill();
        self.restart();
    }

    /// Starts the program that has ended.
    pub(super) fn restart(&mut self) {
        let (program, address) = run(&self.file(), self.orders.as_ref(), self.own_work);
        (self.program, self.address) = (Some(program), address);
    }

    pub(super) fn kill(&mut self) {
        self.program.take().unwrap().kill();
    }

    pub(super) fn stop(&mut self) {
        assert_eq!(self.program.take().unwrap().stop().0.code(), Some(0));
    }

    pub(super) fn api(&self) -> Api {
        Api(self.address)
    }

    /// The status and body of an invitation of an address.
    pub(super) fn invite(&self, address: &str) -> Said {
        self.api().invite(address).unwrap()
    }

    pub(super) fn list(&self) -> u16 {
        self.api().ask("GET", INVITATIONS, "").unwrap().0
    }

    pub(super) fn ready(&self) -> u16 {
        self.api().ask("GET", "/health/ready", "").unwrap().0
    }

    /// Waits for a line of the program's log that contains a text. There must be no other, not even at the end.
    #[track_caller]
    pub(super) fn assert_logged_once(&self, text: &str) {
        assert!(within(PATIENCE, || self.lines_that_say(text) > 0), "nothing says: {text}");
        assert_eq!(self.lines_that_say(text), 1, "lines that say: {text}");
        self.said.borrow_mut().push(text.to_owned());
    }

    fn lines_that_say(&self, text: &str) -> usize {
        let log = fs::read_to_string(log(&self.file())).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A program that has ended has written all of its log.
        drop(self.program.take());
        if !std::thread::panicking() {
            for text in self.said.take() {
                assert_eq!(self.lines_that_say(&text), 1, "lines that say, at the end: {text}");
            }
        }
    }
}

/// The program as its clients see it.
#[derive(Clone, Copy)]
pub(super) struct Api(SocketAddr);

impl Api {
    pub(super) fn ask(self, method: &str, path: &str, body: &str) -> io::Result<Said> {
        Client::connect(self.0, token::ADMINISTRATOR)?.send(method, path, body)
    }

    pub(super) fn invite(self, address: &str) -> io::Result<Said> {
        let body = json!({"account_invitation": {"full_name": "N", "email_address": address}}).to_string();
        self.ask("POST", INVITATIONS, &body)
    }
}

fn log(file: &Path) -> PathBuf {
    file.with_file_name("log")
}

fn run(file: &Path, orders: Option<&Orders>, own_work: &[&str]) -> (Program, SocketAddr) {
    let url = sqlite(file);
    let arguments = ["sandbox", "--json", "--listen", "127.0.0.1:0", "--database", &url, "--durability", "full"];
    let mut command = command(&[&arguments[..], own_work].concat());
    command.stderr(File::options().create(true).append(true).open(log(file)).unwrap());
    if let Some(orders) = orders {
        orders.apply_to(&mut command);
    }
    let mut program = Program::start(command);
    let greeting: Value = serde_json::from_str(&program.line()).unwrap();
    (program, address(&greeting))
}

/// Renames a database file with its log and index, as far as they exist.
pub(super) fn rename_all(from: &Path, to: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let name = |path: &Path| OsString::from_iter([path.as_os_str(), ending.as_ref()]);
        if Path::new(&name(from)).exists() {
            fs::rename(name(from), name(to)).unwrap();
        }
    }
}

/// The invited addresses in a file that the program does not use, which has to be sound.
pub(super) fn invited(file: &Path) -> Vec<String> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut query = database.prepare("SELECT email_key FROM account_invitations ORDER BY id").unwrap();
    let addresses = query.query_map([], |row| row.get(0)).unwrap();
    addresses.map(Result::unwrap).collect()
}
