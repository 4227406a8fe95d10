//! Servers over one database agree on the time: the database's.

use std::time::Duration;

use invited::testing::{App, Clock, Config, Entropy, Running};
use serde_json::Value;

use super::own_cluster::start;
use crate::binary::{Team, create_account, folder, serve};
use crate::process::{command, printed};
use crate::support::database::execute;
use crate::support::orders::Orders;
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

#[test]
fn a_command_on_a_machine_with_a_slow_clock_goes_by_the_databases_clock() {
    let (_cluster, url) = start();
    let token = create_account(&url, "olive@example.test");
    let (program, address) = serve(&url, &[]);
    Team::invite(address, &token, &[("Ada", "ada@example.test")]);
    drop(program);
    let folder = folder();
    let orders = Orders::build(folder.database().parent().unwrap());
    let on_slow_machine = |seconds: i64, arguments: &[&str]| {
        orders.clock(-seconds);
        let mut command = command(&[arguments, &["--json", "--database", &url]].concat());
        orders.apply_to(&mut command);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", printed(&output.stderr));
        serde_json::from_str::<Value>(&printed(&output.stdout)).unwrap()
    };

    // The link is valid for 15 minutes.
    let base_url = "https://people.example.com";
    on_slow_machine(20 * 60, &["user", "sign-in-link", "olive@example.test", "--base-url", base_url]);
    let is_valid = "SELECT expires_at > extract(epoch FROM now()) * 1000000 FROM sign_in_links";
    assert_eq!(execute(&url, is_valid), ["t"], "the link was over when it was printed");

    execute(&url, "UPDATE account_invitations SET expires_on = extract(epoch FROM now())::bigint / 86400 - 1");
    let pending = on_slow_machine(3 * 86_400, &["invitation", "list"]);
    assert_eq!(pending["account_invitations"], Value::Array(Vec::new()), "its last day was yesterday");
}
