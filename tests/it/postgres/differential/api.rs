//! API requests, generated from the descriptions of the resources, so that additions are covered.

use invited::testing::{Operation, REGISTRY, Resource, Test, Verb};
use serde_json::{Map, Value, json};

use super::asked::{Asked, Pairs, escaped};
use super::dice::Dice;
use super::known::Known;
use super::values;
use crate::support::client::BASE;
use crate::support::token;

/// Parameters of every list.
const ASKING: &[&str] = &["page", "per_page", "limit", "offset"];

/// Memberships of the main callers. Without them everything would soon be a 401.
const NEEDED: &[&str] = &["201", "202", "203", "204", "205", "221"];

pub(super) fn request(dice: &mut Dice, known: &mut Known) -> Asked {
    let (resource, operation) = operation(dice);
    let place = format!("{BASE}/{}", resource.name);
    let id = match values::id(dice, known, resource.name) {
        id if operation.verb.is_write() && NEEDED.contains(&id.as_str()) => "213".to_owned(),
        id => id,
    };
    let suffix = if dice.once_in(12) { ".json" } else { "" };
    let method = if dice.once_in(40) {
        dice.one_of(&["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"])
    } else {
        operation.verb.method()
    };
    let asked = match operation.verb {
        Verb::Index => Asked::new(method, &format!("{place}{suffix}")).query(&list_query(dice, known, resource)),
        Verb::ShowOwn(word) | Verb::Overview(word) => {
            Asked::new(method, &format!("{place}/{word}{suffix}")).query(&show_query(dice, known, resource))
        }
        Verb::Show => Asked::new(method, &format!("{place}/{id}{suffix}")).query(&show_query(dice, known, resource)),
        Verb::Create { bulk } => {
            let body = body(dice, known, resource, bulk, true);
            Asked::new(method, &format!("{place}{suffix}")).params(dice, &body)
        }
        Verb::Update => {
            let body = body(dice, known, resource, 1, false);
            Asked::new(method, &format!("{place}/{id}{suffix}")).params(dice, &body)
        }
        Verb::Destroy => Asked::new(method, &format!("{place}/{id}{suffix}")),
        Verb::DestroyMany { .. } => {
            let one = known.id(dice, resource.name).filter(|_| dice.once_in(2));
            let ids = vec![("ids".to_owned(), one.unwrap_or_else(|| values::ids(dice, known, resource.name)))];
            Asked::new(method, &format!("{place}{suffix}")).query(&ids)
        }
        Verb::Action(action) => Asked::new(method, &format!("{place}/{id}/{action}{suffix}")),
        Verb::Document(_) | Verb::Attach(_) | Verb::Detach(_) => {
            let path = resource.path(operation).replace("{id}", &id);
            let mut query = show_query(dice, known, resource);
            for parameter in operation.document.iter().flat_map(|document| document.parameters) {
                query.push((parameter.name.to_owned(), values::day(dice).to_owned()));
            }
            let asked = Asked::new(method, &format!("{BASE}{path}{suffix}")).query(&query);
            match operation.file {
                Some(file) => asked.file(dice, &file.part(resource.singular)),
                None => asked,
            }
        }
    };
    let asked = asked.called(operation.id);
    let asked = if asked.is_write() { with_additions(dice, known, asked) } else { asked };
    let asked =
        if dice.once_in(25) { asked.header("Invited-Strict", dice.one_of(&["true", "true", "maybe"])) } else { asked };
    let asked = if dice.once_in(30) { asked.broken(dice) } else { asked };
    with_caller(dice, known, asked)
}

/// An operation of a resource: mostly lists, where engines differ most; rarely deletions, which would leave nothing.
fn operation(dice: &mut Dice) -> (&'static Resource, &'static Operation) {
    loop {
        // Invitations come first in the registry and are requested most.
        let position = if dice.once_in(3) { 0 } else { dice.below(REGISTRY.len()) };
        let resource = REGISTRY[position].resource;
        let weighted: Vec<(usize, &'static Operation)> = resource
            .operations
            .iter()
            .map(|operation| match operation.verb {
                Verb::Index => (14, operation),
                Verb::Create { .. } => (9, operation),
                Verb::Update | Verb::Action("enable" | "resend") => (6, operation),
                Verb::Show | Verb::Action(_) | Verb::Document(_) | Verb::Attach(_) => (3, operation),
                Verb::Destroy => (4, operation),
                Verb::DestroyMany { .. } => (4, operation),
                Verb::ShowOwn(_) | Verb::Overview(_) | Verb::Detach(_) => (1, operation),
            })
            .collect();
        if !weighted.is_empty() {
            return (resource, dice.weighted(&weighted));
        }
    }
}

/// The caller: mostly an administrator, since other levels may do less.
pub(super) fn with_caller(dice: &mut Dice, known: &Known, asked: Asked) -> Asked {
    let bearer = |asked: Asked, token: &str| asked.header("Authorization", &format!("Bearer {token}"));
    match dice.below(24) {
        0..12 => bearer(asked, token::ADMINISTRATOR),
        12..14 => bearer(asked, token::OWNER),
        14..20 => {
            let (_, token) = token::EVERYBODY[dice.below(token::EVERYBODY.len())];
            bearer(asked, token)
        }
        20 | 21 => bearer(asked, token::OTHER_ADMINISTRATOR),
        22 => match dice.pick(&known.tokens) {
            Some(token) => bearer(asked, token),
            None => asked,
        },
        _ => match dice.below(5) {
            0 => asked,
            1 => bearer(asked, "nobody's"),
            2 => asked.header("Authorization", "Basic c2FuZGJveDpz"),
            3 => bearer(bearer(asked, token::OWNER), token::OWNER),
            _ => bearer(asked, ""),
        },
    }
}

/// The write headers that the vendor does not have.
fn with_additions(dice: &mut Dice, known: &Known, mut asked: Asked) -> Asked {
    if dice.once_in(8) {
        let key = if dice.once_in(12) { "a b" } else { dice.one_of(&["k1", "k2", "k3", "k4", "K1", "%", "'"]) };
        asked = asked.header("Idempotency-Key", key);
    }
    if dice.once_in(10) {
        let path = asked.target.split('?').next().unwrap_or_default().to_owned();
        let own = known.tags.iter().rev().find(|(place, _)| *place == path).map(|(_, tag)| tag.clone());
        let any = dice.pick(&known.tags).map(|(_, tag)| tag.clone());
        let tag = match dice.below(4) {
            0 => Some("*".to_owned()),
            1 => Some("plain".to_owned()),
            2 => any,
            _ => own,
        };
        asked = asked.header("If-Match", &tag.unwrap_or_else(|| "\"x\"".to_owned()));
    }
    if dice.once_in(14) {
        asked = asked.header("Invited-Dry-Run", dice.one_of(&["true", "true", "true", "false", "?"]));
    }
    if dice.once_in(20) {
        asked = asked.header("X-Request-Id", dice.one_of(&["mine-1", "not harmless;", ""]));
    }
    asked
}

/// The parameters of a list, with each part of the description now and then.
fn list_query(dice: &mut Dice, known: &Known, resource: &'static Resource) -> Pairs {
    let mut query = show_query(dice, known, resource);
    for _ in 0..dice.below(3) {
        let Some(group) = dice.pick(resource.filters) else { continue };
        let Some(filter) = dice.pick(group) else { continue };
        let value = match filter.test {
            _ if dice.once_in(10) => values::text(dice, known),
            Test::Flag { .. } | Test::Has => values::flag(dice),
            Test::Equals(..) if filter.is_required => {
                dice.one_of(&["User", "User", "Role", "Skill", "CustomField"]).to_owned()
            }
            Test::Words(words) => dice.pick(words).map_or_else(String::new, |(word, _)| (*word).to_owned()),
            Test::Special(_) => special(dice, known, filter.name),
            Test::Contains(_) | Test::Equals(..) | Test::Lacks(_) | Test::Nothing | Test::Everything => {
                values::text(dice, known)
            }
            Test::OneOf(..) => {
                let length = if dice.once_in(20) { 201 } else { dice.below(5) };
                (0..length).map(|_| values::text(dice, known)).collect::<Vec<_>>().join(",")
            }
            Test::Id(_) => values::id(dice, known, "users"),
            Test::Ids(_) | Test::NotIds(_) | Test::LacksIds(_) => values::ids(dice, known, class_of_ids(filter.name)),
            Test::After(_) | Test::Before(_) => values::moment(dice),
        };
        query.push((filter.name.to_owned(), value));
    }
    if dice.once_in(2) {
        let name = dice.pick(resource.sorts).map_or("id", |sort| sort.name);
        let name = if dice.once_in(12) { "nonsense" } else { name };
        query.push((
            "order".to_owned(),
            format!("{name}{}", dice.one_of(&["", ":asc", ":desc", ":desc", ":DESC", ":\u{0}"])),
        ));
    }
    if dice.once_in(3) {
        query.push(("search".to_owned(), values::text(dice, known)));
    }
    if dice.once_in(10) {
        query.push(("only".to_owned(), values::ids(dice, known, resource.name)));
    }
    for name in ASKING {
        if dice.once_in(6) {
            let value = if dice.once_in(2) { (1 + dice.below(9)).to_string() } else { values::number(dice) };
            query.push(((*name).to_owned(), value));
        }
    }
    query
}

/// The value of a filter that is read by a function.
fn special(dice: &mut Dice, known: &Known, filter: &str) -> String {
    if filter.contains("custom") {
        let id = |dice: &mut Dice, resource| known.id(dice, resource).unwrap_or_else(|| "801".to_owned());
        let (field, choice) = (id(dice, "custom_fields"), id(dice, "custom_field_choices"));
        let test = match filter {
            "per_custom_field" => return dice.below(4).to_string(),
            "by_custom_choice_value" => dice.one_of(&[choice.as_str(), "blank", "821,822", "x"]).to_owned(),
            "by_custom_currency_value" => dice.one_of(&["998:USD", "5:EUR", "5", "9.98"]).to_owned(),
            "by_custom_date_value" => dice.one_of(&["2031-01-01", "2030-01-01:2031-06-01", "soon"]).to_owned(),
            _ => dice.one_of(&["E-6", "e-7", "13", "-2.50", "zoë", "NaN"]).to_owned(),
        };
        let several = format!("({field}:{test}):({}:{test})", id(dice, "custom_fields"));
        return dice.one_of(&[several.as_str(), &format!("{field}:{test}"), &field]).to_owned();
    }
    let skills: Vec<String> = (0..2).map(|_| known.id(dice, "skills").unwrap_or_else(|| "1".to_owned())).collect();
    let operation = dice.one_of(&["and", "or", "nonsense"]);
    format!(r#"{{"{}":[{}],"{}":[],"operation":"{operation}"}}"#, skills[0], dice.below(6), skills[1])
}

/// The resource of the ids in a filter.
fn class_of_ids(filter: &str) -> &'static str {
    if filter.contains("role") { "roles" } else { "users" }
}

/// Parameters of reads of one record.
fn show_query(dice: &mut Dice, known: &Known, resource: &'static Resource) -> Pairs {
    let mut query = Vec::new();
    if dice.once_in(3) {
        query.push(("include".to_owned(), includes(dice, resource)));
    }
    if dice.once_in(8) {
        let name = dice.pick(resource.fields).map_or("x", |field| field.name);
        let brackets = if dice.once_in(2) { "[]" } else { "" };
        query.push((format!("optional_fields{brackets}"), format!("{name}, can_log_in,bio,nonsense")));
    }
    if dice.once_in(8) {
        query.push(("apply_default_filters".to_owned(), values::flag(dice)));
    }
    for (name, lifts) in resource.default_scope.iter().flat_map(|scope| scope.lifted_by) {
        if dice.once_in(5) {
            query.push(((*name).to_owned(), lifts.to_string()));
        }
    }
    if dice.once_in(30) {
        query.push((values::text(dice, known), values::text(dice, known)));
    }
    query
}

fn includes(dice: &mut Dice, resource: &'static Resource) -> String {
    let names: Vec<&str> = (0..1 + dice.below(4))
        .map(|_| if dice.once_in(12) { "nonsense" } else { dice.pick(resource.associations).map_or("x", |it| it.name) })
        .collect();
    names.join(",")
}

/// The body of a write.
fn body(
    dice: &mut Dice,
    known: &mut Known,
    resource: &'static Resource,
    bulk: usize,
    creates: bool,
) -> Map<String, Value> {
    let mut body = Map::new();
    if bulk > 1 && dice.once_in(5) {
        let length = if dice.once_in(25) { dice.below(53) } else { dice.below(4) };
        let elements: Vec<Value> = (0..length).map(|_| attributes(dice, known, resource, creates)).collect();
        body.insert(resource.name.to_owned(), json!(elements));
        if dice.once_in(20) {
            body.insert(resource.singular.to_owned(), attributes(dice, known, resource, creates));
        }
    } else if dice.once_in(40) {
        body.insert(resource.singular.to_owned(), values::wrong(dice, known));
    } else {
        body.insert(resource.singular.to_owned(), attributes(dice, known, resource, creates));
    }
    if dice.once_in(5) {
        body.insert("include".to_owned(), json!(includes(dice, resource)));
    }
    if dice.once_in(30) {
        body.insert(values::text(dice, known), values::wrong(dice, known));
    }
    body
}

fn attributes(dice: &mut Dice, known: &mut Known, resource: &'static Resource, creates: bool) -> Value {
    // By chance, a value hardly ever fits its field.
    if resource.name == "custom_field_values" && dice.once_in(2) {
        let (subject, value) = (3 + dice.below(6), format!("Word {}", dice.below(30)));
        return json!({"subject_type": "User", "subject_id": subject, "custom_field_id": 807, "value": value});
    }
    let mut attributes = Map::new();
    for field in resource.fields {
        let Some(input) = field.input else { continue };
        let belongs = if creates { input.on_create } else { input.on_update };
        let is_given = match (belongs, input.required && creates || input.always_required && !creates) {
            (_, true) => !dice.once_in(15),
            (true, false) => dice.once_in(3),
            (false, false) => dice.once_in(20),
        };
        if is_given {
            attributes.insert(field.name.to_owned(), values::of_kind(dice, known, field.name, field.kind));
        }
    }
    if dice.once_in(20) {
        attributes.insert(escaped(&values::text(dice, known)), values::wrong(dice, known));
    }
    Value::Object(attributes)
}
