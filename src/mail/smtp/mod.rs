//! Mail through a mail server (RFC 5321), over reused connections.
//!
//! A library writes the commands and parses the replies. Its connections are not used: they do not say whether a reply
//! answers the greeting or EHLO, they accept no custom certificate verifier, and its pool takes back connections whose
//! conversation was interrupted, so that a late answer is read as the answer to the next mail. Here a connection serves
//! one mail at a time and is kept only after its last answer was read; otherwise it is dropped, and so closed.
//!
//! One deadline covers everything done for a mail: a server that answers a byte a minute is like one that does not
//! answer.

mod conversation;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::response::Response;
use parking_lot::Mutex;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::clock::Stopwatch;
use crate::mail::{Encryption, Failure, Mail, Relay};
use crate::trust;
use conversation::{Conversation, Line};

/// The usual ports of submission (RFC 6409) and of submission over implicit TLS (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// Shorter than the timeouts of mail servers and firewalls.
const KEPT_FOR: Duration = Duration::from_secs(60);

pub struct Smtp {
    relay: Relay,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    kept: Mutex<Vec<IdleConversation>>,
}

struct IdleConversation {
    conversation: Conversation,
    since: Stopwatch,
}

impl Smtp {
    /// Does not connect yet.
    pub fn open(relay: Relay) -> Result<Self, String> {
        let tls = match relay.encryption {
            Encryption::None => None,
            Encryption::Implicit | Encryption::Required | Encryption::Opportunistic => {
                let config = trust::tls(relay.authorities.as_deref())?;
                let name = ServerName::try_from(relay.host.clone())
                    .map_err(|_| format!("{:?} is neither a name nor an address", relay.host))?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
        };
        Ok(Self { relay, tls, kept: Mutex::default() })
    }

    pub async fn send(&self, mail: &Mail) -> Result<String, Failure> {
        match tokio::time::timeout(self.relay.timeout, self.converse(mail)).await {
            Err(_) => Err(Failure::ForNow(format!(
                "no answer from the mail server within {} seconds",
                self.relay.timeout.as_secs()
            ))),
            Ok(Ok(response)) => Ok(stage::text(&response)),
            Ok(Err(failure)) => Err(failure),
        }
    }

    /// Sends a mail over a kept or a new connection, and keeps it.
    async fn converse(&self, mail: &Mail) -> Result<Response, Failure> {
        let mut conversation = match self.kept_conversation().await {
            Some(conversation) => conversation,
            None => self.connect().await?,
        };
        let response = match conversation.deliver(mail).await {
            Ok(response) => response,
            Err(failure) => {
                conversation.quit().await;
                return Err(failure);
            }
        };
        let mut kept = self.kept.lock();
        if kept.len() < self.relay.connections {
            kept.push(IdleConversation { conversation, since: Stopwatch::start() });
        }
        Ok(response)
    }

    async fn kept_conversation(&self) -> Option<Conversation> {
        loop {
            let IdleConversation { mut conversation, since } = self.kept.lock().pop()?;
            if since.elapsed() < KEPT_FOR && conversation.is_alive().await {
                return Some(conversation);
            }
        }
    }

    /// A new conversation, encrypted and authenticated as configured.
    async fn connect(&self) -> Result<Conversation, Failure> {
        let mut conversation = self.greeted().await?;
        if let Some((name, password)) = &self.relay.credentials {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            conversation.authenticate(&credentials).await?;
        }
        Ok(conversation)
    }

    async fn greeted(&self) -> Result<Conversation, Failure> {
        let (is_implicit, hello) = (self.relay.encryption == Encryption::Implicit, &self.relay.hello);
        let usual_port = if is_implicit { SUBMISSIONS } else { SUBMISSION };
        let address = (self.relay.host.as_str(), self.relay.port.unwrap_or(usual_port));
        let unreachable = |cause: std::io::Error| Failure::ForNow(format!("Connection error: {cause}"));
        let socket = TcpStream::connect(address).await.map_err(unreachable)?;
        // Nagle's algorithm would hold back the end of a mail until everything before it is acknowledged.
        socket.set_nodelay(true).map_err(unreachable)?;
        let socket: Box<dyn Line> = Box::new(socket);
        let line = if is_implicit { self.encrypted(socket).await? } else { socket };
        let mut conversation = Conversation::begin(line, hello).await?;
        let is_wanted = match self.relay.encryption {
            Encryption::Required => true,
            Encryption::Opportunistic => conversation.offers_encryption(),
            Encryption::Implicit | Encryption::None => false,
        };
        if is_wanted {
            let line = self.encrypted(conversation.start_tls().await?).await?;
            conversation = Conversation::resume(line, hello).await?;
        }
        Ok(conversation)
    }

    /// The line after a handshake, in which the server proves its identity.
    async fn encrypted(&self, line: Box<dyn Line>) -> Result<Box<dyn Line>, Failure> {
        let Some((connector, name)) = &self.tls else { return Ok(line) };
        match connector.connect(name.clone(), line).await {
            Ok(encrypted) => Ok(Box::new(encrypted)),
            Err(cause) => {
                let is_of_tls = cause.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
                let is_self_signed = cause.to_string().contains("CaUsedAsEndEntity");
                let advice = if is_self_signed { "; name exactly this certificate in mail_ca_file" } else { "" };
                let text = format!("Connection error: {cause}{advice}");
                Err(if is_of_tls { Failure::OfSender(text) } else { Failure::ForNow(text) })
            }
        }
    }
}
