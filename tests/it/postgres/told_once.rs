//! A command prints its secret before the commit. If the commit fails and the job is run again, the secret is void.

use super::own_cluster::start;
use crate::binary::{create_account, succeeds};
use crate::process::{printed, run};
use crate::support::database::execute;

/// Every commit with a new token is rolled back, as by a conflict with another one.
const CONFLICT: &str = "CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS \
                        $$ BEGIN RAISE 'a conflict' USING ERRCODE = 'serialization_failure'; END $$; \
                        CREATE CONSTRAINT TRIGGER conflict AFTER INSERT ON access_tokens \
                        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION conflict()";

#[test]
fn a_command_whose_job_is_run_again_prints_one_secret_and_says_that_it_is_void() {
    let (_cluster, url) = start();
    create_account(&url, "olive@example.test");
    execute(&url, CONFLICT);
    let account = ["account", "create", "Second", "--owner-email", "otto@example.test", "--owner-name", "Otto"];
    for words in [&["token", "create", "olive@example.test"][..], &account] {
        let output = run(&[words, &["--database", &url]].concat());
        let (told, error) = (printed(&output.stdout), printed(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{words:?}: {told}");
        assert_eq!(told.matches("inv_").count(), 1, "{words:?}: {told}");
        assert_eq!(error, "invited: the secret that was shown is void; run the command again\n", "{words:?}");
    }
    execute(&url, "DROP TRIGGER conflict ON access_tokens");
    assert_eq!(execute(&url, "SELECT count(*) FROM access_tokens"), ["1"], "nothing was changed");
    succeeds(&["token", "create", "olive@example.test", "--database", &url]);
}
