//! Mails from templates: the program's own, or files of the same names in a folder.
//!
//! Invariants. Text that people typed passes [`plain`] first: no control characters, nothing that changes the direction
//! of text, nothing that mail programs turn into a link. The HTML part is escaped besides. A library encodes headers
//! (RFC 2047), so no text can start a header. The only URL in a mail is the link, and no line of a part is cut: mail
//! programs that rejoin lines wrongly would break the link.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::address::{AddressError, Envelope};
use lettre::message::header::{ContentTransferEncoding, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox as Name, Message, MultiPart};
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::ids::InvitationId;
use crate::language::{LANGUAGES, Language};
use crate::mail::Failure;
use crate::wire::display;

/// In bytes, without its end (RFC 5322, section 2.1.1).
const LONGEST_LINE: usize = 998;

/// In characters; longer names are cut.
const NAME_LENGTH: usize = 100;

pub const BUILT_IN: &[(&str, &str)] = &[
    ("invitation.en.txt", include_str!("../../templates/mail/invitation.en.txt")),
    ("invitation.en.html", include_str!("../../templates/mail/invitation.en.html")),
    ("invitation.de.txt", include_str!("../../templates/mail/invitation.de.txt")),
    ("invitation.de.html", include_str!("../../templates/mail/invitation.de.html")),
    ("address_confirmation.en.txt", include_str!("../../templates/mail/address_confirmation.en.txt")),
    ("address_confirmation.en.html", include_str!("../../templates/mail/address_confirmation.en.html")),
    ("address_confirmation.de.txt", include_str!("../../templates/mail/address_confirmation.de.txt")),
    ("address_confirmation.de.html", include_str!("../../templates/mail/address_confirmation.de.html")),
    ("address_notice.en.txt", include_str!("../../templates/mail/address_notice.en.txt")),
    ("address_notice.en.html", include_str!("../../templates/mail/address_notice.en.html")),
    ("address_notice.de.txt", include_str!("../../templates/mail/address_notice.de.txt")),
    ("address_notice.de.html", include_str!("../../templates/mail/address_notice.de.html")),
];

/// Begins the first line of a text template.
const SUBJECT: &str = "Subject: ";

#[derive(Clone)]
pub struct Mail {
    pub envelope: Envelope,
    /// The whole message (RFC 5322).
    pub bytes: Vec<u8>,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The Message-ID, without the brackets.
    pub message_id: String,
    /// `None` if the mail is not about an invitation.
    pub invitation_id: Option<InvitationId>,
    /// Blank in a mail without a link, and so is the token.
    pub link: SecretString,
    pub token: SecretString,
    pub sent_at: Timestamp,
}

/// The template values that every mail has.
pub struct MailFacts<'a> {
    pub language: Language,
    pub name: &'a str,
    pub account: &'a str,
    pub matter: Matter<'a>,
}

/// What a mail is about. It selects the templates and adds their other values. Days count from 1970.
#[derive(Clone, Copy)]
pub enum Matter<'a> {
    Invitation {
        inviter: &'a str,
        /// The wire name.
        permission: &'a str,
        role: Option<&'a str>,
        expires_on: i64,
    },
    AddressConfirmation {
        expires_on: i64,
    },
    AddressNotice {
        changed_on: i64,
    },
}

impl Matter<'_> {
    /// How the names of its templates begin.
    fn template(self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::AddressConfirmation { .. } => "address_confirmation",
            Self::AddressNotice { .. } => "address_notice",
        }
    }

    fn values(self, language: Language) -> Vec<(&'static str, Value)> {
        match self {
            Self::Invitation { inviter, permission, role, expires_on } => vec![
                ("inviter", Value::from(plain(inviter))),
                ("permission", Value::from(language.permission(permission))),
                ("role", role.map_or(Value::from(""), |role| Value::from(plain(role)))),
                ("date", Value::from(language.date(expires_on))),
            ],
            Self::AddressConfirmation { expires_on: day } | Self::AddressNotice { changed_on: day } => {
                vec![("date", Value::from(language.date(day)))]
            }
        }
    }
}

/// One of each matter, to try the templates.
const EXAMPLES: [Matter<'static>; 3] = [
    Matter::Invitation { inviter: "Inviter", permission: "collaborator", role: Some("Role"), expires_on: 0 },
    Matter::AddressConfirmation { expires_on: 0 },
    Matter::AddressNotice { changed_on: 0 },
];

/// What differs from mail to mail beside the facts.
pub struct Cover<'a> {
    pub from: &'a Address,
    pub to: &'a str,
    /// Its Message-ID, without the brackets.
    pub message_id: &'a str,
    pub invitation_id: Option<InvitationId>,
    pub link: SecretString,
    pub token: SecretString,
    pub now: Timestamp,
}

pub struct Templates(Environment<'static>);

impl Templates {
    /// Files in the folder replace built-in templates. Every template is tried now, so errors show at startup.
    pub fn load(folder: Option<&Path>) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        for (name, built_in) in BUILT_IN {
            let own = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
            let text = match &own {
                Some(path) => std::fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()))?,
                None => (*built_in).to_owned(),
            };
            environment
                .add_template_owned(*name, text)
                .map_err(|cause| format!("the mail template {name} cannot be read: {cause}"))?;
        }
        let templates = Self(environment);
        for (language, _) in LANGUAGES {
            for matter in EXAMPLES {
                let facts = MailFacts { language: *language, name: "Name", account: "Account", matter };
                templates.print(&facts, "https://example.test/")?;
            }
        }
        Ok(templates)
    }

    fn print(&self, facts: &MailFacts<'_>, link: &str) -> Result<(String, String, String), String> {
        let (template, code) = (facts.matter.template(), facts.language.code());
        let mut values = BTreeMap::from([
            ("name", Value::from(plain(facts.name))),
            ("account", Value::from(plain(facts.account))),
            ("link", Value::from_safe_string(link.to_owned())),
        ]);
        values.extend(facts.matter.values(facts.language));
        let values = Value::from(values);
        let print = |name: String| {
            let template = self.0.get_template(&name).map_err(|cause| cause.to_string());
            let printed = template.and_then(|template| template.render(&values).map_err(|cause| format!("{cause:#}")));
            printed.map_err(|cause| format!("the mail template {name} does not work: {cause}"))
        };
        let (text, html) = (print(format!("{template}.{code}.txt"))?, print(format!("{template}.{code}.html"))?);
        let first = text.split_once('\n');
        let (subject, text) = first
            .and_then(|(line, rest)| Some((line.trim_end().strip_prefix(SUBJECT)?, rest.trim_start())))
            .ok_or_else(|| {
                format!("the mail template {template}.{code}.txt must begin with {SUBJECT:?} and the subject")
            })?;
        Ok((subject.to_owned(), format!("{}\n", text.trim_end()), html))
    }

    /// Writes a mail.
    pub fn write(&self, facts: &MailFacts<'_>, cover: Cover<'_>) -> Result<Mail, Failure> {
        // Once the template works again, the mails that waited for it are sent.
        let (subject, text, html) = self.print(facts, cover.link.expose_secret()).map_err(Failure::OfSender)?;
        finish(&subject, text, html, &plain(facts.name), &plain(facts.account), cover)
    }

    pub fn test(&self, cover: Cover<'_>) -> Result<Mail, Failure> {
        let text = "This mail was sent to see that mail works. It does.\n";
        finish("Mail works", text.to_owned(), format!("<p>{text}</p>\n"), "", "invited", cover)
    }
}

fn finish(
    subject: &str,
    text: String,
    html: String,
    name: &str,
    account: &str,
    cover: Cover<'_>,
) -> Result<Mail, Failure> {
    let unwritable = |cause: &dyn Display| Failure::ForGood(format!("the address cannot be written to: {cause}"));
    let address: Address = cover.to.parse().map_err(|cause: AddressError| unwritable(&cause))?;
    let moment = Duration::from_micros(u64::try_from(cover.now.0).unwrap_or_default());
    // A display name of punctuation alone is not valid in a header (RFC 5322, section 3.2.5).
    let is_name = |name: &String| name.contains(|character: char| !character.is_ascii_punctuation());
    let named = |name: &str| Some(name.to_owned()).filter(is_name);
    let message = Message::builder()
        .from(Name::new(named(account), cover.from.clone()))
        .to(Name::new(named(name), address))
        .subject(subject)
        .message_id(Some(format!("<{}>", cover.message_id)))
        .date(UNIX_EPOCH + moment)
        // No automatic replies (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(whole_lines(&text), whole_lines(&html)))
        .map_err(|cause| Failure::ForGood(format!("the mail cannot be written: {cause}")))?;
    Ok(Mail {
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
        to: cover.to.to_owned(),
        subject: subject.to_owned(),
        text,
        html,
        message_id: cover.message_id.to_owned(),
        invitation_id: cover.invitation_id,
        link: cover.link,
        token: cover.token,
        sent_at: cover.now,
    })
}

/// A part whose lines stay whole: unchanged if it is ASCII in lines of a legal length, in base64 otherwise. The library
/// would choose quoted-printable, which cuts every line after 76 characters, and so the link.
fn whole_lines(text: &str) -> Body {
    let text = text.lines().map(|line| format!("{}\r\n", line.replace('\r', ""))).collect::<String>();
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        return Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit);
    }
    // The library accepts base64 for any text.
    Body::new_with_encoding(text, ContentTransferEncoding::Base64).unwrap_or_else(Body::new)
}

/// Makes typed text harmless in another person's mail: removes control, direction and invisible characters, bounds the
/// length, and puts a blank behind each dot or colon inside a word, so no mail program makes a link of
/// `https://example.test`. A blank inside `=?`, which begins an encoded word, keeps headers from decoding typed text.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut characters = text.chars().filter(|character| !display::is_hidden(*character)).take(NAME_LENGTH).peekable();
    while let Some(character) = characters.next() {
        out.push(if character.is_whitespace() { ' ' } else { character });
        let is_broken_up = characters.peek().is_some_and(|next| match character {
            '.' | ':' => next.is_alphanumeric() || *next == '/',
            '=' => *next == '?',
            _ => false,
        });
        if is_broken_up {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::kind::is_mailbox;

    #[test]
    fn typed_text_loses_what_could_do_harm() {
        for (typed, harmless) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Dr. Ada", "Dr. Ada"),
            ("www.evil.test", "www. evil. test"),
            ("https://evil.test/x", "https: //evil. test/x"),
            ("a\r\nBcc: b", "aBcc: b"),
            ("=?utf-8?q?evil=2Etest?=", "= ?utf-8?q?evil=2Etest?="),
            ("gpj\u{202e}.exe\u{200b}", "gpj. exe"),
            ("x\u{2028}y\u{a0}z", "xy z"),
            ("😀😀", "😀😀"),
        ] {
            assert_eq!(plain(typed), harmless, "{typed:?}");
        }
        assert_eq!(plain(&"é".repeat(300)).chars().count(), NAME_LENGTH);
    }

    #[test]
    fn every_address_that_may_be_stored_can_be_written_to() {
        let domain = format!("{0}.{0}.{0}.{1}", "d".repeat(63), "d".repeat(55));
        for address in [
            "a@b".to_owned(),
            "a@1.2.3.4".to_owned(),
            "1@2.3".to_owned(),
            "-a@b--c.test".to_owned(),
            "!#$%&'*+-/=?^_`{|}~@b.test".to_owned(),
            format!("{}@b.test", "l".repeat(64)),
            format!("{}.{}@b.test", "l".repeat(31), "l".repeat(32)),
            format!("l@{domain}"),
        ] {
            assert!(is_mailbox(&address), "{address}");
            assert!(address.parse::<Address>().is_ok(), "{address}");
        }
    }

    #[test]
    fn a_template_of_a_folder_replaces_one_and_one_that_does_not_work_is_named_at_once() {
        let folder = std::env::temp_dir().join(format!("invited-templates-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |text: &str| {
            std::fs::write(folder.join("invitation.en.txt"), text).unwrap();
            let facts = MailFacts {
                language: Language::English,
                name: "Ada",
                account: "Team",
                matter: Matter::Invitation {
                    inviter: "Bea <b>",
                    permission: "project_lead",
                    role: None,
                    expires_on: 22_311,
                },
            };
            Templates::load(Some(&folder)).and_then(|templates| templates.print(&facts, "https://example.test/x"))
        };
        let (subject, text, html) = write("Subject: Come, {{ name }}\n\n{{ inviter }} {{ link }}\n").unwrap();
        assert_eq!((subject.as_str(), text.as_str()), ("Come, Ada", "Bea <b> https://example.test/x\n"));
        assert!(html.contains("Bea &lt;b&gt;") && html.contains("project lead"), "{html}");
        for (broken, complaint) in [
            ("Hello", "must begin with"),
            ("Subject: x\n\n{{ nobody }}", "nobody"),
            ("Subject: x\n\n{% if %}", "cannot be read"),
        ] {
            let told = write(broken).unwrap_err();
            assert!(told.contains("invitation.en.txt") && told.contains(complaint), "{told}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_templates_of_the_program_work() {
        assert_eq!(Templates::load(None).err(), None);
    }
}
