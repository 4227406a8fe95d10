//! What administrators get on top of the API: a link to hand over, and the state of the mails.

use serde_json::json;

use crate::support::{Answer, Server, token};

fn mails(server: &Server, bearer: &str, id: &str) -> Answer {
    server.request_at_root("GET", &format!("/invitations/{id}/mails")).bearer(bearer).send()
}

fn states(server: &Server, id: &str) -> Vec<String> {
    let listed = mails(server, token::ADMINISTRATOR, id).expect(200).json()["mails"].take();
    let state = |mail: &serde_json::Value| mail["state"].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(state).collect()
}

#[test]
fn administrators_get_links_for_pending_invitations_of_their_account() {
    let server = Server::start();
    let before = server.everything_stored();
    for (level, bearer) in token::EVERYBODY {
        if !["owner", "administrator"].contains(&level) {
            server.ask_for_link(bearer, "1").expect(403);
        }
    }
    server.ask_for_link("nobody", "1").expect(401);
    let unknown = server.ask_for_link(token::ADMINISTRATOR, "999").expect(404);
    for id in ["5", "0", "-1", "x", "99999999999999999999", "1%20"] {
        let answer = server.ask_for_link(token::ADMINISTRATOR, id).expect(404);
        assert_eq!(answer.text(), unknown.text(), "{id}");
    }
    let accepted = server.ask_for_link(token::ADMINISTRATOR, "4").expect(422);
    assert_eq!(accepted.errors()[0].3, "This invitation is no longer pending and has no link any more.");
    assert_eq!(server.everything_stored(), before);

    for bearer in [token::OWNER, token::ADMINISTRATOR] {
        let answer = server.ask_for_link(bearer, "1").expect(200);
        let body = answer.json();
        let link = format!("{}/invitations/{}", server.app().base_url(), body["token"].as_str().unwrap());
        assert_eq!(
            body,
            json!({
                "invitation_id": "1", "link": link, "token": body["token"], "expiration_date": "2031-02-01",
            })
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        server.open(body["token"].as_str().unwrap()).expect(200);
    }
}

#[test]
fn a_link_replaces_earlier_ones_and_cancels_the_queued_mail() {
    let server = Server::start();
    let (id, mailed) = server.invite_by_mail("vera@example.test");
    server.put(&format!("/account_invitations/{id}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(states(&server, &id), ["queued", "sent"]);
    let first = server.handed_over(&id);
    assert_eq!(states(&server, &id), ["canceled", "sent"]);
    assert_eq!(server.deliver(), 0);
    let second = server.handed_over(&id);
    for dead in [&mailed, &first] {
        server.open(dead).expect(404);
    }
    server.open(&second).expect(200);
    assert_ne!(first, second);
    let trail = server.stored(&format!(
        "SELECT action, actor_user_id FROM audit WHERE subject_type = 'account_invitations' AND subject_id = {id} ORDER BY id"
    ));
    let actions = ["create|2", "resend|2", "link|2", "link|2"].map(|action| format!("account_invitation.{action}"));
    assert_eq!(trail, actions);
}

#[test]
fn a_link_renews_only_an_expired_invitation() {
    let server = Server::start();
    let (id, _) = server.invite_by_mail("vera@example.test");
    let last_day = || server.show(&id).record()["expiration_date"].as_str().unwrap().to_owned();
    server.advance_seconds(10 * 86_400);
    server.handed_over(&id);
    assert_eq!(last_day(), "2031-02-01", "it has not expired yet");
    server.advance_seconds(20 * 86_400);
    server.handed_over(&id);
    assert_eq!(last_day(), "2031-02-01", "the last day still counts");
    server.advance_seconds(86_400);
    let link = server.handed_over(&id);
    assert_eq!(last_day(), "2031-03-04");
    server.reply("decline", &json!({"token": link})).expect(204);
    let again = server.handed_over(&id);
    assert_eq!(last_day(), "2031-03-04");
    server.accept_link(&again).expect(200);
}

#[test]
fn project_leads_and_above_see_the_mails_of_their_account() {
    let server = Server::start();
    let (id, _) = server.invite_by_mail("vera@example.test");
    for (level, bearer) in token::EVERYBODY {
        let allowed = !["project_creator", "collaborator", "punch_clock"].contains(&level);
        mails(&server, bearer, &id).expect(if allowed { 200 } else { 403 });
    }
    mails(&server, "nobody", &id).expect(401);
    let unknown = mails(&server, token::ADMINISTRATOR, "999").expect(404);
    for foreign in ["5", "x", "0"] {
        assert_eq!(mails(&server, token::ADMINISTRATOR, foreign).expect(404).text(), unknown.text());
    }
    assert_eq!(mails(&server, token::OTHER_ADMINISTRATOR, &id).expect(404).text(), unknown.text());

    let listed = mails(&server, token::PROJECT_LEAD, &id).expect(200).json()["mails"].take();
    let message_id = server.mailbox("vera@example.test")[0]["message_id"].clone();
    assert_eq!(
        listed,
        json!([{
            "message_id": message_id, "to": "vera@example.test", "state": "sent", "attempts": 1,
            "last_reply": listed[0]["last_reply"], "next_attempt_at": null,
            "created_at": "2031-01-02T03:04:05Z", "updated_at": "2031-01-02T03:04:05Z",
        }])
    );
}
