//! The picture of a user: set, replaced, removed, served.

use std::sync::Arc;

use invited::testing::{Caller, erase};
use serde_json::{Value, json};

use crate::exact::{invalid, refusal};
use crate::support::client::Request;
use crate::support::pictures::png;
use crate::support::{Answer, Server, token};

const PART: &str = "user[profile_photo_attachment_file]";
const FIELD: &str = "profile_photo_attachment_file";
const NOT_ONESELF: &str = "Only an administrator may change another user.";

fn path(id: &str) -> String {
    format!("/users/{id}/profile_photo")
}

fn upload(server: &Server, id: &str, bearer: &str) -> Answer {
    server.post(&path(id)).bearer(bearer).file(PART, &png(3, 2)).send()
}

/// Where the picture of a user is on this server.
#[track_caller]
fn place(record: &Value) -> String {
    let printed = record["photo_path"].as_str().unwrap_or_default();
    let start = printed.find("/images/profile_photos/").unwrap_or_else(|| panic!("{record} has no picture"));
    printed[start..].to_owned()
}

fn look(server: &Server, place: &str) -> Answer {
    server.request_at_root("GET", place).send()
}

fn counted(server: &Server) -> Vec<String> {
    server.stored("SELECT count(*) FROM profile_photos")
}

#[test]
fn a_picture_is_set_shown_replaced_and_removed() {
    let server = Server::start();
    let before = server.read("/users/6").record();
    server.advance_seconds(1);
    let answer = upload(&server, "6", token::PROJECT_CREATOR).expect(200);
    let record = answer.record();
    let first = place(&record);
    assert_eq!(first.len(), "/images/profile_photos/.jpg".len() + 43, "256 bits: {first}");
    assert_eq!(server.read("/users/6").record(), record);
    let shown = look(&server, &first).expect(200);
    let header = |name: &str| shown.header(name).unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "public, max-age=86400, immutable");
    assert_eq!(header("content-security-policy"), "default-src 'none'");
    let picture = image::load_from_memory_with_format(&shown.body, image::ImageFormat::Jpeg).unwrap();
    assert_eq!((picture.width(), picture.height()), (3, 2));
    let head = server.request_at_root("HEAD", &first).send().expect(200);
    assert_eq!((head.header("content-type"), head.body.len()), (Some("image/jpeg"), 0));

    let second = place(&upload(&server, "6", token::ADMINISTRATOR).expect(200).record());
    assert_ne!(second, first);
    look(&server, &first).expect(404);
    look(&server, &second).expect(200);
    assert_eq!(counted(&server), ["1"]);

    let gone = server.delete(&path("6")).bearer(token::PROJECT_CREATOR).send().expect(204);
    assert!(gone.body.is_empty());
    look(&server, &second).expect(404);
    assert_eq!((server.read("/users/6").record(), counted(&server)), (before, vec!["0".to_owned()]));
    // Again, and nothing happens.
    let stored = server.everything_stored();
    server.delete(&path("6")).bearer(token::PROJECT_CREATOR).send().expect(204);
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn the_answer_includes_what_is_asked_for() {
    let server = Server::start();
    let request = server.post(&format!("{}?include=account_membership&optional_fields=bio", path("6")));
    let answer = request.bearer(token::ADMINISTRATOR).file(PART, &png(3, 2)).send().expect(200);
    assert_eq!(answer.record()["account_membership_id"], "206");
    assert!(answer.json()["account_memberships"]["206"].is_object() && answer.record().get("bio").is_some());
}

#[test]
fn users_set_their_own_picture_and_administrators_everybodys() {
    let server = Server::start();
    for (name, bearer) in token::EVERYBODY {
        let own = server.get("/users/me").bearer(bearer).send().expect(200).ids().remove(0);
        upload(&server, &own, bearer).expect(200);
        server.delete(&path(&own)).bearer(bearer).send().expect(204);
        let administers = ["owner", "administrator"].contains(&name);
        let knows_invitees = !["project_creator", "collaborator", "punch_clock"].contains(&name);
        // Members, a disabled member and an invitee, as with an update.
        for other in ["9", "10", "11", "14"] {
            let stored = server.everything_stored();
            let refused = if other == "11" && !knows_invitees { 404 } else { 403 };
            for (request, due) in
                [(server.post(&path(other)).file(PART, &png(3, 2)), 200), (server.delete(&path(other)), 204)]
            {
                let answer = request.bearer(bearer).send().expect(if administers { due } else { refused });
                if answer.status == 403 {
                    assert_eq!(answer.text(), refusal("system", NOT_ONESELF));
                }
            }
            if !administers {
                assert_eq!(server.everything_stored(), stored);
            }
        }
    }
    assert_eq!(counted(&server), ["0"]);
}

#[test]
fn what_is_no_picture_is_refused_after_the_record_is_found() {
    let server = Server::start();
    let stored = server.everything_stored();
    let send = |id: &str, bearer: &str| server.post(&path(id)).bearer(bearer).file(PART, b"<svg/>").send();
    assert_eq!(
        send("6", token::ADMINISTRATOR).expect(422).text(),
        invalid(FIELD, "Profile photo attachment file must be a picture: PNG, JPEG, GIF or WebP.")
    );
    send("999", token::ADMINISTRATOR).expect(404);
    send("21", token::ADMINISTRATOR).expect(404);
    send("6", token::COLLABORATOR).expect(403);
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn a_body_without_the_file_says_how_to_send_it() {
    let server = Server::start();
    let stored = server.everything_stored();
    let ask = || server.post(&path("6")).bearer(token::ADMINISTRATOR);
    let how = "send it as a part with a file name, in multipart/form-data.";
    let required = invalid(FIELD, &format!("Profile photo attachment file is required: {how}"));
    let no_file = invalid(FIELD, &format!("Profile photo attachment file must be a file: {how}"));
    let missing = "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";
    let unchosen = "--b\r\nContent-Disposition: form-data; name=\"user[profile_photo_attachment_file]\"; filename=\"\"\r\n\
                    Content-Type: application/octet-stream\r\n\r\n\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"user[x]\"\r\n\r\n1\r\n--b--\r\n";
    let cases: Vec<(Request, u16, String)> = vec![
        (ask().json(&json!({"user": {}})), 422, required.clone()),
        (ask().json(&json!({"user": {FIELD: null}})), 422, required.clone()),
        (ask().form("user[profile_photo_attachment_file]="), 422, required.clone()),
        (ask().body(Some("multipart/form-data; boundary=b"), unchosen), 422, required),
        (ask().json(&json!({"user": {FIELD: "aGVsbG8="}})), 422, no_file.clone()),
        (ask().json(&json!({"user": {FIELD: {"a": 1}}})), 422, no_file.clone()),
        (ask().form("user[profile_photo_attachment_file]=x"), 422, no_file.clone()),
        (ask().multipart(&[(PART, "x")]), 422, no_file),
        (ask().json(&json!({})), 400, refusal("syntax", missing)),
        (ask().body(Some("multipart/form-data; boundary=b"), "--b--"), 400, refusal("syntax", missing)),
        (ask(), 400, refusal("syntax", missing)),
        (ask().json(&json!({"user": "x"})), 400, refusal("syntax", "user must be an object.")),
        (
            ask().file("user[photo]", &png(1, 1)),
            400,
            refusal("syntax", "The multipart body is malformed: a part is a file."),
        ),
        (
            ask().body(Some("image/png"), png(1, 1)),
            415,
            refusal(
                "syntax",
                "The content type is not supported. \
                 Use application/json, application/x-www-form-urlencoded or multipart/form-data.",
            ),
        ),
    ];
    for (request, status, text) in cases {
        assert_eq!(request.send().expect(status).text(), text);
    }
    assert_eq!(server.everything_stored(), stored);
    // A file is still refused wherever else it is sent.
    let answer = server.put("/users/6").bearer(token::ADMINISTRATOR).file(PART, &png(1, 1)).send().expect(400);
    assert_eq!(answer.text(), refusal("syntax", "The multipart body is malformed: a part is a file."));
    for method in ["PUT", "PATCH", "GET"] {
        let request = server.request(method, &path("6")).bearer(token::ADMINISTRATOR);
        request.file(PART, &png(1, 1)).send().expect(404);
    }
}

#[test]
fn this_body_alone_may_have_five_mebibytes() {
    const MOST: usize = 5 * 1_024 * 1_024;
    let server = Server::start();
    let stored = server.everything_stored();
    // A picture with something behind it, which decoders skip.
    let padded = |length: usize| {
        let mut picture = png(3, 2);
        picture.resize(length, 0);
        picture
    };
    let send = |path: &str, length: usize| {
        let request = server.request(if path.contains("photo") { "POST" } else { "PUT" }, path);
        request.bearer(token::ADMINISTRATOR).file(PART, &padded(length)).send()
    };
    let answer = send("/users/6/profile_photo", MOST + 1).expect(422);
    assert_eq!(answer.text(), invalid(FIELD, "Profile photo attachment file must have at most 5242880 bytes."));
    let too_large = refusal("syntax", &format!("The request body is larger than {} bytes.", MOST + 64 * 1_024));
    assert_eq!(send("/users/6/profile_photo", MOST + 64 * 1_024).expect(413).text(), too_large);
    let usual = refusal("syntax", "The request body is larger than 1048576 bytes.");
    assert_eq!(send("/users/6", MOST).expect(413).text(), usual);
    let json = format!("{{\"user\":{{}}}}{}", " ".repeat(MOST));
    let request = server.post("/users/6/profile_photo").bearer(token::ADMINISTRATOR);
    assert_eq!(request.body(Some("application/json"), json).send().expect(413).text(), usual);
    assert_eq!(server.everything_stored(), stored);
    send("/users/6/profile_photo", MOST).expect(200);
}

#[test]
fn a_picture_is_seen_by_its_address_alone() {
    let server = Server::start();
    let place = place(&upload(&server, "6", token::ADMINISTRATOR).expect(200).record());
    let name = place.rsplit('/').next().unwrap().to_owned();
    for other in [
        "/images/profile_photos/".to_owned(),
        "/images/profile_photos".to_owned(),
        "/images/profile_photos/%00".to_owned(),
        "/images/profile_photos/%27".to_owned(),
        "/images/profile_photos/x.jpg".to_owned(),
        format!("{place}/"),
        format!("{place}.jpg"),
        place.to_uppercase().replace("/IMAGES/PROFILE_PHOTOS/", "/images/profile_photos/"),
        place.trim_end_matches(".jpg").to_owned(),
        format!("/images/profile_photos/../profile_photos/{name}"),
        format!("/images/{name}"),
    ] {
        let answer = look(&server, &other).expect(404);
        assert_eq!(answer.text(), refusal("system", "Not found"), "{other}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        server.request_at_root(method, &place).bearer(token::ADMINISTRATOR).send().expect(404);
    }
    look(&server, &place).expect(200);
    server.alter_stored("UPDATE accounts SET canceled_at = created_at WHERE id = 1");
    look(&server, &place).expect(404);
}

#[test]
fn both_writes_are_in_the_audit_trail() {
    let server = Server::start();
    let sql =
        "SELECT action, subject_type, subject_id, before, after FROM audit WHERE action LIKE 'user.%photo' ORDER BY id";
    let first = place(&upload(&server, "6", token::ADMINISTRATOR).expect(200).record());
    let second = place(&upload(&server, "6", token::PROJECT_CREATOR).expect(200).record());
    server.delete(&path("6")).bearer(token::ADMINISTRATOR).send().expect(204);
    let trail = server.stored(sql);
    assert_eq!(trail.len(), 3, "{trail:?}");
    for (row, pieces) in trail.iter().zip([
        ["user.set_profile_photo", "null", first.as_str()],
        ["user.set_profile_photo", first.as_str(), second.as_str()],
        ["user.reset_profile_photo", second.as_str(), "null"],
    ]) {
        assert!(row.contains(pieces[0]) && row.contains("users"), "{row}");
        let places = pieces[1..].iter().map(|piece| row.find(piece)).collect::<Option<Vec<_>>>();
        assert!(places.is_some_and(|places| places[0] < places[1]), "{row} has {pieces:?}");
    }
}

#[test]
fn a_repeated_upload_has_one_effect_and_another_picture_is_another_request() {
    let server = Server::start();
    let send = |picture: &[u8]| {
        let request = server.post(&path("6")).bearer(token::ADMINISTRATOR).header("Idempotency-Key", "one");
        request.file(PART, picture).send()
    };
    let first = send(&png(3, 2)).expect(200);
    let stored = server.everything_stored();
    let second = send(&png(3, 2)).expect(200);
    assert_eq!((first.text(), second.header("idempotent-replayed")), (second.text(), Some("true")));
    let other = send(&png(2, 3)).expect(422);
    assert_eq!(other.text(), invalid("base", "This Idempotency-Key was used for another request."));
    assert_eq!(server.everything_stored(), stored);
    look(&server, &place(&first.record())).expect(200);
}

#[test]
fn strict_mode_names_what_an_upload_ignores() {
    let server = Server::start();
    let stored = server.everything_stored();
    let form = |part: &str| {
        let text = format!("--b\r\nContent-Disposition: form-data; name=\"{part}\"\r\n\r\n1\r\n");
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{PART}\"; filename=p\r\n\r\n");
        [text.as_bytes(), head.as_bytes(), &png(3, 2), b"\r\n--b--\r\n"].concat()
    };
    let send = |part: &str, strict: &str| {
        let request = server.post(&path("6")).bearer(token::ADMINISTRATOR).header("Invited-Strict", strict);
        request.body(Some("multipart/form-data; boundary=b"), form(part)).send()
    };
    let ignored = invalid("headline", "Headline is ignored: it cannot be set here.");
    assert_eq!(send("user[headline]", "true").expect(422).text(), ignored);
    assert_eq!(send("colour", "true").expect(400).text(), refusal("syntax", "Strict mode: unknown parameter colour."));
    assert_eq!(server.everything_stored(), stored);
    for part in ["user[headline]", "colour"] {
        send(part, "false").expect(200);
    }
}

#[test]
fn an_erased_or_removed_person_leaves_no_picture() {
    let server = Server::start();
    let of_member = place(&upload(&server, "6", token::ADMINISTRATOR).expect(200).record());
    let of_invitee = place(&upload(&server, "11", token::ADMINISTRATOR).expect(200).record());
    // Withdrawing the invitation removes the invitee.
    server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(204);
    look(&server, &of_invitee).expect(404);
    // A removed member is still somebody whom other records name.
    server.delete("/account_memberships/206").bearer(token::ADMINISTRATOR).send().expect(204);
    look(&server, &of_member).expect(200);
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "project_creator@example.com"));
    look(&server, &of_member).expect(404);
    assert_eq!(counted(&server), ["0"]);
    let trail = server.stored("SELECT before, after FROM audit WHERE subject_id = 6");
    assert!(trail.concat().contains("photo_path") && !trail.concat().contains("/images/profile_photos/"), "{trail:?}");
}

#[test]
fn simultaneous_uploads_leave_one_picture() {
    let server = Server::start();
    let places: Vec<String> = std::thread::scope(|scope| {
        let upload = || place(&upload(&server, "6", token::ADMINISTRATOR).expect(200).record());
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(upload)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let last = place(&server.read("/users/6").record());
    assert_eq!((places.contains(&last), counted(&server)), (true, vec!["1".to_owned()]));
    let alive = places.iter().filter(|place| look(&server, place).status == 200).count();
    assert_eq!(alive, 1);
}

#[test]
fn a_reset_of_the_sandbox_removes_pictures_and_a_snapshot_brings_them_back() {
    let server = Server::start();
    let place = place(&upload(&server, "6", token::ADMINISTRATOR).expect(200).record());
    let picture = look(&server, &place).expect(200).body;
    server.control("PUT", "/snapshots/with", &Value::Null).expect(200);
    server.control("POST", "/reset", &Value::Null).expect(204);
    look(&server, &place).expect(404);
    server.control("POST", "/snapshots/with/restore", &Value::Null).expect(204);
    assert_eq!(look(&server, &place).expect(200).body, picture);
}
