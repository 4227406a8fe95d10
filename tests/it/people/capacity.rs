//! How many hours a user can work, day by day.

use serde_json::json;

use crate::exact::{invalid, refusal};
use crate::support::{Answer, Server, token};

fn ask(server: &Server, query: &str) -> Answer {
    server.get(&format!("/users/6/capacity?{query}")).bearer(token::COLLABORATOR).send()
}

#[test]
fn a_week_has_five_days_of_eight_hours() {
    let server = Server::start();
    let answer = ask(&server, "start_date=2031-01-02&end_date=2031-01-06").expect(200);
    // A Thursday to a Monday.
    let due = r#"{"start_date":"2031-01-02","end_date":"2031-01-06","hours":{"2031-01-02":8.0,"2031-01-03":8.0,"2031-01-04":0.0,"2031-01-05":0.0,"2031-01-06":8.0}}"#;
    assert_eq!(answer.text(), due);
    // The vendor lists these two parameters, without a meaning here.
    let path = "start_date=2031-01-02&end_date=2031-01-06&include=role&optional_fields=bio";
    assert_eq!(ask(&server, path).expect(200).text(), due);
    assert_eq!(
        ask(&server, "start_date=2031-01-04&end_date=2031-01-04").expect(200).json()["hours"],
        json!({"2031-01-04": 0.0})
    );
    let head = server.request("HEAD", "/users/6/capacity?start_date=2031-01-04&end_date=2031-01-04");
    head.bearer(token::COLLABORATOR).send().expect(200);
}

#[test]
fn a_leap_year_is_the_longest_time() {
    let server = Server::start();
    let year = ask(&server, "start_date=2032-01-01&end_date=2032-12-31").expect(200).json();
    let hours = year["hours"].as_object().unwrap();
    assert_eq!(hours.len(), 366);
    assert_eq!(hours.values().map(|hours| hours.as_f64().unwrap()).sum::<f64>(), 262.0 * 8.0);
    assert_eq!(hours["2032-02-29"], json!(0.0), "a Sunday");
    let answer = ask(&server, "start_date=2032-01-01&end_date=2033-01-01").expect(422);
    assert_eq!(answer.text(), invalid("end_date", "End date must be less than 366 days after start date."));
    // Before 1970 the days are negative.
    let early = ask(&server, "start_date=1969-12-26&end_date=1969-12-29").expect(200).json();
    let due = json!({"1969-12-26": 8.0, "1969-12-27": 0.0, "1969-12-28": 0.0, "1969-12-29": 8.0});
    assert_eq!(early["hours"], due);
}

#[test]
fn days_that_cannot_be_read_are_named() {
    let server = Server::start();
    for (query, field, message) in [
        ("end_date=2031-01-02", "start_date", "Start date is required."),
        ("start_date=&end_date=2031-01-02", "start_date", "Start date is required."),
        ("start_date=2031-01-02", "end_date", "End date is required."),
        ("start_date=soon&end_date=2031-01-02", "start_date", "Start date must be a day, such as 2031-02-01."),
        ("start_date=2031-01-02&end_date=2031-02-30", "end_date", "End date must be a day, such as 2031-02-01."),
        ("start_date[]=2031-01-02&end_date=2031-01-02", "start_date", "Start date must be a day, such as 2031-02-01."),
        ("start_date=2031-01-02&end_date[a]=1", "end_date", "End date must be a day, such as 2031-02-01."),
        ("start_date=2031-01-02&end_date=2031-01-01", "end_date", "End date must not be before start date."),
        (
            "start_date=0001-01-01&end_date=9999-12-30",
            "end_date",
            "End date must be less than 366 days after start date.",
        ),
    ] {
        assert_eq!(ask(&server, query).expect(422).text(), invalid(field, message), "{query}");
    }
    assert_eq!(ask(&server, "").expect(422).errors().len(), 2, "both at once");
}

#[test]
fn it_is_found_where_the_user_is_shown() {
    let server = Server::start();
    let days = "start_date=2031-01-02&end_date=2031-01-02";
    let status = |id: &str, more: &str, token: &str| {
        let capacity = server.get(&format!("/users/{id}/capacity?{days}{more}")).bearer(token).send();
        let shown = server.get(&format!("/users/{id}?a=b{more}")).bearer(token).send();
        assert_eq!(capacity.status, shown.status, "{id} {more}");
        capacity.status
    };
    for (id, more, token, due) in [
        ("6", "", token::COLLABORATOR, 200),
        // Disabled.
        ("10", "", token::ADMINISTRATOR, 404),
        ("10", "&show_disabled=true", token::ADMINISTRATOR, 200),
        // An invitee, whom only those see who may invite.
        ("11", "&show_disabled=true", token::PROJECT_LEAD, 200),
        ("11", "&show_disabled=true", token::COLLABORATOR, 404),
        ("21", "&show_disabled=true", token::ADMINISTRATOR, 404),
        ("999", "", token::ADMINISTRATOR, 404),
        ("x", "", token::ADMINISTRATOR, 404),
    ] {
        assert_eq!(status(id, more, token), due, "{id}");
    }
    // The record comes before the parameters (O1).
    let answer = server.get("/users/999/capacity").bearer(token::ADMINISTRATOR).send().expect(404);
    assert_eq!(answer.text(), refusal("system", "Not found"));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        server.request(method, &format!("/users/6/capacity?{days}")).bearer(token::ADMINISTRATOR).send().expect(404);
    }
    server.get(&format!("/roles/101/capacity?{days}")).bearer(token::ADMINISTRATOR).send().expect(404);
}
