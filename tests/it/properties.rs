//! Properties of every input, tried on random ones. One server serves all cases of a property.

use std::cell::RefCell;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::{LEVELS, Server, token};

/// Enough to hit edge cases, few enough to stay fast.
const CASES: u32 = 32;

fn runner() -> TestRunner {
    TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() })
}

/// A runner that tries the same cases every time, for properties with long cases.
pub(crate) fn repeatable(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// An order, valid or not.
fn orders() -> impl Strategy<Value = String> {
    let names = &["bill_rate", "cost_rate", "created_at", "expiration_date", "full_name", "permission", "nonsense", ""];
    let directions = &["", ":asc", ":desc", ":DESC"];
    (prop::sample::select(&names[..]), prop::sample::select(&directions[..]))
        .prop_map(|(name, direction)| format!("{name}{direction}"))
}

/// A filter or none.
fn filters() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["", "&only_pending=false", "&by_full_name=person%200", "&search=1", "&search=person"][..])
}

#[test]
fn pages_concatenate_to_the_list() {
    let server = Server::start();
    server.invite_crowd(37);
    // Some rows tie in every order, some have a rate.
    for rate in [5, 5, 7] {
        let address = format!("rated{}@example.test", server.list("").json()["count"]);
        server.invite(&json!({"full_name": "Person 1", "email_address": address, "bill_rate_in_cents": rate}));
    }
    let law = |(order, filter, size): (String, &str, usize)| {
        let query = format!("order={order}{filter}");
        let whole = server.list(&format!("{query}&per_page=200")).ids();
        let pages = whole.len().div_ceil(size);
        let mut pieces = Vec::new();
        for page in 1..=pages + 1 {
            let answer = server.list(&format!("{query}&per_page={size}&page={page}"));
            prop_assert_eq!(answer.json()["meta"]["page_count"].as_u64(), Some(pages as u64));
            prop_assert_eq!(answer.json()["count"].as_u64(), Some(whole.len() as u64));
            pieces.extend(answer.ids());
        }
        prop_assert_eq!(&pieces, &whole);
        let mut slices = Vec::new();
        for offset in (0..whole.len()).step_by(size) {
            slices.extend(server.list(&format!("{query}&limit={size}&offset={offset}")).ids());
        }
        prop_assert_eq!(&slices, &whole);
        Ok(())
    };
    runner().run(&(orders(), filters(), 1_usize..=50), law).unwrap();
}

#[test]
fn only_selects_from_the_list_in_its_order() {
    let server = Server::start();
    server.invite_crowd(12);
    let law = |(order, picked): (String, Vec<u64>)| {
        let whole = server.list(&format!("order={order}&per_page=200")).ids();
        let only: Vec<String> = picked.iter().map(u64::to_string).collect();
        let expected: Vec<String> = whole.into_iter().filter(|id| only.contains(id)).collect();
        let found = server.list(&format!("order={order}&only={}", only.join(","))).ids();
        // Without any id, `only` has no effect.
        prop_assert!(only.is_empty() || found == expected, "{found:?} instead of {expected:?}");
        Ok(())
    };
    runner().run(&(orders(), prop::collection::vec(1_u64..30, 0..8)), law).unwrap();
}

/// A person's name, of any characters.
fn names() -> impl Strategy<Value = String> {
    "[\\PC&&[^\\s]][\\PC]{0,30}"
        .prop_map(|name| name.trim().to_owned())
        .prop_filter("not blank", |name| !name.is_empty())
}

fn cents() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(prop_oneof![Just(0), Just(2_147_483_647), 0_u32..100_000])
}

/// Attributes that create and update share.
fn changes() -> impl Strategy<Value = Map<String, Value>> {
    let role = prop::option::of(prop::sample::select(&[101, 102, 103][..]));
    (prop::sample::select(&LEVELS[1..]), role, cents(), cents(), prop::option::of(0_u8..=100), any::<u8>()).prop_map(
        |(permission, role, bill_rate, cost_rate, target, picked)| {
            let all = [
                ("permission", json!(permission)),
                ("default_role_id", json!(role)),
                ("bill_rate_in_cents", json!(bill_rate)),
                ("cost_rate_in_cents", json!(cost_rate)),
                ("billability_target", json!(target)),
            ];
            let is_picked = |position: usize| picked & (1 << position) != 0;
            all.into_iter()
                .enumerate()
                .filter(|(position, _)| is_picked(*position))
                .map(|(_, (name, value))| (name.to_owned(), value))
                .collect()
        },
    )
}

/// How a written value is read.
fn as_read(name: &str, value: &Value) -> Value {
    match value {
        Value::Number(number) if name.ends_with("_id") => json!(number.to_string()),
        _ => value.clone(),
    }
}

#[test]
fn update_then_show_agree() {
    let server = Server::start();
    let law = |change: Map<String, Value>| {
        let before = server.show("1").record();
        let body = json!({ "account_invitation": change });
        let answer = server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&body).send();
        prop_assert_eq!(answer.status, 200, "{}", answer);
        let shown = server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).send();
        // Update and show return the same bytes, and the list the same record.
        prop_assert_eq!(answer.text(), shown.text());
        let listed = server.list("only=1");
        prop_assert_eq!(listed.text(), shown.text());
        let mut expected = before;
        for (name, value) in &change {
            expected[name] = as_read(name, value);
        }
        prop_assert_eq!(shown.record(), expected);
        Ok(())
    };
    runner().run(&changes(), law).unwrap();
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A JSON object of scalars as a form.
fn as_form(attributes: &Map<String, Value>) -> String {
    let pairs: Vec<String> = attributes
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Value::Null => String::new(),
                Value::String(text) => encoded(text),
                other => encoded(&other.to_string()),
            };
            format!("account_invitation[{name}]={text}")
        })
        .collect();
    pairs.join("&")
}

#[test]
fn form_and_json_create_equal_rows() {
    let server = Server::start();
    let number = RefCell::new(0_u32);
    let law = |(name, headline, read_only, change): (String, Option<String>, bool, Map<String, Value>)| {
        let mut attributes = change;
        attributes.insert("full_name".to_owned(), json!(name));
        attributes.insert("headline".to_owned(), json!(headline));
        attributes.insert("default_read_only".to_owned(), json!(read_only));
        let mut rows = Vec::new();
        for encoding in ["json", "form", "query", "multipart"] {
            *number.borrow_mut() += 1;
            let address = format!("n{}+x'y@Example.test", number.borrow());
            attributes.insert("email_address".to_owned(), json!(address));
            let path = "/account_invitations";
            let form = as_form(&attributes);
            let request = match encoding {
                "json" => server.post(path).json(&json!({ "account_invitation": attributes })),
                "form" => server.post(path).form(&form),
                "query" => server.post(&format!("{path}?{form}")),
                _ => {
                    let parts: Vec<(String, String)> = attributes
                        .iter()
                        .map(|(name, value)| {
                            let text = value.as_str().map(str::to_owned);
                            let text = text.or_else(|| (!value.is_null()).then(|| value.to_string()));
                            (format!("account_invitation[{name}]"), text.unwrap_or_default())
                        })
                        .collect();
                    let parts: Vec<(&str, &str)> =
                        parts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                    server.post(path).multipart(&parts)
                }
            };
            let answer = request.bearer(token::ADMINISTRATOR).send();
            prop_assert_eq!(answer.status, 200, "{}: {}", encoding, answer);
            let id = answer.ids().remove(0);
            let columns = "full_name, name_key, headline, permission, default_role_id, bill_rate_in_cents, \
                           cost_rate_in_cents, billability_target, default_read_only, inviter_id, \
                           expires_on, accepted_at, created_at";
            rows.push(server.stored(&format!("SELECT {columns} FROM account_invitations WHERE id = {id}")).remove(0));
            prop_assert_eq!(&answer.record()["email_address"], &json!(address));
        }
        prop_assert!(rows.iter().all(|row| *row == rows[0]), "{:#?}", rows);
        Ok(())
    };
    let strategy = (names(), prop::option::of(names()), any::<bool>(), changes());
    runner().run(&strategy, law).unwrap();
}

#[test]
fn a_record_is_found_by_any_part_of_its_name() {
    let server = Server::start();
    let number = RefCell::new(0_u32);
    let law = |(name, start, length): (String, prop::sample::Index, prop::sample::Index)| {
        *number.borrow_mut() += 1;
        let address = format!("part{}@example.test", number.borrow());
        let id = server.invite(&json!({"full_name": name, "email_address": address}));
        let characters: Vec<char> = name.chars().collect();
        let start = start.index(characters.len());
        let length = 1 + length.index(characters.len() - start);
        let part: String = characters[start..start + length].iter().collect();
        let found = server.list(&format!("only={id}&by_full_name={}", encoded(&part))).ids();
        prop_assert_eq!(found, vec![id.clone()], "{:?} in {:?}", part, name);
        let found = server.list(&format!("per_page=200&search={}", encoded(&part))).ids();
        // A final sigma and letters whose lower case is longer are free (E8).
        prop_assert!(found.contains(&id), "{part:?} in {name:?}");
        Ok(())
    };
    // Letters whose lower case depends on their neighbours are left out: see E8.
    let plain = "[a-zA-Z0-9 éÉñÑжЖ日本😀'_%.-]{1,20}"
        .prop_map(|name| name.trim().to_owned())
        .prop_filter("not blank", |name| !name.is_empty());
    runner().run(&(plain, any::<prop::sample::Index>(), any::<prop::sample::Index>()), law).unwrap();
}
