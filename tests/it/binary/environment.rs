//! Settings in variables, in files of secrets, and in the settings file: one rule for all of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::serving::{create_account, fails, folder, new_database, succeeds};
use crate::process::{Client, Program, command, printed, sqlite};

fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(arguments).envs(variables.iter().copied()).output().unwrap()
}

/// The sentence with which a command refuses its environment.
fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run_with(arguments, variables);
    assert_eq!(output.status.code(), Some(1), "{variables:?}: {}", printed(&output.stdout));
    printed(&output.stderr)
}

#[test]
fn white_space_around_a_variable_is_dropped_and_a_control_character_inside_is_refused() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let output = run_with(&["token", "list"], &[("INVITED_DATABASE", &format!("\t {url} \r\n"))]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output.stderr));
    let (start, end) = url.split_at(9);
    let error = refusal(&["token", "list"], &[("INVITED_DATABASE", &format!("{start}\n{end}"))]);
    assert!(error.contains("INVITED_DATABASE has a line end or another control character inside"), "{error}");
    assert!(!error.contains(end), "a value that may be secret is not repeated: {error}");
}

#[test]
fn a_control_character_is_refused_in_the_file_and_in_a_flag_too() {
    let (folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let file = folder.database().with_extension("toml");
    std::fs::write(&file, "base_url = \"https://a\\nb\"\nmail_password = \"open\\tsesame\"\n").unwrap();
    let words = [
        "setting base_url: \"https://a\\nb\": has a line end or another control character inside",
        "setting mail_password: the value (not shown): has a line end",
    ];
    fails(&["serve", "--database", &url, "--config", &file.display().to_string()], &words);
    fails(&["serve", "--database", &url, "--base-url", "https://a\nb"], &words[..1]);
}

/// A mail server that asks for a password and refuses every one. Returns its URL and the lines it receives.
fn asking_mail_server() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let way = format!("smtp://{}", listener.local_addr().unwrap());
    let (sender, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        stream.write_all(b"220 here\r\n").unwrap();
        for line in lines.map_while(Result::ok) {
            let reply: &[u8] = if line.starts_with("EHLO") { b"250-here\r\n250 AUTH PLAIN\r\n" } else { b"535 no\r\n" };
            sender.send(line).unwrap();
            stream.write_all(reply).unwrap();
        }
    });
    (way, told)
}

#[test]
fn a_password_from_the_environment_loses_its_line_end_and_can_be_in_a_file() {
    let folder = folder();
    let file = folder.database().with_extension("password");
    std::fs::write(&file, "open sesame\r\n").unwrap();
    let file = file.display().to_string();
    for variable in [("INVITED_MAIL_PASSWORD", "open sesame\n"), ("INVITED_MAIL_PASSWORD_FILE", &file)] {
        let (way, told) = asking_mail_server();
        let more = ["--mail-from", "a@example.test", "--mail-starttls", "none", "--mail-user", "ali"];
        run_with(&[&["mail", "test", "ada@example.com", "--mail", &way], &more[..]].concat(), &[variable]);
        let told: Vec<String> = told.try_iter().collect();
        // A zero byte, the user, a zero byte, the password.
        assert!(told.contains(&"AUTH PLAIN AGFsaQBvcGVuIHNlc2FtZQ==".to_owned()), "{variable:?}: {told:?}");
    }
}

#[test]
fn the_databases_can_be_named_in_files() {
    let (folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let secret = |name: &str, text: &str| {
        let path = folder.database().with_file_name(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (from, to) = (secret("from", &format!("{url}\n")), folder.database().with_file_name("copy.sqlite"));
    let output = run_with(&["token", "list"], &[("INVITED_DATABASE_FILE", &from), ("INVITED_DATABASE", "")]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output.stderr));
    let copy = [("INVITED_COPY_FROM_FILE", from.as_str()), ("INVITED_COPY_TO", &format!("{}\n", sqlite(&to)))];
    let output = run_with(&["copy"], &copy);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output.stderr));
    assert!(to.exists());
    let half = run_with(&["copy"], &copy[..1]);
    assert_eq!(half.status.code(), Some(2));
    assert!(printed(&half.stderr).contains("give --to, or set INVITED_COPY_TO"), "{}", printed(&half.stderr));

    let both = refusal(&["token", "list"], &[("INVITED_DATABASE_FILE", &from), ("INVITED_DATABASE", &url)]);
    assert!(both.contains("INVITED_DATABASE and INVITED_DATABASE_FILE are both set"), "{both}");
    let missing = refusal(&["token", "list"], &[("INVITED_DATABASE_FILE", "/nowhere/at/all")]);
    assert!(missing.contains("INVITED_DATABASE_FILE: cannot read /nowhere/at/all"), "{missing}");
    let lines = secret("lines", "sqlite:one\nsqlite:two\n");
    assert!(refusal(&["token", "list"], &[("INVITED_DATABASE_FILE", &lines)]).contains("control character inside"));
    let replica = [("INVITED_DATABASE", url.as_str()), ("INVITED_DATABASE_REPLICA_FILE", &from)];
    let refused = refusal(&["token", "list"], &replica);
    assert!(refused.contains("setting database_replica: the value (not shown)"), "it is read: {refused}");
}

#[test]
fn a_misspelt_variable_or_setting_is_refused_with_the_nearest_name() {
    let (folder, url) = new_database();
    create_account(&url, "olive@example.test");
    for arguments in
        [&["serve", "--database", &url][..], &["sandbox"], &["token", "list", "--database", &url], &["copy"]]
    {
        let error = refusal(arguments, &[("INVITED_LISTN", "127.0.0.1:0")]);
        assert!(
            error.contains("the variable INVITED_LISTN belongs to no setting: did you mean INVITED_LISTEN?"),
            "{error}"
        );
    }
    let file = folder.database().with_extension("toml");
    std::fs::write(&file, "base_ur = \"http://people.example.com\"\n").unwrap();
    let file = file.display().to_string();
    fails(&["serve", "--database", &url, "--config", &file], &["no setting \"base_ur\": did you mean \"base_url\"?"]);
}

#[test]
fn a_server_starts_with_every_variable_blank() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let settings = succeeds(&["config"]);
    let names: Vec<String> = settings
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once(" = ").map(|(name, _)| name.to_uppercase()))
        .collect();
    assert!(names.len() > 40, "{names:?}");
    let mut command = command(&["serve", "--database", &url, "--listen", "127.0.0.1:0"]);
    command.envs(names.iter().map(|name| (format!("INVITED_{name}"), " \n")));
    let (program, address) = Program::serve(command);
    Client::connect(address, "").unwrap();
    drop(program);
}

#[test]
fn a_name_or_a_mere_port_is_an_address_to_listen_on() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    for (listen, ip) in [("localhost:0", "127.0.0.1"), (":0", "127.0.0.1"), ("0", "127.0.0.1"), ("[::1]:0", "::1")] {
        let (program, address) = Program::serve(command(&["serve", "--database", &url, "--listen", listen]));
        assert_eq!(address.ip().to_string(), ip, "--listen {listen}");
        Client::connect(address, "").unwrap();
        drop(program);
    }
    for wrong in ["localhost", "127.0.0.1", "8080x", "unix:", "no.such.host.invalid:80", ":70000"] {
        fails(&["serve", "--database", &url, "--listen", wrong], &["setting listen", "such as 127.0.0.1:8080"]);
    }
    fails(
        &["serve", "--database", &url, "--metrics-listen", "x"],
        &["setting metrics_listen", "such as 127.0.0.1:8080"],
    );
}
