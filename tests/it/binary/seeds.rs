//! Seeds: a sandbox holds what a file describes, or reports the file's mistakes; a random seed makes runs repeatable.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;

use invited::testing::{STANDARD, Seed, TemporaryFolder};
use serde_json::{Value, json};

use super::serving::{fails, folder, new_database, succeeds};
use crate::process::{Client, Program, address, command, printed, run, sqlite};
use crate::support::database::rows_in_file;

const INVITATIONS: &str = "/api/v1/account_invitations";

/// The examples of the documentation.
fn examples() -> Vec<String> {
    let page = include_str!("../../../docs/SEEDS.md");
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

fn write(folder: &TemporaryFolder, name: &str, text: &str) -> PathBuf {
    let path = folder.database().with_file_name(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A sandbox over a named database, with its greeting.
fn start(database: &str, more: &[&str]) -> (Program, Value) {
    Program::sandbox(&[&["--database", database], more].concat())
}

/// The owner that every seed needs.
const OWNER: &str = "full_name: O, email_address: o@x.test, permission: administrator";

#[test]
fn a_sandbox_holds_what_the_file_says_in_yaml_and_in_json() {
    let folder = folder();
    let yaml = examples().remove(0);
    let json: Value = serde_saphyr::from_str(&yaml).unwrap();
    let files = [write(&folder, "team.yaml", &yaml), write(&folder, "team.json", &json.to_string())];
    let mut outcomes = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let database = folder.database().with_file_name(format!("{number}.sqlite"));
        let (program, greeting) = start(&sqlite(&database), &["--seed", file.to_str().unwrap(), "--random-seed", "1"]);
        assert_eq!(greeting["tokens"], json!({"olive": "olive-token"}));
        let mut client = Client::connect(address(&greeting), "olive-token").unwrap();
        let mut answers = String::new();
        for path in [
            "/api/v1/account_invitations?only_pending=false&order=created_at:asc&include=inviter,default_role",
            "/api/v1/account_memberships?only_active=false",
            "/api/v1/users?show_disabled=true",
            "/api/v1/roles?include=external_references",
            "/sandbox/seats",
            "/sandbox/clock",
            "/invitations/adas-link",
        ] {
            let (status, body) = client.send("GET", path, "").unwrap();
            assert_eq!(status, 200, "{path}: {body}");
            // Addresses of pictures begin with that of the server.
            answers.push_str(&body.replace(&address(&greeting).to_string(), "SERVER"));
        }
        for said in [
            r#""now":"2031-02-01T09:00:00Z","frozen":true"#,
            r#""contracted":3,"taken":5,"members":2,"without_login":0,"pending":3,"over":2,"billed":2"#,
            r#""expiration_date":"2031-02-05""#,
            r#""service_model_ref":"J-1""#,
            "Olive Owner lädt Sie zu Example ein",
        ] {
            assert!(answers.contains(said), "{said} is not in {answers}");
        }
        let states = rows_in_file(
            &database,
            "SELECT id, invitee_id, accepted_at IS NOT NULL, declined_at IS NOT NULL, expires_on < 22311, \
             default_role_id, inviter_id, 22311 - created_at / 86400000000 FROM account_invitations ORDER BY id",
        );
        assert_eq!(states, ["1|4|0|0|0|1|1|3", "2|5|0|0|1|null|1|20", "3|3|1|0|0|null|1|20", "4|6|0|1|0|null|1|20"]);
        assert_eq!(
            rows_in_file(&database, "SELECT user_id, is_owner FROM account_memberships WHERE is_owner = 1"),
            ["1|1"]
        );
        assert_eq!(rows_in_file(&database, "SELECT client_id, user_id FROM applications"), ["planner|1"]);
        outcomes.push((answers, rows_in_file(&database, "SELECT user_id, salt, hash FROM passwords")));
        drop(client);
        assert_eq!(program.stop().0.code(), Some(0));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0].1.len(), 1);
}

#[test]
fn each_mistake_is_reported_in_one_line_with_its_place_and_nothing_is_created() {
    let account = |rest: &str| format!("accounts:\n- name: A\n  members:\n  - {{{OWNER}}}\n{rest}");
    let member = |rest: &str| account(&format!("  - {{full_name: B, {rest}}}"));
    let able = |rest: &str| member(&format!("email_address: b@x.test, permission: collaborator, {rest}"));
    let invited = |rest: &str| account(&format!("  invitations:\n  - full_name: P\n    {rest}"));
    let field = |rest: &str, value: &str| {
        let held = format!("  - {{full_name: B, email_address: b@x.test, permission: collaborator, {value}}}");
        account(&format!("{held}\n  custom_fields: [{{name: F, {rest}}}]"))
    };
    let pending = |rest: &str| invited(&format!("email_address: p@x.test\n    {rest}"));
    let application = |rest: &str| account(&format!("  applications: [{{name: A, client_id: c, {rest}}}]"));
    // The caret marks the reported place and is removed from the file.
    let cases = [
        ("accounts: ^[", "cannot be read"),
        ("^", "begins with accounts"),
        ("accounts: ^[]", "at least one"),
        ("accounts: ^5", "Write a list"),
        ("accounts: [^5]", "Write keys with their values"),
        ("accounts:\n- name: ^[A]", "Write one value"),
        ("accounts:\n- name: ^null", "leave the key out"),
        ("accounts: [{name: A}]\n--- ^5", "a seed is one"),
        ("{\"accounts\": [\n {^\"nmae\": \"A\"}]}", "no key nmae here; there is id, name,"),
        ("accounts:\n- ^id: 1", "key name is missing"),
        ("accounts:\n- name: A\n  ^name: B", "twice"),
        ("accounts:\n- name: A\n  id: ^one", "whole number"),
        ("accounts:\n- name: A\n  seats: ^-1", "from 0 to"),
        ("accounts:\n- name: A\n  language: ^xx", "there is en, de"),
        ("clock: {now: ^tomorrow}\naccounts: [{name: A}]", "like 2031-02-01T00:00:00Z"),
        ("clock: {now: ^9999-12-31T00:00:00Z}\naccounts: [{name: A}]", "from 2000 to 9899"),
        ("clock: {frozen: ^yes}\naccounts: [{name: A}]", "true or false"),
        ("accounts:\n- name: ^A", "no active administrator"),
        (&format!("accounts: [{{name: ^A, members: [{{{OWNER}, disabled_days_ago: 1}}]}}]"), "no active administrator"),
        (
            &format!(
                "accounts: [{{name: A, members: [{{{OWNER}, owner: true}}, {{{}, owner: ^true}}]}}]",
                OWNER.replace("o@", "q@")
            ),
            "another owner already",
        ),
        (&member("email_address: ^O@X.test, permission: collaborator"), "o@x.test is there twice"),
        (&member("email_address: ^b, permission: collaborator"), "not a valid email"),
        (&member("email_address: b@x.test, permission: ^boss"), "one of administrator"),
        (&member("email_address: b@x.test, permission: ^punch_clock"), "add bill_rate_in_cents"),
        (&able("owner: ^true"), "owner is an active administrator"),
        (&able("password: ^short"), "at least 12 characters"),
        (&able("created_days_ago: ^91"), "before the account was created; write at most 90"),
        (&able("disabled_days_ago: ^61"), "before the membership was created"),
        (
            &able("id: 1}\n  - {full_name: C, email_address: c@x.test, permission: collaborator, id: ^1"),
            "another user with the id 1",
        ),
        (&account("  roles: [{name: R, id: 7}, {name: S, id: ^7}]"), "another role with the id 7"),
        (&account("  roles: [{name: R, id: ^0}]"), "from 1 to"),
        (&account("  roles: [{name: R, deleted_days_ago: ^-1}]"), "from 0 to 10000"),
        (
            &account(
                "  roles: [{name: R}, {name: R}]\n  invitations: [{full_name: P, email_address: p@x.test, role: ^R}]",
            ),
            "two roles",
        ),
        (&pending("role: ^Nobody"), "no role \"Nobody\""),
        (&pending("inviter: ^n@x.test"), "no member \"n@x.test\""),
        (&pending("inviter: ^9"), "no member 9"),
        (&pending("permission: ^external_collaborator"), "must be one of"),
        (&pending("state: ^lost"), "write pending, expired, accepted, declined"),
        (&invited("email_address: ^p@x.test\n    state: accepted"), "add a member with this address"),
        (&invited("email_address: o@x.test\n    state: accepted\n    invitee_id: ^9"), "leave this out"),
        (&invited("email_address: ^o@x.test"), "A member has this address"),
        (&pending("state: expired\n    expires_in_days: ^0"), "write -1 or less"),
        (&pending("state: expired\n    expires_in_days: ^-21"), "before the invitation was created"),
        (&pending("expires_in_days: ^-1"), "write state: expired"),
        (&pending("answered_days_ago: ^1"), "has no answer"),
        (&pending("state: declined\n    answered_days_ago: ^21"), "before it was created"),
        (&pending("state: expired\n    link_token: ^t"), "Only a pending invitation"),
        (&pending("link_token: ^a b"), "characters"),
        (&pending("cost_rate_in_cents: ^-1"), "between 0 and"),
        (&pending("billability_target: ^101"), "from 0 to 100"),
        (
            &pending("link_token: t\n  - {full_name: Q, email_address: q@x.test, link_token: ^t}"),
            "The link token t is there twice",
        ),
        (&pending("state: declined\n  - {full_name: Q, email_address: ^P@x.test}"), "p@x.test is there twice"),
        (
            &pending("external_references: [^{service_name: a, service_model: b, service_model_ref: c, status: d}]"),
            "Status must be one of successful, pending, failed.",
        ),
        (&field("value_type: ^text", ""), "Value type must be one of string, date"),
        (&field("read_access: ^everybody", ""), "Access must be one of account_collaboration"),
        (&field("choices: [{label: ^A}]", ""), "Only fields of the types single and multi"),
        (&field("value_type: multi, unique_constraint: ^true", ""), "no unique values"),
        (&field("value_type: multi, default_text: ^hint", ""), "no hint"),
        (&field("value_type: number", "custom_field_values: [{field: F, value: ^many}]"), "Value must be a number"),
        (&field("value_type: single", "custom_field_values: [{field: F, value: ^[A]}]"), "no choice \"A\""),
        (&field("value_type: single", "custom_field_values: [{field: F, value: ^[9]}]"), "no such choice"),
        (&field("id: 1", "custom_field_values: [{field: ^G, value: x}]"), "no custom field \"G\""),
        (&field("id: 1", "custom_field_values: [{field: F, value: x}, {field: ^1, value: y}]"), "is there twice"),
        (&application("secret: s, redirect_uris: [^\"x\"]"), "redirect URI is absolute"),
        (&application("secret: s, redirect_uris: ^[]"), "at least one"),
        (&application("secret: s, redirect_uris: [\"https://x.test\"], member: ^p@x.test"), "no member"),
        (
            &format!(
                "accounts: [{{name: A, members: [{{{OWNER}, token: t}}]}}, {{name: B, members: [{{{OWNER}, token: ^t}}]}}]"
            ),
            "token t is there twice",
        ),
    ];
    let mut otherwise = Vec::new();
    for (marked, words) in cases {
        let folder = folder();
        let before = marked.split('^').next().unwrap();
        let (line, column) = (before.split('\n').count(), before.rsplit('\n').next().unwrap().chars().count() + 1);
        let file = write(&folder, "wrong.yaml", &marked.replace('^', ""));
        let database = sqlite(&folder.database());
        let seed = file.to_str().unwrap();
        let output = run(&["sandbox", "--listen", "127.0.0.1:0", "--seed", seed, "--database", &database]);
        let said = printed(&output.stderr);
        let expected = format!("invited: {seed}:{line}:{column}: ");
        if !said.starts_with(&expected) || !said.contains(words) {
            otherwise.push(format!("{marked}\n{said}{expected}… {words}"));
        }
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(!folder.database().exists(), "nothing is created: {marked}");
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n\n"));
}

#[test]
fn a_file_whose_aliases_explode_is_refused() {
    let folder = folder();
    let mut bomb = format!("accounts:\n- name: A\n  members:\n  - &m {{{OWNER}}}\n");
    bomb.push_str(&"  - *m\n".repeat(20_000));
    let file = write(&folder, "bomb.yaml", &bomb);
    fails(&["sandbox", "--seed", file.to_str().unwrap()], &["bomb.yaml:", "repeats too much by aliases"]);
    let mut long = format!("accounts:\n- name: &name A\n  members:\n  - {{{OWNER}}}\n  roles:\n");
    long.push_str(&"  - {name: *name}\n".repeat(1_000));
    assert!(Seed::read(&long).is_ok(), "repetition alone is fine");
}

/// A few requests that generate secrets, and their answers.
fn conversation(arguments: &[&str]) -> Vec<String> {
    let (program, greeting) = Program::sandbox(arguments);
    let mut client = Client::connect(address(&greeting), "sandbox-administrator").unwrap();
    let mut heard = Vec::new();
    let mut say = |method: &str, path: &str, body: Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = client.send(method, path, &body).unwrap();
        heard.push(format!("{status} {answer}").replace(greeting["base_url"].as_str().unwrap(), "BASE"));
        serde_json::from_str::<Value>(&answer).unwrap_or_default()
    };
    say("GET", &format!("{INVITATIONS}?only_pending=false"), Value::Null);
    say("GET", "/api/v1/users?show_disabled=true", Value::Null);
    say("GET", "/sandbox/clock", Value::Null);
    for name in ["nia", "noa", "nils"] {
        let person = json!({"full_name": name, "email_address": format!("{name}@example.test")});
        say("POST", INVITATIONS, json!({ "account_invitation": person }));
    }
    let mut tokens = Vec::new();
    for name in ["nils", "nia"] {
        let mails = say("GET", &format!("/sandbox/mailbox?to={name}@example.test&wait=20"), Value::Null);
        tokens.push(mails["messages"][0]["token"].clone());
    }
    say("POST", "/invitations/accept", json!({"token": tokens[0], "password": "correct horse battery"}));
    say("POST", "/invitations/7/link", json!({}));
    say("GET", &format!("{INVITATIONS}?only_pending=false"), Value::Null);
    drop(client);
    assert_eq!(program.stop().0.code(), Some(0));
    heard
}

#[test]
fn the_same_random_seed_gets_the_same_answers_links_and_tokens() {
    let first = conversation(&["--random-seed", "7"]);
    assert!(first[2].contains(r#""now":"2031-01-01T00:00:00Z","frozen":true"#), "{}", first[2]);
    for answer in &first {
        assert!(answer.starts_with("200 "), "{answer}");
    }
    for _ in 0..3 {
        assert_eq!(conversation(&["--random-seed", "7"]), first);
    }
    let other = conversation(&["--random-seed", "8"]);
    assert_eq!(other[..6], first[..6], "seeded rows do not depend on it");
    assert_ne!(other[6], first[6], "links do");
}

#[test]
fn the_start_comes_from_the_flag_the_file_or_the_clock() {
    let folder = folder();
    let standing = "clock: {now: 2032-02-01T00:00:00Z, frozen: true}";
    let file = |name: &str, clock: &str| {
        let text = format!("{clock}\naccounts: [{{name: A, members: [{{{OWNER}, token: t}}]}}]");
        write(&folder, name, &text).to_str().unwrap().to_owned()
    };
    let (set, running) = (file("set.yaml", standing), file("running.yaml", "clock: {frozen: false}"));
    for (arguments, now, frozen) in [
        (vec!["--seed", &set], "2032-02-01T00:00:00Z", true),
        (vec!["--seed", &set, "--now", "2033-03-01"], "2033-03-01T00:00:00Z", true),
        (vec!["--now", "2033-03-01T00:00:00Z"], "2033-03-01T00:00:0", false),
        (vec!["--seed", &running, "--random-seed", "1"], "2031-01-01T00:00:0", false),
    ] {
        let (program, greeting) = Program::sandbox(&arguments);
        let (_, clock) = Client::connect(address(&greeting), "t").unwrap().send("GET", "/sandbox/clock", "").unwrap();
        let clock: Value = serde_json::from_str(&clock).unwrap();
        assert!(clock["now"].as_str().unwrap().starts_with(now), "{arguments:?}: {clock}");
        assert_eq!(clock["frozen"], frozen, "{arguments:?}: {clock}");
        drop(program);
    }
    let output = run(&["sandbox", "--now", "yesterday"]);
    assert!(printed(&output.stderr).contains("2031-02-01T00:00:00Z"), "{}", printed(&output.stderr));
}

#[test]
fn generated_rows_have_the_requested_number_and_are_the_same_each_time() {
    let dump = |number: &str, rows: &str| {
        let folder = folder();
        let database = folder.database();
        let (program, greeting) = start(&sqlite(&database), &["--generate", rows, "--random-seed", number]);
        assert_eq!(program.stop().0.code(), Some(0));
        let rows = |sql: &str| rows_in_file(&database, sql);
        let counted = rows("SELECT account_id, name, total FROM tallies WHERE total > 0 ORDER BY 1, 2");
        let walked = rows(
            "SELECT account_id, 'account_invitations', count(*) FROM account_invitations GROUP BY 1 UNION ALL \
             SELECT account_id, 'account_invitations.pending', count(*) FROM account_invitations \
             WHERE accepted_at IS NULL GROUP BY 1 UNION ALL \
             SELECT account_id, 'account_memberships', count(*) FROM account_memberships GROUP BY 1 UNION ALL \
             SELECT account_id, 'account_memberships.active', count(*) FROM account_memberships \
             WHERE disabled_at IS NULL GROUP BY 1 UNION ALL \
             SELECT account_id, 'skill_memberships', count(*) FROM skill_memberships GROUP BY 1 ORDER BY 1, 2",
        );
        assert_eq!(counted, walked);
        let everything = [
            "accounts",
            "roles",
            "users",
            "account_memberships",
            "account_invitations",
            "access_tokens",
            "skills",
            "skill_memberships",
            "cost_rates",
        ]
        .map(|table| rows(&format!("SELECT * FROM {table} ORDER BY id")));
        (everything, greeting["tokens"].clone())
    };
    let wanted = "invitations=1000,members=300,roles=7,skills=20,skill_memberships=500";
    let ([accounts, roles, users, memberships, invitations, _, skills, held, _], _) = dump("1", wanted);
    let lengths = [accounts, roles, memberships, invitations.clone(), skills, held].map(|rows| rows.len());
    assert_eq!(lengths, [2, 12, 312, 1_005, 24, 504]);
    assert!(users.iter().all(|user| user.contains("example.com")));
    assert_eq!(dump("1", wanted).0[4], invitations);
    assert_ne!(dump("2", wanted).0[4], invitations);

    let (everything, tokens) = dump("1", "invitations=1000,members=300,roles=7,accounts=3");
    assert_eq!(everything.map(|rows| rows.len())[..2], [5, 12]);
    assert_eq!(tokens["administrator-5"], "sandbox-administrator-5");
}

#[test]
fn generated_invitations_are_in_every_state_and_usable() {
    let folder = folder();
    let rows = "invitations=1000,members=100,accounts=1";
    let (program, greeting) = start(&sqlite(&folder.database()), &["--generate", rows, "--now", "2031-02-01"]);
    let mut client = Client::connect(address(&greeting), "sandbox-administrator-3").unwrap();
    let (status, body) = client.send("GET", &format!("{INVITATIONS}?per_page=1&order=created_at:asc"), "").unwrap();
    let page: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    let id = page["results"][0]["id"].as_str().unwrap();
    assert_eq!(client.send("PUT", &format!("{INVITATIONS}/{id}/resend"), "").unwrap().0, 200);
    for (state, condition) in [
        ("pending", "accepted_at IS NULL AND declined_at IS NULL AND expires_on >= 22311"),
        ("expired", "expires_on < 22311 AND expired_at IS NOT NULL AND accepted_at IS NULL"),
        ("accepted by members", "accepted_at IS NOT NULL AND invitee_id IN (SELECT user_id FROM account_memberships)"),
        (
            "accepted by others",
            "accepted_at IS NOT NULL AND invitee_id NOT IN (SELECT user_id FROM account_memberships)",
        ),
        ("declined", "declined_at IS NOT NULL"),
    ] {
        let sql = format!("SELECT count(*) FROM account_invitations WHERE account_id = 3 AND {condition}");
        let count: u32 = rows_in_file(&folder.database(), &sql)[0].parse().unwrap();
        assert!(count >= 20, "{count} are {state}");
    }
    drop(client);
    drop(program);
    for (rows, words) in [
        ("invitations", "a number from 1 to"),
        ("invitations=0", "a number from 1 to"),
        ("goats=3", "invitations, members, roles, skills, skill_memberships, accounts"),
        ("roles=1,roles=2", "twice"),
    ] {
        let output = run(&["sandbox", "--generate", rows]);
        assert!(printed(&output.stderr).contains(words), "{}", printed(&output.stderr));
    }
}

#[test]
fn a_kept_database_is_neither_reseeded_nor_served_nor_misreported() {
    let (folder, url) = new_database();
    let text = format!("accounts: [{{name: A, members: [{{{OWNER}, token: one-token}}]}}]");
    let file = write(&folder, "one.yaml", &text);
    let (program, _) = start(&url, &["--seed", file.to_str().unwrap()]);
    assert_eq!(program.stop().0.code(), Some(0));
    // A documentation address: a server that does not refuse still ends.
    fails(
        &["serve", "--database", &url, "--listen", "192.0.2.1:1", "--base-url", "https://x.test"],
        &["was made by `invited sandbox`"],
    );
    let (program, greeting) = start(&url, &[]);
    assert_eq!(greeting["tokens"], json!({}), "it has no standard tokens");
    assert_eq!(program.stop().0.code(), Some(0));
    let (program, greeting) = start(&url, &["--seed", file.to_str().unwrap(), "--generate", "roles=3"]);
    assert_eq!(greeting["tokens"], json!({"o": "one-token"}));
    assert_eq!(program.stop().0.code(), Some(0));
    assert_eq!(rows_in_file(&folder.database(), "SELECT count(*) FROM roles"), ["0"]);
    fails(&["sandbox", "--database", &url, "--random-seed", "1"], &["needs a new database"]);
}

#[test]
fn the_greeting_of_a_seed_without_invitations_has_its_tokens_and_no_command() {
    let folder = folder();
    let text = "accounts: [1, 2]".replace(
        "1, 2",
        &["a", "b"].map(|name| format!("{{name: A, members: [{{{OWNER}, token: {name}-token}}]}}")).join(", "),
    );
    let file = write(&folder, "two.yaml", &text);
    let mut command = command(&["sandbox", "--listen", "127.0.0.1:0", "--seed", file.to_str().unwrap()]);
    command.stderr(Stdio::null());
    let mut program = Program::start(command);
    let mut greeting = String::new();
    while !greeting.contains("Reference:") {
        greeting.push_str(&program.line());
    }
    assert!(greeting.contains("  a-token\n  b-token\n") && !greeting.contains("curl"), "{greeting}");
    drop(program);
    let (_program, greeting) = Program::sandbox(&["--seed", file.to_str().unwrap()]);
    let tokens = json!({"o@x.test of account 1": "a-token", "o@x.test of account 2": "b-token"});
    assert_eq!(greeting["tokens"], tokens, "no name occurs twice");
}

#[test]
fn the_printed_schema_is_the_documented_one_and_accepts_every_seed() {
    let printed = succeeds(&["sandbox", "--seed-schema"]);
    assert_eq!(printed, include_str!("../../../docs/seed.schema.json"), "store what --seed-schema prints");
    let schema = jsonschema::draft202012::new(&serde_json::from_str(&printed).unwrap()).unwrap();
    let examples = examples();
    assert!(!examples.is_empty());
    for text in examples.iter().map(String::as_str).chain([STANDARD]) {
        let seed: Value = serde_saphyr::from_str(text).unwrap();
        let faults: Vec<String> = schema.iter_errors(&seed).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        assert!(Seed::read(text).is_ok());
    }
    let wrong = json!({"accounts": [{"name": "A", "members": [{"full_name": "A", "email_address": "a@b.test", "permission": "boss"}]}]});
    assert!(!schema.is_valid(&wrong));
}

#[test]
fn the_schema_has_the_keys_of_the_reader() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/seed.schema.json")).unwrap();
    let within = |name: &str| format!("accounts: [{{name: A, {name}: [{{zzz: 1}}]}}]");
    for (pointer, text) in [
        ("", "zzz: 1".to_owned()),
        ("/$defs/Clock", "clock: {zzz: 1}".to_owned()),
        ("/$defs/Account", "accounts: [{zzz: 1}]".to_owned()),
        ("/$defs/Role", within("roles")),
        ("/$defs/Member", within("members")),
        ("/$defs/Invitation", within("invitations")),
        ("/$defs/Application", within("applications")),
        (
            "/$defs/ExternalReference",
            "accounts: [{name: A, roles: [{name: R, external_references: [{zzz: 1}]}]}]".to_owned(),
        ),
    ] {
        let described = schema.pointer(pointer).unwrap();
        let keys: BTreeSet<&str> = described["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let said = Seed::read(&text).err().unwrap().sentence;
        let known: BTreeSet<&str> = said.split("there is ").nth(1).unwrap().trim_end_matches('.').split(", ").collect();
        assert_eq!(keys, known, "{pointer}");
        let required = described["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for name in required {
            let empty = if pointer.is_empty() { "{}".to_owned() } else { text.replace("zzz: 1", "") };
            let said = Seed::read(&empty).err().unwrap().sentence;
            assert!(keys.contains(name.as_str().unwrap()) && said.contains("is missing"), "{pointer}: {name}: {said}");
        }
    }
}
