//! Mail that leaves through a mail server (RFC 5321), over connections that are kept for the next mail.
//!
//! The conversation is a library's. Which connections are kept is decided here and not by the library's pool: that one takes a
//! connection back whose conversation was broken off, and the answer that then comes late is read as the answer to the
//! next mail. So a mail can count as sent that was refused. Here a connection belongs to one mail at a time, and is kept
//! only after its last answer was read; whatever else happens closes it, since it is dropped.
//!
//! Each mail has a deadline of its own over all that is done for it, so that a server that answers a byte a minute is no
//! different from one that does not answer.

use std::error::Error as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::transport::smtp::{Error, response::Response};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use crate::clock::Stopwatch;
use crate::mail::{Encryption, Failure, Mail, Relay};

/// The usual ports: of the submission service (RFC 6409), and of the same encrypted from the first byte (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Refusals that concern this server's own credentials or encryption and not the mail (RFC 4954, section 6): they end
/// when somebody mends the settings.
const OF_SETTINGS: [u16; 5] = [454, 530, 534, 535, 538];

/// How long a connection is kept without use. Mail servers and firewalls forget it some minutes later.
const KEPT_FOR: Duration = Duration::from_secs(60);

pub struct Smtp {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    timeout: Duration,
    most_kept: usize,
    kept: Mutex<Vec<Kept>>,
}

/// A connection that waits for a mail.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Stopwatch,
}

impl Smtp {
    /// Makes ready to connect; nothing is sent yet.
    pub fn open(relay: &Relay, timeout: Duration) -> Result<Self, String> {
        let usual_port = if relay.encryption == Encryption::Implicit { SUBMISSIONS } else { SUBMISSION };
        let credentials = relay.credentials.as_ref();
        Ok(Self {
            host: relay.host.clone(),
            port: relay.port.unwrap_or(usual_port),
            encryption: relay.encryption,
            tls: if relay.encryption == Encryption::None { None } else { Some(tls(relay)?) },
            credentials: credentials
                .map(|(name, password)| Credentials::new(name.clone(), password.expose_secret().to_owned())),
            timeout,
            most_kept: relay.connections,
            kept: Mutex::default(),
        })
    }

    /// Hands a mail to the server. What it answered.
    pub async fn send(&self, mail: &Mail) -> Result<String, Failure> {
        match tokio::time::timeout(self.timeout, self.converse(mail)).await {
            Err(_) => Err(Failure::ForNow(format!(
                "no answer from the mail server within {} seconds",
                self.timeout.as_secs()
            ))),
            Ok(Ok(response)) => {
                let lines: Vec<&str> = response.message().collect();
                Ok(format!("{} {}", response.code(), lines.join(" ")).trim_end().to_owned())
            }
            Ok(Err(failure)) => Err(failure),
        }
    }

    /// Sends a mail over a connection that was kept, or a new one, and keeps that.
    async fn converse(&self, mail: &Mail) -> Result<Response, Failure> {
        let mut connection = match self.kept_connection().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let response = connection.send(&mail.envelope, &mail.bytes).await.map_err(|error| failure(&error))?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.most_kept {
            kept.push(Kept { connection, since: Stopwatch::start() });
        }
        Ok(response)
    }

    /// A connection that was kept and still works.
    async fn kept_connection(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Kept { mut connection, since } = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if since.elapsed() < KEPT_FOR && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    /// A new connection, encrypted and with name and password said, as the settings want it.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = ClientId::default();
        let mut connection = self.greeted(&hello).await?;
        let is_wanted = match self.encryption {
            Encryption::Required => true,
            Encryption::Opportunistic => connection.server_info().supports_feature(Extension::StartTls),
            Encryption::Implicit | Encryption::None => false,
        };
        if let Some(parameters) = self.tls.clone().filter(|_| is_wanted) {
            connection.starttls(parameters, &hello).await.map_err(|error| failure(&error))?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| failure(&error))?;
        }
        Ok(connection)
    }

    /// A new connection whose server has said hello.
    ///
    /// The library ends a mail by a write of its own, which Nagle's algorithm holds back until the one before is acknowledged, and
    /// that takes a receiver 40 ms. So the socket is made here, without the delay. One that is encrypted from its first byte
    /// can only be made by the library.
    async fn greeted(&self, hello: &ClientId) -> Result<AsyncSmtpConnection, Failure> {
        let address = (self.host.as_str(), self.port);
        let greeted = match self.tls.clone().filter(|_| self.encryption == Encryption::Implicit) {
            Some(tls) => AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), hello, Some(tls), None).await,
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

/// Whose certificates are trusted, and for which name.
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

/// An error with what is behind it: the outer one alone often only says that something failed.
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
