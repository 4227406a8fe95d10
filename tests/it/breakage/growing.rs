//! The write-ahead log while every reader is busy all the time.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use invited::testing::store::{Error, Param};

use crate::support::database::Database;
use crate::support::{Ends, Server};

/// More than there are readers, so each one has its next job when it ends one.
const CLIENTS: usize = 6;

/// Megabytes written, and allowed in the log: 16, after which the next commit waits for the readers, and what one or
/// two waits that were too short add on a busy machine.
const WRITTEN: u64 = 200;
const MOST: u64 = 24;

/// Takes some milliseconds, in the middle of the log.
const SLOW: &str = "SELECT (SELECT count(*) FROM users) + (WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 \
     FROM n LIMIT 50000) SELECT count(*) FROM n)";

#[test]
fn the_log_stays_small_while_reads_never_pause() {
    let server = Server::start_over(Database::in_file(), &[("readers", "2")]);
    let log = format!("{}-wal", server.database_path().display());
    let (is_over, store) = (AtomicBool::new(false), server.app().store.clone());
    let largest = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                while !is_over.load(Ordering::Relaxed) {
                    runtime.block_on(store.read(|db| db.one(SLOW, &[], |row| row.int(0)))).unwrap();
                }
            });
        }
        let _ends = Ends(&is_over);
        let mut largest = 0;
        for number in 0..WRITTEN {
            let text = number.to_string().repeat(500_000);
            server.write(move |db| {
                let sql = "UPDATE users SET headline = ?1 WHERE id = 1";
                db.exec(sql, &[Param::Text(&text)]).map_err(|cause: Error| cause.into())
            });
            largest = largest.max(fs::metadata(&log).unwrap().len());
        }
        largest
    });
    println!("the largest log had {largest} bytes");
    assert!(largest < MOST << 20, "{largest}");
}
