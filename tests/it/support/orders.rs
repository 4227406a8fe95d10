//! A library that makes the program's system calls fail and moves its wall clock, and its orders.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What becomes of a wait for the disk.
#[derive(Clone, Copy)]
pub(crate) enum Sync {
    Fails = 1,
    Hangs = 2,
    /// After it nothing can be written any more.
    FailsAndStopsWrites = 3,
}

/// Error numbers of Linux.
pub(crate) const NO_SPACE: i32 = 28;

/// The library, and the file with its orders.
pub(crate) struct Orders {
    library: PathBuf,
    file: PathBuf,
}

impl Orders {
    /// Builds the library into a folder.
    pub(crate) fn build(folder: &Path) -> Self {
        let orders = Self { library: folder.join("orders.so"), file: folder.join("orders") };
        fs::write(&orders.file, [0; 16]).unwrap();
        let named = std::env::var("CC").unwrap_or_default();
        let mut words = named.split_whitespace();
        let mut compiler = Command::new(words.next().unwrap_or("cc"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/orders.c");
        compiler.args(words).args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]);
        let built = compiler.args([&orders.library, &source]).arg("-ldl").status().expect("there is a C compiler");
        assert!(built.success(), "the library does not build");
        orders
    }

    /// Makes a command load the library.
    pub(crate) fn apply_to(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("ORDERS_FILE", &self.file);
    }

    pub(crate) fn sync(&self, sync: Sync) {
        self.write(&(sync as i32).to_ne_bytes(), 0);
    }

    /// The error of each write; 0 for none.
    pub(crate) fn write_error(&self, number: i32) {
        self.write(&number.to_ne_bytes(), 4);
    }

    /// By how many seconds the program's clock is wrong.
    pub(crate) fn clock(&self, seconds: i64) {
        self.write(&seconds.to_ne_bytes(), 8);
    }

    pub(crate) fn all_is_well(&self) {
        self.write(&[0; 16], 0);
    }

    fn write(&self, bytes: &[u8], at: u64) {
        File::options().write(true).open(&self.file).unwrap().write_all_at(bytes, at).unwrap();
    }
}
