//! The languages of mails and of the pages that people outside an account see.
//!
//! Which one is spoken is the account's choice, else the server's: it is known when a mail is written, long before a browser
//! could say what its owner reads. A further language is a line in each table of this file and a pair of mail templates.

use crate::wire::kind;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// Every language with its code (RFC 5646).
pub const LANGUAGES: &[(Language, &str)] = &[(Language::English, "en"), (Language::German, "de")];

/// What each level of permission is called.
const PERMISSIONS: &[(&str, [&str; 2])] = &[
    ("administrator", ["administrator", "Administrator"]),
    ("reports_viewer_with_cost", ["reports viewer with cost", "Berichtsleser mit Kosten"]),
    ("reports_viewer", ["reports viewer", "Berichtsleser"]),
    ("project_lead", ["project lead", "Projektleiter"]),
    ("project_creator", ["project creator", "Projektersteller"]),
    ("collaborator", ["collaborator", "Mitarbeiter"]),
    ("punch_clock", ["time tracker", "Zeiterfasser"]),
];

const MONTHS: [[&str; 12]; 2] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
];

impl Language {
    /// The language of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        LANGUAGES.iter().find(|(_, known)| *known == code).map(|(language, _)| *language)
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        LANGUAGES.iter().find(|(language, _)| *language == self).map_or("en", |(_, code)| code)
    }

    /// Its place in each table.
    fn column(self) -> usize {
        LANGUAGES.iter().position(|(language, _)| *language == self).unwrap_or_default()
    }

    /// What a level of permission is called.
    pub fn permission(self, name: &str) -> &str {
        let known = PERMISSIONS.iter().find(|(permission, _)| *permission == name);
        known.map_or(name, |(_, called)| called[self.column()])
    }

    /// A day as people write it, from days since 1970.
    pub fn date(self, day: i64) -> String {
        let written = kind::date(day);
        let parts: Vec<&str> = written.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return written };
        let number = |digits: &str| digits.parse::<usize>().unwrap_or_default();
        let month = MONTHS[self.column()].get(number(month).wrapping_sub(1)).copied().unwrap_or_default();
        match self {
            Self::English => format!("{} {month} {year}", number(day)),
            Self::German => format!("{}. {month} {year}", number(day)),
        }
    }

    /// What the pages say.
    pub fn texts(self) -> &'static Texts {
        TEXTS[self.column()]
    }
}

/// What the pages of an invitation say. Words in braces are replaced by [`fill`].
pub struct Texts {
    /// Title of the page.
    pub title: &'static str,
    /// Heading: who invites to what.
    pub heading: &'static str,
    /// For whom the invitation is.
    pub for_whom: &'static str,
    /// What the person will be.
    pub as_what: &'static str,
    /// The same with a role.
    pub with_role: &'static str,
    /// Until when.
    pub until: &'static str,
    /// That the inviter may no longer grant it.
    pub not_granted: &'static str,
    /// Label of the password.
    pub password: &'static str,
    /// What a password must be.
    pub password_hint: &'static str,
    /// That no password is needed.
    pub signed_in: &'static str,
    /// That a membership elsewhere ends.
    pub move_warning: &'static str,
    /// Label of the confirmation.
    pub move_label: &'static str,
    /// Button.
    pub accept: &'static str,
    /// Heading of what follows.
    pub or_decline: &'static str,
    /// Label of the confirmation.
    pub decline_label: &'static str,
    /// Button.
    pub decline: &'static str,
    /// Heading after acceptance.
    pub welcome: &'static str,
    /// Sentence after acceptance.
    pub welcome_text: &'static str,
    /// Heading after a decline.
    pub declined: &'static str,
    /// Sentence after a decline.
    pub declined_text: &'static str,
    /// Heading when a link does not work.
    pub dead: &'static str,
    /// Sentence when a link does not work.
    pub dead_text: &'static str,
    /// The confirmation of a decline is missing.
    pub decline_unconfirmed: &'static str,
    /// The confirmation of a move is missing.
    pub move_unconfirmed: &'static str,
    /// The other membership cannot end.
    pub cannot_leave: &'static str,
    /// The password is too short or too long.
    pub password_fault: &'static str,
    /// Too many attempts.
    pub too_many: &'static str,
    /// The form is too old.
    pub stale_form: &'static str,
}

const TEXTS: [&Texts; 2] = [
    &Texts {
        title: "Invitation",
        heading: "{inviter} invites you to {account}",
        for_whom: "This invitation is for {name} ({address}).",
        as_what: "You will be a member with the permission {permission}.",
        with_role: "You will be a member with the permission {permission} and the role {role}.",
        until: "It can be accepted until the end of {date} (UTC).",
        not_granted: "It cannot be accepted at the moment: whoever has sent it may no longer grant this permission. Ask an \
                      administrator of {account} to invite you again.",
        password: "Choose a password",
        password_hint: "At least 12 characters. With your mail address and this password you will sign in.",
        signed_in: "You are signed in, and keep your password.",
        move_warning: "You are a member of {elsewhere}. If you accept, that membership ends.",
        move_label: "Yes, end my membership there",
        accept: "Accept the invitation",
        or_decline: "You do not want to come?",
        decline_label: "I do not want to join",
        decline: "Decline the invitation",
        welcome: "Welcome to {account}",
        welcome_text: "You are a member now, and signed in.",
        declined: "You have declined",
        declined_text: "Nothing else happens. If it was a mistake, ask whoever has invited you to send the invitation again.",
        dead: "This link does not work",
        dead_text: "It was used already, its time is over, a newer one was sent, or it was never right. Ask whoever has \
                    invited you to send the invitation again.",
        decline_unconfirmed: "Tick the box if you do not want to join.",
        move_unconfirmed: "Confirm that your membership elsewhere ends.",
        cannot_leave: "You own another account or are its only administrator, so that you cannot leave it. Hand it over first.",
        password_fault: "The password must have at least 12 characters and at most 1,024 bytes.",
        too_many: "There were too many attempts. Wait a minute and try again.",
        stale_form: "This page was too old, or cookies are switched off. Please try again.",
    },
    &Texts {
        title: "Einladung",
        heading: "{inviter} lädt Sie zu {account} ein",
        for_whom: "Diese Einladung gilt für {name} ({address}).",
        as_what: "Sie werden Mitglied mit der Berechtigung {permission}.",
        with_role: "Sie werden Mitglied mit der Berechtigung {permission} und der Rolle {role}.",
        until: "Sie kann bis zum Ende des {date} (UTC) angenommen werden.",
        not_granted: "Sie kann zurzeit nicht angenommen werden: Wer sie verschickt hat, darf diese Berechtigung nicht mehr \
                      vergeben. Bitten Sie einen Administrator von {account} um eine neue Einladung.",
        password: "Wählen Sie ein Passwort",
        password_hint: "Mindestens 12 Zeichen. Mit Ihrer E-Mail-Adresse und diesem Passwort melden Sie sich künftig an.",
        signed_in: "Sie sind angemeldet und behalten Ihr Passwort.",
        move_warning: "Sie sind Mitglied von {elsewhere}. Wenn Sie annehmen, endet diese Mitgliedschaft.",
        move_label: "Ja, meine Mitgliedschaft dort soll enden",
        accept: "Einladung annehmen",
        or_decline: "Sie möchten nicht kommen?",
        decline_label: "Ich möchte nicht beitreten",
        decline: "Einladung ablehnen",
        welcome: "Willkommen bei {account}",
        welcome_text: "Sie sind jetzt Mitglied und angemeldet.",
        declined: "Sie haben abgelehnt",
        declined_text: "Weiter geschieht nichts. War es ein Versehen, bitten Sie um eine erneute Einladung.",
        dead: "Dieser Link funktioniert nicht",
        dead_text: "Er wurde schon benutzt, seine Zeit ist abgelaufen, ein neuerer wurde verschickt, oder er war nie richtig. \
                    Bitten Sie um eine erneute Einladung.",
        decline_unconfirmed: "Setzen Sie das Häkchen, wenn Sie nicht beitreten möchten.",
        move_unconfirmed: "Bestätigen Sie, dass Ihre andere Mitgliedschaft endet.",
        cannot_leave: "Ihnen gehört ein anderes Konto, oder Sie sind sein einziger Administrator: Sie können es nicht \
                       verlassen. Übergeben Sie es zuerst.",
        password_fault: "Das Passwort muss mindestens 12 Zeichen und darf höchstens 1.024 Bytes haben.",
        too_many: "Das waren zu viele Versuche. Warten Sie eine Minute und versuchen Sie es wieder.",
        stale_form: "Diese Seite war zu alt, oder Cookies sind abgeschaltet. Bitte versuchen Sie es noch einmal.",
    },
];

/// A text with its words in braces replaced. What replaces them is taken as it is, braces and all.
pub fn fill(text: &str, words: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(words.iter().find(|(known, _)| *known == name).map_or("", |(_, word)| word));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_people_write_them() {
        assert_eq!(Language::English.date(22_311), "1 February 2031");
        assert_eq!(Language::German.date(22_311), "1. Februar 2031");
    }

    #[test]
    fn every_language_is_found_by_its_code() {
        for (language, code) in LANGUAGES {
            assert_eq!(Language::of_code(code), Some(*language));
            assert_eq!(language.code(), *code);
        }
        assert_eq!(Language::of_code("xx"), None);
    }

    #[test]
    fn what_fills_a_text_is_not_filled_again() {
        let words = [("a", "{b}"), ("b", "never")];
        assert_eq!(fill("x {a} y {unknown}.", &words), "x {b} y .");
        assert_eq!(fill("open {", &words), "open ");
    }
}
