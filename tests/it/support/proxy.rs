//! A proxy between a server and its database, which judges each piece on its way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::thread;

/// PostgreSQL's default port.
const USUAL_PORT: &str = ":5432";

/// What becomes of a piece.
pub(crate) enum Fate {
    Arrives,
    IsLost,
    /// It is lost, and so is the connection.
    Cuts,
}

/// Judges the pieces of one connection, from either side on a thread of its own. A piece waits until it is judged.
pub(crate) trait Judge: Send + Sync + 'static {
    /// A piece from the server.
    fn question(&self, piece: &[u8]) -> Fate;

    /// A piece from the database.
    fn answer(&self, piece: &[u8]) -> Fate;
}

/// Starts one before the database of a URL, with a judge for each connection; returns the URL that leads through it.
/// Its threads end with the process.
pub(crate) fn before<J: Judge>(url: &str, judge: impl Fn() -> J + Send + 'static) -> String {
    let (scheme_and_user, place) = url.rsplit_once('@').expect("the URL names a user");
    let (database, name) = place.split_once('/').expect("the URL names a database");
    let database = if database.contains(':') { database.to_owned() } else { format!("{database}{USUAL_PORT}") };
    let database = database.to_socket_addrs().expect("the database has an address").next().expect("at least one");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for server in listener.incoming().flatten() {
            // While the database is down, the connection is closed.
            if let Ok(database) = TcpStream::connect(database) {
                forward(&server, &database, &Arc::new(judge()));
            }
        }
    });
    format!("{scheme_and_user}@{address}/{name}")
}

fn forward<J: Judge>(server: &TcpStream, database: &TcpStream, judge: &Arc<J>) {
    for stream in [server, database] {
        stream.set_nodelay(true).unwrap();
    }
    let carries = |from: &TcpStream, to: &TcpStream, fate: fn(&J, &[u8]) -> Fate| {
        let (from, to, judge) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(judge));
        thread::spawn(move || carry(from, to, |piece| fate(&judge, piece)));
    };
    carries(server, database, J::question);
    carries(database, server, J::answer);
}

/// Passes on what is to arrive until one side has closed or the connection is cut; then closes both sides.
fn carry(mut from: TcpStream, mut to: TcpStream, fate: impl Fn(&[u8]) -> Fate) {
    let mut piece = [0; 64 * 1_024];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        match fate(&piece[..length]) {
            Fate::Arrives if to.write_all(&piece[..length]).is_ok() => {}
            Fate::IsLost => {}
            Fate::Arrives | Fate::Cuts => break,
        }
    }
    for stream in [from, to] {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
