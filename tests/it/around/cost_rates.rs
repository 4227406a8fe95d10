//! Cost rates: one for each member and currency. The one in the account's currency is the default cost rate of the
//! membership, whichever of them is written. In the standard seed, membership 205 has a rate in EUR, and the account
//! counts in USD.

use serde_json::{Value, json};

use super::refusals;
use crate::support::{Answer, Server, token};

fn rate(membership: i64, currency: &str, amount: i64) -> Value {
    json!({"account_membership_id": membership, "currency": currency, "amount_in_subunits": amount})
}

/// The default rate that a membership shows.
fn default_rate(server: &Server, membership: i64) -> Value {
    server.read(&format!("/account_memberships/{membership}")).record()["cost_rate_in_cents"].clone()
}

/// The rates of a membership: currency and amount, by currency.
fn rates(server: &Server, membership: i64) -> Vec<(String, i64)> {
    let shown = server.read(&format!("/account_memberships/{membership}?include=cost_rates"));
    let (record, body) = (shown.record(), shown.json());
    let ids = record["cost_rate_ids"].as_array().unwrap().iter();
    let mut rates: Vec<(String, i64)> = ids
        .map(|id| {
            let rate = &body["cost_rates"][id.as_str().unwrap()];
            (rate["currency"].as_str().unwrap().to_owned(), rate["amount_in_subunits"].as_i64().unwrap())
        })
        .collect();
    rates.sort();
    rates
}

fn expected(rates: &[(&str, i64)]) -> Vec<(String, i64)> {
    rates.iter().map(|(currency, amount)| ((*currency).to_owned(), *amount)).collect()
}

#[test]
fn a_member_has_one_rate_in_each_currency() {
    let server = Server::start();
    let set = |rate: Value| server.make("/cost_rates", &json!({"cost_rate": rate})).expect(200);
    let first = set(rate(206, "EUR", 4_000));
    let record = first.record();
    assert_eq!((&record["account_membership_id"], &record["in_use"]), (&json!(206), &json!(false)));
    let second = set(rate(206, "EUR", 5_000));
    assert_eq!(first.ids(), second.ids());
    set(rate(206, "CHF", 6_000));
    assert_eq!(rates(&server, 206), expected(&[("CHF", 6_000), ("EUR", 5_000)]));
    // Twice in one body, the last one counts.
    let many = json!({"cost_rates": [rate(207, "EUR", 1), rate(206, "EUR", 2), rate(207, "EUR", 3)]});
    server.make("/cost_rates", &many).expect(200);
    assert_eq!((rates(&server, 206)[1].1, rates(&server, 207)), (2, expected(&[("EUR", 3)])));
    // A rate that stays as it is leaves no trace.
    let trail = || server.number("SELECT count(*) FROM audit WHERE action LIKE 'cost_rate.%'");
    let before = trail();
    set(rate(206, "EUR", 2));
    assert_eq!(trail(), before);
}

#[test]
fn rates_set_at_the_same_moment_never_make_two() {
    let server = Server::start();
    let ask = |amount: i64| server.make("/cost_rates", &json!({"cost_rate": rate(206, "EUR", amount)})).expect(200);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = (1..=8).map(|amount| scope.spawn(move || ask(amount).ids().remove(0))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(rates(&server, 206).len(), 1);
}

#[test]
fn the_rate_in_the_accounts_currency_is_the_default_cost_rate_of_the_membership() {
    let server = Server::start();
    let id = server.make("/cost_rates", &json!({"cost_rate": rate(206, "USD", 7_000)})).expect(200).ids().remove(0);
    assert_eq!(default_rate(&server, 206), 7_000);
    server.make("/cost_rates", &json!({"cost_rate": rate(206, "USD", 7_500)})).expect(200);
    assert_eq!(default_rate(&server, 206), 7_500);
    let change = json!({"cost_rate": {"amount_in_subunits": 8_000, "currency": "EUR"}});
    let changed = server.put(&format!("/cost_rates/{id}")).bearer(token::ADMINISTRATOR).json(&change).send();
    assert_eq!(changed.expect(200).record()["currency"], "USD");
    assert_eq!(default_rate(&server, 206), 8_000);
    server.make("/cost_rates", &json!({"cost_rate": rate(206, "EUR", 1)})).expect(200);
    assert_eq!(default_rate(&server, 206), 8_000);
    // The other way round.
    let set = |cents: Value| {
        let change = json!({"account_membership": {"cost_rate_in_cents": cents}});
        server.put("/account_memberships/206").bearer(token::ADMINISTRATOR).json(&change).send().expect(200)
    };
    set(json!(9_000));
    assert_eq!(rates(&server, 206), expected(&[("EUR", 1), ("USD", 9_000)]));
    set(Value::Null);
    assert_eq!(rates(&server, 206), expected(&[("EUR", 1)]));
    set(json!(100));
    let usd = server.number("SELECT id FROM cost_rates WHERE account_membership_id = 206 AND currency = 'USD'");
    server.remove(&format!("/cost_rates/{usd}"));
    assert_eq!(default_rate(&server, 206), Value::Null);
    // The other account counts in EUR.
    let other = server.get("/account_memberships/221").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!(other.record()["cost_rate_in_cents"], 7_000);
}

#[test]
fn a_member_by_invitation_has_the_promised_rate_and_a_removed_one_has_none() {
    let server = Server::start();
    let id = server.invite(&json!({
        "full_name": "Ann", "email_address": "ann@example.test", "cost_rate_in_cents": 4_200,
    }));
    let (membership, _) = server.accept(&id);
    let membership: i64 = membership.parse().unwrap();
    assert_eq!(rates(&server, membership), expected(&[("USD", 4_200)]));
    server.remove(&format!("/account_memberships/{membership}"));
    assert_eq!(
        server.number(&format!("SELECT count(*) FROM cost_rates WHERE account_membership_id = {membership}")),
        0
    );
}

#[test]
fn only_administrators_see_rates() {
    let server = Server::start();
    for bearer in [token::REPORTS_VIEWER_WITH_COST, token::PROJECT_LEAD, token::COLLABORATOR] {
        server.get("/cost_rates").bearer(bearer).send().expect(403);
        let shown = |query: &str| -> Answer {
            server.get(&format!("/account_memberships/205?{query}")).bearer(bearer).send().expect(200)
        };
        let plain = shown("").json();
        for include in ["cost_rates", "future_billable_utilizations"] {
            assert_eq!(shown(&format!("include={include}")).json(), plain, "{include}");
        }
    }
}

#[test]
fn what_cannot_be_a_rate_is_refused() {
    let server = Server::start();
    let before = server.everything_stored();
    for (rate, field) in [
        (json!({"currency": "USD", "amount_in_subunits": 1}), "account_membership_id"),
        (rate(221, "USD", 1), "account_membership_id"),
        (rate(999, "USD", 1), "account_membership_id"),
        (rate(206, "usd", 1), "currency"),
        (rate(206, "Euro", 1), "currency"),
        (rate(206, "USD", -1), "amount_in_subunits"),
        (rate(206, "USD", 2_147_483_648), "amount_in_subunits"),
        (json!({"account_membership_id": 206, "currency": "USD"}), "amount_in_subunits"),
        (json!({"account_membership_id": [206], "currency": "USD", "amount_in_subunits": 1}), "account_membership_id"),
    ] {
        let refused = server.make("/cost_rates", &json!({"cost_rate": rate})).expect(422);
        assert_eq!(refusals(&refused).iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), [field], "{rate}");
    }
    let nothing = server.put("/cost_rates/501").bearer(token::ADMINISTRATOR).json(&json!({"cost_rate": {}})).send();
    assert_eq!(
        refusals(&nothing.expect(422)),
        [("amount_in_subunits".to_owned(), "Amount in subunits is required.".to_owned())]
    );
    server.make("/cost_rates", &json!({"cost_rates": vec![rate(206, "USD", 1); 101]})).expect(400);
    assert_eq!(server.everything_stored(), before);
}
