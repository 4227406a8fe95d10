//! Getting and answering links.

use serde_json::{Value, json};

use super::browser::encoded;
use super::{Answer, Server, token};

/// A valid password.
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Server {
    /// Sends the due mails; returns the token of the newest one to an address.
    #[track_caller]
    pub(crate) fn mailed(&self, address: &str) -> String {
        self.deliver();
        let mails = self.mailbox(address);
        mails[0]["token"].as_str().unwrap_or_else(|| panic!("no mail to {address}")).to_owned()
    }

    /// The mails to an address, newest first.
    #[track_caller]
    pub(crate) fn mailbox(&self, address: &str) -> Value {
        let path = format!("/sandbox/mailbox?{}", encoded(&[("to", address)]));
        self.request_at_root("GET", &path).send().expect(200).json()["messages"].take()
    }

    /// Requests a link as the administrator; returns its token.
    #[track_caller]
    pub(crate) fn handed_over(&self, invitation: &str) -> String {
        let answer = self.ask_for_link(token::ADMINISTRATOR, invitation).expect(200);
        answer.json()["token"].as_str().expect("the answer has a token").to_owned()
    }

    /// Requests a link to hand over.
    pub(crate) fn ask_for_link(&self, bearer: &str, invitation: &str) -> Answer {
        self.request_at_root("POST", &format!("/invitations/{invitation}/link")).bearer(bearer).send()
    }

    /// Invites by address alone and sends the mail; returns the invitation's id and the link's token.
    #[track_caller]
    pub(crate) fn invite_by_mail(&self, address: &str) -> (String, String) {
        let id = self.invite(&json!({"full_name": "Vera Visitor", "email_address": address}));
        (id, self.mailed(address))
    }

    /// Opens the page behind a link in a browser without a cookie.
    pub(crate) fn open(&self, token: &str) -> Answer {
        self.request_at_root("GET", &format!("/invitations/{token}")).send()
    }

    /// Sends one of the JSON actions: `lookup`, `accept`, `decline`.
    pub(crate) fn reply(&self, action: &str, body: &Value) -> Answer {
        self.request_at_root("POST", &format!("/invitations/{action}")).json(body).send()
    }

    pub(crate) fn look_up(&self, token: &str) -> Answer {
        self.reply("lookup", &json!({"token": token}))
    }

    pub(crate) fn accept_link(&self, token: &str) -> Answer {
        self.reply("accept", &json!({"token": token, "password": PASSWORD}))
    }

    /// The number that a query returns.
    #[track_caller]
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.stored(sql).first().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number: {sql}"))
    }
}
