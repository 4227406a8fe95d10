//! `POST /account_invitations` with up to fifty invitations: all or none.

use serde_json::{Value, json};

use crate::exact::{Invitation, envelope, everything, invalid_all, post_json, refusal};
use crate::support::{Answer, Server, token};

fn bulk(server: &Server, elements: &Value) -> Answer {
    server
        .post("/account_invitations")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitations": elements}))
        .send()
}

fn people(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| json!({"full_name": format!("P{number}"), "email_address": format!("p{number}@example.test")}))
        .collect()
}

const SHAPE: &str = "account_invitations must be an array of 1 to 50 objects.";
const INVALID_ADDRESS: &str = "Email address is not a valid email address.";
const TWICE: &str = "Email address appears more than once in this request.";
const PENDING: &str = "Email address already has a pending invitation.";

#[test]
fn fifty_are_created_and_returned_in_the_order_of_the_request() {
    let server = Server::start();
    let answer = bulk(&server, &Value::from(people(50))).expect(200);
    let objects: Vec<(u64, String)> = (0..50)
        .map(|number: u64| {
            let name: &'static str = format!("P{number}").leak();
            let address: &'static str = format!("p{number}@example.test").leak();
            (6 + number, Invitation::fresh(6 + number, name, address, 23 + number).object())
        })
        .collect();
    assert_eq!(answer.text(), envelope(&objects, ""), "and meta.page_size is 50");
    let list = server.get("/account_invitations?per_page=200").bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(list.ids().len(), 53);
}

#[test]
fn one_element_is_a_bulk_with_a_page_size_of_twenty() {
    let server = Server::start();
    let answer = bulk(&server, &Value::from(people(1))).expect(200);
    assert_eq!(answer.text(), Invitation::fresh(6, "P0", "p0@example.test", 23).body());
}

#[test]
fn twenty_one_elements_make_a_page_of_twenty_one() {
    let server = Server::start();
    let answer = bulk(&server, &Value::from(people(21))).expect(200);
    assert_eq!(answer.json()["meta"], json!({"count": 21, "page_count": 1, "page_number": 1, "page_size": 21}));
}

#[test]
fn the_elements_of_one_bulk_share_a_time_and_are_ordered_by_id() {
    let server = Server::start();
    bulk(&server, &Value::from(people(3))).expect(200);
    let list = |order: &str| {
        server.get(&format!("/account_invitations?order={order}")).bearer(token::ADMINISTRATOR).send().expect(200).ids()
    };
    assert_eq!(list("created_at:desc"), ["6", "7", "8", "3", "2", "1"]);
    assert_eq!(list("created_at:asc"), ["1", "2", "3", "6", "7", "8"]);
}

#[test]
fn every_field_may_be_set_in_each_element_and_includes_cover_all() {
    let server = Server::start();
    let answer = server
        .post("/account_invitations?include=default_role,inviter")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitations": [
            {"full_name": "A", "email_address": "a@example.test", "default_role_id": 101, "permission": "administrator"},
            {"full_name": "B", "email_address": "b@example.test", "default_role_id": "102", "billability_target": true},
            {"full_name": "C", "email_address": "c@example.test", "permission": "punch_clock", "bill_rate_in_cents": 0},
        ]}))
        .send()
        .expect(200);
    assert_eq!(answer.ids(), ["6", "7", "8"]);
    let body = answer.json();
    assert_eq!(body["account_invitations"]["7"]["billability_target"], 100);
    let keys = |map: &str| -> Vec<String> { body[map].as_object().unwrap().keys().cloned().collect() };
    assert_eq!((keys("roles"), keys("users")), (vec!["101".to_owned(), "102".to_owned()], vec!["2".to_owned()]));
}

#[test]
fn a_wrong_number_a_wrong_shape_and_both_roots_are_400() {
    let server = Server::start();
    let before = everything(&server);
    for (body, message) in [
        (json!({"account_invitations": people(51)}), SHAPE),
        (json!({"account_invitations": people(500)}), SHAPE),
        (json!({"account_invitations": []}), SHAPE),
        (json!({"account_invitations": {}}), SHAPE),
        (json!({"account_invitations": {"0": people(1)[0]}}), SHAPE),
        (json!({"account_invitations": "x"}), SHAPE),
        (json!({"account_invitations": 1}), SHAPE),
        (json!({"account_invitations": true}), SHAPE),
        (json!({"account_invitations": null}), SHAPE),
        (json!({"account_invitations": [people(1)[0], 5]}), SHAPE),
        (json!({"account_invitations": [people(1)[0], null]}), SHAPE),
        (json!({"account_invitations": [people(1)[0], "x"]}), SHAPE),
        (json!({"account_invitations": [people(1)]}), SHAPE),
    ] {
        let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(400);
        let shown = body.to_string();
        assert_eq!(answer.text(), refusal("syntax", message), "for {}", &shown[..shown.len().min(100)]);
    }
    let both = "Send either account_invitation or account_invitations, not both.";
    for body in [
        json!({"account_invitation": people(1)[0], "account_invitations": people(1)}),
        json!({"account_invitation": null, "account_invitations": people(1)}),
        json!({"account_invitation": people(1)[0], "account_invitations": null}),
        json!({"account_invitation": null, "account_invitations": null}),
        json!({"account_invitation": 5, "account_invitations": []}),
    ] {
        let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(400);
        assert_eq!(answer.text(), refusal("syntax", both), "for {body}");
    }
    // Generated clients for Java send an empty array for the root that they do not use.
    let unused = json!({"account_invitation": {"full_name": "One"}, "account_invitations": []});
    let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&unused).send().expect(422);
    assert_eq!(answer.errors()[0].1.as_deref(), Some("email_address"));
    let answer = server
        .post("/account_invitations?account_invitation[full_name]=N")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitations": people(1)}))
        .send()
        .expect(400);
    assert_eq!(answer.text(), refusal("syntax", both), "one root in the query string, the other in the body");
    assert_eq!(everything(&server), before);
}

#[test]
fn an_empty_element_is_an_object_without_the_required_fields() {
    let server = Server::start();
    let answer = bulk(&server, &json!([{}])).expect(422);
    assert_eq!(
        answer.text(),
        invalid_all(&[("email_address", 0, "Email address is required."), ("full_name", 0, "Full name is required.")])
    );
}

#[test]
fn one_invalid_element_refuses_all_fifty() {
    let server = Server::start();
    let before = everything(&server);
    let mut elements = people(50);
    elements[37]["email_address"] = json!("nobody");
    let answer = bulk(&server, &Value::from(elements)).expect(422);
    assert_eq!(answer.text(), invalid_all(&[("email_address", 37, INVALID_ADDRESS)]));
    assert_eq!(everything(&server), before);
    let answer = bulk(&server, &Value::from(people(50))).expect(200);
    assert_eq!(answer.ids().len(), 50, "and none of their addresses is taken");
}

#[test]
fn errors_carry_the_index_and_are_ordered_by_index_and_then_by_field() {
    let server = Server::start();
    let elements = json!([
        {"full_name": "Good", "email_address": "good@example.test"},
        {"billability_target": 101, "full_name": 5, "email_address": "x"},
        {"full_name": "Taken", "email_address": "ADA@example.com"},
        {"full_name": "Clock", "email_address": "clock@example.test", "permission": "punch_clock"},
        {"full_name": "", "email_address": "disabled@example.com", "default_role_id": 104},
    ]);
    let answer = bulk(&server, &elements).expect(422);
    assert_eq!(
        answer.text(),
        invalid_all(&[
            ("email_address", 1, INVALID_ADDRESS),
            ("full_name", 1, "Full name must be text."),
            ("billability_target", 1, "Billability target must be a whole number from 0 to 100."),
            ("email_address", 2, PENDING),
            ("bill_rate_in_cents", 3, "Bill rate in cents is required for a punch_clock user."),
            ("email_address", 4, "Email address belongs to a disabled member. Enable that membership instead."),
            ("full_name", 4, "Full name is required."),
            ("default_role_id", 4, "Default role id must be an active role of this account."),
        ])
    );
}

#[test]
fn the_same_address_twice_is_reported_on_every_later_element() {
    let server = Server::start();
    let before = everything(&server);
    let elements = json!([
        {"full_name": "A", "email_address": "a@example.test"},
        {"full_name": "B", "email_address": "b@example.test"},
        {"full_name": "C", "email_address": " A@Example.TEST "},
        {"full_name": "D", "email_address": "a@example.test"},
    ]);
    let answer = bulk(&server, &elements).expect(422);
    assert_eq!(answer.text(), invalid_all(&[("email_address", 2, TWICE), ("email_address", 3, TWICE)]));
    assert_eq!(everything(&server), before);
}

#[test]
fn an_address_both_taken_and_repeated_is_one_error_per_element() {
    let server = Server::start();
    let elements = json!([
        {"full_name": "A", "email_address": "ada@example.com"},
        {"full_name": "B", "email_address": "Ada@example.com"},
    ]);
    let answer = bulk(&server, &elements).expect(422);
    let errors = answer.errors();
    let places: Vec<_> = errors.iter().map(|error| (error.1.as_deref(), error.2)).collect();
    assert_eq!(places, [(Some("email_address"), Some(0)), (Some("email_address"), Some(1))]);
    assert_eq!(errors[0].3, PENDING);
}

#[test]
fn an_element_with_another_error_still_makes_a_later_one_a_duplicate() {
    let server = Server::start();
    let elements = json!([
        {"full_name": "", "email_address": "a@example.test"},
        {"full_name": "B", "email_address": "a@example.test"},
    ]);
    let answer = bulk(&server, &elements).expect(422);
    assert_eq!(answer.text(), invalid_all(&[("full_name", 0, "Full name is required."), ("email_address", 1, TWICE)]));
}

#[test]
fn two_equal_invalid_addresses_are_invalid_not_duplicates() {
    let server = Server::start();
    let elements = json!([{"full_name": "A", "email_address": "x"}, {"full_name": "B", "email_address": "x"}]);
    let answer = bulk(&server, &elements).expect(422);
    assert_eq!(
        answer.text(),
        invalid_all(&[("email_address", 0, INVALID_ADDRESS), ("email_address", 1, INVALID_ADDRESS)])
    );
    let elements = json!([{"full_name": "A", "email_address": null}, {"full_name": "B"}]);
    let answer = bulk(&server, &elements).expect(422);
    let required = "Email address is required.";
    assert_eq!(answer.text(), invalid_all(&[("email_address", 0, required), ("email_address", 1, required)]));
}

#[test]
fn the_ceiling_and_the_ignored_rate_hold_in_every_element() {
    let server = Server::start();
    let answer = post_json(
        &server,
        "/account_invitations",
        token::PROJECT_LEAD,
        r#"{"account_invitations":[
            {"full_name":"A","email_address":"a@example.test","cost_rate_in_cents":"abc"},
            {"full_name":"B","email_address":"b@example.test","permission":"reports_viewer"}]}"#,
    )
    .expect(422);
    assert_eq!(answer.text(), invalid_all(&[("permission", 1, "Permission must not be above your own.")]));
}

#[test]
fn a_form_starts_a_new_element_when_a_key_repeats() {
    let server = Server::start();
    let form = concat!(
        "account_invitations[][email_address]=a@example.test&account_invitations[][full_name]=A",
        "&account_invitations[][headline]=Poet",
        "&account_invitations[][email_address]=b@example.test&account_invitations[][full_name]=B",
        "&account_invitations[][full_name]=C&account_invitations[][email_address]=c@example.test",
    );
    let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).form(form).send().expect(200);
    let expected = [
        (6, Invitation { headline: Some("Poet"), ..Invitation::fresh(6, "A", "a@example.test", 23) }.object()),
        (7, Invitation::fresh(7, "B", "b@example.test", 24).object()),
        (8, Invitation::fresh(8, "C", "c@example.test", 25).object()),
    ];
    assert_eq!(answer.text(), envelope(&expected, ""));
}

#[test]
fn nested_keys_of_a_form_element_belong_to_the_same_element() {
    let server = Server::start();
    let form = concat!(
        "account_invitations[][email_address]=a@example.test&account_invitations[][full_name]=A",
        "&account_invitations[][external_reference][service_name]=crm",
        "&account_invitations[][external_reference][service_model]=Contact",
        "&account_invitations[][external_reference][service_model_ref]=1",
        "&account_invitations[][email_address]=b@example.test&account_invitations[][full_name]=B",
    );
    let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).form(form).send().expect(200);
    assert_eq!(answer.ids(), ["6", "7"]);
}

#[test]
fn a_bulk_may_come_as_multipart_and_in_the_query_string() {
    let server = Server::start();
    let answer = server
        .post("/account_invitations")
        .bearer(token::ADMINISTRATOR)
        .multipart(&[
            ("account_invitations[][email_address]", "a@example.test"),
            ("account_invitations[][full_name]", "A"),
            ("account_invitations[][email_address]", "b@example.test"),
            ("account_invitations[][full_name]", "B"),
        ])
        .send()
        .expect(200);
    assert_eq!(answer.ids(), ["6", "7"]);
    let query = "account_invitations[][email_address]=c@example.test&account_invitations[][full_name]=C";
    let answer = server.post(&format!("/account_invitations?{query}")).bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(answer.ids(), ["8"]);
}

#[test]
fn a_form_bulk_of_another_shape_is_refused() {
    let server = Server::start();
    let too_many: String = (0..51)
        .map(|number| {
            format!("account_invitations[][email_address]=p{number}@example.test&account_invitations[][full_name]=P&")
        })
        .collect();
    for form in [
        "account_invitations[0][email_address]=a@example.test&account_invitations[0][full_name]=A",
        "account_invitations[]=a@example.test",
        "account_invitations=a@example.test",
        "account_invitations",
        "account_invitations[]",
        &too_many,
    ] {
        let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).form(form).send().expect(400);
        assert_eq!(answer.text(), refusal("syntax", SHAPE), "for {}", &form[..form.len().min(80)]);
    }
}
