//! Lines to be pasted: whatever a client has sent, a shell that is given the line runs curl and nothing else, and curl
//! asks only the sandbox.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};
use serde_json::Value;

use crate::process::Program;
use crate::support::Server;

/// Pieces that mean something to a shell, to curl, or to a terminal.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "`touch pwned`",
    "$(touch pwned)",
    "$HOME",
    "${IFS}",
    ";touch pwned;",
    "|id",
    "&",
    "&&id",
    "||id",
    ">pwned",
    "<",
    "\\",
    "\\'",
    "'\\''",
    "!!",
    "!touch",
    "#",
    "*",
    "?",
    "~",
    "{a,b}",
    "[1-9]",
    "@/etc/passwd",
    "@-",
    "-o",
    "--",
    "--config",
    "-K/etc/passwd",
    "%0a",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x1b[2J",
    "\x03",
    "\x16",
    "\u{202e}",
    "\u{200b}",
    "ë",
    "=",
    ":",
    "a",
    "0",
    "http://evil.test/",
    " ",
    "  ",
    "file:///etc/passwd",
    "\u{7f}",
    "/../",
    "/./",
    "/%2e%2e/",
    "/%2E",
    "%00",
];

/// Random numbers that are the same in every run.
struct Dice {
    entropy: Entropy,
    left: Vec<u8>,
}

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        if self.left.len() < 2 {
            self.left = self.entropy.bytes().unwrap().to_vec();
        }
        let number = self.left.pop().map_or(0, usize::from) * 256 + self.left.pop().map_or(0, usize::from);
        number % most
    }

    /// Some pieces whose bytes may all stand in this place.
    fn text(&mut self, may_stand: impl Fn(u8) -> bool) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..self.below(6) {
            let piece = PIECES[self.below(PIECES.len())].bytes();
            text.extend(piece.filter(|byte| may_stand(*byte)));
        }
        text
    }

    /// A whole request, with its method, target and body.
    fn request(&mut self, number: usize) -> (Vec<u8>, [Vec<u8>; 3]) {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let usual = [&b"GET"[..], b"POST", b"PUT", b"HEAD", b"DELETE"];
        let mut method = match self.below(3) {
            0 => self.text(is_token),
            _ => usual[self.below(usual.len())].to_vec(),
        };
        if method.is_empty() {
            method = b"GET|id".to_vec();
        }
        let mut target = format!("/api/v1/r{number}/").into_bytes();
        target.extend(self.text(|byte| byte.is_ascii_graphic() && !b"#<>\"\\^`|{}".contains(&byte)));
        target.push(b'?');
        target.extend(self.text(|byte| byte.is_ascii_graphic() && !b"#<>\"".contains(&byte)));
        let mut head = [&method[..], b" ", &target, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"].concat();
        for _ in 0..self.below(4) {
            let name = [b"X".to_vec(), self.text(is_token)].concat();
            let value = self.text(|byte| byte == b'\t' || byte >= b' ' && byte != 0x7f);
            head.extend([&name[..], b": ", &value, b"\r\n"].concat());
        }
        let mut body = self.text(|_| true);
        match self.below(10) {
            0 => body = b"@/etc/passwd".to_vec(),
            1 => body.extend([0xff, 0xfe, b'\'']),
            _ => (),
        }
        head.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
        head.extend(&body);
        (head, [method, target, body])
    }
}

/// A folder for a shell, whose path holds nothing but a curl that writes down its arguments.
struct Shell(TemporaryFolder);

impl Shell {
    fn new() -> Self {
        let shell = Self(TemporaryFolder::create(&Entropy::system()).unwrap());
        fs::create_dir(shell.place("path")).unwrap();
        fs::create_dir(shell.place("work")).unwrap();
        let curl = shell.place("path/curl");
        fs::write(&curl, "#!/bin/bash\nprintf '%s\\0' \"$@\" > \"$CALLED.$$.$RANDOM\"\n").unwrap();
        fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
        shell
    }

    fn place(&self, name: &str) -> std::path::PathBuf {
        self.0.database().with_file_name(name)
    }

    /// Runs lines, and returns what curl was called with by each.
    #[track_caller]
    fn run(&self, lines: &[&str]) -> Vec<Vec<Vec<u8>>> {
        let mut calls = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let called = self.place(&format!("called-{number}"));
            let mut bash = Command::new("/bin/bash");
            bash.args(["--norc", "--noprofile", "-c", line]).current_dir(self.place("work"));
            bash.env_clear().env("PATH", self.place("path")).env("CALLED", &called).env("HOME", "/nowhere");
            let output = bash.output().expect("bash runs");
            let said = [output.stdout, output.stderr].concat();
            assert!(said.is_empty(), "{line}: {}", String::from_utf8_lossy(&said));
            assert!(output.status.success(), "{line}");
            calls.extend(self.calls(&called));
            assert_eq!(calls.len(), number + 1, "curl was not called once by {line}");
        }
        assert_eq!(fs::read_dir(self.place("work")).unwrap().count(), 0, "a line has left a file");
        calls
    }

    fn calls(&self, called: &Path) -> Vec<Vec<Vec<u8>>> {
        let start = called.file_name().unwrap().to_str().unwrap().to_owned() + ".";
        let entries = fs::read_dir(called.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        let ours = entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start));
        let words = |path| {
            let bytes = fs::read(path).unwrap();
            let mut words: Vec<Vec<u8>> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
            words.pop();
            words
        };
        ours.map(words).collect()
    }
}

/// What curl was told, read as curl reads it.
#[derive(Default, Debug)]
struct Told {
    method: Vec<u8>,
    body: Vec<u8>,
    urls: Vec<Vec<u8>>,
    is_path_as_is: bool,
    note: Vec<u8>,
}

#[track_caller]
fn told(words: &[Vec<u8>]) -> Told {
    let mut told = Told::default();
    let mut words = words.iter();
    let mut is_literal = false;
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("the option has a value").clone();
        match word.as_slice() {
            b"-g" => is_literal = true,
            b"--path-as-is" => told.is_path_as_is = true,
            b"-I" => told.method = b"HEAD".to_vec(),
            b"-X" => told.method = value(),
            b"-H" => assert_ne!(value().first(), Some(&b'@'), "curl would read a file of headers"),
            b"--data-raw" => told.body = value(),
            b"-w" => told.note = value(),
            url => {
                assert_ne!(url.first(), Some(&b'-'), "an option: {}", String::from_utf8_lossy(url));
                told.urls.push(url.to_vec());
            }
        }
    }
    assert!(is_literal, "curl would expand brackets");
    told
}

/// Whether curl takes this segment out of a path; newer ones know it escaped, too.
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[test]
fn of_a_thousand_hostile_requests_each_line_runs_curl_alone_and_only_at_the_sandbox() {
    let server = Server::start();
    // Under a fault the whole body is read, whatever is asked for.
    server.control("POST", "/faults", &serde_json::json!({"status": 503})).expect(200);
    let mut dice = Dice { entropy: Entropy::seeded(8), left: Vec::new() };
    // By the number in the target. What is no HTTP at all is not answered by the fault, and never recorded.
    let (mut sent, mut answered) = (Vec::new(), BTreeSet::new());
    while answered.len() < 1_000 {
        let number = sent.len();
        let (bytes, parts) = dice.request(number);
        sent.push(parts);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(&bytes).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        if answer.starts_with(b"HTTP/1.1 503 ") {
            answered.insert(number);
        }
    }
    let lines = server.control("GET", "/requests?format=curl", &Value::Null).expect(200).text().to_owned();
    let lines: Vec<&str> = lines.lines().collect();
    let calls = Shell::new().run(&lines);
    let base_url = format!("http://{}/", server.address());
    let (mut repeated, mut recorded) = (0, BTreeSet::new());
    for (words, line) in calls.iter().zip(&lines) {
        assert!(line.chars().all(|letter| !letter.is_control()), "{line:?} moves the terminal");
        let told = told(words);
        assert_eq!(told.urls.len(), 1, "{line}");
        assert!(told.urls[0].starts_with(base_url.as_bytes()), "{line}");
        let number =
            String::from_utf8_lossy(&told.urls[0]).split("/r").nth(1).unwrap().split('/').next().unwrap().parse();
        let number: usize = number.unwrap();
        assert!(recorded.insert(number), "two lines are about request {number}: {line}");
        let [method, target, body] = &sent[number];
        let has_dots = String::from_utf8_lossy(target).split(['/', '?']).any(is_dots);
        assert!(told.is_path_as_is || !has_dots, "curl would ask for another path: {line}");
        assert_eq!((&told.method, &told.urls[0][base_url.len() - 1..]), (method, &target[..]), "{line}");
        if told.note.is_empty() {
            assert_eq!(told.body, *body, "{line}");
            repeated += 1;
        } else {
            assert!(told.note.starts_with(b"%{stderr}Not repeated: "), "{line}");
        }
    }
    assert_eq!(answered.difference(&recorded).next(), None, "a request has no line");
    println!("{repeated} of {} are repeated as they were", lines.len());
    assert!(repeated > 200, "{repeated}");
}

#[test]
fn what_cannot_be_repeated_is_said() {
    let server = Server::start();
    let line = |request: crate::support::client::Request| {
        server.control("DELETE", "/requests", &Value::Null).expect(204);
        request.try_send().unwrap();
        let lines = server.control("GET", "/requests?format=curl", &Value::Null).text().to_owned();
        assert_eq!(lines.lines().count(), 1, "{lines}");
        lines
    };
    let put = || server.put("/account_invitations/1").bearer(crate::support::token::OWNER);
    let complete = line(put().body(Some("application/json"), "@/etc/passwd"));
    assert!(complete.contains(" --data-raw '@/etc/passwd' ") && !complete.contains("Not repeated"), "{complete}");
    let cut = line(put().body(Some("application/json"), "x".repeat(70_000)));
    assert!(cut.contains("Not repeated: the rest of the body"), "{}", &cut[cut.len() - 300..]);
    let unread = line(server.put("/account_invitations/1").body(None, "{}"));
    assert!(unread.contains("Not repeated: the rest of the body"), "{unread}");
    let nul = line(put().body(None, "a\0b"));
    assert!(nul.contains("Not repeated: the body") && !nul.contains("--data"), "{nul}");
    for path in ["/account_invitations/../roles", "/account_invitations/%2e%2E/roles", "/%2E"] {
        let exact = line(server.get(path));
        assert!(exact.starts_with("curl -g --path-as-is -X ") && exact.contains(path), "{exact}");
    }
    assert!(line(server.request("HEAD", "/users/me")).starts_with("curl -g -I "));
    assert!(line(server.request_at_root("OPTIONS", "*")).contains("Not repeated: the target"));
}

#[test]
fn the_greeting_of_a_sandbox_is_quoted_too() {
    let mut command = crate::process::command(&["sandbox", "--listen", "127.0.0.1:0", "--base-url", "http://a';id;'b"]);
    command.stderr(std::process::Stdio::null());
    let mut program = Program::start(command);
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.contains("Ctrl-C")) {
        let line = program.line();
        assert!(!line.is_empty(), "the program has ended: {lines:?}");
        lines.push(line);
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for words in Shell::new().run(&lines) {
        let told = told(&words);
        assert!(told.urls.len() == 1 && told.urls[0].starts_with(b"http://a';id;'b/"), "{told:?}");
    }
}
