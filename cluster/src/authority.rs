//! Certificates for tests, made with `openssl`, which PostgreSQL's packages need as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::because;

/// An authority that signs certificates.
pub struct Authority {
    folder: PathBuf,
    itself: Certificate,
}

/// A certificate and its key, as PEM files.
#[derive(Clone)]
pub struct Certificate {
    pub file: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// Creates one in an existing folder.
    pub fn create(folder: &Path) -> Result<Self, String> {
        let itself = Certificate { file: folder.join("authority.pem"), key: folder.join("authority.key") };
        make(folder, &itself, "An authority of the tests", "basicConstraints = critical, CA:TRUE", None)?;
        Ok(Self { folder: folder.to_owned(), itself })
    }

    /// A self-signed certificate for a host, which is named as in [`Self::sign`]. Like one of `openssl req -x509`, it
    /// claims to be an authority.
    pub fn self_signed(folder: &Path, host: &str) -> Result<Certificate, String> {
        let made = Certificate { file: folder.join("self-signed.pem"), key: folder.join("self-signed.key") };
        let extensions = format!("basicConstraints = critical, CA:TRUE\nsubjectAltName = {host}");
        make(folder, &made, "localhost", &extensions, None)?;
        Ok(made)
    }

    /// The file with its own certificate, for clients that trust it.
    pub fn file(&self) -> &Path {
        &self.itself.file
    }

    /// Signs a certificate for a host: `DNS:` and its name, or `IP:` and its address.
    pub fn sign(&self, host: &str) -> Result<Certificate, String> {
        let name = host.replace([':', '.'], "_");
        let signed =
            Certificate { file: self.folder.join(format!("{name}.pem")), key: self.folder.join(format!("{name}.key")) };
        let extensions = format!("basicConstraints = critical, CA:FALSE\nsubjectAltName = {host}");
        make(&self.folder, &signed, "A server of the tests", &extensions, Some(&self.itself))?;
        Ok(signed)
    }
}

/// Creates a certificate and its key, signed by itself or by an authority.
fn make(
    folder: &Path,
    made: &Certificate,
    subject: &str,
    extensions: &str,
    authority: Option<&Certificate>,
) -> Result<(), String> {
    let asked = folder.join("asked.cnf");
    let text = format!(
        "[req]\ndistinguished_name = subject\nprompt = no\n[subject]\nCN = {subject}\n[extensions]\n{extensions}\n"
    );
    fs::write(&asked, text).map_err(because("what openssl is asked for cannot be written"))?;
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    command.args(["-extensions", "extensions", "-config"]).arg(&asked);
    command.arg("-out").arg(&made.file).arg("-keyout").arg(&made.key);
    if let Some(authority) = authority {
        command.arg("-CA").arg(&authority.file).arg("-CAkey").arg(&authority.key);
    }
    let output = command.stdin(Stdio::null()).output().map_err(because("openssl cannot be started"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("openssl failed: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
