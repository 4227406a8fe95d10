//! On what the figures were measured. A table without its machine says nothing.

use std::path::Path;

/// The machine, as far as the figures depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_in_mebibytes: u64,
    pub(crate) kernel: String,
    pub(crate) file_system: String,
    /// Load of the last minute when the run began; above about 0.3 other work took part of the cores.
    pub(crate) load_before: f64,
}

impl Machine {
    /// Looks at the machine; `folder` is where the databases are.
    pub(crate) fn inspect(folder: &Path) -> Machine {
        Machine {
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            memory_in_mebibytes: kibibytes("/proc/meminfo", "MemTotal").unwrap_or(0) / 1024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| unknown(), |text| text.trim().to_owned()),
            file_system: file_system(folder).unwrap_or_else(unknown),
            load_before: load().unwrap_or(0.0),
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The first value of a name in a file of `name : value` lines.
fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

/// The first value of a name in a file of `name: 123 kB` lines.
pub(crate) fn kibibytes(file: &str, name: &str) -> Option<u64> {
    field(file, name)?.split_whitespace().next()?.parse().ok()
}

/// The type of the file system with the longest mount point above the folder.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let mut best: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        let is_longer = best.as_ref().is_none_or(|(length, _)| point.len() >= *length);
        if folder.starts_with(point) && is_longer {
            best = Some((point.len(), kind.to_owned()));
        }
    }
    best.map(|(_, kind)| kind)
}
