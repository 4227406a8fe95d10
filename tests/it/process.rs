//! The real program as a process, for what no server inside the test can show: how it starts, what it prints, how it
//! stops, and what a kill leaves.
//!
//! Invariant: every process ends with its test, even if an assertion fails.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use serde_json::Value;

use crate::support::within;

/// A story waits at most this long for a process to end, or to say something.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a server may take to listen on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How long a process may take to end before it is killed.
const POLITENESS: Duration = Duration::from_secs(3);

/// The program with these arguments, without settings from the tester's environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invited"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("INVITED_")) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

pub(crate) fn printed(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program prints UTF-8")
}

/// The setting `database` for a file.
pub(crate) fn sqlite(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A program running in the background.
pub(crate) struct Program {
    child: Child,
    /// Its output by line; closed at its end.
    lines: Receiver<String>,
    /// The folder of its log, if nothing else needs that.
    log: Option<TemporaryFolder>,
}

impl Program {
    /// Starts a command and reads its standard output; standard error goes where the command says.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let (sender, lines) = mpsc::channel();
        // A pipe cannot be read with a deadline, but a channel can.
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            loop {
                let mut line = String::new();
                let is_over = stdout.read_line(&mut line).map_or(true, |length| length == 0);
                // A finished test no longer listens.
                if is_over || sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, log: None }
    }

    /// Starts a sandbox that prints its greeting as JSON, and nothing on standard error.
    pub(crate) fn sandbox(arguments: &[&str]) -> (Self, Value) {
        let all = [&["sandbox", "--json", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut command = command(&all);
        command.stderr(Stdio::null());
        let mut program = Self::start(command);
        let line = program.line();
        let greeting =
            serde_json::from_str(&line).unwrap_or_else(|cause| panic!("the greeting {line:?} is not JSON: {cause}"));
        (program, greeting)
    }

    /// Starts a server on a port that the system chooses, and waits until its log names the address. A port that the
    /// test chooses may be taken by another test before the server listens.
    #[track_caller]
    pub(crate) fn serve(command: Command) -> (Self, SocketAddr) {
        let folder = TemporaryFolder::create(&Entropy::system()).expect("a folder can be made");
        let (mut program, address) = Self::serve_logging(command, &folder.database().with_file_name("log"));
        program.log = Some(folder);
        (program, address)
    }

    /// The same with a log file, which may have lines of an earlier start.
    #[track_caller]
    pub(crate) fn serve_logging(mut command: Command, log: &Path) -> (Self, SocketAddr) {
        let file = File::options().create(true).append(true).open(log).expect("the log can be written");
        let earlier = fs::read_to_string(log).expect("the log can be read").len();
        command.stderr(file);
        let mut program = Self::start(command);
        let mut address = None;
        within(START, || {
            // Asked first, since a program that has ended has written all of its log.
            let has_ended = program.child.try_wait().is_ok_and(|status| status.is_some());
            address = served_at(log, earlier);
            has_ended || address.is_some()
        });
        let said = || fs::read_to_string(log).unwrap_or_default();
        (program, address.unwrap_or_else(|| panic!("the server does not listen: {}", said())))
    }

    /// The next line on standard output, empty at its end.
    pub(crate) fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => String::new(),
            Err(RecvTimeoutError::Timeout) => panic!("the process printed no line within {PATIENCE:?}"),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a catchable signal.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name} failed");
    }

    /// Kills the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process can be waited for");
    }

    /// Stops the process; returns its status and the rest of its standard output.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.ended()
    }

    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut status = None;
        let has_ended = within(PATIENCE, || {
            status = self.child.try_wait().expect("the process can be waited for");
            status.is_some()
        });
        assert!(has_ended, "the process does not end");
        (status.expect("it has ended"), self.lines.iter().collect())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGTERM first, since a sandbox removes its temporary database; killed if that does not help. A process that
        // has ended already is fine in either case.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
            within(POLITENESS, || !self.child.try_wait().is_ok_and(|status| status.is_none()));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that a server's log names after its earlier bytes.
fn served_at(log: &Path, earlier: usize) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).ok()?;
    text.get(earlier..)?.lines().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let address = event["address"].as_str().filter(|_| event["message"] == "serving");
        address.and_then(|address| address.parse().ok())
    })
}

/// The address in a sandbox's greeting.
pub(crate) fn address(greeting: &Value) -> SocketAddr {
    let base_url = greeting["base_url"].as_str().expect("the greeting has base_url");
    base_url.trim_start_matches("http://").parse().expect("base_url ends with an address")
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A client that keeps its connection and treats the server's death as an ordinary error.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    bearer: String,
}

impl Client {
    /// Connects with a bearer token.
    pub(crate) fn connect(address: SocketAddr, bearer: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), bearer: bearer.to_owned() })
    }

    /// Sends a request with a JSON body, which may be empty, and waits for the whole answer.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        self.ask(method, path, &[], body).map(|reply| (reply.status, reply.body))
    }

    /// The same with extra headers; returns the answer's headers too.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Reply> {
        let has_host = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = if has_host { "" } else { "Host: localhost\r\n" };
        let own: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{host}Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
             {own}Content-Length: {}\r\n\r\n{body}",
            self.bearer,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.head_line()?.get(9..12).and_then(|code| code.parse().ok()).ok_or_else(cut)?;
        let mut headers = BTreeMap::new();
        loop {
            let line = self.head_line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(Ok(0), |length| length.parse());
        let mut body = vec![0; length.map_err(|_| cut())?];
        self.stream.read_exact(&mut body)?;
        Ok(Reply { status, headers, body: String::from_utf8(body).map_err(|_| cut())? })
    }

    fn head_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        if line.ends_with("\r\n") { Ok(line.trim_end().to_owned()) } else { Err(cut()) }
    }
}

/// A connection whose request stays unfinished: its body never arrives.
pub(crate) fn half_a_request(address: SocketAddr, bearer: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the program listens");
    let head = format!(
        "PUT /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/json\r\nContent-Length: 50\r\n"
    );
    begin(&mut stream, &head);
    stream.write_all(b"{").expect("the server reads");
    stream
}

/// Sends the head of a request, but for its last line, and waits until the server asks for the body.
pub(crate) fn begin(stream: &mut TcpStream, head: &str) {
    let asked_for = b"HTTP/1.1 100 Continue\r\n\r\n";
    stream.write_all(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes()).expect("the server reads");
    let mut answer = vec![0; asked_for.len()];
    stream.read_exact(&mut answer).expect("the server answers");
    assert_eq!(answer, asked_for, "{}", String::from_utf8_lossy(&answer));
}

/// Waits until nobody listens at an address any more.
pub(crate) fn expect_closed(address: SocketAddr) {
    assert!(within(PATIENCE, || TcpStream::connect(address).is_err()), "the program goes on listening");
}

/// Asks a program to end, sees that it waits for the request that is under way, and asks again.
///
/// Returns how it ended, which has to be at once.
pub(crate) fn ended_by_asking_twice(program: Program, signals: [&str; 2], mut under_way: TcpStream) -> ExitStatus {
    let address = under_way.peer_addr().expect("the connection is open");
    program.signal(signals[0]);
    expect_closed(address);
    under_way.set_read_timeout(Some(Duration::from_millis(300))).expect("the connection stands");
    let waiting = under_way.read(&mut [0]).map_err(|cause| cause.kind());
    assert!(
        matches!(waiting, Err(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)),
        "the program does not wait for the unfinished request: {waiting:?}"
    );
    program.signal(signals[1]);
    let start = Stopwatch::start();
    let (status, _) = program.ended();
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(3), "it took {elapsed:?} to end");
    println!("from the second signal to the end: {elapsed:?}");
    status
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the answer is cut")
}
