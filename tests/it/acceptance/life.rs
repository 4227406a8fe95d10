//! The life of invitations against a small model: after any sequence of steps, links, flags and seats agree.

use std::cell::Cell;

use invited::testing::seats;
use proptest::prelude::*;
use serde_json::json;

use crate::properties::repeatable;
use crate::support::{Server, token};

/// Days that an invitation is valid.
const TIME: i64 = 30;

#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    Update,
    Resend,
    HandOver,
    Decline,
    Days(i64),
    Sweep,
    Accept,
    Revoke,
}

const STEPS: &[Step] = &[
    Step::Create,
    Step::Update,
    Step::Resend,
    Step::HandOver,
    Step::Decline,
    Step::Days(1),
    Step::Days(29),
    Step::Days(31),
    Step::Sweep,
    Step::Accept,
    Step::Revoke,
];

/// The expected state of an invitation.
#[derive(Debug)]
struct Model {
    id: String,
    address: String,
    permission: &'static str,
    last_day: i64,
    /// The newest link, and whether it still works.
    link: String,
    is_ended: bool,
    is_pending: bool,
}

/// The server and the model of one case.
struct Case<'a> {
    server: &'a Server,
    number: &'a Cell<u32>,
    invitation: Option<Model>,
    members: i64,
}

impl Case<'_> {
    fn today(&self) -> i64 {
        self.server.app().clock.now().day()
    }

    fn is_alive(&self) -> bool {
        let today = self.today();
        self.invitation.as_ref().is_some_and(|it| it.is_pending && !it.is_ended && today <= it.last_day)
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let (server, today, is_alive) = (self.server, self.today(), self.is_alive());
        let manage = |method: &str, path: &str| server.request(method, path).bearer(token::ADMINISTRATOR);
        match (step, &mut self.invitation) {
            (Step::Days(days), _) => server.advance_seconds(days.unsigned_abs() * 86_400),
            (Step::Sweep, _) => {
                server.sweep();
            }
            (Step::Create, Some(it)) if it.is_pending => {
                let again = json!({"account_invitation": {"full_name": "Vera", "email_address": it.address}});
                prop_assert_eq!(manage("POST", "/account_invitations").json(&again).send().status, 422);
            }
            (Step::Create, _) => {
                self.number.set(self.number.get() + 1);
                let address = format!("life.{}@example.test", self.number.get());
                let (id, link) = server.invite_by_mail(&address);
                self.invitation = Some(Model {
                    id,
                    address,
                    permission: "project_creator",
                    last_day: today + TIME,
                    link,
                    is_ended: false,
                    is_pending: true,
                });
            }
            (_, None) => {}
            (Step::Update, Some(it)) => {
                let permission = if it.permission == "collaborator" { "project_lead" } else { "collaborator" };
                let change = json!({"account_invitation": {"permission": permission}});
                let status = manage("PUT", &format!("/account_invitations/{}", it.id)).json(&change).send().status;
                prop_assert_eq!(status, if it.is_pending { 200 } else { 422 });
                if it.is_pending {
                    it.permission = permission;
                }
            }
            (Step::Resend, Some(it)) => {
                let status = manage("PUT", &format!("/account_invitations/{}/resend", it.id)).send().status;
                prop_assert_eq!(status, if it.is_pending { 200 } else { 422 });
                if it.is_pending {
                    (it.link, it.is_ended, it.last_day) = (server.mailed(&it.address), false, today + TIME);
                }
            }
            (Step::HandOver, Some(it)) => {
                let answer = server.ask_for_link(token::ADMINISTRATOR, &it.id);
                prop_assert_eq!(answer.status, if it.is_pending { 200 } else { 422 });
                if it.is_pending {
                    it.link = answer.json()["token"].as_str().unwrap().to_owned();
                    it.is_ended = false;
                    it.last_day = if it.last_day < today { today + TIME } else { it.last_day };
                }
            }
            (Step::Decline, Some(it)) => {
                let status = server.reply("decline", &json!({"token": it.link})).status;
                prop_assert_eq!(status, if is_alive { 204 } else { 404 });
                it.is_ended |= is_alive;
            }
            (Step::Accept, Some(it)) => {
                let status = server.accept_link(&it.link).status;
                prop_assert_eq!(status, if is_alive { 200 } else { 404 });
                if is_alive {
                    it.is_pending = false;
                    self.members += 1;
                }
            }
            (Step::Revoke, Some(it)) => {
                let status = manage("DELETE", &format!("/account_invitations/{}", it.id)).send().status;
                prop_assert_eq!(status, if it.is_pending { 204 } else { 422 });
                if it.is_pending {
                    prop_assert_eq!(server.look_up(&it.link).status, 404);
                    self.invitation = None;
                }
            }
        }
        Ok(())
    }

    fn compare(&self, taken_before: i64) -> Result<(), TestCaseError> {
        let pending = i64::from(self.invitation.as_ref().is_some_and(|it| it.is_pending));
        let ledger = self.server.write(|db| Ok(seats::ledger(db, 1.into())?));
        prop_assert_eq!(ledger.taken(), taken_before + self.members + pending);
        let counted = "SELECT (SELECT count(*) FROM account_memberships WHERE account_id = 1 AND disabled_at IS NULL) \
                       + (SELECT count(*) FROM account_invitations WHERE account_id = 1 AND accepted_at IS NULL)";
        prop_assert_eq!(self.server.number(counted), ledger.taken(), "the counters match the rows");
        let Some(it) = &self.invitation else { return Ok(()) };
        let record = self.server.show(&it.id).record();
        prop_assert_eq!(&record["pending"], &json!(it.is_pending));
        prop_assert_eq!(&record["permission"], &json!(it.permission));
        let looked = self.server.look_up(&it.link);
        prop_assert_eq!(looked.status, if self.is_alive() { 200 } else { 404 }, "{:?}", it);
        if looked.status == 200 {
            prop_assert_eq!(&looked.json()["permission"], &json!(it.permission));
            prop_assert_eq!(&looked.json()["expiration_date"], &record["expiration_date"]);
        }
        Ok(())
    }
}

#[test]
fn links_flags_and_seats_agree_after_any_sequence_of_steps() {
    let server = Server::start();
    let number = Cell::new(0);
    let law = |steps: Vec<Step>| {
        let taken_before = server.write(|db| Ok(seats::ledger(db, 1.into())?)).taken();
        let mut case = Case { server: &server, number: &number, invitation: None, members: 0 };
        case.take(Step::Create)?;
        for step in steps {
            case.take(step)?;
            case.compare(taken_before)?;
        }
        Ok(())
    };
    repeatable(24).run(&prop::collection::vec(prop::sample::select(STEPS), 1..16), law).unwrap();
}
