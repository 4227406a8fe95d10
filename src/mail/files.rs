//! Mail as files: one `.eml` for each mail, written under another name and renamed.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::files;
use crate::mail::{Failure, Mail};

pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder if it is missing, readable for this user alone, since mails hold links.
    pub fn open(path: &Path) -> Result<Self, String> {
        let created = files::folder_builder().recursive(true).create(path);
        created.map_err(|cause| format!("the folder {} cannot be made: {cause}", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// The file is named after the Message-ID, so a second attempt replaces the first.
    pub fn put(&self, mail: &Mail) -> Result<String, Failure> {
        let name: String = mail.message_id.chars().take_while(char::is_ascii_alphanumeric).collect();
        let (place, unfinished) = (self.0.join(format!("{name}.eml")), self.0.join(format!(".{name}.unfinished")));
        let write = || -> std::io::Result<()> {
            // A killed process may have left this file. It is removed and made anew, never written through.
            match fs::remove_file(&unfinished) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
                _ => {}
            }
            let mut file = files::create(&unfinished)?;
            file.write_all(&mail.bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, &place)
        };
        match write() {
            Ok(()) => Ok(format!("written as {name}.eml")),
            Err(cause) => Err(Failure::ForNow(format!("{} cannot be written: {cause}", place.display()))),
        }
    }
}
