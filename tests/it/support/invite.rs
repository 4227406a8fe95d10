//! Common steps: inviting, accepting, and reading lists.

use std::sync::Arc;

use invited::testing::{accounts, invitations, tokens};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Answer, Server, token};

/// The limit of a bulk create.
const MOST_AT_ONCE: usize = 50;

/// The least attributes of an invitation.
pub(crate) fn person(name: &str) -> Value {
    json!({"full_name": name, "email_address": format!("{name}@example.test")})
}

impl Server {
    /// Invites as the administrator and returns the invitation's id.
    #[track_caller]
    pub(crate) fn invite(&self, attributes: &Value) -> String {
        self.invite_by(token::ADMINISTRATOR, attributes)
    }

    /// Invites as the owner of a token and returns the invitation's id.
    #[track_caller]
    pub(crate) fn invite_by(&self, bearer: &str, attributes: &Value) -> String {
        let body = json!({ "account_invitation": attributes });
        self.post("/account_invitations").bearer(bearer).json(&body).send().expect(200).ids().remove(0)
    }

    /// Accepts for the invitee, in the first account; returns the membership's and the user's id.
    #[track_caller]
    pub(crate) fn accept(&self, invitation: &str) -> (String, String) {
        let (id, now) = (invitation.parse().expect("an id is a number"), self.app().clock.now());
        let accepted = self.write(move |db| invitations::accept(db, 1.into(), id, None, now));
        (accepted.membership_id.to_string(), accepted.user_id.to_string())
    }

    /// A new token of a user of the first account.
    #[track_caller]
    pub(crate) fn token_of(&self, user: i64) -> String {
        self.token_of_member(1, user)
    }

    /// A new token of an account's user.
    #[track_caller]
    pub(crate) fn token_of_member(&self, account: i64, user: i64) -> String {
        let (token, now) = (format!("token-of-{user}"), self.app().clock.now());
        let given = token.clone();
        self.write(move |db| Ok(tokens::insert(db, account.into(), user.into(), &given, "a story's", now)?));
        token
    }

    /// Another account; returns its id and its owner's token.
    #[track_caller]
    pub(crate) fn new_account(&self, name: &'static str) -> (i64, String) {
        let (entropy, now) = (Arc::clone(&self.app().entropy), self.app().clock.now());
        let owner = format!("owner.of.{}@example.test", name.replace(' ', ".").to_ascii_lowercase());
        let created = self.write(move |db| accounts::create(db, &entropy, name, ("Owner", &owner), now));
        (created.account_id.get(), created.token.expose_secret().to_owned())
    }

    /// Invites people with these names as the administrator, a second apart; returns the ids.
    #[track_caller]
    pub(crate) fn invite_named(&self, names: &[&str]) -> Vec<String> {
        let invite = |(position, name): (usize, &&str)| {
            self.advance_seconds(1);
            self.invite(&json!({"full_name": name, "email_address": format!("named{position}@example.test")}))
        };
        names.iter().enumerate().map(invite).collect()
    }

    /// Invites a crowd as the administrator and returns the ids. A bulk has one time, so each gets a different second.
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

    /// The administrator's list with a query string.
    #[track_caller]
    pub(crate) fn list(&self, query: &str) -> Answer {
        self.get(&format!("/account_invitations?{query}")).bearer(token::ADMINISTRATOR).send().expect(200)
    }

    /// One invitation, as the administrator sees it.
    #[track_caller]
    pub(crate) fn show(&self, id: &str) -> Answer {
        self.get(&format!("/account_invitations/{id}?only_pending=false"))
            .bearer(token::ADMINISTRATOR)
            .send()
            .expect(200)
    }

    /// The account's invitations as the administrator sees them, to compare before and after a refusal.
    #[track_caller]
    pub(crate) fn everything(&self) -> Value {
        self.list("only_pending=false&per_page=200&order=created_at:asc&include=invitee,inviter,default_role").json()
    }
}
