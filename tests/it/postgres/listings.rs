//! Commands that list and show, on PostgreSQL. They have statements of their own, which no request runs.

use serde_json::Value;

use super::own_cluster::start;
use crate::binary::{Team, create_account, folder, serve, succeeds};

#[test]
fn invitations_and_mails_are_listed_and_shown() {
    let (_cluster, url) = start();
    let token = create_account(&url, "olive@example.test");
    let mails = format!("files:{}", folder().database().with_file_name("mails").display());
    let mail = ["--mail", &mails, "--mail-from", "invitations@example.test", "--mail-worker", "false"];
    let (program, address) = serve(&url, &mail);
    Team::invite(address, &token, &[("Ada", "ada@example.com"), ("Bob", "bob@example.test")]);
    drop(program);
    for (words, name, count) in [
        (&["invitation", "list"][..], "account_invitations", 2),
        (&["invitation", "list", "--all"], "account_invitations", 2),
        (&["invitation", "show", "1"], "mails", 1),
        (&["mail", "list"], "mails", 2),
        (&["mail", "list", "--state", "queued"], "mails", 2),
        (&["mail", "list", "--state", "failed"], "mails", 0),
        (&["user", "list"], "users", 1),
        (&["token", "list"], "tokens", 1),
    ] {
        let printed = succeeds(&[words, &["--json", "--database", &url]].concat());
        let listed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(listed[name].as_array().map(Vec::len), Some(count), "{words:?}: {listed}");
    }
}
