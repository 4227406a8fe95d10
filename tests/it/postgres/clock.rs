//! Servers over one database agree on the time: the database's.

use std::time::Duration;

use invited::testing::{App, Clock, Config, Entropy, Running};

use super::own_cluster::start;
use crate::support::server::texts;
use crate::support::within;

#[test]
fn the_databases_clock_decides_and_not_that_of_the_server() {
    let (_cluster, url) = start();
    let values = texts(&[("database", &url), ("listen", "127.0.0.1:0"), ("sweep_interval", "0")]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for is_ahead in [true, false] {
        let jump = |clock: &Clock| {
            let (now, days) = (clock.now(), Duration::from_secs(3 * 86_400));
            clock.set(Some(if is_ahead { now.plus(days) } else { now.minus(days) }), None);
        };
        let (clock, minute) = (Clock::system(), Duration::from_secs(60));
        jump(&clock);
        let config = Config::defaults().unwrap().with(&values).unwrap();
        let app = runtime.block_on(App::start(config, clock, Entropy::seeded(1))).unwrap();
        let running = runtime.block_on(Running::start(app)).unwrap();
        let is_right = || {
            let (now, right) = (running.app.clock.now(), Clock::system().now());
            now > right.minus(minute) && now < right.plus(minute)
        };
        assert!(is_right(), "the server starts with its own time");
        jump(&running.app.clock);
        assert!(within(Duration::from_secs(20), is_right), "it does not follow the database");
        runtime.block_on(running.stop(std::future::pending()));
    }
}
