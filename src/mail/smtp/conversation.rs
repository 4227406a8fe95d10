//! One connection to a mail server: commands go out, replies come in, and each reply is judged by its stage.

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail as MailFrom, Noop, Quit, Rcpt, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use lettre::transport::smtp::response::Response;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use crate::mail::smtp::stage::Stage;
use crate::mail::{Failure, Mail};

/// In bytes, of all its lines together.
const LONGEST_REPLY: usize = 64 * 1024;

/// A server that asks more often than this does not speak the mechanism.
const MOST_CHALLENGES: usize = 10;

/// A socket, encrypted or not.
pub(super) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

pub(super) struct Conversation {
    line: BufReader<Box<dyn Line>>,
    /// What the server offered last.
    offer: ServerInfo,
}

impl Conversation {
    /// Waits for the greeting and introduces this server.
    pub(super) async fn begin(line: Box<dyn Line>, hello: &str) -> Result<Self, Failure> {
        let mut conversation = Self { line: BufReader::new(line), offer: ServerInfo::default() };
        conversation.reply(Stage::Greeting).await?;
        conversation.introduce(hello).await?;
        Ok(conversation)
    }

    /// Introduces this server again after the line was encrypted: earlier offers no longer count.
    pub(super) async fn resume(line: Box<dyn Line>, hello: &str) -> Result<Self, Failure> {
        let mut conversation = Self { line: BufReader::new(line), offer: ServerInfo::default() };
        conversation.introduce(hello).await?;
        Ok(conversation)
    }

    async fn introduce(&mut self, hello: &str) -> Result<(), Failure> {
        let command = Ehlo::new(ClientId::Domain(hello.to_owned()));
        let response = self.ask(Stage::Hello(hello), command).await?;
        self.offer = ServerInfo::from_response(&response).map_err(|cause| unreadable(&cause))?;
        Ok(())
    }

    pub(super) fn offers_encryption(&self) -> bool {
        self.offer.supports_feature(Extension::StartTls)
    }

    /// Asks for encryption and returns the line for the handshake.
    pub(super) async fn start_tls(mut self) -> Result<Box<dyn Line>, Failure> {
        if !self.offers_encryption() {
            return Err(Failure::OfSender(
                "the mail server does not offer STARTTLS; for a server on the same machine, set mail_starttls to none"
                    .to_owned(),
            ));
        }
        self.ask(Stage::StartTls, Starttls).await?;
        // More text in the clear would be read as if it had come encrypted.
        if !self.line.buffer().is_empty() {
            return Err(Failure::OfSender("the mail server went on talking before the encryption began".to_owned()));
        }
        Ok(self.line.into_inner())
    }

    pub(super) async fn authenticate(&mut self, credentials: &Credentials) -> Result<(), Failure> {
        let Some(mechanism) = self.offer.get_auth_mechanism(DEFAULT_MECHANISMS) else {
            return Err(Failure::OfSender("the mail server offers neither AUTH PLAIN nor AUTH LOGIN".to_owned()));
        };
        let first = Auth::new(mechanism, credentials.clone(), None).map_err(|cause| unreadable(&cause))?;
        let mut response = self.ask(Stage::Authentication, first).await?;
        for _ in 0..MOST_CHALLENGES {
            if !response.has_code(334) {
                return Ok(());
            }
            let next = Auth::new_from_response(mechanism, credentials.clone(), &response);
            response = self.ask(Stage::Authentication, next.map_err(|cause| unreadable(&cause))?).await?;
        }
        Err(Failure::OfSender("the mail server asks for credentials again and again".to_owned()))
    }

    /// Hands over a mail; the reply is the one after its text.
    pub(super) async fn deliver(&mut self, mail: &Mail) -> Result<Response, Failure> {
        self.ask(Stage::Sender, MailFrom::new(mail.envelope.from().cloned(), Vec::new())).await?;
        for recipient in mail.envelope.to() {
            self.ask(Stage::Recipient, Rcpt::new(recipient.clone(), Vec::new())).await?;
        }
        self.ask(Stage::Data, Data).await?;
        self.write(&framed(&mail.bytes)).await?;
        self.reply(Stage::Data).await
    }

    pub(super) async fn is_alive(&mut self) -> bool {
        self.ask(Stage::Greeting, Noop).await.is_ok()
    }

    /// Says QUIT without waiting for the answer.
    pub(super) async fn quit(mut self) {
        // The connection may be broken already; then this no longer matters.
        let _ = self.write(Quit.to_string().as_bytes()).await;
    }

    async fn ask(&mut self, stage: Stage<'_>, command: impl ToString) -> Result<Response, Failure> {
        self.write(command.to_string().as_bytes()).await?;
        self.reply(stage).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.line.write_all(bytes).await.map_err(broken)?;
        self.line.flush().await.map_err(broken)
    }

    async fn reply(&mut self, stage: Stage<'_>) -> Result<Response, Failure> {
        let mut text = String::new();
        loop {
            let mut line = Vec::new();
            let left = LONGEST_REPLY.saturating_sub(text.len()) as u64;
            (&mut self.line).take(left).read_until(b'\n', &mut line).await.map_err(broken)?;
            if !line.ends_with(b"\n") {
                return Err(Failure::ForNow("incomplete response from the mail server".to_owned()));
            }
            text.push_str(&String::from_utf8_lossy(&line));
            if line.get(3) != Some(&b'-') {
                break;
            }
        }
        let response: Response = text.parse().map_err(|cause| unreadable(&cause))?;
        if response.is_positive() { Ok(response) } else { Err(stage.judge(&response)) }
    }
}

/// A message as it follows DATA: with doubled dots, and the dot that ends it (RFC 5321, section 4.5.2).
fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn broken(cause: std::io::Error) -> Failure {
    Failure::ForNow(format!("Connection error: {cause}"))
}

fn unreadable(cause: &lettre::transport::smtp::Error) -> Failure {
    Failure::ForNow(format!("the mail server cannot be understood: {cause}"))
}
