//! Mail through a mail server (RFC 5321), over reused connections.
//!
//! A library speaks the protocol. Its pool is not used: it takes back connections whose conversation was interrupted,
//! and a late answer is then read as the answer to the next mail, so a refused mail can count as sent. Here a
//! connection serves one mail at a time and is kept only after its last answer was read; otherwise it is dropped, and
//! so closed.
//!
//! One deadline covers everything done for a mail: a server that answers a byte a minute is like one that does not
//! answer.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::transport::smtp::{Error, response::Response};
use parking_lot::Mutex;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use crate::clock::Stopwatch;
use crate::mail::{Encryption, Failure, Mail, Relay};

/// The usual ports of submission (RFC 6409) and of submission over implicit TLS (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Refusals that concern this server's settings and not the mail (RFC 4954, section 6): they end when the settings are
/// corrected.
const OF_SETTINGS: [u16; 5] = [454, 530, 534, 535, 538];

/// Shorter than the timeouts of mail servers and firewalls.
const KEPT_FOR: Duration = Duration::from_secs(60);

pub struct Smtp {
    relay: Relay,
    tls: Option<TlsParameters>,
    kept: Mutex<Vec<IdleConnection>>,
}

struct IdleConnection {
    connection: AsyncSmtpConnection,
    since: Stopwatch,
}

impl Smtp {
    /// Does not connect yet.
    pub fn open(relay: Relay) -> Result<Self, String> {
        let tls = if relay.encryption == Encryption::None { None } else { Some(tls(&relay)?) };
        Ok(Self { relay, tls, kept: Mutex::default() })
    }

    pub async fn send(&self, mail: &Mail) -> Result<String, Failure> {
        match tokio::time::timeout(self.relay.timeout, self.converse(mail)).await {
            Err(_) => Err(Failure::ForNow(format!(
                "no answer from the mail server within {} seconds",
                self.relay.timeout.as_secs()
            ))),
            Ok(Ok(response)) => {
                let lines: Vec<&str> = response.message().collect();
                Ok(format!("{} {}", response.code(), lines.join(" ")).trim_end().to_owned())
            }
            Ok(Err(failure)) => Err(failure),
        }
    }

    /// Sends a mail over a kept or a new connection, and keeps it.
    async fn converse(&self, mail: &Mail) -> Result<Response, Failure> {
        let mut connection = match self.kept_connection().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let response = connection.send(&mail.envelope, &mail.bytes).await.map_err(|error| failure(&error))?;
        let mut kept = self.kept.lock();
        if kept.len() < self.relay.connections {
            kept.push(IdleConnection { connection, since: Stopwatch::start() });
        }
        Ok(response)
    }

    async fn kept_connection(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let IdleConnection { mut connection, since } = self.kept.lock().pop()?;
            if since.elapsed() < KEPT_FOR && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    /// A new connection, encrypted and authenticated as configured.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = ClientId::default();
        let mut connection = self.greeted(&hello).await?;
        let is_wanted = match self.relay.encryption {
            Encryption::Required => true,
            Encryption::Opportunistic => connection.server_info().supports_feature(Extension::StartTls),
            Encryption::Implicit | Encryption::None => false,
        };
        if let Some(parameters) = self.tls.clone().filter(|_| is_wanted) {
            connection.starttls(parameters, &hello).await.map_err(|error| failure(&error))?;
        }
        if let Some((name, password)) = &self.relay.credentials {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(|error| failure(&error))?;
        }
        Ok(connection)
    }

    /// A new connection after the greeting.
    ///
    /// The library ends a mail with a separate write. Nagle's algorithm delays it by 40 ms, until the write before is
    /// acknowledged, so the socket is made here, without the delay. Only the library can make one with implicit TLS.
    async fn greeted(&self, hello: &ClientId) -> Result<AsyncSmtpConnection, Failure> {
        let is_implicit = self.relay.encryption == Encryption::Implicit;
        let usual_port = if is_implicit { SUBMISSIONS } else { SUBMISSION };
        let address = (self.relay.host.as_str(), self.relay.port.unwrap_or(usual_port));
        let greeted = match self.tls.clone().filter(|_| is_implicit) {
            Some(tls) => {
                AsyncSmtpConnection::connect_tokio1(address, Some(self.relay.timeout), hello, Some(tls), None).await
            }
            None => {
                let unreachable = |cause: std::io::Error| Failure::ForNow(format!("Connection error: {cause}"));
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                stream.set_nodelay(true).map_err(unreachable)?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello).await
            }
        };
        greeted.map_err(|error| failure(&error))
    }
}

fn tls(relay: &Relay) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    for authority in relay.authorities.as_deref().map(certificates).transpose()?.into_iter().flatten() {
        builder = builder.add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|cause| format!("TLS cannot be used: {}", with_sources(&cause)))
}

fn failure(error: &Error) -> Failure {
    let code = error.status().map(|code| code.to_string());
    let text = match &code {
        Some(code) => format!("{code} {}", error.source().map(ToString::to_string).unwrap_or_default()),
        None => with_sources(error),
    };
    let is_of_settings = code.and_then(|code| code.parse().ok()).is_some_and(|code: u16| OF_SETTINGS.contains(&code));
    if error.is_permanent() && !is_of_settings { Failure::ForGood(text) } else { Failure::ForNow(text) }
}

/// An error with its sources: the outer one alone often says little.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let pem = std::fs::read(path).map_err(|cause| format!("{} cannot be read: {cause}", path.display()))?;
    let text = String::from_utf8_lossy(&pem);
    let end = "-----END CERTIFICATE-----";
    let blocks = text.split_inclusive(end).filter(|block| block.trim_end().ends_with(end));
    let certificates: Vec<Certificate> = blocks
        .map(|block| Certificate::from_pem(block.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(|cause| format!("{} holds a certificate that cannot be read: {cause}", path.display()))?;
    if certificates.is_empty() {
        return Err(format!("{} holds no certificate", path.display()));
    }
    Ok(certificates)
}
