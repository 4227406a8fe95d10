//! The sentences that most stories share: the administrator invites somebody, and looks at the list.

use std::sync::Arc;

use invited::testing::tokens;
use invited::testing::{accounts, invitations};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Answer, Server, token};

/// Bulk creates take this many at most.
const MOST_AT_ONCE: usize = 50;

impl Server {
    /// The administrator invites a person who is described by `attributes`; the answer is the new id.
    #[track_caller]
    pub(crate) fn invite(&self, attributes: &Value) -> String {
        self.invite_by(token::ADMINISTRATOR, attributes)
    }

    /// The holder of a token invites a person; the answer is the new id.
    #[track_caller]
    pub(crate) fn invite_by(&self, bearer: &str, attributes: &Value) -> String {
        let body = json!({ "account_invitation": attributes });
        self.post("/account_invitations").bearer(bearer).json(&body).send().expect(200).ids().remove(0)
    }

    /// The invitee of the first account accepts; the answer is the membership and the user, by id.
    #[track_caller]
    pub(crate) fn accept(&self, invitation: &str) -> (String, String) {
        let (id, now) = (invitation.parse().expect("an id is a number"), self.app().clock.now());
        let accepted = self.write(move |db| invitations::accept(db, 1.into(), id, now));
        (accepted.membership_id.to_string(), accepted.user_id.to_string())
    }

    /// A token of a user of the first account.
    #[track_caller]
    pub(crate) fn token_of(&self, user: i64) -> String {
        self.token_of_member(1, user)
    }

    /// A token of a user of an account.
    #[track_caller]
    pub(crate) fn token_of_member(&self, account: i64, user: i64) -> String {
        let (token, now) = (format!("token-of-{user}"), self.app().clock.now());
        let given = token.clone();
        self.write(move |db| Ok(tokens::insert(db, account.into(), user.into(), &given, "a story's", now)?));
        token
    }

    /// One more account; the answer is its id and its owner's token.
    #[track_caller]
    pub(crate) fn new_account(&self, name: &'static str) -> (i64, String) {
        let (entropy, now) = (Arc::clone(&self.app().entropy), self.app().clock.now());
        let owner = format!("owner.of.{}@example.test", name.replace(' ', ".").to_ascii_lowercase());
        let created = self.write(move |db| accounts::create(db, &entropy, name, ("Owner", &owner), now));
        (created.account_id.get(), created.token.expose_secret().to_owned())
    }

    /// The administrator invites persons of these names, one after the other, a second apart; the answer is their ids.
    #[track_caller]
    pub(crate) fn invite_named(&self, names: &[&str]) -> Vec<String> {
        let invite = |(position, name): (usize, &&str)| {
            self.advance_seconds(1);
            self.invite(&json!({"full_name": name, "email_address": format!("named{position}@example.test")}))
        };
        names.iter().enumerate().map(invite).collect()
    }

    /// The administrator invites a crowd; the answer is its ids. A bulk has one time, so each has a second of its own.
    #[track_caller]
    pub(crate) fn invite_crowd(&self, size: usize) -> Vec<String> {
        let people: Vec<Value> = (1..=size)
            .map(|number| {
                json!({
                    "full_name": format!("Person {number:04}"),
                    "email_address": format!("person.{number:04}@example.test"),
                })
            })
            .collect();
        let mut ids = Vec::new();
        for bulk in people.chunks(MOST_AT_ONCE) {
            self.advance_seconds(1);
            let body = json!({ "account_invitations": bulk });
            let answer = self.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
            ids.extend(answer.ids());
        }
        ids
    }

    /// What the administrator sees of the list under a query string.
    #[track_caller]
    pub(crate) fn list(&self, query: &str) -> Answer {
        self.get(&format!("/account_invitations?{query}")).bearer(token::ADMINISTRATOR).send().expect(200)
    }

    /// What the administrator sees of one invitation.
    #[track_caller]
    pub(crate) fn show(&self, id: &str) -> Answer {
        self.get(&format!("/account_invitations/{id}?only_pending=false"))
            .bearer(token::ADMINISTRATOR)
            .send()
            .expect(200)
    }

    /// Everything that the administrator can see of the account's invitations. Equal before and after a refusal.
    #[track_caller]
    pub(crate) fn everything(&self) -> Value {
        self.list("only_pending=false&per_page=200&order=created_at:asc&include=invitee,inviter,default_role").json()
    }
}
