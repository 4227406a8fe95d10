//! An integration's way through the whole API: role, invitation, member, change, end.

use serde_json::json;

use crate::support::{Server, token};

#[test]
fn from_a_role_to_an_invitation_to_a_member_who_leaves() {
    let server = Server::start();
    let hr = |method: &str, path: &str| server.request(method, path).bearer(token::ADMINISTRATOR);

    // Look up the role by name.
    let role = hr("GET", "/roles?matching=develop").send().expect(200).ids().remove(0);
    assert_eq!(role, "101");

    // Invite the person with the HR system's own number.
    let person = json!({"account_invitation": {
        "full_name": "Ada Example", "email_address": "ada.example@example.test", "headline": "Analyst",
        "permission": "collaborator", "default_role_id": role, "bill_rate_in_cents": 15_000,
        "external_reference": {"service_name": "hr", "service_model": "Employee", "service_model_ref": 4711},
    }});
    let invited = hr("POST", "/account_invitations").json(&person).send().expect(200);
    let invitation = invited.ids().remove(0);
    let invitee = invited.record()["invitee_id"].as_str().unwrap().to_owned();
    assert_eq!(hr("GET", &format!("/users/{invitee}")).send().status, 404, "an invitee is not a member yet");
    let by_number = "/users?external_reference_service_name=hr&external_reference_service_model_ref=4711";
    assert!(hr("GET", by_number).send().expect(200).ids().is_empty());
    assert_eq!(hr("GET", &format!("{by_number}&show_disabled=true")).send().expect(200).ids(), [invitee.as_str()]);

    // She accepts.
    let (accepted, user) = server.accept(&invitation);
    assert_eq!(user, invitee);
    assert_eq!(hr("GET", &format!("/account_invitations/{invitation}")).send().status, 404, "it is no longer pending");
    let shown = hr("GET", &format!("/account_invitations/{invitation}?only_pending=false")).send().expect(200);
    assert_eq!(shown.record()["pending"], false);

    // Find her by that number, and her membership by her user.
    let path = format!("{by_number}&include=external_references,account_membership,role");
    let found = hr("GET", &path).send().expect(200);
    assert_eq!(found.ids(), [user.as_str()]);
    assert_eq!(found.record()["account_membership_id"], json!(accepted));
    assert_eq!(found.record()["role_id"], json!("101"));
    let reference = found.record()["external_reference_ids"][0].as_str().unwrap().to_owned();
    assert_eq!(found.json()["external_references"][&reference]["service_model_ref"], "4711");
    let membership = hr("GET", &format!("/account_memberships?by_user_id={user}")).send().expect(200);
    assert_eq!(membership.ids(), [accepted.as_str()]);
    let record = membership.record();
    assert_eq!(record["permission"], "collaborator");
    assert_eq!(record["default_role_id"], "101");
    assert_eq!(record["bill_rate_in_cents"], 15_000);

    // Her token sees what her level may see.
    let token = server.token_of(user.parse().unwrap());
    let me = server.get("/users/me").bearer(&token).send().expect(200);
    assert_eq!(me.record()["full_name"], "Ada Example");
    server.get("/account_invitations").bearer(&token).send().expect(403);

    // Raise her permission; it holds from the next request.
    let path = format!("/account_memberships/{accepted}");
    let raise = json!({"account_membership": {"permission": "project_lead"}});
    let raised = hr("PUT", &path).json(&raise).send().expect(200).record();
    assert_eq!((&raised["permission"], &raised["is_project_lead"]), (&json!("project_lead"), &json!(true)));
    server.get("/account_invitations").bearer(&token).send().expect(200);

    // She leaves: her token ends with this answer.
    let disabled = hr("PUT", &format!("{path}/disable")).send().expect(200);
    assert_eq!(disabled.record()["disabled_at"], "2031-01-02T03:04:05Z");
    server.get("/users/me").bearer(&token).send().expect(401);
    assert_eq!(hr("GET", &path).send().status, 404);
    assert_eq!(hr("GET", &format!("{path}?only_inactive=true")).send().expect(200).ids(), [accepted.as_str()]);

    // The audit trail has all of it, in order.
    let trail = server.stored("SELECT action, subject_id FROM audit ORDER BY id");
    assert_eq!(
        trail,
        [
            format!("account_invitation.create|{invitation}"),
            format!("user.create|{user}"),
            format!("email_address.create|{user}"),
            format!("account_membership.create|{accepted}"),
            format!("account_invitation.accept|{invitation}"),
            format!("account_membership.update|{accepted}"),
            format!("account_membership.disable|{accepted}"),
        ]
    );
}
