//! The languages of mails and invitation pages: the account's choice, else the server's. A further language is a line
//! in each table here, and its templates.

use crate::wire::kind;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    German,
}

/// Every language with its code (RFC 5646), in the order of the enum.
pub const LANGUAGES: &[(Language, &str)] = &[(Language::English, "en"), (Language::German, "de")];

const PERMISSIONS: &[(&str, [&str; 2])] = &[
    ("administrator", ["administrator", "Administrator"]),
    ("reports_viewer_with_cost", ["reports viewer with cost", "Berichtsleser mit Kosten"]),
    ("reports_viewer", ["reports viewer", "Berichtsleser"]),
    ("project_lead", ["project lead", "Projektleiter"]),
    ("project_creator", ["project creator", "Projektersteller"]),
    ("collaborator", ["collaborator", "Mitarbeiter"]),
    ("punch_clock", ["time tracker", "Zeiterfasser"]),
];

const MONTHS: [&str; 2] = [
    "January February March April May June July August September October November December",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
];

impl Language {
    pub fn of_code(code: &str) -> Option<Self> {
        LANGUAGES.iter().find(|(_, known)| *known == code).map(|(language, _)| *language)
    }

    pub fn code(self) -> &'static str {
        LANGUAGES[self as usize].1
    }

    /// The name of a permission level.
    pub fn permission(self, name: &str) -> &str {
        PERMISSIONS.iter().find(|(known, _)| *known == name).map_or(name, |(_, names)| names[self as usize])
    }

    /// `1 February 2031` for days since 1970.
    pub fn date(self, day: i64) -> String {
        let written = kind::date(day);
        let mut numbers = written.split('-').map(|digits| digits.parse::<usize>().unwrap_or_default());
        let (Some(year), Some(month), Some(day)) = (numbers.next(), numbers.next(), numbers.next()) else {
            return written;
        };
        let month = MONTHS[self as usize].split(' ').nth(month.wrapping_sub(1)).unwrap_or_default();
        let dot = if self == Self::German { "." } else { "" };
        format!("{day}{dot} {month} {year:04}")
    }
}
