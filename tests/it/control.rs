//! The sandbox's control plane: what a test suite does to the server beside using it.
//!
//! - `clock`: time that is set, stopped and moved, and what follows from it.
//! - `faults`: what goes wrong because somebody ordered it.
//! - `requests`: what was asked and answered, in three forms.
//! - `states`: back to the seed, and to what was kept.
//! - `accounts`: an account for each test.
//! - `settings`: what can be changed while it runs.
//! - `mounting`: where the control plane is, and where it never is.

mod accounts;
mod clock;
mod faults;
mod mounting;
mod requests;
mod settings;
mod states;

use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

impl Server {
    /// Asks the control plane for something, with a body where there is one to send.
    #[track_caller]
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request_at_root(method, &format!("/sandbox{path}"));
        if body.is_null() { request.send() } else { request.json(body).send() }
    }

    /// Invites an address as the administrator.
    #[track_caller]
    fn invite_as_administrator(&self, address: &str) -> Answer {
        self.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&invitation(address)).send()
    }
}

fn invitation(address: &str) -> Value {
    json!({"account_invitation": {"full_name": "Nia New", "email_address": address}})
}

/// The sentence of a refusal.
#[track_caller]
fn refusal(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"].as_str().expect("a refusal has a sentence").to_owned()
}
