//! Death of a server as if its machine died: all processes at once, without notice.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use super::{Cluster, because};

/// Settings of a server that will be killed: shared memory in files, which go with its folder.
pub const MORTAL: &[&str] = &["dynamic_shared_memory_type = mmap"];

impl Cluster {
    /// Kills every process of the server at once. Its disk keeps its contents, and nothing restarts it.
    ///
    /// Killing only the first process would not do: the others notice that only when they wait, and may answer a commit
    /// after it.
    pub fn kill(&self) -> Result<(), String> {
        let file = self.data().join("postmaster.pid");
        let file = fs::read_to_string(file).map_err(because("the database server does not say its process"))?;
        let first = file.lines().next().and_then(|line| line.trim().parse().ok());
        let first: u32 = first.ok_or("the database server does not say its process")?;
        let mut command = Command::new("kill");
        command.arg("-KILL").arg(first.to_string()).args(children(first).iter().map(u32::to_string));
        // A process that has just ended is not a failure.
        let _ = command.stderr(Stdio::null()).status().map_err(because("kill cannot be started"))?;
        self.is_dead.store(true, Ordering::SeqCst);
        remove_shared_memory(&file);
        Ok(())
    }
}

/// The child processes of a process, if the system lists them.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").ok().into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbers.filter(|process| parent_of(*process) == Some(parent)).collect()
}

fn parent_of(process: u32) -> Option<u32> {
    parent_in(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// The parent in a line of `/proc/…/stat`: the second field after the name, which is in brackets and may contain any.
fn parent_in(line: &str) -> Option<u32> {
    line.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Removes the shared memory that marks the data as in use; a killed server leaves it behind.
fn remove_shared_memory(file: &str) {
    let segment = file.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
    if let Some(segment) = segment {
        // A few bytes that the next boot removes.
        let _ = Command::new("ipcrm").args(["-m", segment]).stderr(Stdio::null()).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_of_a_process_is_found_behind_any_name() {
        assert_eq!(parent_in("17 (postgres) S 4 17 17 0"), Some(4));
        assert_eq!(parent_in("17 (a ) S 9 (b) R 4 17"), Some(4));
        assert_eq!(parent_in("17"), None);
    }
}
