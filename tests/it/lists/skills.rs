//! Lists of people by their skills: `with_skills` in both of its forms, and `without_skills`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

/// Three skills of which the users 5 and 6 have some: 5 the first at level 3 and the second, 6 the first at level 1.
fn with_skills() -> (Server, [String; 3]) {
    let server = Server::start();
    let post = |path: &str, body: &Value| server.post(path).bearer(token::ADMINISTRATOR).json(body).send().expect(200);
    let skill = |name: &str| json!({"name": name, "max_level": "5", "skill_category_id": 1});
    let skills = post("/skills", &json!({"skills": [skill("Rust"), skill("German"), skill("Chess")]})).ids();
    let [rust, german, chess] = skills.try_into().unwrap();
    let has = |user: i64, skill: &str, level: i64| json!({"user_id": user, "skill_id": skill, "level": level});
    post("/skill_memberships", &json!({"skill_memberships": [has(5, &rust, 3), has(5, &german, 0), has(6, &rust, 1)]}));
    (server, [rust, german, chess])
}

fn asking(path: &str, skills: &str) -> String {
    format!("{path}?with_skills={}", utf8_percent_encode(skills, NON_ALPHANUMERIC))
}

/// The users of a list, as ids in order.
fn users(answer: &Answer) -> Vec<String> {
    let mut ids = answer.ids();
    ids.sort();
    ids
}

#[test]
fn people_are_found_by_their_skills_and_levels() {
    let (server, [rust, german, chess]) = with_skills();
    for (wanted, expected) in [
        (json!({&rust: []}), vec!["5", "6"]),
        (json!({&rust: [2, 3]}), vec!["5"]),
        (json!({&rust: 1}), vec!["6"]),
        (json!({&rust: ["1", "3"]}), vec!["5", "6"]),
        (json!({&rust: [], &german: []}), vec!["5"]),
        (json!({&rust: [1], &german: [], "operation": "and"}), vec![]),
        (json!({&rust: [1], &german: [], "operation": "or"}), vec!["5", "6"]),
        (json!({&rust: [], &chess: [], "operation": "or"}), vec!["5", "6"]),
        (json!({"ids": [&rust, &german], "operation": "or"}), vec!["5", "6"]),
        (json!({"ids": [&rust], &rust: [3]}), vec!["5"]),
        (json!({&chess: []}), vec![]),
        (json!({"999": []}), vec![]),
    ] {
        let text = wanted.to_string();
        let by_text = server.get(&asking("/users", &text)).bearer(token::ADMINISTRATOR).send();
        assert_eq!(users(&by_text.expect(200)), expected, "{wanted}");
        let in_body = server.get("/users").bearer(token::ADMINISTRATOR).json(&json!({"with_skills": wanted})).send();
        assert_eq!(users(&in_body.expect(200)), expected, "{wanted} in a body");
        let members = server.get(&asking("/account_memberships", &text)).bearer(token::ADMINISTRATOR).send();
        let expected: Vec<String> = expected.iter().map(|user| format!("20{user}")).collect();
        assert_eq!(users(&members.expect(200)), expected, "members with {wanted}");
    }
    let nested = format!("/users?with_skills[{rust}][]=3&with_skills[{german}][]=0&with_skills[operation]=and");
    assert_eq!(users(&server.read(&nested)), ["5"]);
}

#[test]
fn what_cannot_be_read_matches_nobody_and_is_refused_in_strict_mode() {
    let (server, [rust, ..]) = with_skills();
    for wanted in [
        "x".to_owned(),
        rust.clone(),
        "{}".to_owned(),
        "[1]".to_owned(),
        format!(r#"{{"{rust}": ["x"]}}"#),
        format!(r#"{{"{rust}": {{"a": 1}}}}"#),
        format!(r#"{{"{rust}": [], "operation": "xor"}}"#),
        r#"{"name": []}"#.to_owned(),
        r#"{"operation": "or"}"#.to_owned(),
        format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)),
    ] {
        for path in ["/users", "/account_memberships"] {
            let ask = || server.get(&asking(path, &wanted)).bearer(token::ADMINISTRATOR);
            assert_eq!(ask().send().expect(200).json()["count"], 0, "{path} {wanted}");
            let refused = ask().header("Invited-Strict", "true").send().expect(400);
            assert!(refused.text().contains("unreadable parameter with_skills"), "{refused}");
        }
    }
}

#[test]
fn people_without_skills_have_none_of_them() {
    let (server, [rust, german, chess]) = with_skills();
    let count = |query: &str| server.read(&format!("/users?{query}")).json()["count"].as_i64().unwrap();
    let all = count("");
    for (skills, fewer) in [
        (rust.clone(), 2),
        (german.clone(), 1),
        (chess.clone(), 0),
        (format!("{rust},{german}"), 2),
        (format!("{german},{chess}"), 1),
    ] {
        assert_eq!(count(&format!("without_skills={skills}")), all - fewer, "{skills}");
    }
    let found = users(&server.read(&format!("/users?without_skills[]={german}&without_skills[]={chess}")));
    assert!(!found.contains(&"5".to_owned()) && found.contains(&"6".to_owned()), "{found:?}");
}
