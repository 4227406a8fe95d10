//! The exact expected bodies, written out once.
//!
//! Tests of writes compare whole bodies, because key order, missing blanks and message texts are part of the wire
//! format. This file spells the bodies itself and shares no code with the server, so a mistake in the server's printer
//! cannot hide.
//!
//! Invariant: nothing here comes from the server, except the expiration date of a seeded invitation, which the
//! specification leaves open; it is read before the test changes anything.

use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

/// The expiration date of an invitation created or renewed at the frozen start of every test.
pub(crate) const THIRTY_DAYS_ON: &str = "2031-02-01";

/// A refusal of the whole request.
pub(crate) fn refusal(kind: &str, message: &str) -> String {
    format!(r#"{{"errors":[{{"type":{},"message":{}}}]}}"#, json!(kind), json!(message))
}

/// A refusal of one field of a single record.
pub(crate) fn invalid(field: &str, message: &str) -> String {
    invalid_all(&[(field, 0, message)])
}

/// A refusal of several fields; each entry is the field, the index in the request and the message.
pub(crate) fn invalid_all(entries: &[(&str, u64, &str)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(field, index, message)| {
            format!(r#"{{"type":"validation","field":{},"message":{},"index":{index}}}"#, json!(field), json!(message))
        })
        .collect();
    format!(r#"{{"errors":[{}]}}"#, entries.join(","))
}

/// The expected fields of an invitation.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) id: u64,
    pub(crate) full_name: &'static str,
    pub(crate) email_address: &'static str,
    pub(crate) headline: Option<&'static str>,
    pub(crate) permission: &'static str,
    pub(crate) pending: bool,
    pub(crate) expiration_date: String,
    pub(crate) bill_rate: Option<i64>,
    pub(crate) target: Option<i64>,
    pub(crate) cost_rate: Option<i64>,
    pub(crate) inviter: u64,
    pub(crate) invitee: u64,
    pub(crate) role: Option<u64>,
}

impl Invitation {
    /// Invitation 1 of the seed: required fields only.
    pub(crate) fn ada(server: &Server) -> Self {
        Invitation {
            id: 1,
            full_name: "Ada Pending",
            email_address: "ada@example.com",
            headline: None,
            permission: "project_creator",
            pending: true,
            expiration_date: expiration_date(server, 1),
            bill_rate: None,
            target: None,
            cost_rate: None,
            inviter: 2,
            invitee: 11,
            role: None,
        }
    }

    /// Invitation 2 of the seed: every field.
    pub(crate) fn grace(server: &Server) -> Self {
        Invitation {
            id: 2,
            full_name: "Grace Full",
            email_address: "grace@example.com",
            headline: Some("Analyst"),
            permission: "project_lead",
            expiration_date: expiration_date(server, 2),
            bill_rate: Some(15_000),
            target: Some(75),
            cost_rate: Some(9_000),
            invitee: 12,
            role: Some(101),
            ..Self::ada(server)
        }
    }

    /// A new invitation with only a name and an address.
    pub(crate) fn fresh(id: u64, full_name: &'static str, email_address: &'static str, invitee: u64) -> Self {
        Invitation {
            id,
            full_name,
            email_address,
            headline: None,
            permission: "project_creator",
            pending: true,
            expiration_date: THIRTY_DAYS_ON.to_owned(),
            bill_rate: None,
            target: None,
            cost_rate: None,
            inviter: 2,
            invitee,
            role: None,
        }
    }

    /// As an administrator reads it.
    pub(crate) fn object(&self) -> String {
        self.print(&format!(r#","cost_rate_in_cents":{}"#, json!(self.cost_rate)))
    }

    /// The same as a value, for comparisons without key order.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.object()).unwrap()
    }

    /// As readers below administrator see it: without the cost rate.
    pub(crate) fn object_without_cost(&self) -> String {
        self.print("")
    }

    /// The whole answer, as an administrator reads it.
    pub(crate) fn body(&self) -> String {
        envelope(&[(self.id, self.object())], "")
    }

    /// The whole answer, as a project lead reads it.
    pub(crate) fn body_without_cost(&self) -> String {
        envelope(&[(self.id, self.object_without_cost())], "")
    }

    fn print(&self, cost_rate: &str) -> String {
        format!(
            concat!(
                r#"{{"full_name":{},"email_address":{},"headline":{},"permission":"{}","pending":{},"#,
                r#""expiration_date":"{}","bill_rate_in_cents":{},"billability_target":{}{},"#,
                r#""inviter_id":"{}","invitee_id":"{}","default_role_id":{},"id":"{}"}}"#
            ),
            json!(self.full_name),
            json!(self.email_address),
            json!(self.headline),
            self.permission,
            self.pending,
            self.expiration_date,
            json!(self.bill_rate),
            json!(self.target),
            cost_rate,
            self.inviter,
            self.invitee,
            json!(self.role.map(|role| role.to_string())),
            self.id,
        )
    }
}

/// The whole answer of a write around its objects; `associations` is empty or starts with a comma.
pub(crate) fn envelope(objects: &[(u64, String)], associations: &str) -> String {
    let count = objects.len();
    let results: Vec<String> =
        objects.iter().map(|(id, _)| format!(r#"{{"key":"account_invitations","id":"{id}"}}"#)).collect();
    let map: Vec<String> = objects.iter().map(|(id, object)| format!(r#""{id}":{object}"#)).collect();
    format!(
        concat!(
            r#"{{"count":{count},"results":[{results}],"account_invitations":{{{map}}},"#,
            r#""meta":{{"count":{count},"page_count":1,"page_number":1,"page_size":{size}}}{associations}}}"#
        ),
        count = count,
        results = results.join(","),
        map = map.join(","),
        size = count.max(20),
        associations = associations,
    )
}

/// Sends JSON exactly as written, down to digits and blanks.
pub(crate) fn put_json(server: &Server, path: &str, bearer: &str, text: &str) -> Answer {
    server.put(path).bearer(bearer).body(Some("application/json"), text.as_bytes()).send()
}

pub(crate) fn post_json(server: &Server, path: &str, bearer: &str, text: &str) -> Answer {
    server.post(path).bearer(bearer).body(Some("application/json"), text.as_bytes()).send()
}

/// The current object of an invitation, as an administrator reads it.
pub(crate) fn shown(server: &Server, id: u64) -> Value {
    let answer = server
        .get(&format!("/account_invitations/{id}?only_pending=false"))
        .bearer(token::ADMINISTRATOR)
        .send()
        .expect(200);
    answer.json()["account_invitations"][id.to_string()].clone()
}

/// All records of both accounts as text, to detect changes by a refused request.
pub(crate) fn everything(server: &Server) -> String {
    [token::ADMINISTRATOR, token::OTHER_ADMINISTRATOR]
        .map(|bearer| {
            server
                .get("/account_invitations?only_pending=false&per_page=200&include=invitee,inviter,default_role")
                .bearer(bearer)
                .send()
                .expect(200)
                .text()
                .to_owned()
        })
        .join("\n")
}

fn expiration_date(server: &Server, id: u64) -> String {
    match &shown(server, id)["expiration_date"] {
        Value::String(date) => date.clone(),
        other => panic!("invitation {id} has no expiration date but {other}"),
    }
}
