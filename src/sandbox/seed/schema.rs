//! The format of seed files as a JSON Schema (draft 2020-12), for editors and for those who write seeds by program.
//!
//! What the API takes for an attribute is said by the kinds that the API is described by, so that the two cannot disagree. A story
//! compares the keys with those that the reader knows.

use serde_json::{Value as Json, json};

use crate::engine::access::{ASSIGNABLE, INVITABLE};
use crate::language::LANGUAGES;
use crate::resources::external_references;
use crate::sandbox::seed::STATES;
use crate::sandbox::seed::values::{LONGEST_TOKEN, MOST_DAYS, MOST_SEATS};
use crate::wire::kind::Kind;

/// The schema, as it is printed.
pub fn schema() -> String {
    format!("{:#}\n", whole())
}

fn whole() -> Json {
    let clock = object(
        "When the sandbox starts.",
        &[],
        &[
            (
                "now",
                told(
                    "The moment at which it starts, from the year 2000 to 9899; now without.",
                    Kind::Time.schema(false, true),
                ),
            ),
            ("frozen", told("Whether the clock stands still until it is moved.", truth())),
        ],
    );
    let accounts = json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/account"}});
    let mut schema = object(
        "What an invited sandbox holds when it starts. Ids that are left out are given in order.",
        &["accounts"],
        &[
            ("$schema", told("For editors.", json!({"type": "string"}))),
            ("clock", clock),
            ("accounts", told("The accounts.", accounts)),
        ],
    );
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Seed of an invited sandbox");
    schema["$defs"] = json!({
        "account": account(),
        "role": role(),
        "member": member(),
        "invitation": invitation(),
        "application": application(),
        "external_reference": external_reference(),
        "id": {"type": ["integer", "null"], "minimum": 1, "maximum": super::references::HIGHEST},
        "days_ago": {"type": ["integer", "null"], "minimum": 0, "maximum": MOST_DAYS},
        "token": {"type": "string", "pattern": "^[A-Za-z0-9._~-]+$", "maxLength": LONGEST_TOKEN},
    });
    schema
}

fn account() -> Json {
    let codes: Vec<Json> = LANGUAGES.iter().map(|(_, code)| json!(code)).chain([Json::Null]).collect();
    object(
        "An account, with at least one administrator who is not disabled.",
        &["name"],
        &[
            ("id", id("Its id.")),
            ("name", told("Its name.", line())),
            (
                "language",
                told("The language of its mails and pages; that of the server without.", json!({"enum": codes})),
            ),
            (
                "seats",
                told(
                    "Seats that were contracted.",
                    json!({"type": ["integer", "null"], "minimum": 0, "maximum": MOST_SEATS}),
                ),
            ),
            ("created_days_ago", days("When it was made; 90 without.")),
            ("roles", several("role", "Its roles.")),
            ("members", several("member", "Its members.")),
            ("invitations", several("invitation", "Its invitations.")),
            ("applications", several("application", "Its OAuth applications.")),
        ],
    )
}

fn role() -> Json {
    object(
        "A role.",
        &["name"],
        &[
            ("id", id("Its id.")),
            ("name", told("Its name.", line())),
            ("created_days_ago", days("When it was made; with the account without.")),
            ("deleted_days_ago", days("When it was deleted, if it was.")),
            ("external_references", several("external_reference", "What other systems call it.")),
        ],
    )
}

/// What a member has and an invitation promises.
fn terms() -> [(&'static str, Json); 5] {
    [
        ("role", told("The default role, by its id or its name.", named(true))),
        (
            "bill_rate_in_cents",
            told("The default billing rate; who is on the punch clock has one.", Kind::Cents.schema(true, true)),
        ),
        ("cost_rate_in_cents", told("The default cost rate.", Kind::Cents.schema(true, true))),
        ("billability_target", told("The share of the working time to be billed, in percent.", percent())),
        ("default_read_only", told("Whether the member begins without the right to write.", truth())),
    ]
}

fn person() -> [(&'static str, Json); 4] {
    [
        ("full_name", told("The name of the person.", line())),
        ("email_address", told("The address, which is there once in an account.", Kind::Email.schema(false, true))),
        ("headline", told("The title of the person.", Kind::Line.schema(true, true))),
        ("external_references", several("external_reference", "What other systems call the person.")),
    ]
}

fn member() -> Json {
    let own = [
        ("id", id("The id of the user.")),
        ("membership_id", id("The id of the membership.")),
        ("permission", told("The level.", Kind::Choice(ASSIGNABLE).schema(false, true))),
        ("owner", told("Whether this is the owner; the first active administrator without.", truth_or_null())),
        ("token", told("A bearer token.", token(true))),
        ("password", told("A password to sign in with.", json!({"type": ["string", "null"], "minLength": 12}))),
        ("created_days_ago", days("When the membership was made; 60 without.")),
        ("disabled_days_ago", days("When the membership was disabled, if it was.")),
    ];
    object(
        "A member.",
        &["full_name", "email_address", "permission"],
        &own.into_iter().chain(person()).chain(terms()).collect::<Vec<_>>(),
    )
}

fn invitation() -> Json {
    let states: Vec<Json> = STATES.iter().map(|(_, name)| json!(name)).chain([Json::Null]).collect();
    let last_day = json!({"type": ["integer", "null"], "minimum": -MOST_DAYS, "maximum": MOST_DAYS});
    let own = [
        ("id", id("Its id.")),
        (
            "invitee_id",
            id("The id of the user whom it will make a member; not of an accepted one, which names a member."),
        ),
        ("permission", told("The level; project_creator without.", Kind::Choice(INVITABLE).schema(true, true))),
        ("inviter", told("The member who has sent it, by the id or the address; the owner without.", named(true))),
        ("state", told("What became of it; pending without.", json!({"enum": states}))),
        ("created_days_ago", days("When it was made; 20 without.")),
        (
            "expires_in_days",
            told("Its last day, counted from the start; what the setting invitation_days says without.", last_day),
        ),
        ("answered_days_ago", days("When it was accepted or declined; the day after it was made without.")),
        ("link_token", told("The secret of its link, which opens /invitations/TOKEN.", token(true))),
    ];
    object(
        "An invitation.",
        &["full_name", "email_address"],
        &own.into_iter().chain(person()).chain(terms()).collect::<Vec<_>>(),
    )
}

fn application() -> Json {
    let uris = json!({"type": "array", "minItems": 1, "items": {"type": "string", "format": "uri"}});
    object(
        "An OAuth application.",
        &["name", "client_id", "secret", "redirect_uris"],
        &[
            ("name", told("Its name.", line())),
            ("client_id", told("By what it is known.", token(false))),
            ("secret", told("What it proves itself with.", token(false))),
            ("redirect_uris", told("Where answers may go.", uris)),
            (
                "member",
                told("As whom it acts in its own name, by the id or the address; the owner without.", named(true)),
            ),
        ],
    )
}

/// As the API takes it.
fn external_reference() -> Json {
    let mut schema = external_references::KIND.schema(false, true);
    schema["description"] = json!("What another system calls a record.");
    schema["additionalProperties"] = json!(false);
    schema["properties"]["service_model_ref"] = named(false);
    for optional in ["status", "external_message", "external_link", "external_status", "locked"] {
        if let Some(Json::Array(choices)) = schema["properties"][optional].get_mut("enum") {
            choices.push(Json::Null);
        }
        let kind = schema["properties"][optional]["type"].take();
        schema["properties"][optional]["type"] = json!([kind, "null"]);
    }
    schema
}

fn object(text: &str, required: &[&str], properties: &[(&str, Json)]) -> Json {
    let properties: serde_json::Map<String, Json> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object",
        "description": text,
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn told(text: &str, mut schema: Json) -> Json {
    schema["description"] = json!(text);
    schema
}

fn id(text: &str) -> Json {
    told(text, json!({"$ref": "#/$defs/id"}))
}

fn days(text: &str) -> Json {
    told(text, json!({"$ref": "#/$defs/days_ago"}))
}

fn several(name: &str, text: &str) -> Json {
    told(text, json!({"type": "array", "items": {"$ref": format!("#/$defs/{name}")}}))
}

fn line() -> Json {
    Kind::Line.schema(false, true)
}

fn truth() -> Json {
    Kind::Bool.schema(false, true)
}

fn truth_or_null() -> Json {
    Kind::Bool.schema(true, true)
}

fn percent() -> Json {
    json!({"type": ["integer", "null"], "minimum": 0, "maximum": 100})
}

fn token(nullable: bool) -> Json {
    match nullable {
        true => json!({"anyOf": [{"$ref": "#/$defs/token"}, {"type": "null"}]}),
        false => json!({"$ref": "#/$defs/token"}),
    }
}

fn named(nullable: bool) -> Json {
    match nullable {
        true => json!({"type": ["integer", "string", "null"]}),
        false => json!({"type": ["integer", "string"]}),
    }
}
