//! What a mail says: templates, what fills them, and the bytes that come of it.
//!
//! Templates are the program's own or files of a folder with the same names, in one syntax. Askama, which prints the pages, was not
//! taken here: its templates are compiled in, so that those of operators would need a second engine beside it.
//!
//! Invariants. What people have typed is [`plain`] before it gets anywhere near a mail: no control character, nothing that
//! turns the direction of text, nothing that a mail program makes a link of. The HTML part escapes everything besides. Headers are
//! encoded by a library (RFC 2047), so that nothing can begin a header of its own. The one address in a mail is the link.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox as Name, Message, MultiPart};
use lettre::{Address, address::Envelope};
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::ids::InvitationId;
use crate::language::{LANGUAGES, Language};

/// Most characters of a name in a mail; what is longer is cut.
const NAME_LENGTH: usize = 100;

/// The templates of the program, by file name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("invitation.en.txt", include_str!("../../templates/mail/invitation.en.txt")),
    ("invitation.en.html", include_str!("../../templates/mail/invitation.en.html")),
    ("invitation.de.txt", include_str!("../../templates/mail/invitation.de.txt")),
    ("invitation.de.html", include_str!("../../templates/mail/invitation.de.html")),
];

/// What the first line of a text begins with, to be the subject.
const SUBJECT: &str = "Subject: ";

/// A finished mail.
#[derive(Clone)]
pub struct Mail {
    /// Who sends it and gets it, as mail servers see it.
    pub envelope: Envelope,
    /// The whole of it (RFC 5322).
    pub bytes: Vec<u8>,
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The part for programs that show text.
    pub text: String,
    /// The part for programs that show HTML.
    pub html: String,
    /// The Message-ID, without the brackets.
    pub message_id: String,
    /// The invitation that it is about; `None` for a test.
    pub invitation_id: Option<InvitationId>,
    /// The address of the page.
    pub link: SecretString,
    /// The token in that address.
    pub token: SecretString,
    /// When it was written.
    pub sent_at: Timestamp,
}

/// What a mail about an invitation is written from.
pub struct Facts<'a> {
    /// The language.
    pub language: Language,
    /// Name of the invited person.
    pub name: &'a str,
    /// Name of who invites.
    pub inviter: &'a str,
    /// Name of the account.
    pub account: &'a str,
    /// The permission, as the wire names it.
    pub permission: &'a str,
    /// Name of the role.
    pub role: Option<&'a str>,
    /// The last day, as days since 1970.
    pub expires_on: i64,
}

/// Where a mail goes and what makes it this mail.
pub struct Cover<'a> {
    /// Where it comes from.
    pub from: &'a Address,
    /// Where it goes.
    pub to: &'a str,
    /// Its Message-ID, without the brackets.
    pub message_id: &'a str,
    /// The invitation that it is about.
    pub invitation_id: Option<InvitationId>,
    /// The link.
    pub link: SecretString,
    /// The token in the link.
    pub token: SecretString,
    /// When.
    pub now: Timestamp,
}

/// The templates in force.
pub struct Templates(Environment<'static>);

impl Templates {
    /// The program's own, and in place of each the file of that name in the folder. A template that does not work is told now,
    /// not by the first mail.
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
            let facts = Facts {
                language: *language,
                name: "Name",
                inviter: "Inviter",
                account: "Account",
                permission: "collaborator",
                role: Some("Role"),
                expires_on: 0,
            };
            templates.print(&facts, "https://example.test/")?;
        }
        Ok(templates)
    }

    /// Subject, text and HTML.
    fn print(&self, facts: &Facts<'_>, link: &str) -> Result<(String, String, String), String> {
        let code = facts.language.code();
        let values = BTreeMap::from([
            ("name", Value::from(plain(facts.name))),
            ("inviter", Value::from(plain(facts.inviter))),
            ("account", Value::from(plain(facts.account))),
            ("permission", Value::from(facts.language.permission(facts.permission))),
            ("role", facts.role.map_or(Value::from(""), |role| Value::from(plain(role)))),
            ("date", Value::from(facts.language.date(facts.expires_on))),
            ("link", Value::from_safe_string(link.to_owned())),
        ]);
        let values = Value::from(values);
        let print = |name: String| {
            let template = self.0.get_template(&name).map_err(|cause| cause.to_string());
            let printed = template.and_then(|template| template.render(&values).map_err(|cause| format!("{cause:#}")));
            printed.map_err(|cause| format!("the mail template {name} does not work: {cause}"))
        };
        let (text, html) = (print(format!("invitation.{code}.txt"))?, print(format!("invitation.{code}.html"))?);
        let first = text.split_once('\n');
        let (subject, text) = first
            .and_then(|(line, rest)| Some((line.trim_end().strip_prefix(SUBJECT)?, rest.trim_start())))
            .ok_or_else(|| {
                format!("the mail template invitation.{code}.txt must begin with {SUBJECT:?} and the subject")
            })?;
        Ok((subject.to_owned(), format!("{}\n", text.trim_end()), html))
    }

    /// Writes a mail about an invitation. Errors are about addresses and templates, and for the log.
    pub fn write(&self, facts: &Facts<'_>, cover: Cover<'_>) -> Result<Mail, String> {
        let (subject, text, html) = self.print(facts, cover.link.expose_secret())?;
        finish(&subject, text, html, &plain(facts.name), &plain(facts.account), cover)
    }

    /// Writes a mail that says that mail works.
    pub fn test(&self, cover: Cover<'_>) -> Result<Mail, String> {
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
) -> Result<Mail, String> {
    let address: Address = cover.to.parse().map_err(|cause| format!("the address cannot be written to: {cause}"))?;
    let moment = Duration::from_micros(u64::try_from(cover.now.0).unwrap_or_default());
    // A name of marks alone, such as a dot, is none that a header could hold (RFC 5322, section 3.2.5).
    let is_name = |name: &String| name.contains(|character: char| !character.is_ascii_punctuation());
    let named = |name: &str| Some(name.to_owned()).filter(is_name);
    let message = Message::builder()
        .from(Name::new(named(account), cover.from.clone()))
        .to(Name::new(named(name), address))
        .subject(subject)
        .message_id(Some(format!("<{}>", cover.message_id)))
        .date(UNIX_EPOCH + moment)
        // Nobody's out-of-office answer is wanted (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
        .map_err(|cause| format!("the mail cannot be written: {cause}"))?;
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

/// A text that somebody has typed, as harmless as it can be in somebody else's mail: without control characters and without those
/// that turn the direction of text or are not seen, of a bounded length, and with a blank behind each dot or colon
/// inside a word, so that no program takes `https://example.test` or `example.test` for an address to click. A blank
/// also stands inside `=?`, with which an encoded word of a header begins: what somebody has typed is never decoded.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut characters = text.chars().filter(|character| !is_hidden(*character)).take(NAME_LENGTH).peekable();
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

/// Control characters, marks of direction, joiners and other characters that are not seen, and ends of lines.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_templates_of_the_program_work() {
        assert_eq!(Templates::load(None).err(), None);
    }

    #[test]
    fn a_template_of_a_folder_replaces_one_and_one_that_does_not_work_is_named_at_once() {
        let folder = std::env::temp_dir().join(format!("invited-templates-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |text: &str| {
            std::fs::write(folder.join("invitation.en.txt"), text).unwrap();
            let facts = Facts {
                language: Language::English,
                name: "Ada",
                inviter: "Bea <b>",
                account: "Team",
                permission: "project_lead",
                role: None,
                expires_on: 22_311,
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
}
