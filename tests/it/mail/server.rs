//! The third-party mail server (`tests/peers/python/smtp_server.py`) that these tests send to.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use invited::testing::{Entropy, TemporaryFolder};
use serde_json::Value;

use crate::peers;
use crate::process::Program;
use crate::support::Server;

pub(crate) struct MailServer {
    program: Program,
    port: u64,
    folder: TemporaryFolder,
}

/// A received mail.
pub(crate) struct Taken {
    /// The script's report about it.
    pub(crate) said: Value,
    /// The mail without its SMTP framing.
    pub(crate) bytes: Vec<u8>,
}

impl MailServer {
    /// Without encryption; accepts everything.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With options of the script.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
        let mut command = peers::python_script("smtp_server.py");
        command.arg("--authority").arg(authority(&folder)).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut program = Program::start(command);
        let port = json(&program.line())["port"].as_u64().expect("the first line has the port");
        Self { program, port, folder }
    }

    /// Its address for the setting `mail`; the certificate is for that name.
    pub(crate) fn address(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.port)
    }

    /// The certificate file of the authority that issued this server's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        authority(&self.folder)
    }

    /// The next mail, which must arrive soon.
    #[track_caller]
    pub(crate) fn mail(&mut self) -> Taken {
        let said = json(&self.program.line());
        let bytes = STANDARD.decode(said["raw"].as_str().expect("a mail has bytes")).unwrap();
        Taken { said, bytes }
    }

    /// Stops it; expects no further mail.
    #[track_caller]
    pub(crate) fn stop(self) {
        let (_, rest) = self.program.stop();
        assert_eq!(rest, "", "there was another mail");
    }

    /// A server that sends its mails here, unencrypted.
    pub(crate) fn sender(&self) -> Server {
        self.sender_with(&[])
    }

    /// The same with further settings.
    pub(crate) fn sender_with(&self, settings: &[(&'static str, &str)]) -> Server {
        let address = self.address("smtp");
        Server::start_with(&[&[("mail", address.as_str()), ("mail_starttls", "none")], settings].concat())
    }
}

impl Taken {
    /// A text of the script's report.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap_or_else(|| panic!("missing {name}: {}", self.said))
    }

    /// Its header names, in order.
    pub(crate) fn header_names(&self) -> Vec<&str> {
        let headers = self.said["headers"].as_array().expect("headers are a list");
        headers.iter().filter_map(|pair| pair[0].as_str()).collect()
    }

    /// The value of a header that occurs once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let headers = self.said["headers"].as_array().expect("headers are a list");
        let mut values = headers.iter().filter(|pair| pair[0] == name).filter_map(|pair| pair[1].as_str());
        match (values.next(), values.next()) {
            (Some(value), None) => value,
            _ => panic!("{name} does not occur once: {headers:?}"),
        }
    }
}

fn authority(folder: &TemporaryFolder) -> PathBuf {
    let database = folder.database();
    database.parent().unwrap_or(Path::new("")).join("authority.pem")
}

fn json(line: &str) -> Value {
    serde_json::from_str(line)
        .unwrap_or_else(|cause| panic!("the mail server printed {line:?}, which is not JSON: {cause}"))
}
