//! What the figures were measured on.

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// The machine as far as the figures depend on it, in a sentence.
pub(crate) fn description(folder: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_default();
    let memory = kibibytes("/proc/meminfo", "MemTotal").unwrap_or_default() / 1024;
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    let output = Command::new("df").arg("--output=fstype").arg(folder).output()?.stdout;
    let output = String::from_utf8_lossy(&output);
    let (kernel, file_system) = (kernel.trim(), output.lines().nth(1).unwrap_or_default());
    // Above about 0.3, other work took part of the cores.
    let load = read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "{cores} cores ({processor}), {memory} MiB of memory, Linux {kernel}, databases on {file_system}, load average \
         {load} before the run."
    ))
}

/// The first value of a name in a file of `name : value` lines.
fn field(file: &str, name: &str) -> Option<String> {
    let text = read_to_string(file).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// The same of `name: 123 kB`.
pub(crate) fn kibibytes(file: &str, name: &str) -> Option<u64> {
    field(file, name)?.split_whitespace().next()?.parse().ok()
}
