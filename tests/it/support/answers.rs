//! The sentences about people who are invited: how they come to their links, and how they answer.

use serde_json::{Value, json};

use super::browser::encoded;
use super::{Answer, Server, token};

/// A password that may be one.
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Server {
    /// Sends the mails that are due; the answer is the token of the newest one to an address.
    #[track_caller]
    pub(crate) fn mailed(&self, address: &str) -> String {
        self.deliver();
        let mails = self.mailbox(address);
        mails[0]["token"].as_str().unwrap_or_else(|| panic!("there is no mail to {address}")).to_owned()
    }

    /// The mails to an address, newest first.
    #[track_caller]
    pub(crate) fn mailbox(&self, address: &str) -> Value {
        let path = format!("/sandbox/mailbox?{}", encoded(&[("to", address)]));
        self.request_at_root("GET", &path).send().expect(200).json()["messages"].take()
    }

    /// Has the administrator make a link; the answer is its token.
    #[track_caller]
    pub(crate) fn handed_over(&self, invitation: &str) -> String {
        let answer = self.ask_for_link(token::ADMINISTRATOR, invitation).expect(200);
        answer.json()["token"].as_str().expect("the answer has a token").to_owned()
    }

    /// Asks for a link to hand over.
    pub(crate) fn ask_for_link(&self, bearer: &str, invitation: &str) -> Answer {
        self.request_at_root("POST", &format!("/invitations/{invitation}/link")).bearer(bearer).send()
    }

    /// Invites a person by address alone and has the mail sent; the answer is the invitation and the token of its link.
    #[track_caller]
    pub(crate) fn invite_by_mail(&self, address: &str) -> (String, String) {
        let id = self.invite(&json!({"full_name": "Vera Visitor", "email_address": address}));
        (id, self.mailed(address))
    }

    /// Opens the page behind a link in a browser without a cookie.
    pub(crate) fn open(&self, token: &str) -> Answer {
        self.request_at_root("GET", &format!("/invitations/{token}")).send()
    }

    /// Sends one of the answers that are JSON: `lookup`, `accept`, `decline`.
    pub(crate) fn reply(&self, action: &str, body: &Value) -> Answer {
        self.request_at_root("POST", &format!("/invitations/{action}")).json(body).send()
    }

    /// Looks at what a link offers.
    pub(crate) fn look_up(&self, token: &str) -> Answer {
        self.reply("lookup", &json!({"token": token}))
    }

    /// Accepts with a link and a password.
    pub(crate) fn accept_link(&self, token: &str) -> Answer {
        self.reply("accept", &json!({"token": token, "password": PASSWORD}))
    }

    /// The number that a statement finds.
    #[track_caller]
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.stored(sql).first().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number: {sql}"))
    }
}
