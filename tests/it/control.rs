//! The sandbox's control plane: what a test suite can do besides calling the API.
//!
//! - `clock`: setting, stopping and moving the time, and the consequences.
//! - `pasted`: the recorded requests as lines for a shell, which run nothing but curl.
//! - `memory`: how much memory the recorded requests take.
//! - `faults`: ordered failures.
//! - `requests`: the recorded requests and answers, in three formats.
//! - `states`: resets and snapshots.
//! - `accounts`: an account per test.
//! - `settings`: settings that can change while it runs.
//! - `gate`: which pages and names it does not answer to.
//! - `mounting`: where the control plane is mounted, and where it never is.

mod accounts;
mod clock;
mod faults;
mod gate;
mod memory;
mod mounting;
mod pasted;
mod requests;
mod settings;
mod states;

use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

impl Server {
    /// Calls the control plane; a null body is not sent.
    #[track_caller]
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request_at_root(method, &format!("/sandbox{path}"));
        if body.is_null() {
            // It takes nothing that does not say it is JSON.
            request.header("Content-Type", "application/json").send()
        } else {
            request.json(body).send()
        }
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

/// The message of a refusal.
#[track_caller]
fn refusal(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"].as_str().expect("a refusal has a message").to_owned()
}
