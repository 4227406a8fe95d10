//! Mail that leaves through a mail server (RFC 5321), by a library that keeps connections open.
//!
//! Each mail has a deadline of its own over all that the library does, so that a server that answers a byte a minute is no
//! different from one that does not answer.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::{Encryption, Failure, Mail, Relay};

/// The usual ports: of the submission service (RFC 6409), and of the same encrypted from the first byte (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Refusals that concern this server's own credentials or encryption and not the mail (RFC 4954, section 6): they end
/// when somebody mends the settings.
const OF_SETTINGS: [u16; 5] = [454, 530, 534, 535, 538];

/// A mail server with its connections.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl Smtp {
    /// Makes ready to connect; nothing is sent yet.
    pub fn open(relay: &Relay, timeout: Duration) -> Result<Self, String> {
        let parameters = || -> Result<TlsParameters, String> {
            let mut builder = TlsParameters::builder(relay.host.clone());
            for authority in relay.authorities.as_deref().map(certificates).transpose()?.into_iter().flatten() {
                builder = builder.add_root_certificate(authority);
            }
            builder.build_rustls().map_err(|cause| format!("TLS cannot be used: {}", with_sources(&cause)))
        };
        let (tls, usual_port) = match relay.encryption {
            Encryption::Implicit => (Tls::Wrapper(parameters()?), SUBMISSIONS),
            Encryption::Required => (Tls::Required(parameters()?), SUBMISSION),
            Encryption::Opportunistic => (Tls::Opportunistic(parameters()?), SUBMISSION),
            Encryption::None => (Tls::None, SUBMISSION),
        };
        let pool = PoolConfig::new().max_size(u32::try_from(relay.connections).unwrap_or(u32::MAX));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(relay.host.clone())
            .port(relay.port.unwrap_or(usual_port))
            .tls(tls)
            .timeout(Some(timeout))
            .pool_config(pool);
        if let Some((name, password)) = &relay.credentials {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: builder.build(), timeout })
    }

    /// Hands a mail to the server. What it answered.
    pub async fn send(&self, mail: &Mail) -> Result<String, Failure> {
        let sending = self.transport.send_raw(&mail.envelope, &mail.bytes);
        match tokio::time::timeout(self.timeout, sending).await {
            Err(_) => Err(Failure::ForNow(format!(
                "no answer from the mail server within {} seconds",
                self.timeout.as_secs()
            ))),
            Ok(Ok(response)) => {
                let lines: Vec<&str> = response.message().collect();
                Ok(format!("{} {}", response.code(), lines.join(" ")).trim_end().to_owned())
            }
            Ok(Err(error)) => Err(failure(&error)),
        }
    }
}

fn failure(error: &lettre::transport::smtp::Error) -> Failure {
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
