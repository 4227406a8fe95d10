//! PgBouncer in front of a server: many clients share a few connections, one transaction at a time.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::{Cluster, Owner, USER, because, free_port};

/// Debian's path, which is not on everyone's path.
const DEBIAN_PROGRAM: &str = "/usr/sbin/pgbouncer";

/// How often to check whether the pooler listens, and the pause between two checks.
const MOST_LOOKS: u32 = 1_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A pooler that runs while this exists.
pub struct Pooler {
    child: Child,
    folder: PathBuf,
    port: u16,
}

/// PgBouncer's program, if installed.
pub fn pooler_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pgbouncer"));
    std::iter::once(PathBuf::from(DEBIAN_PROGRAM)).chain(on_path).find(|program| program.is_file())
}

impl Pooler {
    /// Starts one that gives each transaction any of this many connections.
    pub fn start(cluster: &Cluster, connections: usize) -> Result<Self, String> {
        let program = pooler_program().ok_or("PgBouncer is not there")?;
        let port = free_port()?;
        let folder = cluster.folder.join(format!("pooler-{port}"));
        fs::create_dir_all(&folder).map_err(because("the folder of the pooler cannot be made"))?;
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={USER}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = {connections}\nmax_client_conn = 500\n",
            cluster.port
        );
        fs::write(&settings, text).map_err(because("the settings of the pooler cannot be written"))?;
        let mut command = Command::new(program);
        command.arg("--quiet").arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(Owner { user, group }) = cluster.owner {
            chown(&folder, Some(user), Some(group))
                .map_err(because("the folder of the pooler cannot be given away"))?;
            command.gid(group).uid(user);
        }
        let child = command.current_dir(&folder).spawn().map_err(because("pgbouncer cannot be started"))?;
        let mut pooler = Self { child, folder, port };
        pooler.wait_until_it_listens()?;
        Ok(pooler)
    }

    /// Its address, without a database.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        for _ in 0..MOST_LOOKS {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            let ended = self.child.try_wait().map_err(because("pgbouncer cannot be waited for"))?;
            if let Some(status) = ended {
                return Err(format!("pgbouncer has ended ({status}); its settings are in {}", self.folder.display()));
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        Err("pgbouncer does not listen".to_owned())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // It may have ended already; its folder is removed with the server's.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
